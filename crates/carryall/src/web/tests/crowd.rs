//! One address that sends more requests than people do: it waits, and nobody else does.

use std::time::Duration;

use axum::http::{Request, StatusCode, header};
use axum::response::Response;

use super::{PAGE, Stage, Visitor, body, text};
use crate::product::scripted::Scripted;
use crate::web::Site;

fn limited() -> Stage {
    let site = Site {
        requests_per_minute: Some(60),
        trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
        ..Site::default()
    };
    Stage::open(Scripted::new(), site)
}

const NOTHING: &str = "/exports/01a207d9-2100-703a-a862-eabbfb82704f/stop";

impl Visitor<'_> {
    /// Asks until it is refused; the refusal.
    async fn ask_too_often(&self) -> Response {
        for _ in 0..40 {
            let response = self.post(NOTHING, "").await;
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                return response;
            }
            assert_eq!(response.status(), StatusCode::NOT_FOUND);
        }
        panic!("nothing is refused")
    }

    /// Asks through a proxy that says from where.
    async fn ask_for(&self, address: &str) -> StatusCode {
        let request = Request::post(NOTHING)
            .header("x-forwarded-for", address)
            .header("sec-fetch-site", "same-origin");
        self.send(request, "").await.status()
    }
}

#[tokio::test]
async fn an_address_that_sends_too_many_requests_is_told_when_to_go_on_and_nobody_else_waits() {
    let site = limited();
    let anna = site.anna().await;
    let id = anna.export_id().await;
    let refused = anna.ask_too_often().await;
    assert_eq!(text(&refused, "retry-after"), "1");
    assert_eq!(text(&refused, "cache-control"), "no-store");
    assert!(body(refused).await.contains("The next try is possible"));
    let api = anna.api("GET", "exports", "").await;
    assert_eq!(api.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(text(&api, "content-type"), "application/problem+json");
    let said = body(api).await;
    assert!(
        said.contains("\"too_many\"") && said.contains("next_try_at"),
        "{said}"
    );
    let signing_in = site
        .anonymous()
        .post("/sign-in", "login=x&password=x")
        .await;
    assert_eq!(
        signing_in.status(),
        StatusCode::TOO_MANY_REQUESTS,
        "before the password"
    );

    // What is looked at, and the file, which comes in as many parts as it takes.
    assert_eq!(anna.get(PAGE).await.status(), StatusCode::OK);
    for path in [
        format!("/exports/{id}/download"),
        format!("/api/v1/exports/{id}/file"),
    ] {
        for _ in 0..40 {
            let part = Request::get(&path).header(header::RANGE, "bytes=0-3");
            let part = anna.send(part, "").await;
            assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT, "{path}");
        }
    }
    let elsewhere = Visitor {
        peer: ([198, 51, 100, 1], 40_000).into(),
        cookie: anna.cookie.clone(),
        ..site.anonymous()
    };
    assert_eq!(
        elsewhere.post(NOTHING, "").await.status(),
        StatusCode::NOT_FOUND
    );

    site.hand.advance(Duration::from_secs(1));
    assert_eq!(anna.post(NOTHING, "").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        anna.post(NOTHING, "").await.status(),
        StatusCode::TOO_MANY_REQUESTS
    );
    site.stop().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_person_s_address_counts_and_elsewhere_a_header_is_nothing() {
    let site = limited();
    let anna = site.anna().await;
    let proxy = Visitor {
        peer: ([10, 0, 0, 1], 40_000).into(),
        cookie: anna.cookie.clone(),
        ..site.anonymous()
    };
    let first = "198.51.100.1";
    while proxy.ask_for(first).await == StatusCode::NOT_FOUND {}
    assert_eq!(proxy.ask_for(first).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(proxy.ask_for("198.51.100.2").await, StatusCode::NOT_FOUND);
    // An IPv6 address is a whole /64.
    while proxy.ask_for("2001:db8::1").await == StatusCode::NOT_FOUND {}
    assert_eq!(
        proxy.ask_for("2001:db8::2").await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(
        proxy.ask_for("2001:db8:0:1::2").await,
        StatusCode::NOT_FOUND
    );

    anna.ask_too_often().await;
    assert_eq!(
        anna.ask_for("198.51.100.3").await,
        StatusCode::TOO_MANY_REQUESTS
    );
    site.stop().await;
}
