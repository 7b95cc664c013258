//! The tables, in Markdown.

use std::fmt::Write;
use std::path::Path;

use crate::contest::{Contest, Contestant, Part, Standing};
use crate::measure::Run;

/// What was measured and how.
pub fn preface(contest: &Contest, sink: &Path, rounds: usize) -> String {
    format!(
        "{} messages. Medians of {rounds} interleaved rounds, page cache warm, everybody writes to {}. \
         sqlite3 shell {}, SQLite in the others {}. \
         carryall hashes all that it writes (SHA-256) and each file once more; nobody else hashes.\n",
        contest.messages,
        sink.display(),
        contest.shell_version,
        rusqlite::version(),
    )
}

/// One part of the contest.
pub fn table(part: Part, standings: &[Standing]) -> String {
    let mut text = format!(
        "### {}\n\n| what | wall s [min-max] | CPU s | written MB | MB/s | peak RSS MiB | hash | carryall is |\n\
         |---|---|---|---|---|---|---|---|\n",
        match part {
            Part::Text => "Without file contents",
            Part::WithFiles => "With file contents",
        }
    );
    let own = standings
        .iter()
        .find(|one| one.contestant == Contestant::Carryall);
    for standing in standings {
        let (wall, shortest, longest) = walls(&standing.runs);
        let written = as_mb(standing.bytes);
        let ratio = own
            .filter(|_| {
                !matches!(
                    standing.contestant,
                    Contestant::Carryall | Contestant::Floor
                )
            })
            .map(|own| format!("{:.2} times as fast", times_as_fast(own, standing)));
        let _ = writeln!(
            text,
            "| {} | {wall:.2} [{shortest:.2}-{longest:.2}] | {:.2} | {written:.0} | {:.0} | {:.1} | {} | {} |",
            standing.contestant.title(),
            median(&standing.runs, |run| run.cpu.as_secs_f64()),
            written / wall,
            as_mib(peak_rss_bytes(standing)),
            if standing.contestant == Contestant::Carryall {
                "SHA-256"
            } else {
                "none"
            },
            ratio.unwrap_or_default(),
        );
    }
    text
}

/// By time on the wall for the same account: carryall writes more than its peers do.
pub fn times_as_fast(own: &Standing, peer: &Standing) -> f64 {
    median_wall(&peer.runs) / median_wall(&own.runs)
}

/// Of time on the wall, in seconds.
pub fn median_wall(runs: &[Run]) -> f64 {
    median(runs, |run| run.wall.as_secs_f64())
}

/// Wall, CPU, speed and memory, for a table.
pub fn cells(runs: &[Run], bytes: u64) -> String {
    let (wall, shortest, longest) = walls(runs);
    format!(
        "{wall:.2} [{shortest:.2}-{longest:.2}] | {:.2} | {:.0} | {:.1}",
        median(runs, |run| run.cpu.as_secs_f64()),
        as_mb(bytes) / wall,
        as_mib(peak_of(runs)),
    )
}

/// Of time on the wall.
pub fn mb_per_s(runs: &[Run], bytes: u64) -> f64 {
    as_mb(bytes) / median_wall(runs)
}

/// The highest of all rounds: a limit is a limit.
pub fn peak_rss_bytes(standing: &Standing) -> u64 {
    peak_of(&standing.runs)
}

/// The same.
pub fn peak_of(runs: &[Run]) -> u64 {
    runs.iter().map(|run| run.peak_rss_bytes).max().unwrap_or(0)
}

/// Median, shortest, longest.
fn walls(runs: &[Run]) -> (f64, f64, f64) {
    let all = runs.iter().map(|run| run.wall.as_secs_f64());
    (
        median_wall(runs),
        all.clone().fold(f64::INFINITY, f64::min),
        all.fold(0.0, f64::max),
    )
}

fn median(runs: &[Run], of: impl Fn(&Run) -> f64) -> f64 {
    let mut all: Vec<f64> = runs.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn as_mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn as_mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
