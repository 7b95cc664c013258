//! Sessions: how long they last, what ends them, and the proof of who the person is.

use super::*;

#[tokio::test]
async fn a_session_is_found_by_its_token_until_it_expires() {
    let story = Story::begin();
    story.sign_in(&anna(), "token").await;
    let session = story.session("token").await.expect("known");
    assert_eq!(
        (session.subject_key, session.proved_at, session.address),
        (anna(), story.clock.now(), from_home().address)
    );
    assert_eq!(story.session("another").await, None);
    // Used all the time, and over all the same.
    for _ in 0..35 {
        story.hand.advance(Duration::from_mins(20));
        assert!(story.session("token").await.is_some());
    }
    story.hand.advance(Duration::from_mins(20));
    assert_eq!(story.session("token").await, None);
    story
        .ledger
        .delete_expired_sessions(story.look())
        .await
        .expect("answers");
    let left = story.ledger.present_subjects().await.expect("answers");
    assert!(left.is_empty());
}

#[tokio::test]
async fn a_session_that_rests_too_long_is_over_and_a_page_that_asks_by_itself_is_no_use() {
    let story = Story::begin();
    story.sign_in(&anna(), "token").await;
    story.hand.advance(Duration::from_mins(29));
    let glance = Look {
        is_use: false,
        ..story.look()
    };
    let found = story.ledger.find_session("token", glance).await;
    assert!(found.expect("answers").is_some());
    story.hand.advance(Duration::from_mins(1));
    assert_eq!(story.session("token").await, None);
}

#[tokio::test]
async fn a_new_proof_changes_the_token_and_keeps_the_session() {
    let story = Story::begin();
    story.sign_in(&anna(), "old").await;
    story.hand.advance(Duration::from_mins(11));
    let now = story.clock.now();
    let prove = |who: SubjectKey| {
        let ledger = story.ledger.clone();
        async move {
            ledger
                .prove_again("old", "new", &who, &from_home(), now)
                .await
                .expect("answers")
        }
    };
    assert!(!prove(ben()).await, "a session of somebody else");
    assert!(prove(anna()).await);
    assert!(!prove(anna()).await, "the old token proves nothing more");
    assert_eq!(story.session("old").await, None);
    let session = story.session("new").await.expect("goes on");
    assert_eq!((session.id.as_str(), session.proved_at), ("id of old", now));
}

#[tokio::test]
async fn signing_in_anew_ends_the_session_that_the_browser_had() {
    let story = Story::begin();
    story.sign_in(&anna(), "old").await;
    let now = story.clock.now();
    let new = NewSession {
        token: "new".to_owned(),
        id: "n".to_owned(),
        subject_key: ben(),
        proved_at: now,
        how: "password",
        address: None,
        browser: String::new(),
        now,
        expires_at: later(now, Duration::from_hours(12)),
        replaces: Some("old".to_owned()),
    };
    story.ledger.create_session(new).await.expect("answers");
    assert_eq!(story.session("old").await, None);
    assert_eq!(
        story.session("new").await.expect("known").subject_key,
        ben()
    );
    assert_eq!(
        story.told(),
        ["1 sign_in ok", "2 sign_out replaced", "3 sign_in ok"]
    );
}

#[tokio::test]
async fn a_person_ends_one_session_or_all_of_their_own() {
    let story = Story::begin();
    for (who, token) in [
        (anna(), "a1"),
        (anna(), "a2"),
        (anna(), "a3"),
        (ben(), "b1"),
    ] {
        story.sign_in(&who, token).await;
    }
    let (ledger, now) = (&story.ledger, story.clock.now());
    let listed = ledger
        .sessions_of(&anna(), story.look())
        .await
        .expect("answers");
    assert_eq!(listed.len(), 3);
    let end = |which: Option<&str>| {
        let which = which.map(str::to_owned);
        let ledger = ledger.clone();
        async move {
            ledger
                .end_sessions(&anna(), which, &from_home(), now)
                .await
                .expect("answers")
        }
    };
    assert_eq!(end(Some("id of b1")).await, 0, "somebody else's");
    assert_eq!(end(Some("id of a1")).await, 1);
    assert_eq!(story.session("a1").await, None);
    assert_eq!(end(None).await, 2);
    assert!(story.session("b1").await.is_some());
}
