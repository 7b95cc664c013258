//! Where somebody is signed in, how long, and how they end it.

use std::time::Duration;

use axum::http::{Request, StatusCode, header};

use super::{Stage, text};

const SETTINGS: &str = "/settings/general";

#[tokio::test]
async fn the_sessions_are_listed_with_browser_place_and_time() {
    let site = Stage::start();
    let request = Request::post("/sign-in")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(
            header::USER_AGENT,
            "Mozilla/5.0 (X11; Linux x86_64) Gecko Firefox/140.0 <b>",
        );
    let form = "login=anna%40example.com&password=correct+horse";
    site.anonymous().send(request, form).await;
    site.hand.advance(Duration::from_mins(2));
    let anna = site.anna().await;
    let page = anna.page(SETTINGS).await;
    assert!(page.contains("Firefox on Linux") && page.contains("An unknown browser"));
    assert_eq!(page.matches("This browser").count(), 1);
    assert!(page.contains("Signed in 23 November 2026, 10:00 UTC from 203.0.113.x"));
    assert!(!page.contains("203.0.113.7"), "only roughly");
    let token = anna.cookie.split_once('=').expect("a token").1;
    assert!(!page.contains(token));
    site.stop().await;
}

#[tokio::test]
async fn one_session_or_all_of_them_are_signed_out_and_nobody_else_s() {
    let site = Stage::start();
    let (first, second, ben) = (site.anna().await, site.anna().await, site.ben().await);
    let page = first.page(SETTINGS).await;
    let (_, rest) = page
        .split_once("action=\"/sessions/")
        .expect("the other session");
    let (id, _) = rest.split_once("/end").expect("its id");
    let end = format!("/sessions/{id}/end");
    assert_eq!(ben.post(&end, "").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(first.post(&end, "").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(second.get("/").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(first.get("/").await.status(), StatusCode::OK);

    let third = site.anna().await;
    let ended = first.post("/sessions/end-all", "").await;
    assert!(text(&ended, "set-cookie").contains("Max-Age=0"));
    for gone in [&first, &third] {
        assert_eq!(gone.get("/").await.status(), StatusCode::SEE_OTHER);
    }
    assert_eq!(ben.get("/").await.status(), StatusCode::OK);
    site.stop().await;
}

#[tokio::test]
async fn a_session_ends_when_it_rests_and_a_page_that_follows_an_export_does_not_prolong_it() {
    let site = Stage::start();
    let anna = site.anna().await;
    let id = anna.export_id().await;
    for _ in 0..6 {
        site.hand.advance(Duration::from_mins(5));
        anna.get(&format!("/exports/{id}/status")).await;
    }
    assert_eq!(anna.get("/").await.status(), StatusCode::SEE_OTHER);
    site.stop().await;
}

#[tokio::test]
async fn a_session_that_is_used_ends_after_twelve_hours_all_the_same() {
    let site = Stage::start();
    let anna = site.anna().await;
    for _ in 0..47 {
        site.hand.advance(Duration::from_mins(15));
        assert_eq!(anna.get(SETTINGS).await.status(), StatusCode::OK);
    }
    site.hand.advance(Duration::from_mins(15));
    assert_eq!(anna.get(SETTINGS).await.status(), StatusCode::SEE_OTHER);
    site.stop().await;
}
