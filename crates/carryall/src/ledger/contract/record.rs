//! The audit log: nothing is missing in it.

use super::chain::busy;
use super::*;

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
            removed: 0,
            head: story.head()
        }
    );
}

#[tokio::test]
async fn an_event_that_cannot_be_written_takes_the_change_with_it() {
    let story = Story::begin();
    story.stage.fill_the_log();
    let now = story.clock.now();
    let new = NewExport {
        id: ExportId(story.random.uuid(now)),
        subject_key: anna(),
        by: from_home(),
        scope: Scope::default(),
        protected: None,
        now,
        per_day: 20,
        per_hour: None,
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
    story.stage.make_room();
    story.request(&anna()).await;
    let lease = story.claim().await.expect("waits");
    story.stage.fill_the_log();
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
