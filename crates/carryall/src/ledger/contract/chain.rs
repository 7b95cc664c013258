//! The audit log: nothing is missing in it, nothing can be changed unnoticed.

use rusqlite::Connection;

use super::*;

impl Story {
    /// `SEQ EVENT OUTCOME` of every event.
    pub(super) fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        self.ledger
            .each_event(None, |entry| {
                told.push(format!("{} {} {}", entry.seq, entry.event, entry.outcome));
            })
            .expect("answers");
        told
    }

    fn check(&self, head: Option<&str>) -> Chain {
        self.ledger.check_audit(head).expect("answers")
    }

    fn head(&self) -> String {
        match self.check(None) {
            Chain::Whole { head, .. } => head,
            broken => panic!("{broken:?}"),
        }
    }

    /// Changes the file behind the program's back.
    fn tamper(&self, sql: &str) -> rusqlite::Result<()> {
        let connection = Connection::open(self.folder.path().join("carryall.db"))?;
        connection.execute_batch(sql)
    }

    /// The same for who also takes the triggers away.
    fn tamper_with_force(&self, sql: &str) {
        let names = ["is_never_changed", "is_never_shortened", "grows_at_its_end"];
        let drops = names
            .map(|name| format!("DROP TRIGGER IF EXISTS audit_{name};"))
            .concat();
        self.tamper(&format!("{drops}{sql}")).expect("tampers");
    }
}

