//! What reaches the operator's server, and how it knows whom it is from.

use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use ring::hmac;

use super::*;
use crate::notices::webhook::{Webhook, WebhookError};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The operator's server: it keeps what it is sent and answers as it is told.
#[derive(Default)]
struct Operator {
    got: Mutex<Vec<(HeaderMap, String)>>,
    answers: Mutex<Vec<StatusCode>>,
}

async fn take(State(me): State<Arc<Operator>>, headers: HeaderMap, body: String) -> Response {
    me.got.lock().expect("not poisoned").push((headers, body));
    match me.answers.lock().expect("not poisoned").pop() {
        Some(StatusCode::FOUND) => Redirect::to("/elsewhere").into_response(),
        Some(status) => status.into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn open(operator: &Arc<Operator>) -> String {
    let router = Router::new()
        .route("/hook", post(take))
        .route("/elsewhere", post(take).get(take))
        .with_state(Arc::clone(operator));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("listens");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/hook")
}

fn way(address: &str) -> Way {
    Way::Webhook(Box::new(
        Webhook::new(address, SECRET.as_bytes()).expect("a way"),
    ))
}

#[tokio::test]
async fn a_webhook_is_signed_and_says_what_happened_and_not_to_whom() {
    let story = Story::begin(Scripted::new());
    let operator = Arc::new(Operator::default());
    let post = story.post(way(&open(&operator).await));
    post.gather().await.expect("begins");
    let id = story.export().await.to_string();
    post.round().await.expect("sends");
    let got = operator.got.lock().expect("not poisoned").clone();
    let events: Vec<serde_json::Value> = got
        .iter()
        .map(|(_, body)| serde_json::from_str(body).expect("JSON"))
        .collect();
    assert_eq!(events[0]["event"], "export_requested");
    assert_eq!(events[1]["event"], "export_finished");
    assert_eq!(events[1]["facts"]["records"], 2);
    assert_eq!(events[1]["at"], "2026-11-23T10:00:00Z");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    for (headers, body) in &got {
        let text = |name: &str| headers[name].to_str().expect("text").to_owned();
        let signed = format!("{}.{body}", text("carryall-timestamp"));
        let tag = text("carryall-signature");
        let tag: Vec<u8> = tag
            .strip_prefix("v1=")
            .expect("a version")
            .as_bytes()
            .chunks(2)
            .map(|two| {
                u8::from_str_radix(std::str::from_utf8(two).expect("text"), 16).expect("hex")
            })
            .collect();
        assert!(hmac::verify(&key, signed.as_bytes(), &tag).is_ok());
        assert!(hmac::verify(&key, signed.replace("export", "import").as_bytes(), &tag).is_err());
        for never in ["anna", "203.0.113", "session", "sha256"] {
            assert!(!body.contains(never), "{never}: {body}");
        }
        assert!(body.contains(&id));
    }
    assert!(
        story.record().is_empty(),
        "that it was told is nothing about the person"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_an_error_is_tried_again() {
    let story = Story::begin(Scripted::new());
    let operator = Arc::new(Operator::default());
    *operator.answers.lock().expect("not poisoned") =
        vec![StatusCode::INTERNAL_SERVER_ERROR, StatusCode::FOUND];
    let post = story.post(way(&open(&operator).await));
    post.gather().await.expect("begins");
    story.export().await;
    post.round().await.expect("tries");
    let times = |operator: &Operator| operator.got.lock().expect("not poisoned").len();
    assert_eq!(
        times(&operator),
        2,
        "one try of each, and nothing elsewhere"
    );
    story.hand.advance(Duration::from_secs(6));
    post.round().await.expect("sends");
    assert_eq!(times(&operator), 4);
    let ids: Vec<serde_json::Value> = operator
        .got
        .lock()
        .expect("not poisoned")
        .iter()
        .map(|(_, body)| {
            serde_json::from_str::<serde_json::Value>(body).expect("JSON")["id"].clone()
        })
        .collect();
    assert_eq!(ids[..2], ids[2..], "a second copy is known as one");
}

#[test]
fn a_webhook_goes_over_tls_or_to_this_machine_with_a_secret_that_nobody_guesses() {
    let made = |address: &str, secret: &str| Webhook::new(address, secret.as_bytes()).map(drop);
    for right in [
        "https://example.com/hook",
        "http://127.0.0.1:1/hook",
        "http://[::1]:1/",
        "http://localhost/",
    ] {
        assert!(made(right, SECRET).is_ok(), "{right}");
    }
    for clear in [
        "http://example.com/hook",
        "http://127.0.0.1.example.com/",
        "http://10.0.0.1/",
    ] {
        assert!(
            matches!(made(clear, SECRET), Err(WebhookError::InClear)),
            "{clear}"
        );
    }
    for none in ["", "example.com", "ftp://example.com", "file:///etc/passwd"] {
        assert!(
            matches!(made(none, SECRET), Err(WebhookError::NoAddress)),
            "{none}"
        );
    }
    assert!(matches!(
        made("https://example.com/", "short"),
        Err(WebhookError::ShortSecret)
    ));
}
