//! How long the audit log is kept: old events go behind a signed checkpoint, and nothing else goes.

use carryall_format::sign::{KnownKeys, SigningKey};
use serde_json::json;

use super::chain::busy;
use super::*;

const WEEK: Duration = Duration::from_hours(7 * 24);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// The keys of these seeds, as somebody knows them.
fn known(seeds: &[u8]) -> KnownKeys {
    let mut known = KnownKeys::default();
    for seed in seeds {
        known.put(key(*seed).public_key().into());
    }
    known
}

impl Story {
    async fn prune(&self, seed: u8) -> Option<Checkpoint> {
        let now = self.clock.now();
        let prune = Prune {
            before: now - WEEK,
            now,
            key: key(seed),
            facts: json!({}),
        };
        self.ledger.prune_audit(prune).await.expect("answers")
    }

    async fn deny(&self) {
        let event = Event::new(Kind::Denied, Some(&anna()), &from_home());
        let noted = self.ledger.note(self.clock.now(), event).await;
        noted.expect("answers");
    }
}

/// Five old events were removed; a young one and the one that tells of the removal are there.
async fn pruned() -> Story {
    let story = busy().await;
    story.hand.advance(WEEK + Duration::from_secs(1));
    story.deny().await;
    let checkpoint = story.prune(1).await.expect("something is old");
    assert_eq!(checkpoint.seq, 5);
    story
}

#[tokio::test]
async fn old_events_go_behind_a_signed_checkpoint_and_the_rest_is_still_proved() {
    let story = busy().await;
    let noted = story.head();
    story.hand.advance(WEEK);
    assert_eq!(story.prune(1).await, None, "the last week stays");
    story.hand.advance(Duration::from_secs(1));
    story.deny().await;
    let checkpoint = story.prune(1).await.expect("something is old");
    assert_eq!((checkpoint.seq, &checkpoint.hash), (5, &noted));
    assert_eq!(story.told(), ["6 denied ok", "7 audit_pruned ok"]);
    assert!(matches!(
        story.check_with(Some(&noted), &known(&[1])),
        Chain::Whole {
            events: 2,
            removed: 5,
            ..
        }
    ));
    assert_eq!(story.prune(1).await, None);

    // Everything is old, and another key signs by now.
    story.hand.advance(WEEK + WEEK);
    let checkpoint = story.prune(2).await.expect("something is old");
    assert_eq!(checkpoint.seq, 7);
    assert_eq!(story.told(), ["8 audit_pruned ok"]);
    story.deny().await;
    let whole = story.check_with(None, &known(&[1, 2]));
    assert!(
        matches!(
            whole,
            Chain::Whole {
                events: 2,
                removed: 7,
                ..
            }
        ),
        "{whole:?}"
    );
}

#[tokio::test]
async fn a_removal_without_a_checkpoint_is_found_and_so_are_an_edit_and_a_reordering() {
    for (sql, expected) in [
        ("DELETE FROM audit WHERE seq = 6", Chain::Removed(6)),
        ("DELETE FROM audit_checkpoints", Chain::Removed(1)),
        (
            "UPDATE audit SET outcome = 'never' WHERE seq = 7",
            Chain::Edited(7),
        ),
        (
            "UPDATE audit SET seq = -1 WHERE seq = 6; UPDATE audit SET seq = 6 WHERE seq = 7; UPDATE audit SET seq = 7 WHERE seq = -1",
            Chain::Edited(6),
        ),
        (
            "UPDATE audit SET seq = 4 WHERE seq = 6",
            Chain::OutOfOrder(4),
        ),
    ] {
        let story = pruned().await;
        story.stage.tamper_with_force(sql);
        assert_eq!(story.check_with(None, &known(&[1])), expected, "{sql}");
    }
}

