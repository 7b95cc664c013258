//! What has to be reached, and what was missed.

use std::time::Duration;

use crate::contest::{Contestant, Part, Standing};
use crate::report;

/// Peak memory of an export of any size.
const PEAK_RSS_BYTES: u64 = 48 << 20;
const FIRST_RECORD: Duration = Duration::from_millis(50);

/// How many times as fast as a peer an export has to be. sqlx as it comes: that is what people run.
fn goal(part: Part, peer: Contestant) -> Option<f64> {
    match (part, peer) {
        (Part::Text, Contestant::Shell) => Some(2.4),
        (_, Contestant::Sqlx) => Some(5.0),
        _ => None,
    }
}

/// Goals that were missed; in a smoke test ratios are none, as starting up takes longest.
pub fn misses(part: Part, standings: &[Standing], smoke: bool) -> Vec<String> {
    let mut misses = Vec::new();
    let Some(own) = standings
        .iter()
        .find(|one| one.contestant == Contestant::Carryall)
    else {
        return misses;
    };
    let peak = report::peak_rss_bytes(own);
    if peak > PEAK_RSS_BYTES {
        misses.push(format!(
            "peak memory {peak} bytes, the goal is {PEAK_RSS_BYTES}"
        ));
    }
    for peer in standings.iter().filter(|_| !smoke) {
        let times = report::times_as_fast(own, peer);
        if let Some(goal) = goal(part, peer.contestant).filter(|goal| times < *goal) {
            let title = peer.contestant.title();
            misses.push(format!(
                "{times:.2} times {title} ({part:?}), the goal is {goal}"
            ));
        }
    }
    misses
}

/// The miss of a late first record.
pub fn late(first_record: Duration, smoke: bool) -> Option<String> {
    (first_record > FIRST_RECORD && !smoke)
        .then(|| format!("first record after {first_record:?}, the goal is {FIRST_RECORD:?}"))
}
