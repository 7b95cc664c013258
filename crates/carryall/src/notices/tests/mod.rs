//! Letters and webhooks with servers of the test's own, and a clock that the test moves.

mod hook;
mod mails;
mod sink;

use std::sync::Arc;
use std::time::Duration;

use super::mail::Mail;
use super::*;
use crate::clock::ClockHand;
use crate::exports::artifacts::Artifacts;
use crate::exports::{Exports, Settings};
use crate::keys::Keys;
use crate::ledger::{Caller, Entry, ExportId, Ledger, SubjectKey};
use crate::product::scripted::Scripted;
use crate::product::{Product, Scope};
use crate::random::Randomness;

/// The program's inside, with a person who asks for exports.
struct Story {
    exports: Arc<Exports>,
    hand: ClockHand,
    clock: Clock,
    folder: tempfile::TempDir,
}

impl Story {
    fn begin(scripted: Scripted) -> Story {
        let folder = tempfile::tempdir().expect("a folder");
        let (clock, hand) = ClockHand::at("2026-11-23T10:00:00Z");
        Story {
            exports: process(&folder, scripted, &clock),
            hand,
            clock,
            folder,
        }
    }

    /// The next process on the same ledger.
    fn restart(&mut self) {
        self.exports = process(&self.folder, Scripted::new(), &self.clock);
    }

    /// Asks for an export, which is built at once.
    async fn export(&self) -> ExportId {
        let running = self.exports.start();
        let by = Caller::default();
        let scope = Scope::default();
        let asked = self.exports.request(&anna(), scope, None, &by).await;
        let id = asked.expect("answers").export().expect("not too many").id;
        let patience = Duration::from_secs(10);
        let waited = self.exports.wait_briefly(&anna(), id, patience).await;
        waited.expect("answers");
        running.stop().await;
        id
    }

    fn post(&self, way: Way) -> Post {
        Post::new(&self.exports, way, Duration::from_millis(300))
    }

    /// `EVENT OUTCOME CHANNEL ABOUT` of what was noted about notices.
    fn record(&self) -> Vec<String> {
        let mut record = Vec::new();
        let told = self.exports.ledger.each_event(None, |entry: Entry| {
            let facts: serde_json::Value = serde_json::from_str(&entry.facts).expect("JSON");
            if entry.event.starts_with("notice") {
                let (channel, about) = (&facts["channel"], &facts["about"]);
                record.push(format!(
                    "{} {} {channel} {about}",
                    entry.event, entry.outcome
                ));
            }
        });
        told.expect("answers");
        record
    }

    fn people(&self, change: impl FnOnce(&mut crate::product::Subject)) {
        let Product::Scripted(scripted) = &*self.exports.product else {
            panic!("scripted")
        };
        change(&mut scripted.people.lock().expect("not poisoned")[0]);
    }
}

fn process(folder: &tempfile::TempDir, scripted: Scripted, clock: &Clock) -> Arc<Exports> {
    let path = folder.path();
    Exports::new(
        Ledger::open(&format!("sqlite:{}", path.join("l.db").display())).expect("a ledger"),
        Arc::new(Product::Scripted(Box::new(scripted))),
        Artifacts::open(&path.join("artifacts")).expect("a folder"),
        Keys::of_a_test(path, clock),
        clock.clone(),
        Randomness::system(),
        Settings {
            patience: Vec::new(),
            last_builds: Duration::ZERO,
            // What fails is told at once.
            retry_for: Duration::ZERO,
            ..Settings::new("test".to_owned())
        },
    )
}

fn anna() -> SubjectKey {
    SubjectKey("anna-key".to_owned())
}
