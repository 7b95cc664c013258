//! Files, and whose they are.

use super::*;

#[tokio::test]
async fn an_expired_export_keeps_its_digest_and_loses_its_file() {
    let story = Story::begin();
    story.request(&anna()).await;
    let lease = story.claim().await.expect("an export waits");
    story.publish(&lease).await.expect("holds the lease");
    assert_eq!(
        story
            .ledger
            .expire_due(story.clock.now())
            .await
            .expect("answers"),
        [""; 0]
    );
    assert_eq!(
        story.ledger.kept_artifacts().await.expect("answers"),
        [lease.artifact_key.clone()].into()
    );

    story.hand.advance(Duration::from_hours(24));
    let due = story
        .ledger
        .expire_due(story.clock.now())
        .await
        .expect("answers");
    assert_eq!(due, std::slice::from_ref(&lease.artifact_key));
    let list = story
        .ledger
        .list_exports(&anna(), 10)
        .await
        .expect("answers");
    assert_eq!(list[0].status, Status::Expired);
    assert_eq!(
        list[0].artifact.as_ref().expect("remembered").sha256,
        "ab".repeat(32)
    );
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
async fn nobody_finds_deletes_or_downloads_the_export_of_somebody_else() {
    let story = Story::begin();
    let id = story.request(&anna()).await.export().expect("one runs").id;
    let lease = story.claim().await.expect("an export waits");
    story.publish(&lease).await.expect("holds the lease");
    let ledger = &story.ledger;
    assert_eq!(ledger.find_export(&ben(), id).await.expect("answers"), None);
    assert_eq!(
        ledger
            .delete_artifact(&ben(), id, &from_home(), story.clock.now())
            .await
            .expect("answers"),
        None
    );
    let begun = ledger
        .begin_download(&ben(), id, (0, 11), &from_home(), story.clock.now())
        .await;
    assert!(!begun.expect("answers"));
    let export = ledger
        .find_export(&anna(), id)
        .await
        .expect("answers")
        .expect("known");
    assert_eq!((export.status, export.downloaded_at), (Status::Ready, None));

    let key = ledger
        .delete_artifact(&anna(), id, &from_home(), story.clock.now())
        .await
        .expect("answers");
    assert_eq!(key, Some(lease.artifact_key));
    assert_eq!(story.status(&anna(), id).await, Status::Deleted);
}

#[tokio::test]
async fn failures_count_until_an_export_works_again() {
    let story = Story::begin();
    for expected in 1..=2 {
        story.hand.advance(Duration::from_secs(1));
        story.request(&anna()).await;
        let lease = story.claim().await.expect("an export waits");
        story.fail(&lease).await.expect("holds the lease");
        let failures = story
            .ledger
            .failures_in_a_row(&anna())
            .await
            .expect("answers");
        assert_eq!(failures, expected);
    }
    story.hand.advance(Duration::from_secs(1));
    story.request(&anna()).await;
    let lease = story.claim().await.expect("an export waits");
    story.publish(&lease).await.expect("holds the lease");
    assert_eq!(
        story
            .ledger
            .failures_in_a_row(&anna())
            .await
            .expect("answers"),
        0
    );
}

#[tokio::test]
async fn a_closed_account_loses_its_sessions_running_exports_and_files() {
    let story = Story::begin();
    let now = story.clock.now();
    story.request(&anna()).await;
    let ready = story.claim().await.expect("an export waits");
    story.publish(&ready).await.expect("holds the lease");
    let running = story.request(&anna()).await.export().expect("one runs").id;
    for who in [anna(), ben()] {
        story.sign_in(&who, &who.0).await;
    }
    assert_eq!(
        story
            .ledger
            .present_subjects()
            .await
            .expect("answers")
            .len(),
        2
    );

    let keys = story
        .ledger
        .close_account(&anna(), now)
        .await
        .expect("answers");
    assert_eq!(keys, [ready.artifact_key]);
    assert_eq!(story.status(&anna(), running).await, Status::Cancelled);
    assert_eq!(story.session(&anna().0).await, None);
    assert_eq!(
        story.ledger.present_subjects().await.expect("answers"),
        [ben()]
    );
}

#[tokio::test]
async fn another_process_sees_the_same_ledger() {
    let story = Story::begin();
    let other = story.stage.open();
    let id = story.request(&anna()).await.export().expect("one runs").id;
    assert!(
        other
            .find_export(&anna(), id)
            .await
            .expect("answers")
            .is_some()
    );
    assert!(other.look().await.is_ok());
}
