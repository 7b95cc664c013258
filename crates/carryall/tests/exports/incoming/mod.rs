//! `carryall convert --from`: what other products hand out, old layouts and new ones, broken ones too.
//!
//! Every fixture is made up here, by what is known of the format; none is anybody's data. Whatever comes out
//! must be sound to `carryall verify`.

mod anythingllm;
mod chatgpt;
mod claude;
mod detecting;
mod hostile;
mod librechat;
mod open_webui;
mod round_trip;
mod whole;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::export_file::ExportFile;
use crate::program::{Outcome, carryall};

/// A folder for one test.
pub struct Stage(TempDir);

impl Stage {
    pub fn new() -> Stage {
        Stage(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file with this text.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A zip with these entries.
    pub fn zip(&self, name: &str, entries: &[(&str, &[u8])]) -> PathBuf {
        let path = self.path(name);
        let mut zip = ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, bytes) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    /// Converts, whatever becomes of it.
    pub fn bring(&self, from: &str, given: &Path, flags: &[&str]) -> Outcome {
        let out = self.path("brought.json");
        let _ = fs::remove_file(&out);
        let (given, out) = (given.to_str().unwrap(), out.to_str().unwrap());
        let arguments = ["convert", given, "--from", from, "--out", out];
        carryall(arguments.into_iter().chain(flags.iter().copied()))
    }

    /// Converts; what comes out is sound, and has gaps where the exit code says so.
    #[track_caller]
    pub fn brought(&self, from: &str, given: &Path) -> ExportFile {
        self.brought_with(from, given, &[])
    }

    #[track_caller]
    pub fn brought_with(&self, from: &str, given: &Path, flags: &[&str]) -> ExportFile {
        let outcome = self.bring(from, given, flags);
        let out = self.path("brought.json");
        assert!([0, 3].contains(&outcome.code), "{}", outcome.stderr);
        let verified = carryall(["verify", out.to_str().unwrap()]);
        assert_eq!(verified.code, 0, "{}{}", verified.text(), verified.stderr);
        let file = ExportFile::read(&out, outcome);
        assert_eq!(file.outcome.code == 3, !file.gaps().is_empty());
        file
    }

    /// Fails with these words, and leaves nothing.
    #[track_caller]
    pub fn refuses(&self, from: &str, given: &Path, words: &[&str]) {
        let outcome = self.bring(from, given, &[]).ended_with(2);
        crate::bad_input::assert_says(&outcome.stderr, words);
        assert!(!self.path("brought.json").exists());
    }
}

/// The texts of a thread's messages, in order.
pub fn texts<'f>(file: &'f ExportFile, thread: &str) -> Vec<&'f str> {
    let of_thread = file
        .list("messages")
        .iter()
        .filter(|one| one["thread_id"] == thread);
    of_thread
        .map(|one| one["content"].as_str().unwrap_or("-"))
        .collect()
}
