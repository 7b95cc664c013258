//! Converting an export into each format, beside those who only copy it or only read and write its lines.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::measure::{self, Run};
use crate::report;

/// Formats of text, which have the goal.
const TEXT: [&str; 8] = [
    "html",
    "markdown",
    "csv",
    "jsonl",
    "chatgpt",
    "claude",
    "open-webui",
    "librechat",
];
/// Databases, which have none.
const OTHERS: [&str; 2] = ["sqlite", "parquet"];
/// Megabytes of the export a second, on the wall, the check of it included.
const GOAL_MB_PER_S: f64 = 150.0;
/// Peak memory of a conversion of any file.
const PEAK_RSS_BYTES: u64 = 64 << 20;
/// What a script of a few lines does: each record read and written again.
const PYTHON: &str = "import json, sys
with open(sys.argv[1]) as export, open(sys.argv[2], 'w') as out:
    for line in export:
        line = line.rstrip(',\\n')
        if line.startswith('{\"id\"'):
            out.write(json.dumps(json.loads(line), ensure_ascii=False) + '\\n')
";

/// What everybody reached.
#[derive(Debug)]
pub struct Converting {
    bytes: u64,
    runs: Vec<(&'static str, Vec<Run>)>,
}

/// Lets every format, and the peers, have their turns with one export.
pub fn run(carryall: &Path, export: &Path, beside: &Path, rounds: usize) -> Result<Converting> {
    let bytes = fs::metadata(export)
        .with_context(|| format!("look at {}", export.display()))?
        .len();
    let names = TEXT.into_iter().chain(OTHERS);
    let names = names.chain(["floor: cp", "python, its json module"]);
    let mut runs: Vec<_> = names.map(|name| (name, Vec::new())).collect();
    let all = beside.join("converted");
    fs::create_dir_all(&all)?;
    for round in 0..rounds {
        for (place, (name, runs)) in runs.iter_mut().enumerate() {
            let out = all.join(format!("{round}-{place}"));
            let mut command = command(name, carryall, export, &out);
            runs.push(measure::run(&mut command, Path::new("/dev/null"), &[0])?);
            empty(&out)?;
        }
    }
    fs::remove_dir_all(&all)?;
    Ok(Converting { bytes, runs })
}

fn command(name: &str, carryall: &Path, export: &Path, out: &PathBuf) -> Command {
    let mut command = match name {
        "floor: cp" => Command::new("cp"),
        "python, its json module" => Command::new("python3"),
        _ => Command::new(carryall),
    };
    match name {
        "floor: cp" => command.arg(export).arg(out),
        "python, its json module" => command.args(["-c", PYTHON]).arg(export).arg(out),
        format => command
            .arg("convert")
            .arg(export)
            .args(["--to", format, "--out"])
            .arg(out),
    };
    command
}

/// Gives back the room of what a run wrote. The files stay until the end: ext4 without a journal goes past each file that was
/// deleted in the last minutes whenever one is made, which would slow down whoever writes many files next.
fn empty(out: &Path) -> Result<()> {
    if out.is_dir() {
        for entry in fs::read_dir(out)? {
            empty(&entry?.path())?;
        }
        return Ok(());
    }
    fs::File::create(out).with_context(|| format!("empty {}", out.display()))?;
    Ok(())
}

impl Converting {
    /// As Markdown.
    pub fn table(&self) -> String {
        let mut text = format!(
            "### Converting\n\n{} bytes of JSON; MB/s are of that. Each conversion checks the export first.\n\n\
             | what | wall s [min-max] | CPU s | MB/s | peak RSS MiB |\n|---|---|---|---|---|\n",
            self.bytes
        );
        for (name, runs) in &self.runs {
            let _ = writeln!(text, "| {name} | {} |", report::cells(runs, self.bytes));
        }
        text
    }

    /// Goals that were missed; in a smoke test those of time are none, as starting up takes longest.
    pub fn misses(&self, smoke: bool) -> Vec<String> {
        let mut misses = Vec::new();
        for (name, runs) in &self.runs {
            let peak = report::peak_of(runs);
            let is_ours = TEXT.contains(name) || OTHERS.contains(name);
            if is_ours && peak > PEAK_RSS_BYTES {
                misses.push(format!(
                    "peak memory of convert --to {name} is {peak} bytes, the goal is {PEAK_RSS_BYTES}"
                ));
            }
            let speed = report::mb_per_s(runs, self.bytes);
            if !smoke && TEXT.contains(name) && speed < GOAL_MB_PER_S {
                misses.push(format!(
                    "convert --to {name}: {speed:.0} MB/s, the goal is {GOAL_MB_PER_S}"
                ));
            }
        }
        misses
    }
}
