//! Requests, leases and how an export ends.

use super::*;

#[tokio::test]
async fn a_second_request_while_one_runs_is_answered_with_the_running_one() {
    let story = Story::begin();
    let Requested::Queued(first) = story.request(&anna()).await else {
        panic!("not queued")
    };
    let second = story.request(&anna()).await;
    assert_eq!(second, Requested::AlreadyRunning(first.clone()));
    story.hand.advance(Duration::from_secs(1));
    assert!(matches!(story.request(&ben()).await, Requested::Queued(_)));

    let lease = story.claim().await.expect("an export waits");
    assert_eq!(lease.export.id, first.id);
    assert_eq!(
        story.request(&anna()).await.export().expect("one runs").id,
        first.id
    );
    story.publish(&lease).await.expect("holds the lease");
    assert!(matches!(story.request(&anna()).await, Requested::Queued(_)));
}

#[tokio::test]
async fn two_processes_cannot_claim_the_same_export() {
    let story = Story::begin();
    story.request(&anna()).await;
    assert!(story.claim().await.is_some());
    assert!(story.claim().await.is_none());
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_cannot_publish_fail_or_hand_back() {
    let story = Story::begin();
    story.request(&anna()).await;
    let stale = story.claim().await.expect("an export waits");
    story.hand.advance(LEASE);
    let fresh = story.claim().await.expect("the lease ran out");
    assert_eq!(
        (fresh.export.id, fresh.export.attempt),
        (stale.export.id, 2)
    );
    assert_ne!(fresh.artifact_key, stale.artifact_key);

    assert_eq!(story.publish(&stale).await, Err(LeaseLost));
    assert_eq!(story.fail(&stale).await, Err(LeaseLost));
    assert_eq!(
        story
            .ledger
            .hand_back_export(&stale, None, None)
            .await
            .expect("answers"),
        Err(LeaseLost)
    );
    let until = later(story.clock.now(), LEASE);
    let beat = story
        .ledger
        .heartbeat(&stale, Progress::default(), until)
        .await;
    assert_eq!(beat.expect("answers"), Err(LeaseLost));

    assert_eq!(
        story.status(&anna(), fresh.export.id).await,
        Status::Building
    );
    assert_eq!(story.publish(&fresh).await, Ok(()));
    assert_eq!(
        story.publish(&fresh).await,
        Err(LeaseLost),
        "published twice"
    );
}

#[tokio::test]
async fn a_heartbeat_keeps_the_lease_and_shows_how_far_the_export_is() {
    let story = Story::begin();
    story.request(&anna()).await;
    let lease = story.claim().await.expect("an export waits");
    let progress = Progress {
        section: Some("messages".to_owned()),
        records: 7,
        bytes: 900,
        expected_bytes: Some(1_000),
    };
    for _ in 0..3 {
        story
            .hand
            .advance(LEASE.saturating_sub(Duration::from_secs(1)));
        let until = later(story.clock.now(), LEASE);
        let beat = story
            .ledger
            .heartbeat(&lease, progress.clone(), until)
            .await;
        beat.expect("answers").expect("holds the lease");
    }
    assert!(story.claim().await.is_none());
    let export = story.ledger.find_export(&anna(), lease.export.id).await;
    assert_eq!(export.expect("answers").expect("known").progress, progress);
}

#[tokio::test]
async fn an_export_whose_workers_keep_dying_is_given_up() {
    let story = Story::begin();
    let id = story.request(&anna()).await.export().expect("one runs").id;
    for attempt in 1..=3 {
        assert_eq!(
            story.claim().await.expect("taken up again").export.attempt,
            attempt
        );
        story.hand.advance(LEASE);
    }
    assert!(story.claim().await.is_none());
    let export = story
        .ledger
        .find_export(&anna(), id)
        .await
        .expect("answers")
        .expect("known");
    assert_eq!(export.status, Status::Failed);
    assert_eq!(export.failure.as_deref(), Some("interrupted"));
}

#[tokio::test]
async fn an_export_handed_back_waits_again_and_the_attempt_does_not_count() {
    let story = Story::begin();
    story.request(&anna()).await;
    let lease = story.claim().await.expect("an export waits");
    story
        .ledger
        .hand_back_export(&lease, None, None)
        .await
        .expect("answers")
        .expect("holds the lease");
    assert_eq!(story.claim().await.expect("waits again").export.attempt, 1);
}

#[tokio::test]
async fn an_export_that_the_person_stops_is_lost_to_its_worker() {
    let story = Story::begin();
    let id = story.request(&anna()).await.export().expect("one runs").id;
    let lease = story.claim().await.expect("an export waits");
    let now = story.clock.now();
    assert!(
        !story
            .ledger
            .cancel_export(&ben(), id, &from_home(), now)
            .await
            .expect("answers")
    );
    assert!(
        story
            .ledger
            .cancel_export(&anna(), id, &from_home(), now)
            .await
            .expect("answers")
    );
    assert_eq!(story.publish(&lease).await, Err(LeaseLost));
    assert_eq!(story.status(&anna(), id).await, Status::Cancelled);
    assert!(
        story
            .ledger
            .kept_artifacts()
            .await
            .expect("answers")
            .is_empty()
    );
}

#[tokio::test]
async fn a_lock_waits_for_whichever_worker_writes_the_file_and_goes_with_the_end_of_the_build() {
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let recipient = crate::protect::keys::recipient(key).expect("a key");
    let lock = crate::protect::Lock::for_recipients(&[recipient]).expect("a lock");
    for ends in ["published", "failed", "cancelled"] {
        let story = Story::begin();
        let now = story.clock.now();
        let new = NewExport {
            id: ExportId(story.random.uuid(now)),
            subject_key: anna(),
            by: from_home(),
            scope: Scope::default(),
            protected: Some(Protected {
                by: Protection::Key,
                lock: lock.clone(),
            }),
            now,
            per_day: 20,
            per_hour: None,
        };
        story.ledger.request_export(new).await.expect("answers");
        let first = story.claim().await.expect("waits");
        assert_eq!(first.export.protection, Some(Protection::Key));
        story.hand.advance(LEASE);
        let lease = story.claim().await.expect("the lease ran out");
        let kept = lease.lock.as_ref().expect("kept");
        assert_eq!(kept.parts(), lock.parts());
        match ends {
            "published" => story.publish(&lease).await.expect("holds the lease"),
            "failed" => story.fail(&lease).await.expect("holds the lease"),
            _ => {
                let (who, by) = (anna(), from_home());
                let ended = story.ledger.cancel_export(&who, lease.export.id, &by, now);
                assert!(ended.await.expect("answers"));
            }
        }
        let left = story
            .ledger
            .run(|tx| {
                let count = "SELECT count(*) FROM export_locks";
                tx.one(count, named_params! {}, |row| row.get::<i64>(0))
            })
            .await;
        assert_eq!(left.expect("answers"), Some(0), "{ends}");
    }
}

#[tokio::test]
async fn an_export_that_is_to_wait_is_taken_by_nobody_before_its_time_and_counts_no_attempt() {
    let story = Story::begin();
    story.request(&anna()).await;
    let lease = story.claim().await.expect("waits");
    assert!(lease.is_first);
    let soon = later(story.clock.now(), Duration::from_secs(5));
    let handed_back = story
        .ledger
        .hand_back_export(&lease, None, Some(soon))
        .await;
    handed_back.expect("answers").expect("holds the lease");
    story.hand.advance(Duration::from_secs(4));
    assert!(story.claim().await.is_none());
    story.hand.advance(Duration::from_secs(1));
    let again = story.claim().await.expect("its time has come");
    assert_eq!((again.export.attempt, again.is_first), (1, false));
    assert_eq!(story.publish(&lease).await, Err(LeaseLost));
    let handed_back = story.ledger.hand_back_export(&again, None, None).await;
    handed_back.expect("answers").expect("holds the lease");
    assert!(
        story.claim().await.is_some(),
        "nothing is left of the first time"
    );
}
