//! Two of ours beside their peers, in turn: what each reached, and what was missed.

use std::fmt::{Debug, Write};

use crate::measure::Run;
use crate::report;

/// Who takes part.
pub trait Entrant: Copy + PartialEq + Debug {
    /// In a table.
    fn title(self) -> &'static str;
}

/// What everybody reached.
#[derive(Debug)]
pub struct Race<R> {
    /// Peers are held against these.
    ours: [R; 2],
    /// In the order of their turns.
    pub runs: Vec<(R, Vec<Run>)>,
}

impl<R: Entrant> Race<R> {
    /// Before the first turn.
    pub fn of(entrants: impl IntoIterator<Item = R>, ours: [R; 2]) -> Race<R> {
        let runs = entrants.into_iter().map(|entrant| (entrant, Vec::new()));
        Race {
            ours,
            runs: runs.collect(),
        }
    }

    fn runs(&self, of: R) -> &[Run] {
        let found = self.runs.iter().find(|(entrant, _)| *entrant == of);
        found.map_or(&[], |(_, runs)| runs)
    }

    fn times_as_fast(&self, own: R, peer: R) -> f64 {
        report::median_wall(self.runs(peer)) / report::median_wall(self.runs(own))
    }

    /// Its lines in a table, and behind each peer's how often it fits into the time of ours. `bytes` are those that each read or
    /// wrote.
    pub fn rows(&self, bytes: impl Fn(R) -> u64) -> String {
        let mut text = String::new();
        for (entrant, runs) in &self.runs {
            let cells = report::cells(runs, bytes(*entrant));
            let [first, second] = self.ours.map(|own| {
                if self.ours.contains(entrant) {
                    return String::new();
                }
                format!("{:.2} times as fast", self.times_as_fast(own, *entrant))
            });
            let title = entrant.title();
            let _ = writeln!(text, "| {title} | {cells} | {first} | {second} |");
        }
        text
    }

    /// Goals that were missed: at most so much memory for each of ours, and how many times as fast as a peer. In a smoke test
    /// ratios are none, as starting up takes longest. `at` says of which table.
    pub fn misses(
        &self,
        goals: &[(R, R, f64)],
        most_bytes: u64,
        at: &str,
        smoke: bool,
    ) -> Vec<String> {
        let mut misses = Vec::new();
        for own in self.ours {
            let peak = report::peak_of(self.runs(own));
            if peak > most_bytes {
                let title = own.title();
                misses.push(format!(
                    "{at}: peak memory of {title} is {peak} bytes, the goal is {most_bytes}"
                ));
            }
        }
        for (own, peer, goal) in goals.iter().filter(|_| !smoke) {
            let times = self.times_as_fast(*own, *peer);
            if times < *goal {
                let (own, peer) = (own.title(), peer.title());
                misses.push(format!(
                    "{at}: {own}: {times:.2} times {peer}, the goal is {goal}"
                ));
            }
        }
        misses
    }
}
