//! The folder of finished exports.
//!
//! A file is written as `KEY.part` and gets its name only when every byte is on the disk, so what is
//! called `KEY.sealed` is whole. What is written is encrypted (`sealed.rs`), unfinished or not. Everything is
//! readable by this program's user alone.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::is_key;

const WRITING: &str = "part";
const WHOLE: &str = "sealed";
/// What was written in clear, by versions before; there is none that is older than an export is kept.
const CLEAR: &str = "json";

/// The folder.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Opens the folder, and makes it when there is none.
    pub fn open(root: &Path) -> io::Result<Folder> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)?;
        // Absolute, so that a later change of directory cannot move it.
        Ok(Folder {
            root: root.canonicalize()?,
        })
    }

    /// Begins a file, over what an earlier try of the same attempt left.
    pub fn create(&self, key: &str) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.path(key, WRITING))
    }

    /// Gives a finished file its name, durably.
    pub fn finish(&self, key: &str, written: &File) -> io::Result<()> {
        written.sync_all()?;
        fs::rename(self.path(key, WRITING), self.path(key, WHOLE))?;
        // Without this a power cut may forget the name although the ledger remembers it.
        File::open(&self.root)?.sync_all()
    }

    /// Opens a finished file.
    pub fn read(&self, key: &str) -> io::Result<File> {
        File::open(self.path(key, WHOLE))
    }

    /// Opens a file that a version before this one wrote in clear.
    pub fn read_clear(&self, key: &str) -> io::Result<File> {
        File::open(self.path(key, CLEAR))
    }

    /// Removes a file, finished or not. One that is not there is removed already.
    pub fn remove(&self, key: &str) -> io::Result<()> {
        for state in [WRITING, WHOLE, CLEAR] {
            match fs::remove_file(self.path(key, state)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Shows the key of every file here. What has no key of ours is none of our business.
    pub fn each_key(&self, mut show: impl FnMut(&str)) -> io::Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let name = entry?.file_name();
            let path = Path::new(&name);
            let ours = path
                .extension()
                .is_some_and(|state| state == WRITING || state == WHOLE || state == CLEAR);
            let key = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            if ours && is_key(key) {
                show(key);
            }
        }
        Ok(())
    }

    /// Space that is left for files.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.root)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn path(&self, key: &str, state: &str) -> PathBuf {
        debug_assert!(is_key(key), "keys are made by this program");
        self.root.join(format!("{key}.{state}"))
    }
}
