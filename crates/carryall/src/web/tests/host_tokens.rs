//! The host product's own token at the API, and in the place of a sign-in for a page in a frame.

use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::{PAGE, Site, Stage, body, text};
use crate::product::scripted::Scripted;
use crate::tokens::tests::{NOW, SECRET, but, claims, with_secret, with_the_secret};
use crate::web::HostTokens;

const HOST: &str = "https://app.example.com";

fn stage(claim: &str) -> Stage {
    let host_tokens = HostTokens {
        tokens: with_the_secret(),
        subject_claim: claim.to_owned(),
    };
    let site = Site {
        host_tokens: Some(std::sync::Arc::new(host_tokens)),
        host_origins: vec![HOST.to_owned()],
        ..Site::default()
    };
    Stage::open(Scripted::new(), site)
}

/// Asks with a token, as a page of the host product does.
async fn ask(site: &Stage, method: &str, path: &str, token: &str) -> Response {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1/{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ORIGIN, HOST)
        .header("sec-fetch-site", "cross-site");
    site.anonymous().send(request, "{}").await
}

async fn problem(response: Response, status: StatusCode) -> Value {
    assert_eq!(response.status(), status);
    serde_json::from_str(&body(response).await).expect("a problem")
}

#[tokio::test]
async fn with_the_host_product_s_token_its_settings_page_exports_and_downloads() {
    let site = stage("sub");
    let token = with_secret(SECRET, &claims("anna-key"));
    let asked = ask(&site, "POST", "exports", &token).await;
    assert_eq!(asked.status(), StatusCode::ACCEPTED);
    assert_eq!(text(&asked, "access-control-allow-origin"), HOST);
    assert!(
        !asked
            .headers()
            .contains_key("access-control-allow-credentials")
    );
    let place = text(&asked, "location").replace("/api/v1/", "");
    for _ in 0..400 {
        let export = body(ask(&site, "GET", &place, &token).await).await;
        if export.contains("\"ready\"") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let file = ask(&site, "GET", &format!("{place}/file"), &token).await;
    assert_eq!(file.status(), StatusCode::OK);
    let other = with_secret(SECRET, &claims("ben-key"));
    let refused = ask(&site, "GET", &place, &other).await;
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    let events = body(ask(&site, "GET", "events", &token).await).await;
    assert!(events.contains("export_requested") && events.contains("\"whole\""));
    site.stop().await;
}

#[tokio::test]
async fn who_a_token_does_not_name_gets_nothing_and_a_cookie_beside_it_changes_that_not() {
    let site = stage("sub");
    let anna = site.anna().await;
    for (token, status, reason) in [
        (
            with_secret(SECRET, &claims("nobody")),
            StatusCode::FORBIDDEN,
            "no_account",
        ),
        // An address is no key, whatever the account's address is.
        (
            with_secret(SECRET, &claims("anna@example.com")),
            StatusCode::FORBIDDEN,
            "no_account",
        ),
        (
            with_secret(
                b"another secret that is long enough, too",
                &claims("anna-key"),
            ),
            StatusCode::UNAUTHORIZED,
            "token_refused",
        ),
        (
            with_secret(SECRET, &but(claims("anna-key"), json!({"exp": NOW - 100}))),
            StatusCode::UNAUTHORIZED,
            "token_refused",
        ),
        (
            with_secret(SECRET, &but(claims("anna-key"), json!({"sub": null}))),
            StatusCode::UNAUTHORIZED,
            "token_refused",
        ),
        (String::new(), StatusCode::UNAUTHORIZED, "token_refused"),
    ] {
        let request = Request::get("/api/v1/exports")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("sec-fetch-site", "same-origin");
        let said = problem(anna.send(request, "").await, status).await;
        assert_eq!(said["reason"], reason, "{token}");
    }
    let people = &site.scripted().people;
    people.lock().expect("not poisoned")[0].active = false;
    let closed = ask(
        &site,
        "GET",
        "exports",
        &with_secret(SECRET, &claims("anna-key")),
    )
    .await;
    assert_eq!(
        problem(closed, StatusCode::FORBIDDEN).await["reason"],
        "no_account"
    );
    site.stop().await;
}

#[tokio::test]
async fn a_token_whose_person_proved_nothing_lately_looks_and_does_not_export() {
    let site = stage("sub");
    for changed in [
        json!({"amr": [{"method": "token_refresh", "timestamp": NOW}]}),
        json!({"amr": [{"method": "password", "timestamp": NOW - 600}]}),
        json!({"amr": null}),
    ] {
        let token = with_secret(SECRET, &but(claims("anna-key"), changed));
        assert_eq!(
            ask(&site, "GET", "exports", &token).await.status(),
            StatusCode::OK
        );
        let refused = ask(&site, "POST", "exports", &token).await;
        assert!(text(&refused, "www-authenticate").contains("max_age=\"600\""));
        let said = problem(refused, StatusCode::UNAUTHORIZED).await;
        assert_eq!(said["reason"], "confirm_first");
    }
    site.stop().await;
}

#[tokio::test]
async fn a_token_from_before_the_second_factor_is_not_enough_for_an_account_that_has_one() {
    let site = stage("sub");
    *site.scripted().second_factor.lock().expect("not poisoned") = true;
    let first = with_secret(SECRET, &claims("anna-key"));
    let said = problem(
        ask(&site, "GET", "exports", &first).await,
        StatusCode::UNAUTHORIZED,
    )
    .await;
    assert!(
        said["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("second step"))
    );
    let both = with_secret(SECRET, &but(claims("anna-key"), json!({"aal": "aal2"})));
    assert_eq!(
        ask(&site, "GET", "exports", &both).await.status(),
        StatusCode::OK
    );
    site.stop().await;
}

#[tokio::test]
async fn an_address_in_a_token_finds_its_account_unless_it_is_not_verified() {
    let site = stage("email");
    let of = |changed: Value| with_secret(SECRET, &but(claims("x"), changed));
    let anna = of(json!({"email": "anna@example.com"}));
    assert_eq!(
        ask(&site, "GET", "exports", &anna).await.status(),
        StatusCode::OK
    );
    let not_verified = of(json!({"email": "anna@example.com", "email_verified": false}));
    let refused = ask(&site, "GET", "exports", &not_verified).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let key = ask(&site, "GET", "exports", &of(json!({"email": "anna-key"}))).await;
    assert_eq!(key.status(), StatusCode::FORBIDDEN, "a key is no address");
    site.stop().await;
}

#[tokio::test]
async fn forged_tokens_are_counted_by_address_and_old_ones_are_not() {
    let site = stage("sub");
    let old = with_secret(SECRET, &but(claims("anna-key"), json!({"exp": NOW - 100})));
    for _ in 0..40 {
        assert_eq!(
            ask(&site, "GET", "exports", &old).await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    let forged = with_secret(
        b"another secret that is long enough, too",
        &claims("anna-key"),
    );
    for _ in 0..30 {
        assert_eq!(
            ask(&site, "GET", "exports", &forged).await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    let refused = ask(&site, "GET", "exports", &forged).await;
    assert_eq!(text(&refused, "retry-after"), "900");
    assert_eq!(
        problem(refused, StatusCode::TOO_MANY_REQUESTS).await["reason"],
        "too_many"
    );
    let right = with_secret(SECRET, &claims("anna-key"));
    assert_eq!(
        ask(&site, "GET", "exports", &right).await.status(),
        StatusCode::OK
    );
    site.stop().await;
}

#[tokio::test]
async fn only_the_named_origin_may_read_the_api_and_show_our_pages_in_a_frame() {
    let site = stage("sub");
    let preflight = |origin: &'static str, path: &'static str| {
        Request::options(path)
            .header(header::ORIGIN, origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization")
    };
    let visitor = site.anonymous();
    let named = visitor.send(preflight(HOST, "/api/v1/exports"), "").await;
    assert_eq!(text(&named, "access-control-allow-origin"), HOST);
    for (origin, path) in [
        ("https://evil.example", "/api/v1/exports"),
        ("https://app.example.com.evil.example", "/api/v1/exports"),
        ("null", "/api/v1/exports"),
        (HOST, "/exports"),
        (HOST, "/settings/data-protection"),
    ] {
        let other = visitor.send(preflight(origin, path), "").await;
        assert!(
            !other.headers().contains_key("access-control-allow-origin"),
            "{origin} {path}"
        );
    }
    let page = visitor.get("/sign-in").await;
    assert!(
        text(&page, "content-security-policy")
            .ends_with("frame-ancestors 'self' https://app.example.com")
    );
    assert!(!page.headers().contains_key("x-frame-options"));
    let of_operators = visitor.get("/operator").await;
    assert_eq!(text(&of_operators, "x-frame-options"), "DENY");
    let closed = Stage::start();
    let page = closed.anonymous().get("/sign-in").await;
    assert!(text(&page, "content-security-policy").ends_with("frame-ancestors 'none'"));
    assert_eq!(text(&page, "x-frame-options"), "DENY");
    site.stop().await;
    closed.stop().await;
}

async fn post_token(site: &Stage, origin: &str, token: &str) -> Response {
    let request = Request::post("/sign-in/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, origin)
        .header("sec-fetch-site", "same-site");
    site.anonymous()
        .send(request, &format!("token={token}"))
        .await
}

#[tokio::test]
async fn the_host_s_page_posts_its_token_into_the_frame_and_the_person_is_there() {
    let site = stage("sub");
    let token = with_secret(SECRET, &claims("anna-key"));
    let answer = post_token(&site, HOST, &token).await;
    assert_eq!(text(&answer, "location"), PAGE);
    let mut anna = site.anonymous();
    let cookie = text(&answer, "set-cookie").to_owned();
    cookie
        .split(';')
        .next()
        .unwrap_or_default()
        .clone_into(&mut anna.cookie);
    assert!(anna.page(PAGE).await.contains("Download your JSON export"));
    assert!(
        anna.export().await.contains("export="),
        "the proof in the token counts"
    );
    for other in ["https://evil.example", "http://localhost:8080", "null"] {
        let refused = post_token(&site, other, &token).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{other}");
    }
    let old = with_secret(SECRET, &but(claims("anna-key"), json!({"exp": NOW - 100})));
    let refused = post_token(&site, HOST, &old).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(
        body(refused)
            .await
            .contains("Sign in to Example Desk again")
    );
    site.stop().await;
}

#[tokio::test]
async fn a_session_from_a_refreshed_token_needs_a_proof_before_it_exports() {
    let site = stage("sub");
    let refreshed = json!({"amr": [{"method": "token_refresh", "timestamp": NOW}]});
    let token = with_secret(SECRET, &but(claims("anna-key"), refreshed));
    let answer = post_token(&site, HOST, &token).await;
    let mut anna = site.anonymous();
    let cookie = text(&answer, "set-cookie").to_owned();
    cookie
        .split(';')
        .next()
        .unwrap_or_default()
        .clone_into(&mut anna.cookie);
    let asked = anna.post("/exports", "choice=everything").await;
    assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
    assert!(body(asked).await.contains("Confirm that it is you"));
    site.stop().await;
}
