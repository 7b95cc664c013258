//! What comes back from a provider, or in its name, and is not right.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::oidc_provider::{Both, session_cookie};
use super::{Site, Stage, body, text};
use crate::tokens::tests::{NOW, but};

/// Signs in with these claims changed; whether there is a session.
async fn gets_in(both: &Both, changed: Value) -> bool {
    let mut visitor = both.site.anonymous();
    // Each from somewhere else: the limit by address is another test's.
    visitor
        .peer
        .set_ip(std::net::Ipv4Addr::from(rand_like(&changed)).into());
    let sent = both.sent_away(&visitor, "/sign-in/oidc").await;
    let claims = but(both.claims(&sent, "anna@example.com"), changed);
    let answer = both
        .come_back(&visitor, &sent, &both.grant(&sent, claims))
        .await;
    let is_in = session_cookie(&answer).is_some();
    assert_eq!(answer.status() == StatusCode::SEE_OTHER, is_in);
    is_in
}

/// A number that is another for other claims.
fn rand_like(claims: &Value) -> u32 {
    claims.to_string().bytes().fold(7, |sum: u32, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    })
}

#[tokio::test]
async fn a_token_for_another_question_client_or_time_lets_nobody_in() {
    let both = Both::start().await;
    for (changed, is_in) in [
        (json!({}), true),
        (json!({"nonce": "of another sign-in"}), false),
        (json!({"nonce": null}), false),
        (json!({"aud": "another client"}), false),
        (
            json!({"aud": ["carryall", "another client"], "azp": "another client"}),
            false,
        ),
        (
            json!({"aud": ["carryall", "another client"], "azp": "carryall"}),
            true,
        ),
        (json!({"iss": "https://evil.example"}), false),
        (json!({"exp": NOW - 60}), false),
        (json!({"exp": NOW - 59}), true),
        (json!({"iat": NOW + 60}), true),
        (json!({"iat": NOW + 61}), false),
        (json!({"email_verified": false}), false),
        (json!({"email_verified": null}), false),
        (json!({"email_verified": "true"}), false),
        (json!({"email": null}), false),
        (json!({"email": "nobody@example.com"}), false),
    ] {
        assert_eq!(gets_in(&both, changed.clone()).await, is_in, "{changed}");
    }
    both.stop().await;
}

#[tokio::test]
async fn a_state_is_good_once_and_for_ten_minutes_and_so_is_a_code() {
    let both = Both::start().await;
    let visitor = both.site.anonymous();
    let sent = both.sent_away(&visitor, "/sign-in/oidc").await;
    let code = both.grant(&sent, both.claims(&sent, "anna@example.com"));
    assert!(session_cookie(&both.come_back(&visitor, &sent, &code).await).is_some());
    let again = both.come_back(&visitor, &sent, &code).await;
    assert_eq!(
        again.status(),
        StatusCode::UNAUTHORIZED,
        "the way back is gone"
    );
    let fresh = both.sent_away(&visitor, "/sign-in/oidc").await;
    let replayed = both.come_back(&visitor, &fresh, &code).await;
    assert_eq!(session_cookie(&replayed), None, "the code was used");
    let stolen = both.sent_away(&visitor, "/sign-in/oidc").await;
    let code = both.grant(&stolen, both.claims(&stolen, "anna@example.com"));
    let other = both.sent_away(&visitor, "/sign-in/oidc").await;
    let injected = both.come_back(&visitor, &other, &code).await;
    assert_eq!(
        session_cookie(&injected),
        None,
        "a code of another beginning: PKCE"
    );
    let late = both.sent_away(&visitor, "/sign-in/oidc").await;
    let code = both.grant(&late, both.claims(&late, "anna@example.com"));
    both.site.hand.advance(Duration::from_mins(10));
    let answer = both.come_back(&visitor, &late, &code).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    both.stop().await;
}

#[tokio::test]
async fn a_wrong_state_another_issuer_and_an_error_are_told_in_one_plain_text() {
    let both = Both::start().await;
    let mut visitor = both.site.anonymous();
    let sent = both.sent_away(&visitor, "/sign-in/oidc").await;
    visitor.cookie.clone_from(&sent.cookie);
    let state = sent.get("state");
    for query in [
        "code=x&state=wrong".to_owned(),
        "code=x".to_owned(),
        String::new(),
        format!("code=x&state={state}&iss=https://evil.example"),
    ] {
        let answer = visitor
            .get(&format!("/sign-in/oidc/callback?{query}"))
            .await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{query}");
        let page = body(answer).await;
        assert!(
            page.contains("You were not signed in through Example ID."),
            "{query}"
        );
    }
    let sent = both.sent_away(&visitor, "/sign-in/oidc").await;
    visitor.cookie.clone_from(&sent.cookie);
    let path = format!(
        "/sign-in/oidc/callback?error=access_denied&error_description=%3Cscript%3E&state={}",
        sent.get("state")
    );
    let page = body(visitor.get(&path).await).await;
    assert!(page.contains("You were not signed in") && !page.contains("access_denied"));
    both.stop().await;
}

#[tokio::test]
async fn a_provider_that_is_away_or_speaks_for_another_is_told_and_nobody_is_sent_there() {
    let both = Both::start().await;
    *both.provider.lies.lock().expect("not poisoned") = json!({"issuer": "https://evil.example"});
    let answer = both.site.anonymous().get("/sign-in/oidc").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    *both.provider.lies.lock().expect("not poisoned") =
        json!({"token_endpoint": "http://evil.example/token"});
    let answer = both.site.anonymous().get("/sign-in/oidc").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "in clear");
    both.stop_provider();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answer = both.site.anonymous().get("/sign-in/oidc").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        body(answer)
            .await
            .contains("Example ID does not answer right now")
    );
    let password = both
        .site
        .anonymous()
        .post(
            "/sign-in",
            "login=anna%40example.com&password=correct+horse",
        )
        .await;
    assert_eq!(
        password.status(),
        StatusCode::SEE_OTHER,
        "the other way in is open"
    );
    both.stop().await;
}

#[tokio::test]
async fn beginnings_are_limited_by_address_and_each_refusal_is_on_the_record_without_a_secret() {
    let both = Both::start().await;
    let visitor = both.site.anonymous();
    for _ in 0..30 {
        both.sent_away(&visitor, "/sign-in/oidc").await;
    }
    let refused = visitor.get("/sign-in/oidc").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(!text(&refused, "retry-after").is_empty());
    let mut elsewhere = both.site.anonymous();
    elsewhere
        .peer
        .set_ip(std::net::Ipv4Addr::new(198, 51, 100, 1).into());
    let sent = both.sent_away(&elsewhere, "/sign-in/oidc").await;
    let wrong = but(
        both.claims(&sent, "anna@example.com"),
        json!({"nonce": "wrong"}),
    );
    let code = both.grant(&sent, wrong);
    both.come_back(&elsewhere, &sent, &code).await;
    let chain = std::fs::read(both.site.folder.path().join("l.db-wal")).expect("the ledger");
    let holds = |text: &str| {
        chain
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(holds("token_nonce") && !holds(&code) && !holds(&sent.get("state")));
    both.stop().await;
}

#[tokio::test]
async fn without_a_provider_there_is_no_way_to_one() {
    let site = Stage::open(crate::product::scripted::Scripted::new(), Site::default());
    for path in ["/sign-in/oidc", "/sign-in/oidc/callback?code=x&state=y"] {
        let answer = site.anonymous().get(path).await;
        assert!(
            matches!(
                answer.status(),
                StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED
            ),
            "{path}"
        );
    }
    site.stop().await;
}
