//! The audit log: nothing in it can be changed unnoticed.

use carryall_format::sign::KnownKeys;

use super::*;

impl Story {
    /// `SEQ EVENT OUTCOME` of every event.
    pub(super) fn told(&self) -> Vec<String> {
        let line = |entry: &Entry| format!("{} {} {}", entry.seq, entry.event, entry.outcome);
        self.entries().iter().map(line).collect()
    }

    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let each = || self.ledger.each_event(None, |entry| entries.push(entry));
        aside(each).expect("answers");
        entries
    }

    pub(super) fn check(&self, head: Option<&str>) -> Chain {
        self.check_with(head, &KnownKeys::default())
    }

    pub(super) fn check_with(&self, head: Option<&str>, keys: &KnownKeys) -> Chain {
        aside(|| self.ledger.check_audit(head, keys)).expect("answers")
    }

    pub(super) fn head(&self) -> String {
        match self.check(None) {
            Chain::Whole { head, .. } => head,
            broken => panic!("{broken:?}"),
        }
    }
}

/// Five events: sign-in, request, start, finish, download.
pub(super) async fn busy() -> Story {
    let story = Story::begin();
    story.sign_in(&anna(), "token").await;
    let id = story.request(&anna()).await.export().expect("one runs").id;
    let lease = story.claim().await.expect("waits");
    story.publish(&lease).await.expect("holds the lease");
    let begun = story
        .ledger
        .begin_download(&anna(), id, (0, 11), &from_home(), story.clock.now())
        .await;
    assert!(begun.expect("answers"));
    story
}

#[tokio::test]
async fn the_ledger_itself_refuses_to_change_shorten_or_reorder_the_log() {
    let story = busy().await;
    let repeat = |seq: u32, from: u32| {
        format!(
            "INSERT INTO audit SELECT {seq}, at, event, subject_key, session_id, address, export_id, outcome, facts, previous, hash FROM audit WHERE seq = {from}"
        )
    };
    let more = if story.stage.is_sqlite() {
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 2"
    } else {
        "TRUNCATE audit"
    };
    for sql in [
        "UPDATE audit SET outcome = 'ok' WHERE seq = 5",
        "DELETE FROM audit WHERE seq = 5",
        more,
        &repeat(9, 5),
        &repeat(6, 5),
    ] {
        let error = story.stage.tamper(sql).expect_err(sql);
        assert!(error.contains("the audit log"), "{error}");
    }
    assert_eq!(story.told().len(), 5);
}

#[tokio::test]
async fn an_event_that_was_edited_removed_or_moved_is_named() {
    for column in [
        "at",
        "event",
        "subject_key",
        "session_id",
        "address",
        "export_id",
        "outcome",
        "facts",
        "previous",
        "hash",
    ] {
        let story = busy().await;
        story
            .stage
            .tamper_with_force(&format!("UPDATE audit SET {column} = '7' WHERE seq = 2"));
        assert_eq!(story.check(None), Chain::Edited(2), "{column}");
    }
    let story = busy().await;
    // A column of PostgreSQL's holds its own type and no other.
    if story.stage.is_sqlite() {
        story
            .stage
            .tamper_with_force("UPDATE audit SET outcome = x'6f6b' WHERE seq = 4");
        assert_eq!(
            story.check(None),
            Chain::Edited(4),
            "other bytes of the same letters"
        );
    }
    for seq in [1, 3] {
        let story = busy().await;
        story
            .stage
            .tamper_with_force(&format!("DELETE FROM audit WHERE seq = {seq}"));
        assert_eq!(story.check(None), Chain::Removed(seq));
    }
    let story = busy().await;
    story.stage.tamper_with_force(
        "UPDATE audit SET seq = -1 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = -1",
    );
    assert_eq!(
        story.check(None),
        Chain::Edited(2),
        "moved: the number is part of the hash"
    );
}

#[tokio::test]
async fn an_event_that_was_made_anew_does_not_fit_the_one_behind_it() {
    let (story, other) = (busy().await, busy().await);
    let mut forged = other.entries().swap_remove(2);
    forged.outcome = "never".to_owned();
    forged.previous = story.entries().swap_remove(2).previous;
    let hash = forged.computed_hash();
    story.stage.tamper_with_force(&format!(
        "UPDATE audit SET outcome = 'never', at = {}, export_id = '{}', hash = '{hash}' WHERE seq = 3",
        forged.at,
        forged.export_id.expect("an id"),
    ));
    assert_eq!(story.check(None), Chain::OutOfOrder(4));
    story.stage.tamper_with_force(&format!(
        "UPDATE audit SET previous = '{hash}' WHERE seq = 4"
    ));
    assert_eq!(story.check(None), Chain::Edited(4), "and cannot be joined");
}

#[tokio::test]
async fn a_cut_at_the_end_shows_against_a_hash_that_was_noted_before() {
    let story = busy().await;
    let noted = story.head();
    story
        .ledger
        .note(
            story.clock.now(),
            Event::new(Kind::Denied, None, &from_home()),
        )
        .await
        .expect("answers");
    assert!(
        matches!(story.check(Some(&noted)), Chain::Whole { events: 6, .. }),
        "it only grew"
    );
    story
        .stage
        .tamper_with_force("DELETE FROM audit WHERE seq >= 5");
    assert!(
        matches!(story.check(None), Chain::Whole { events: 4, .. }),
        "nobody can tell from the rest"
    );
    assert_eq!(story.check(Some(&noted)), Chain::HeadGone);
}

#[tokio::test]
async fn what_stands_in_an_event_cannot_pass_for_another_column() {
    let story = Story::begin();
    let now = story.clock.now();
    // PostgreSQL holds no NUL in a text.
    let third = if story.stage.is_sqlite() {
        "a\0b"
    } else {
        "a\tb"
    };
    for key in ["a\",\"b", "a\nb", third] {
        let who = SubjectKey(key.to_owned());
        story
            .ledger
            .note(
                now,
                Event::new(Kind::Denied, Some(&who), &Caller::default()),
            )
            .await
            .expect("answers");
        let events = story.ledger.events_of(&who, 5).await.expect("answers");
        assert_eq!(
            (events.len(), events[0].subject_key.as_deref()),
            (1, Some(key))
        );
    }
    assert!(matches!(story.check(None), Chain::Whole { events: 3, .. }));
}
