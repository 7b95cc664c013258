//! Sign-ins that go on elsewhere: each comes back once, in time, to the browser that began it.

use super::*;
use crate::oidc::{Begun, Purpose};

impl Story {
    async fn begin_sign_in(&self, purpose: Purpose) -> Begun {
        let begun = Begun::new(&self.random, purpose, "/".to_owned(), self.clock.now());
        let done = self.ledger.begin_sign_in(begun.clone()).await;
        done.expect("answers");
        begun
    }

    async fn take(&self, state: &str, browser: &str) -> Option<Begun> {
        let now = self.clock.now();
        let taken = self.ledger.take_sign_in(state, browser, now).await;
        taken.expect("answers")
    }
}

#[tokio::test]
async fn a_sign_in_that_began_comes_back_once_to_its_own_browser() {
    let story = Story::begin();
    let session_id = "s1".to_owned();
    let begun = story.begin_sign_in(Purpose::StepUp { session_id }).await;
    let other = story.begin_sign_in(Purpose::SignIn).await;
    assert!(story.take(&begun.state, &other.browser).await.is_none());
    assert!(story.take("unknown", &begun.browser).await.is_none());
    let taken = story
        .take(&begun.state, &begun.browser)
        .await
        .expect("there");
    assert_eq!(
        (&taken.nonce, &taken.verifier),
        (&begun.nonce, &begun.verifier)
    );
    assert_eq!((&taken.purpose, taken.at), (&begun.purpose, begun.at));
    assert!(story.take(&begun.state, &begun.browser).await.is_none());
    let (one, two) = tokio::join!(
        story.take(&other.state, &other.browser),
        story.take(&other.state, &other.browser)
    );
    assert!(one.is_some() != two.is_some(), "one of two");
}

#[tokio::test]
async fn nobody_comes_back_after_ten_minutes() {
    let story = Story::begin();
    let begun = story.begin_sign_in(Purpose::SignIn).await;
    story.hand.advance(Duration::from_mins(10));
    assert!(story.take(&begun.state, &begun.browser).await.is_none());
}