/// Five events: sign-in, request, start, finish, download.
async fn busy() -> Story {
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
async fn every_change_of_an_export_is_an_event_with_counts_and_digest_and_no_content() {
    let story = busy().await;
    assert_eq!(
        story.told(),
        [
            "1 sign_in ok",
            "2 export_requested ok",
            "3 export_started ok",
            "4 export_finished ok",
            "5 download whole"
        ]
    );
    let events = story.ledger.events_of(&anna(), 10).await.expect("answers");
    let finished = events
        .iter()
        .find(|entry| entry.event == "export_finished")
        .expect("told");
    let facts: serde_json::Value = serde_json::from_str(&finished.facts).expect("JSON");
    let sha256 = "ab".repeat(32);
    assert_eq!(
        facts,
        serde_json::json!({ "records": 2, "gaps": 1, "bytes": 12, "sha256": sha256 })
    );
    let download = &events[0];
    assert_eq!(download.address.as_deref(), Some("203.0.113.7"));
    assert_eq!(download.session_id.as_deref(), Some("5e5510"));
    assert!(
        story
            .ledger
            .events_of(&ben(), 10)
            .await
            .expect("answers")
            .is_empty()
    );
}

#[tokio::test]
async fn every_end_of_an_export_is_an_event() {
    let story = Story::begin();
    let ended = async |how: &str| {
        story.hand.advance(Duration::from_mins(1));
        let id = story.request(&anna()).await.export().expect("one runs").id;
        let now = story.clock.now();
        let lease = story.claim().await.expect("waits");
        match how {
            "fail" => story.fail(&lease).await.expect("holds the lease"),
            "cancel" => assert!(
                story
                    .ledger
                    .cancel_export(&anna(), id, &from_home(), now)
                    .await
                    .expect("answers")
            ),
            _ => story.publish(&lease).await.expect("holds the lease"),
        }
        id
    };
    ended("fail").await;
    ended("cancel").await;
    let id = ended("publish").await;
    let now = story.clock.now();
    story
        .ledger
        .delete_artifact(&anna(), id, &from_home(), now)
        .await
        .expect("answers");
    ended("publish").await;
    story.hand.advance(Duration::from_hours(24));
    story
        .ledger
        .expire_due(story.clock.now())
        .await
        .expect("answers");
    ended("publish").await;
    story
        .ledger
        .close_account(&anna(), story.clock.now())
        .await
        .expect("answers");
    let ends: Vec<_> = story
        .told()
        .into_iter()
        .filter(|told| {
            !told.contains("requested") && !told.contains("started") && !told.contains("finished")
        })
        .collect();
    assert_eq!(
        ends,
        [
            "3 export_failed disk_full",
            "6 export_cancelled ok",
            "10 export_deleted ok",
            "14 export_expired ok",
            "18 export_deleted account_closed"
        ]
    );
    assert_eq!(
        story.check(None),
        Chain::Whole {
            events: 18,
            head: story.head()
        }
    );
}

#[tokio::test]
async fn an_event_that_cannot_be_written_takes_the_change_with_it() {
    let story = Story::begin();
    story
        .tamper(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END;",
        )
        .expect("tampers");
    let now = story.clock.now();
    let new = NewExport {
        id: ExportId(story.random.uuid(now)),
        subject_key: anna(),
        by: from_home(),
        scope: Scope::default(),
        now,
        per_day: 20,
    };
    assert!(story.ledger.request_export(new).await.is_err());
    assert!(
        story
            .ledger
            .list_exports(&anna(), 5)
            .await
            .expect("answers")
            .is_empty()
    );
    story.tamper("DROP TRIGGER full").expect("tampers");
    story.request(&anna()).await;
    let lease = story.claim().await.expect("waits");
    story
        .tamper(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END;",
        )
        .expect("tampers");
    let artifact = Artifact {
        key: lease.artifact_key.clone(),
        file_name: String::new(),
        size_bytes: 1,
        sha256: String::new(),
        signed_by: None,
        gap_count: 0,
        counts: std::collections::BTreeMap::new(),
    };
    let published = story
        .ledger
        .publish_artifact(&lease, artifact, now, now)
        .await;
    assert!(published.is_err());
    assert_eq!(
        story.status(&anna(), lease.export.id).await,
        Status::Building
    );
}

#[tokio::test]
async fn the_ledger_itself_refuses_to_change_shorten_or_reorder_the_log() {
    let story = busy().await;
    for sql in [
        "UPDATE audit SET outcome = 'ok' WHERE seq = 5",
        "DELETE FROM audit WHERE seq = 5",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 2",
        "INSERT INTO audit SELECT 9, at, event, subject_key, session_id, address, export_id, outcome, facts, previous, hash FROM audit WHERE seq = 5",
        "INSERT INTO audit SELECT 6, at, event, subject_key, session_id, address, export_id, outcome, facts, previous, hash FROM audit WHERE seq = 5",
    ] {
        let error = story.tamper(sql).expect_err(sql).to_string();
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
        "hash",
    ] {
        let story = busy().await;
        story.tamper_with_force(&format!("UPDATE audit SET {column} = 7 WHERE seq = 2"));
        assert_eq!(story.check(None), Chain::Edited(2), "{column}");
    }
    let story = busy().await;
    story.tamper_with_force("UPDATE audit SET outcome = x'6f6b' WHERE seq = 4");
    assert_eq!(
        story.check(None),
        Chain::Edited(4),
        "other bytes of the same letters"
    );
    for seq in [1, 3] {
        let story = busy().await;
        story.tamper_with_force(&format!("DELETE FROM audit WHERE seq = {seq}"));
        assert_eq!(story.check(None), Chain::Removed(seq));
    }
    let story = busy().await;
    story.tamper_with_force(
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
    let mut forged = None;
    other
        .ledger
        .each_event(None, |entry| {
            forged = Some(entry).filter(|e| e.seq == 3).or(forged.take());
        })
        .expect("answers");
    let mut forged = forged.expect("the third");
    forged.outcome = "never".to_owned();
    story
        .ledger
        .each_event(None, |entry| {
            if entry.seq == 3 {
                forged.previous = entry.previous;
            }
        })
        .expect("answers");
    let hash = forged.computed_hash();
    story.tamper_with_force(&format!(
        "UPDATE audit SET outcome = 'never', at = {}, export_id = '{}', hash = '{hash}' WHERE seq = 3",
        forged.at,
        forged.export_id.expect("an id"),
    ));
    assert_eq!(story.check(None), Chain::OutOfOrder(4));
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
    story.tamper_with_force("DELETE FROM audit WHERE seq >= 5");
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
    for key in ["a\",\"b", "a\nb", "a\0b"] {
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