#[tokio::test]
async fn a_checkpoint_that_was_forged_edited_moved_or_taken_from_another_ledger_is_found() {
    let forged = |seq: i64| Chain::CheckpointForged(seq);
    for (sql, expected) in [
        (
            "INSERT INTO audit_checkpoints SELECT 6, hash, 0, (SELECT key_id FROM audit_checkpoints), (SELECT signature FROM audit_checkpoints) FROM audit WHERE seq = 6; DELETE FROM audit WHERE seq = 6",
            forged(6),
        ),
        (
            "UPDATE audit_checkpoints SET hash = (SELECT hash FROM audit WHERE seq = 6), seq = 6; DELETE FROM audit WHERE seq = 6",
            forged(6),
        ),
        ("UPDATE audit_checkpoints SET at = at + 1", forged(5)),
        ("UPDATE audit_checkpoints SET signature = 'none'", forged(5)),
        ("UPDATE audit_checkpoints SET key_id = 'none'", forged(5)),
    ] {
        let story = pruned().await;
        story.stage.tamper_with_force(sql);
        assert_eq!(story.check_with(None, &known(&[1])), expected, "{sql}");
    }

    let story = pruned().await;
    let of_another = Chain::CheckpointOfUnknownKey(5, key(1).public_key().id());
    assert_eq!(story.check_with(None, &known(&[2])), of_another);

    let (one, other) = (pruned().await, pruned().await);
    let theirs = aside(|| other.ledger.checkpoints()).expect("answers");
    let Checkpoint {
        hash,
        at,
        signature,
        ..
    } = &theirs[0];
    one.stage.tamper_with_force(&format!(
        "UPDATE audit_checkpoints SET hash = '{hash}', at = {at}, signature = '{signature}'"
    ));
    assert_eq!(
        one.check_with(None, &known(&[1])),
        Chain::OutOfOrder(6),
        "signed, and of another record"
    );
}

#[tokio::test]
async fn the_ledger_itself_lets_nothing_go_that_no_checkpoint_names() {
    let story = pruned().await;
    for (sql, told) in [
        (
            "DELETE FROM audit WHERE seq = 6",
            "the audit log is append-only",
        ),
        (
            "DELETE FROM audit_checkpoints",
            "a checkpoint of the audit log stays",
        ),
        (
            "UPDATE audit_checkpoints SET seq = 6",
            "a checkpoint of the audit log stays",
        ),
        (
            "INSERT INTO audit_checkpoints VALUES (6, 'another', 0, '', '')",
            "a checkpoint of the audit log names an event",
        ),
    ] {
        let error = story.stage.tamper(sql).expect_err(sql);
        assert!(error.contains(told), "{sql}: {error}");
    }
    assert!(matches!(
        story.check_with(None, &known(&[1])),
        Chain::Whole { .. }
    ));
}

#[tokio::test]
async fn what_a_slow_clock_wrote_behind_a_young_event_stays_with_it() {
    let story = busy().await;
    let begun = story.clock.now();
    story.hand.advance(WEEK + Duration::from_secs(1));
    story.deny().await;
    let late = Event::new(Kind::Denied, None, &Caller::default());
    story.ledger.note(begun, late).await.expect("answers");
    assert_eq!(
        story.prune(1).await.map(|checkpoint| checkpoint.seq),
        Some(5)
    );
    assert_eq!(
        story.told(),
        ["6 denied ok", "7 denied ok", "8 audit_pruned ok"]
    );
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_noted_takes_nothing_away() {
    let story = busy().await;
    story.hand.advance(WEEK + Duration::from_secs(1));
    story.stage.fill_the_log();
    let now = story.clock.now();
    let prune = Prune {
        before: now - WEEK,
        now,
        key: key(1),
        facts: json!({}),
    };
    assert!(story.ledger.prune_audit(prune).await.is_err());
    assert_eq!(story.told().len(), 5);
    assert!(
        aside(|| story.ledger.checkpoints())
            .expect("answers")
            .is_empty()
    );
}
