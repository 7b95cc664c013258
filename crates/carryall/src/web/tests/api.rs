//! The API as the host product's programs meet it.

use std::time::Duration;

use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::{Site, Stage, Visitor, body, headers, text};
use crate::product::scripted::{Act, Scripted};

const UNKNOWN: &str = "01a207d9-2100-703a-a862-eabbfb82704f";
/// A proof of who somebody is is too old.
const LATER: Duration = Duration::from_mins(10);

async fn json(response: Response) -> Value {
    serde_json::from_str(&body(response).await).expect("JSON")
}

/// The problem that an answer tells of, which has to say everything that a program needs.
async fn problem(response: Response, status: StatusCode) -> Value {
    assert_eq!(response.status(), status);
    assert_eq!(text(&response, "content-type"), "application/problem+json");
    assert_eq!(text(&response, "cache-control"), "no-store");
    let problem = json(response).await;
    assert_eq!(problem["status"], status.as_u16());
    let reason = problem["reason"].as_str().expect("a reason");
    assert_eq!(problem["type"], format!("urn:carryall:problem:{reason}"));
    assert!(
        problem["what_to_do"]
            .as_str()
            .is_some_and(|text| text.ends_with('.'))
    );
    problem
}

/// Asks for everything, and waits until it is ready.
async fn ready(visitor: &Visitor<'_>) -> String {
    let asked = visitor.api("POST", "exports", "{}").await;
    assert_eq!(asked.status(), StatusCode::ACCEPTED);
    let place = text(&asked, "location").to_owned();
    let id = place.rsplit('/').next().expect("an id").to_owned();
    for _ in 0..400 {
        let export = json(visitor.get(&place).await).await;
        if export["status"] == "ready" {
            return id;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it is never ready");
}

/// Every operation on one export.
fn operations(id: &str) -> [(&'static str, String); 4] {
    [
        ("GET", format!("exports/{id}")),
        ("GET", format!("exports/{id}/file")),
        ("POST", format!("exports/{id}/cancel")),
        ("DELETE", format!("exports/{id}")),
    ]
}

#[tokio::test]
async fn an_export_is_asked_for_watched_downloaded_and_deleted_through_the_api() {
    let site = Stage::start();
    let anna = site.anna().await;
    let id = ready(&anna).await;
    let list = json(anna.api("GET", "exports", "").await).await;
    let export = &list["exports"][0];
    assert_eq!(export["id"], id.as_str());
    assert_eq!(export["scope"]["file_contents"], true);
    assert_eq!(export["progress"], Value::Null);
    let url = export["file"]["url"].as_str().expect("an address");
    let file = anna.get(url).await;
    assert_eq!(file.status(), StatusCode::OK);
    let digest = export["file"]["sha256"].as_str().expect("a digest");
    assert_eq!(text(&file, "etag"), format!("\"{digest}\""));
    assert!(text(&file, "content-disposition").starts_with("attachment"));
    assert!(body(file).await.contains(&id));
    let gone = anna.api("DELETE", &format!("exports/{id}"), "").await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let export = json(anna.api("GET", &format!("exports/{id}"), "").await).await;
    assert_eq!(
        (&export["status"], &export["file"]["url"]),
        (&"deleted".into(), &Value::Null)
    );
    let none = anna.api("GET", &format!("exports/{id}/file"), "").await;
    assert_eq!(problem(none, StatusCode::GONE).await["reason"], "no_file");
    let events = json(anna.api("GET", "events", "").await).await;
    let words: Vec<_> = events["events"]
        .as_array()
        .expect("events")
        .iter()
        .map(|e| &e["event"])
        .collect();
    assert_eq!(words[..2], ["export_deleted", "download"]);
    site.stop().await;
}

#[tokio::test]
async fn every_way_through_the_api_needs_a_credential() {
    let site = Stage::start();
    let id = ready(&site.anna().await).await;
    let mut all = operations(&id).to_vec();
    all.extend([
        ("GET", "exports".to_owned()),
        ("POST", "exports".to_owned()),
        ("GET", "events".to_owned()),
    ]);
    for (method, path) in all {
        let refused = site.anonymous().api(method, &path, "{}").await;
        assert_eq!(
            text(&refused, "www-authenticate"),
            "Bearer",
            "{method} {path}"
        );
        let said = problem(refused, StatusCode::UNAUTHORIZED).await;
        assert_eq!(said["reason"], "sign_in_first", "{method} {path}");
    }
    site.stop().await;
}

#[tokio::test]
async fn through_the_api_another_person_s_export_answers_exactly_as_one_that_there_is_not() {
    let site = Stage::start();
    let id = ready(&site.anna().await).await;
    let ben = site.ben().await;
    for ((method, theirs), (_, nobodys)) in operations(&id).into_iter().zip(operations(UNKNOWN)) {
        let theirs = ben.api(method, &theirs, "").await;
        let nobodys = ben.api(method, &nobodys, "").await;
        assert_eq!(
            format!("{:?}", headers(&theirs)),
            format!("{:?}", headers(&nobodys))
        );
        let said = problem(theirs, StatusCode::NOT_FOUND).await;
        assert_eq!(
            said,
            problem(nobodys, StatusCode::NOT_FOUND).await,
            "{method}"
        );
    }
    assert_eq!(
        json(ben.api("GET", "exports", "").await).await["exports"],
        Value::Array(Vec::new())
    );
    let events = body(ben.api("GET", "events", "").await).await;
    assert!(events.contains("denied") && !events.contains("\"export_finished\""));
    site.stop().await;
}

#[tokio::test]
async fn after_ten_minutes_the_api_says_how_the_person_proves_again_who_they_are() {
    let site = Stage::start();
    let anna = site.anna().await;
    let id = ready(&anna).await;
    site.hand.advance(LATER);
    for (method, path) in [
        ("POST", "exports".to_owned()),
        ("GET", format!("exports/{id}/file")),
    ] {
        let refused = anna.api(method, &path, "{}").await;
        assert_eq!(
            text(&refused, "www-authenticate"),
            "Bearer error=\"insufficient_user_authentication\", max_age=\"600\""
        );
        let said = problem(refused, StatusCode::UNAUTHORIZED).await;
        assert_eq!(
            (&said["reason"], &said["max_age_seconds"]),
            (&"confirm_first".into(), &600.into())
        );
    }
    let list = anna.api("GET", "exports", "").await;
    assert_eq!(list.status(), StatusCode::OK, "looking needs no proof");
    site.stop().await;
}

#[tokio::test]
async fn the_api_takes_a_cookie_from_our_own_pages_only() {
    let site = Stage::start();
    let anna = site.anna().await;
    let id = ready(&anna).await;
    let mut all = operations(&id).to_vec();
    all.push(("POST", "exports".to_owned()));
    for (method, path) in all {
        for site_of_page in ["cross-site", "same-site"] {
            let request = Request::builder()
                .method(method)
                .uri(format!("/api/v1/{path}"))
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::ORIGIN, "https://evil.example")
                .header("sec-fetch-site", site_of_page);
            let refused = anna.send(request, "{}").await;
            assert!(
                !refused
                    .headers()
                    .contains_key("access-control-allow-origin")
            );
            let said = problem(refused, StatusCode::FORBIDDEN).await;
            assert_eq!(said["reason"], "other_origin", "{method} {path}");
        }
    }
    let list = json(anna.api("GET", "exports", "").await).await;
    assert_eq!(list["exports"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        list["exports"][0]["status"], "ready",
        "nothing was stopped or deleted"
    );
    site.stop().await;
}

#[tokio::test]
async fn the_api_has_the_limits_of_the_pages_and_says_when_the_next_try_is() {
    let site = Stage::start();
    let anna = site.anna().await;
    for _ in 0..site.exports.settings.per_day {
        let id = ready(&anna).await;
        let file = anna.api("GET", &format!("exports/{id}/file"), "").await;
        assert_eq!(file.status(), StatusCode::OK);
    }
    let refused = anna.api("POST", "exports", "{}").await;
    assert_eq!(text(&refused, "retry-after"), "86400");
    let said = problem(refused, StatusCode::TOO_MANY_REQUESTS).await;
    assert_eq!(said["next_try_at"], "2026-11-24T10:00:00Z");
    site.stop().await;
}

#[tokio::test]
async fn whatever_the_api_refuses_is_a_problem_and_says_which() {
    let site = Stage::start();
    let anna = site.anna().await;
    let nothing = anna.api("GET", "no-such-thing", "").await;
    assert_eq!(
        problem(nothing, StatusCode::NOT_FOUND).await["reason"],
        "not_found"
    );
    let put = anna.api("PUT", "exports", "{}").await;
    assert_eq!(text(&put, "allow").split(',').count(), 3, "GET, HEAD, POST");
    problem(put, StatusCode::METHOD_NOT_ALLOWED).await;
    let long = format!("{{\"workspace\": \"{}\"}}", "x".repeat(20_000));
    let refused = anna.api("POST", "exports", &long).await;
    assert_eq!(
        problem(refused, StatusCode::PAYLOAD_TOO_LARGE).await["reason"],
        "too_large"
    );
    let refused = anna
        .api("GET", &format!("exports/{}", "x".repeat(3_000)), "")
        .await;
    problem(refused, StatusCode::URI_TOO_LONG).await;
    let form = Request::post("/api/v1/exports")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let refused = anna.send(form, "choice=everything").await;
    problem(refused, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    for wrong in [
        "",
        "[]",
        "{\"subject\": \"u2\"}",
        "{\"workspace\": \"w1\", \"since\": \"2026-11-01\"}",
        "{\"since\": \"2026-12-01\", \"until\": \"2026-11-01\"}",
        "{\"since\": \"yesterday\"}",
        "{\"passphrase\": \"short\"}",
        "{\"passphrase\": \"seven quiet lanterns\", \"recipient\": \"age1x\"}",
        "{\"file_contents\": true, \"file_contents\": false}",
    ] {
        let refused = anna.api("POST", "exports", wrong).await;
        let said = problem(refused, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert!(said["detail"].is_string(), "{wrong}");
    }
    *site.scripted().gone.lock().expect("not poisoned") = true;
    let refused = anna.api("GET", "exports", "").await;
    assert_eq!(
        problem(refused, StatusCode::SERVICE_UNAVAILABLE).await["reason"],
        "data_unavailable"
    );
    site.stop().await;
}

#[tokio::test]
async fn a_running_export_is_the_answer_to_a_second_request_and_can_be_cancelled() {
    let site = Stage::open(Scripted::playing([Act::Endless]), Site::default());
    let anna = site.anna().await;
    let first = json(anna.api("POST", "exports", "{}").await).await;
    let id = first["id"].as_str().expect("an id");
    let second = anna
        .api("POST", "exports", "{\"file_contents\": false}")
        .await;
    assert_eq!(second.status(), StatusCode::OK);
    assert_eq!(json(second).await["id"], id);
    let locked = anna
        .api(
            "POST",
            "exports",
            "{\"passphrase\": \"seven quiet lanterns\"}",
        )
        .await;
    assert_eq!(
        problem(locked, StatusCode::CONFLICT).await["reason"],
        "still_running"
    );
    for (method, path) in [
        ("DELETE", format!("exports/{id}")),
        ("GET", format!("exports/{id}/file")),
    ] {
        let refused = anna.api(method, &path, "").await;
        assert_eq!(
            problem(refused, StatusCode::CONFLICT).await["reason"],
            "still_running"
        );
    }
    let stopped = json(anna.api("POST", &format!("exports/{id}/cancel"), "").await).await;
    assert_eq!(stopped["status"], "cancelled");
    site.stop().await;
}

#[tokio::test]
async fn a_part_of_a_file_is_sent_and_one_behind_its_end_is_a_problem() {
    let site = Stage::start();
    let anna = site.anna().await;
    let address = format!("/api/v1/exports/{}/file", ready(&anna).await);
    let part = anna
        .send(
            Request::get(&address).header(header::RANGE, "bytes=2-3"),
            "",
        )
        .await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(body(part).await, "id");
    let none = anna
        .send(
            Request::get(&address).header(header::RANGE, "bytes=9999-"),
            "",
        )
        .await;
    assert!(text(&none, "content-range").starts_with("bytes */"));
    problem(none, StatusCode::RANGE_NOT_SATISFIABLE).await;
    site.stop().await;
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_names_every_operation_with_its_answers() {
    let site = Stage::start();
    let document = json(site.anonymous().get("/api/v1/openapi.json").await).await;
    assert!(
        document["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.1"))
    );
    let mut lines = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let answers = operation["responses"].as_object().expect("answers").keys();
            let answers: Vec<_> = answers.map(String::as_str).collect();
            lines.push(format!("{method} {path}: {}", answers.join(" ")));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    get /api/v1/events: 200 401 403 404 413 414 429 431 500 503
    get /api/v1/exports: 200 401 403 404 413 414 429 431 500 503
    post /api/v1/exports: 200 202 401 403 404 409 413 414 415 422 429 431 500 503
    get /api/v1/exports/{id}: 200 401 403 404 413 414 429 431 500 503
    delete /api/v1/exports/{id}: 204 401 403 404 409 413 414 429 431 500 503
    post /api/v1/exports/{id}/cancel: 200 401 403 404 413 414 429 431 500 503
    get /api/v1/exports/{id}/file: 200 206 401 403 404 409 410 413 414 416 429 431 500 503
    ");
    site.stop().await;
}
