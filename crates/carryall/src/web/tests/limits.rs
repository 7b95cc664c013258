//! Who tries too often is told so, and when to try again; before any work is done.

use std::time::Duration;

use axum::http::{Request, StatusCode, header};

use super::{PAGE, Stage, body, text};
use crate::web::{Site, Web};

const WRONG: &str = "login=anna%40example.com&password=wrong";
const RIGHT: &str = "login=anna%40example.com&password=correct+horse";

#[tokio::test]
async fn ten_wrong_passwords_close_the_door_for_a_quarter_of_an_hour_even_to_the_right_one() {
    let site = Stage::start();
    let anonymous = site.anonymous();
    for _ in 0..10 {
        assert_eq!(
            anonymous.post("/sign-in", WRONG).await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    let refused = anonymous.post("/sign-in", RIGHT).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(text(&refused, "retry-after"), "900");
    assert_eq!(text(&refused, "cache-control"), "no-store");
    let page = body(refused).await;
    assert!(
        page.contains("The next try is possible in 15 minutes, at 23 November 2026, 10:15 UTC.")
    );
    // Other spellings are the same account; another account is not.
    let shouted = anonymous
        .post("/sign-in", "login=+anna%40example.com+&password=x")
        .await;
    assert_eq!(shouted.status(), StatusCode::TOO_MANY_REQUESTS);
    site.ben().await;
    site.hand.advance(Duration::from_mins(15));
    site.anna().await;
    site.stop().await;
}

#[tokio::test]
async fn a_login_that_nobody_has_is_limited_like_one_that_somebody_has() {
    let site = Stage::start();
    for login in ["anna%40example.com", "nobody%40example.com"] {
        let form = format!("login={login}&password=wrong");
        let mut statuses = Vec::new();
        for _ in 0..11 {
            statuses.push(site.anonymous().post("/sign-in", &form).await.status());
        }
        assert_eq!(statuses[9], StatusCode::UNAUTHORIZED, "{login}");
        assert_eq!(statuses[10], StatusCode::TOO_MANY_REQUESTS, "{login}");
    }
    site.stop().await;
}

#[tokio::test]
async fn one_address_tries_thirty_accounts_and_no_more_and_another_is_not_held_up() {
    let site = Stage::start();
    let mut visitor = site.anonymous();
    for number in 0..30 {
        let form = format!("login=p{number}%40example.com&password=x");
        assert_eq!(
            visitor.post("/sign-in", &form).await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    let request = || {
        Request::post("/sign-in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("x-forwarded-for", "192.0.2.1")
    };
    let spoofed = visitor.send(request(), RIGHT).await;
    assert_eq!(
        spoofed.status(),
        StatusCode::TOO_MANY_REQUESTS,
        "a header is nobody's word"
    );
    visitor.peer.set_ip([192, 0, 2, 1].into());
    assert_eq!(
        visitor.post("/sign-in", RIGHT).await.status(),
        StatusCode::SEE_OTHER
    );
    site.stop().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_person_has_their_own_address() {
    let trusted_proxies = vec!["203.0.113.0/24".parse().expect("a network")];
    let site = Stage::open(
        crate::product::scripted::Scripted::new(),
        Site {
            trusted_proxies,
            ..Site::default()
        },
    );
    for from in ["192.0.2.1", "192.0.2.2"] {
        for number in 0..30 {
            let request = Request::post("/sign-in")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("x-forwarded-for", from);
            let form = format!("login=p{number}{from}%40example.com&password=x");
            let response = site.anonymous().send(request, &form).await;
            assert_eq!(
                response.status(),
                StatusCode::UNAUTHORIZED,
                "{from} {number}"
            );
        }
    }
    site.stop().await;
}

#[tokio::test]
async fn wrong_confirmations_are_limited_and_wrong_sign_ins_do_not_keep_a_person_from_confirming() {
    let site = Stage::start();
    let anna = site.anna().await;
    for _ in 0..11 {
        site.anonymous().post("/sign-in", WRONG).await;
    }
    let proof = "password=correct+horse&next=/settings/general";
    let confirmed = anna.post("/confirm", proof).await;
    assert_eq!(confirmed.status(), StatusCode::SEE_OTHER);
    let cookie = text(&confirmed, "set-cookie")
        .split(';')
        .next()
        .unwrap_or_default();
    let anna = super::Visitor {
        cookie: cookie.to_owned(),
        ..site.anonymous()
    };
    for _ in 0..10 {
        assert_eq!(
            anna.post("/confirm", "password=x").await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(
        anna.post("/confirm", proof).await.status(),
        StatusCode::TOO_MANY_REQUESTS
    );
    site.stop().await;
}

#[tokio::test]
async fn exports_are_limited_by_day_and_downloads_are_not_and_a_restart_forgets_nothing() {
    let mut site = Stage::start();
    let mut id = String::new();
    for _ in 0..20 {
        site.hand.advance(Duration::from_secs(1));
        id = site.anna().await.export_id().await;
    }
    site.router = Web::new(site.exports.clone(), Site::default())
        .router()
        .expect("a router");
    let anna = site.anna().await;
    let refused = anna.post("/exports", "choice=everything").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u32 = text(&refused, "retry-after").parse().expect("seconds");
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    assert!(
        body(refused)
            .await
            .contains("The next try is possible in 24 hours")
    );
    assert!(anna.page(PAGE).await.contains("Tries were refused"));
    for _ in 0..30 {
        let again = anna.get(&format!("/exports/{id}/download")).await;
        assert_eq!(again.status(), StatusCode::OK);
    }
    site.stop().await;
}

#[tokio::test]
async fn what_is_too_long_to_be_anybody_s_is_refused_before_anything_is_done() {
    let site = Stage::start();
    let anonymous = site.anonymous();
    let long = "x".repeat(2_000);
    for form in [
        format!("login={long}&password=x"),
        format!("login=x&password={long}"),
    ] {
        let response = anonymous.post("/sign-in", &form).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    let huge = format!("login=x&password={}", "x".repeat(17_000));
    assert_eq!(
        anonymous.post("/sign-in", &huge).await.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let address = format!("/sign-in?next={}", "x".repeat(2_100));
    assert_eq!(
        anonymous.get(&address).await.status(),
        StatusCode::URI_TOO_LONG
    );
    let crowd = (0..65).fold(Request::get("/"), |request, number| {
        request.header(format!("x-{number}"), "x")
    });
    let response = anonymous.send(crowd, "").await;
    assert_eq!(
        response.status(),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    );
    let response = anonymous
        .send(Request::get("/").header("x", "y".repeat(16_400)), "")
        .await;
    assert_eq!(
        response.status(),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    );
    assert_eq!(text(&response, "x-content-type-options"), "nosniff");
    site.stop().await;
}

#[tokio::test]
async fn the_limit_is_looked_at_before_the_password_is() {
    let mut site = Stage::start();
    let web = Web::new(site.exports.clone(), Site::default());
    site.router = web.router().expect("a router");
    for _ in 0..10 {
        site.anonymous().post("/sign-in", WRONG).await;
    }
    let _occupied = web.passwords.occupied().await;
    let anonymous = site.anonymous();
    let asked = anonymous.post("/sign-in", WRONG);
    let refused = tokio::time::timeout(Duration::from_secs(5), asked).await;
    let refused = refused.expect("waits for no password check");
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let other = anonymous.post("/sign-in", "login=ben%40example.com&password=x");
    let waits = tokio::time::timeout(Duration::from_millis(300), other).await;
    assert!(waits.is_err(), "a check would have had to wait");
    site.stop().await;
}
