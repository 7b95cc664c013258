//! Checking an export beside those who only read it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::contest::Part;
use crate::measure::{self, Run};
use crate::report;

/// Peak memory of a check of any file.
const PEAK_RSS_BYTES: u64 = 96 << 20;
/// jq takes minutes: it has a turn in this many rounds.
const ROUNDS_OF_JQ: usize = 1;

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
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

impl Reader {
    fn title(self) -> &'static str {
        match self {
            Reader::Verify => "**carryall verify**",
            Reader::VerifyNoDigest => "**carryall verify --no-digest**",
            Reader::Sonic => "sonic-rs, typed, mapped file",
            Reader::Jq => "jq empty",
            Reader::Sha256 => "floor: SHA-256 alone",
        }
    }

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
    runs: Vec<(Reader, Vec<Run>)>,
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
    let mut runs: Vec<_> = READERS.map(|reader| (reader, Vec::new())).into();
    for round in 0..rounds {
        for (reader, runs) in &mut runs {
            if *reader == Reader::Jq && round >= ROUNDS_OF_JQ {
                continue;
            }
            let mut command = reader.command(carryall, export)?;
            runs.push(measure::run(&mut command, sink, &[0])?);
        }
    }
    Ok(Reading { part, bytes, runs })
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
    fn runs(&self, of: Reader) -> &[Run] {
        let found = self.runs.iter().find(|(reader, _)| *reader == of);
        found.map_or(&[], |(_, runs)| runs)
    }

    fn times_as_fast(&self, own: Reader, peer: Reader) -> f64 {
        report::median_wall(self.runs(peer)) / report::median_wall(self.runs(own))
    }

    /// As Markdown.
    pub fn table(&self) -> String {
        let mut text = format!(
            "### Reading the export {}\n\n{} bytes of JSON. jq had {ROUNDS_OF_JQ} turn.\n\n\
             | what | wall s [min-max] | CPU s | MB/s | peak RSS MiB | verify is | verify --no-digest is |\n\
             |---|---|---|---|---|---|---|\n",
            match self.part {
                Part::Text => "without file contents",
                Part::WithFiles => "with file contents",
            },
            self.bytes,
        );
        for (reader, runs) in &self.runs {
            let own = matches!(reader, Reader::Verify | Reader::VerifyNoDigest);
            let ratio = |of| {
                if own {
                    String::new()
                } else {
                    format!("{:.2} times as fast", self.times_as_fast(of, *reader))
                }
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                reader.title(),
                report::cells(runs, self.bytes),
                ratio(Reader::Verify),
                ratio(Reader::VerifyNoDigest),
            );
        }
        text
    }

    /// Goals that were missed; in a smoke test ratios are none, as starting up takes longest.
    pub fn misses(&self, smoke: bool) -> Vec<String> {
        let mut misses = Vec::new();
        for reader in [Reader::Verify, Reader::VerifyNoDigest] {
            let peak = report::peak_of(self.runs(reader));
            if peak > PEAK_RSS_BYTES {
                misses.push(format!(
                    "peak memory of {} is {peak} bytes, the goal is {PEAK_RSS_BYTES}",
                    reader.title()
                ));
            }
        }
        for (own, peer, goal) in GOALS.into_iter().filter(|_| !smoke) {
            let times = self.times_as_fast(own, peer);
            if times < goal {
                misses.push(format!(
                    "{}: {times:.2} times {} ({:?}), the goal is {goal}",
                    own.title(),
                    peer.title(),
                    self.part
                ));
            }
        }
        misses
    }
}
