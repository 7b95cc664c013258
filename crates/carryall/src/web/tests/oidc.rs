//! Signing in and confirming through a provider of OpenID Connect that behaves.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::oidc_provider::{Both, CLIENT, session_cookie};
use super::{PAGE, body, text};
use crate::tokens::tests::{NOW, but};

#[tokio::test]
async fn somebody_signs_in_through_the_provider_with_code_and_pkce() {
    let both = Both::start().await;
    let page = both.site.anonymous().page("/sign-in").await;
    assert!(page.contains("Sign in through Example ID") && page.contains("name=\"password\""));
    let visitor = both.site.anonymous();
    let sent = both
        .sent_away(&visitor, &format!("/sign-in/oidc?next={PAGE}"))
        .await;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        (
            "redirect_uri",
            "http://localhost:8080/sign-in/oidc/callback",
        ),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
        ("prompt", ""),
    ] {
        assert_eq!(sent.get(name), value, "{name}");
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert!(sent.get(name).len() >= 43, "{name}: 256 bits");
    }
    let code = both.grant(&sent, both.claims(&sent, "anna@example.com"));
    let answer = both.come_back(&visitor, &sent, &code).await;
    assert_eq!(text(&answer, "location"), PAGE);
    let mut anna = both.site.anonymous();
    anna.cookie = session_cookie(&answer).expect("a session");
    assert!(anna.page(PAGE).await.contains("anna@example.com"));
    assert!(
        anna.export().await.contains("export="),
        "a fresh proof counts"
    );
    both.stop().await;
}

#[tokio::test]
async fn an_old_sign_in_there_has_to_be_proved_again_before_an_export() {
    let both = Both::start().await;
    let visitor = both.site.anonymous();
    let sent = both.sent_away(&visitor, "/sign-in/oidc").await;
    let old = but(
        both.claims(&sent, "anna@example.com"),
        json!({"auth_time": NOW - 3_600}),
    );
    let answer = both
        .come_back(&visitor, &sent, &both.grant(&sent, old))
        .await;
    let mut anna = both.site.anonymous();
    anna.cookie = session_cookie(&answer).expect("a session");
    let asked = anna.post("/exports", "choice=everything").await;
    assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
    assert!(
        body(asked)
            .await
            .contains("href=\"/confirm/oidc?next=export\"")
    );
    both.stop().await;
}

#[tokio::test]
async fn a_step_up_asks_the_provider_for_a_new_proof_and_goes_on_with_the_download() {
    let both = Both::start().await;
    let mut anna = both.signed_in("anna@example.com").await;
    let id = anna.export_id().await;
    both.site.hand.advance(Duration::from_mins(10));
    let address = format!("/exports/{id}/download");
    let page = anna.page(&format!("/confirm?next={address}")).await;
    assert!(page.contains(&format!("/confirm/oidc?next={address}")));
    let sent = both
        .sent_away(&anna, &format!("/confirm/oidc?next={address}"))
        .await;
    assert_eq!(
        (sent.get("prompt").as_str(), sent.get("max_age").as_str()),
        ("login", "0")
    );
    let fresh = json!({"auth_time": NOW + 600, "iat": NOW + 600, "exp": NOW + 900});
    let claims = but(both.claims(&sent, "anna@example.com"), fresh);
    let answer = both
        .come_back(&anna, &sent, &both.grant(&sent, claims))
        .await;
    assert_eq!(text(&answer, "location"), format!("{PAGE}?download={id}"));
    let old = anna.cookie.clone();
    anna.cookie = session_cookie(&answer).expect("a new token");
    assert_ne!(anna.cookie, old);
    assert_eq!(anna.get(&address).await.status(), StatusCode::OK);
    both.stop().await;
}

#[tokio::test]
async fn a_step_up_without_a_new_proof_or_by_somebody_else_proves_nothing() {
    let both = Both::start().await;
    let anna = both.signed_in("anna@example.com").await;
    both.site.hand.advance(Duration::from_mins(10));
    let now = json!({"auth_time": NOW + 600, "iat": NOW + 600, "exp": NOW + 900});
    for (email, changed) in [
        ("anna@example.com", json!({"auth_time": NOW + 539})),
        ("anna@example.com", json!({"auth_time": null})),
        ("anna@example.com", json!({"auth_time": NOW + 700})),
        ("ben@example.com", json!({})),
    ] {
        let sent = both.sent_away(&anna, "/confirm/oidc?next=export").await;
        let claims = but(but(both.claims(&sent, email), now.clone()), changed.clone());
        let answer = both
            .come_back(&anna, &sent, &both.grant(&sent, claims))
            .await;
        assert_eq!(
            answer.status(),
            StatusCode::UNAUTHORIZED,
            "{email} {changed}"
        );
        assert_eq!(session_cookie(&answer), None);
    }
    let asked = anna.post("/exports", "choice=everything").await;
    assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
    both.stop().await;
}

#[tokio::test]
async fn another_browser_cannot_finish_what_one_began() {
    let both = Both::start().await;
    let visitor = both.site.anonymous();
    let (one, other) = (
        both.sent_away(&visitor, "/sign-in/oidc").await,
        both.sent_away(&visitor, "/sign-in/oidc").await,
    );
    let code = both.grant(&one, both.claims(&one, "anna@example.com"));
    let path = format!(
        "/sign-in/oidc/callback?code={code}&state={}",
        one.get("state")
    );
    for cookie in [
        "",
        other.cookie.as_str(),
        "carryall_sign_in=",
        "carryall_sign_in=x",
    ] {
        let mut stranger = both.site.anonymous();
        cookie.clone_into(&mut stranger.cookie);
        let answer = stranger.get(&path).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{cookie}");
        assert_eq!(session_cookie(&answer), None);
    }
    let answer = both.come_back(&visitor, &one, &code).await;
    assert!(
        session_cookie(&answer).is_some(),
        "it is still the first one's"
    );
    both.stop().await;
}
