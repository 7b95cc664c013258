//! Checking an export beside those who only read it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::contest::Part;
use crate::measure;
use crate::race::{Entrant, Race};

/// Peak memory of a check of any file.
const PEAK_RSS_BYTES: u64 = 96 << 20;
/// jq takes minutes: it has a turn in this many rounds.
const ROUNDS_OF_JQ: usize = 1;

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// The product, the digest of the file included.
    Verify,
    /// The same without that digest; those of the files in it are still checked.
    VerifyNoDigest,
    /// Typed parsing of every record, references compared, files hashed; the whole file in memory.
    Sonic,
    /// Parses everything and forgets it.
    Jq,
    /// Reads and hashes the file, with the library that carryall uses, and nothing else.
    Sha256,
}

const READERS: [Reader; 5] = [
    Reader::Verify,
    Reader::VerifyNoDigest,
    Reader::Sonic,
    Reader::Jq,
    Reader::Sha256,
];

/// How many times as fast as a peer a check has to be.
const GOALS: [(Reader, Reader, f64); 4] = [
    (Reader::Verify, Reader::Sonic, 1.3),
    (Reader::Verify, Reader::Jq, 12.0),
    (Reader::Verify, Reader::Sha256, 0.75),
    (Reader::VerifyNoDigest, Reader::Sonic, 3.0),
];

impl Entrant for Reader {
    fn title(self) -> &'static str {
        match self {
            Reader::Verify => "**carryall verify**",
            Reader::VerifyNoDigest => "**carryall verify --no-digest**",
            Reader::Sonic => "sonic-rs, typed, mapped file",
            Reader::Jq => "jq empty",
            Reader::Sha256 => "floor: SHA-256 alone",
        }
    }
}

impl Reader {
    fn command(self, carryall: &Path, export: &Path) -> Result<Command> {
        let beside = |name| std::env::current_exe().map(|own| own.with_file_name(name));
        let mut command = match self {
            Reader::Verify | Reader::VerifyNoDigest => Command::new(carryall),
            Reader::Sonic => Command::new(beside("peer-sonic")?),
            Reader::Jq => Command::new("jq"),
            Reader::Sha256 => Command::new(beside("floor-sha256")?),
        };
        match self {
            Reader::Verify => drop(command.arg("verify")),
            Reader::VerifyNoDigest => drop(command.args(["verify", "--no-digest"])),
            Reader::Jq => drop(command.arg("empty")),
            Reader::Sonic | Reader::Sha256 => {}
        }
        command.arg(export);
        Ok(command)
    }
}

/// What everybody reached with one file.
#[derive(Debug)]
pub struct Reading {
    part: Part,
    bytes: u64,
    race: Race<Reader>,
}

/// Lets everybody read one export in turn.
pub fn run(
    carryall: &Path,
    export: &Path,
    part: Part,
    sink: &Path,
    rounds: usize,
) -> Result<Reading> {
    let bytes = std::fs::metadata(export)
        .with_context(|| format!("look at {}", export.display()))?
        .len();
    let mut race = Race::of(READERS, [Reader::Verify, Reader::VerifyNoDigest]);
    for round in 0..rounds {
        for (reader, runs) in &mut race.runs {
            if *reader == Reader::Jq && round >= ROUNDS_OF_JQ {
                continue;
            }
            let mut command = reader.command(carryall, export)?;
            runs.push(measure::run(&mut command, sink, &[0])?);
        }
    }
    Ok(Reading { part, bytes, race })
}

/// Writes the export that is read, unless it is there.
pub fn export(mut command: Command, to: PathBuf) -> Result<PathBuf> {
    if !to.exists() {
        let part = to.with_extension("part");
        let out = std::fs::File::create(&part)?;
        let status = command.stdout(out).status().context("start carryall")?;
        ensure!(
            status.success() || status.code() == Some(3),
            "export failed: {status}"
        );
        std::fs::rename(&part, &to)?;
    }
    Ok(to)
}

impl Reading {
    fn at(&self) -> &'static str {
        match self.part {
            Part::Text => "without file contents",
            Part::WithFiles => "with file contents",
        }
    }

    /// As Markdown.
    pub fn table(&self) -> String {
        format!(
            "### Reading the export {}\n\n{} bytes of JSON. jq had {ROUNDS_OF_JQ} turn.\n\n\
             | what | wall s [min-max] | CPU s | MB/s | peak RSS MiB | verify is | verify --no-digest is |\n\
             |---|---|---|---|---|---|---|\n{}",
            self.at(),
            self.bytes,
            self.race.rows(|_| self.bytes)
        )
    }

    /// Goals that were missed.
    pub fn misses(&self, smoke: bool) -> Vec<String> {
        self.race.misses(&GOALS, PEAK_RSS_BYTES, self.at(), smoke)
    }
}
