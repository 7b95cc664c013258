//! Nobody waits for ever behind somebody else.

use super::*;

fn person(number: u32) -> SubjectKey {
    SubjectKey(format!("person {number}"))
}

#[tokio::test]
async fn who_asks_again_and_again_waits_behind_those_who_ask_for_the_first_time() {
    let story = Story::begin();
    for _ in 0..3 {
        story.request(&anna()).await;
        let lease = story.claim().await.expect("waits");
        story.publish(&lease).await.expect("holds the lease");
        story.hand.advance(Duration::from_secs(1));
    }
    // Anna is first in time, and last in turn.
    story.request(&anna()).await;
    for number in 0..3 {
        story.hand.advance(Duration::from_secs(1));
        story.request(&person(number)).await;
    }
    let mut order = Vec::new();
    while let Some(lease) = story.claim().await {
        order.push(lease.export.subject_key.clone());
        story.publish(&lease).await.expect("holds the lease");
    }
    assert_eq!(order, [person(0), person(1), person(2), anna()]);

    // An hour later nobody remembers.
    story.hand.advance(Duration::from_hours(1));
    story.request(&anna()).await;
    story.hand.advance(Duration::from_secs(1));
    story.request(&ben()).await;
    let first = story.claim().await.expect("waits");
    assert_eq!(first.export.subject_key, anna());
}

#[tokio::test]
async fn a_worker_for_small_exports_leaves_those_alone_that_are_known_to_be_large() {
    let story = Story::begin();
    story.request(&anna()).await;
    story.hand.advance(Duration::from_secs(1));
    story.request(&ben()).await;
    // Nobody knows yet how large it will be: whoever begins it sees, and hands it back.
    let lease = story.claim_up_to(Some(1_000)).await.expect("waits");
    assert_eq!(lease.export.subject_key, anna());
    let handed_back = story
        .ledger
        .hand_back_export(&lease, Some(1_001), None)
        .await;
    assert_eq!(handed_back.expect("answers"), Ok(()));
    let lease = story.claim_up_to(Some(1_000)).await.expect("waits");
    assert_eq!(lease.export.subject_key, ben());
    assert!(story.claim_up_to(Some(1_000)).await.is_none());
    let lease = story.claim().await.expect("waits");
    assert_eq!(
        (lease.export.subject_key, lease.export.attempt),
        (anna(), 1)
    );
}

#[tokio::test]
async fn many_workers_that_claim_at_once_share_the_queue_without_a_loss_or_a_double() {
    let story = Story::begin();
    for number in 0..12 {
        story.request(&person(number)).await;
    }
    let (one, other) = (story.ledger.clone(), story.stage.open());
    let mut claims = tokio::task::JoinSet::new();
    for number in 0..16 {
        let ledger = if number % 2 == 0 {
            one.clone()
        } else {
            other.clone()
        };
        let claim = Claim {
            owner: format!("worker {number}"),
            token: story.random.token(),
            artifact_key: story.random.artifact_key(),
            artifact_secret: ArtifactSecret(story.random.seed()),
            now: story.clock.now(),
            lease: LEASE,
            max_attempts: 3,
            most_bytes: None,
        };
        claims.spawn(async move {
            ledger
                .claim_next_export(claim)
                .await
                .expect("answers")
                .lease
        });
    }
    let leases = claims.join_all().await;
    let mut ids: Vec<_> = leases
        .into_iter()
        .flatten()
        .map(|lease| lease.export.id.0)
        .collect();
    assert_eq!(ids.len(), 12);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 12);
    assert!(matches!(story.check(None), Chain::Whole { events: 24, .. }));
}

#[tokio::test]
async fn the_queue_says_how_much_waits_and_for_how_long() {
    let story = Story::begin();
    assert_eq!(
        story
            .ledger
            .queue(story.clock.now())
            .await
            .expect("answers"),
        Queue::default()
    );
    story.request(&anna()).await;
    story.hand.advance(Duration::from_secs(7));
    story.request(&ben()).await;
    story.hand.advance(Duration::from_secs(3));
    let claimed = story.claim().await.expect("one waits");
    let queue = story
        .ledger
        .queue(story.clock.now())
        .await
        .expect("answers");
    assert_eq!((queue.queued, queue.building), (1, 1));
    assert_eq!(queue.oldest_queued, Some(Duration::from_secs(3)));
    assert_eq!(queue.oldest_building, Some(Duration::from_secs(10)));
    story.publish(&claimed).await.expect("its own");
    let queue = story
        .ledger
        .queue(story.clock.now())
        .await
        .expect("answers");
    assert_eq!((queue.queued, queue.building), (1, 0));
    assert_eq!(queue.oldest_building, None);
}
