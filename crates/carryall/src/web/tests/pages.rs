//! What the pages say and what they refuse.

use std::time::Duration;

use axum::http::{Request, StatusCode, header};
use carryall_format::sign::KnownKeys;

use super::{PAGE, Stage, body, text};
use crate::product::scripted::Act;

#[tokio::test]
async fn home_shows_what_each_workspace_holds_and_escapes_what_people_wrote() {
    let site = Stage::start();
    let page = site.anna().await.page("/").await;
    assert!(
        page.contains("Acme &#38; Söhne") || page.contains("Acme &amp; Söhne"),
        "{page}"
    );
    assert!(page.contains("<dt>Messages</dt><dd>1,200</dd>"));
    assert!(page.contains("Outside workspaces") && page.contains(">Shared</span>"));
    assert!(!page.contains("<b>Keller"));
    site.stop().await;
}

#[tokio::test]
async fn actions_from_another_site_are_refused() {
    let site = Stage::start();
    let anna = site.anna().await;
    for path in ["/exports", "/sign-out", "/sign-in"] {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ] {
            let request = Request::post(path)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(name, value);
            let response = anna.send(request, "choice=everything").await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {name}");
            assert!(
                body(response)
                    .await
                    .contains("This did not come from our pages")
            );
        }
    }
    assert!(anna.page(PAGE).await.contains("None yet"));
    site.stop().await;
}

#[tokio::test]
async fn every_answer_carries_the_guards() {
    let site = Stage::start();
    let anna = site.anna().await;
    for path in ["/", "/sign-in", PAGE, "/nowhere", "/assets/app.css"] {
        let response = anna.get(path).await;
        let policy = text(&response, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(text(&response, "referrer-policy"), "no-referrer", "{path}");
        assert_eq!(
            text(&response, "x-content-type-options"),
            "nosniff",
            "{path}"
        );
        let cached = text(&response, "cache-control");
        assert_eq!(cached == "no-store", !path.starts_with("/assets"), "{path}");
        let page = body(response).await;
        assert!(
            !page.contains(" style=") && !page.contains(" onclick="),
            "{path}"
        );
        assert!(
            !page.contains("https://") && !page.contains("src=\"//"),
            "{path}"
        );
    }
    site.stop().await;
}

#[tokio::test]
async fn a_second_click_shows_the_running_export_and_stop_ends_it() {
    let site = Stage::playing([Act::Endless]);
    let anna = site.anna().await;
    let first = anna.export().await;
    assert_eq!(anna.export().await, first);
    let id = first.rsplit('=').next().unwrap_or_default().to_owned();
    let page = anna.page(PAGE).await;
    assert!(page.contains("Your export is being written"));
    assert!(page.contains("Writing conversation threads: "), "{page}");
    assert!(
        page.contains(&format!("content=\"3; url={PAGE}?export={id}\"")),
        "without JavaScript"
    );
    let status = body(anna.get(&format!("/exports/{id}/status")).await).await;
    let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
    assert_eq!(
        (&status["status"], &status["is_running"]),
        (&"building".into(), &true.into())
    );

    anna.post(&format!("/exports/{id}/stop"), "").await;
    assert!(anna.page(&first).await.contains("The export was stopped"));
    site.stop().await;
}

#[tokio::test]
async fn a_failure_says_what_happened_and_the_second_one_whom_to_ask() {
    let site = Stage::playing([Act::Gone, Act::DiskFull]);
    let anna = site.anna().await;
    let failed = anna.export().await;
    let page = anna.page(&failed).await;
    assert!(page.contains("The database with your data cannot be reached"));
    assert!(page.contains("Try again") && !page.contains("help@example.com"));

    site.hand.advance(Duration::from_secs(1));
    let failed = anna.export().await;
    let page = anna.page(&failed).await;
    assert!(page.contains("not enough free space") && page.contains("help@example.com"));

    site.hand.advance(Duration::from_secs(1));
    let ready = anna.export().await;
    assert!(anna.page(&ready).await.contains("Your export is ready"));
    site.stop().await;
}

#[tokio::test]
async fn a_choice_that_makes_no_sense_is_refused_beside_the_form() {
    let site = Stage::start();
    let anna = site.anna().await;
    let response = anna
        .post("/exports", "choice=dates&since=2026-12-01&until=2026-11-01")
        .await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = body(response).await;
    assert!(page.contains("The first day is after the last day."));
    assert!(
        page.contains("value=\"2026-12-01\""),
        "what was typed stays"
    );
    site.stop().await;
}

#[tokio::test]
async fn a_database_that_is_away_is_said_plainly() {
    let site = Stage::start();
    let anna = site.anna().await;
    *site.scripted().gone.lock().expect("not poisoned") = true;
    let response = anna.get(PAGE).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = body(response).await;
    assert!(
        page.contains("Your data cannot be reached right now") && !page.contains("unable to open")
    );
    site.stop().await;
}

#[tokio::test]
async fn an_export_asked_for_while_the_database_is_away_fails_with_a_way_to_try_again() {
    let site = Stage::start();
    let anna = site.anna().await;
    *site.scripted().gone.lock().expect("not poisoned") = true;
    for contact in [false, true] {
        let failed = anna.export().await;
        let page = body(anna.get(&failed).await).await;
        assert!(page.contains("The database with your data cannot be reached"));
        assert!(page.contains("Try again"));
        assert_eq!(page.contains("help@example.com"), contact);
        site.hand.advance(Duration::from_secs(1));
    }
    *site.scripted().gone.lock().expect("not poisoned") = false;
    let ready = anna.export().await;
    assert!(anna.page(&ready).await.contains("Your export is ready"));
    site.stop().await;
}

#[tokio::test]
async fn the_public_keys_are_for_everybody_and_may_be_kept_for_a_while() {
    let site = Stage::start();
    let response = site
        .anonymous()
        .get("/.well-known/carryall-keys.json")
        .await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(text(&response, "content-type"), "application/json");
    assert_eq!(text(&response, "cache-control"), "public, max-age=300");
    assert_eq!(text(&response, "x-content-type-options"), "nosniff");
    assert_eq!(text(&response, "set-cookie"), "");
    let keys = KnownKeys::parse(&body(response).await).expect("keys");
    let signing = site.exports.keys.signing_key().expect("a key");
    assert_eq!(keys.keys().len(), 1);
    assert_eq!(keys.keys()[0].key, signing.public_key());
    assert!(keys.keys()[0].created_at.is_some() && keys.keys()[0].retired_at.is_none());
    site.stop().await;
}

#[tokio::test]
async fn the_page_says_which_key_signed_an_export() {
    let site = Stage::start();
    let anna = site.anna().await;
    anna.export().await;
    let page = anna.page(PAGE).await;
    let key = site.exports.keys.signing_key().expect("a key");
    let id = key.public_key().id();
    assert!(page.contains(&format!("Signed with our key <code>{id}</code>")));
    assert!(page.contains("href=\"/.well-known/carryall-keys.json\""));
    site.stop().await;
}

#[tokio::test]
async fn what_is_not_in_the_export_is_said_with_the_reason() {
    let site = Stage::start();
    let page = site.anna().await.page(PAGE).await;
    assert!(page.contains("Your password hash.") && page.contains("guess your password."));
    assert!(page.contains("<strong>31</strong> messages that others wrote in shared workspaces"));
    site.stop().await;
}

#[tokio::test]
async fn the_viewer_comes_with_the_public_keys_also_when_it_is_kept() {
    let site = Stage::start();
    let key = site.exports.keys.signing_key().expect("a key").public_key();
    for address in ["/viewer", "/viewer?download"] {
        let page = body(site.anonymous().get(address).await).await;
        assert!(page.contains(&format!("\"key_id\":\"{}\"", key.id())));
        assert!(page.contains(&key.to_base64()));
    }
    site.stop().await;
}

#[tokio::test]
async fn the_viewer_is_there_for_anybody_and_can_be_kept() {
    let site = Stage::start();
    let shown = site.anonymous().get("/viewer").await;
    assert_eq!(shown.status(), StatusCode::OK);
    let policy = text(&shown, "content-security-policy").to_owned();
    assert!(policy.contains("connect-src 'none'") && policy.contains("frame-ancestors 'none'"));
    let page = body(shown).await;
    let kept = site.anonymous().get("/viewer?download").await;
    assert_eq!(
        text(&kept, "content-disposition"),
        "attachment; filename=\"carryall-viewer.html\""
    );
    assert_eq!(body(kept).await, page, "it is the same page");
    let linked = site.anna().await.page(PAGE).await;
    assert!(linked.contains("href=\"/viewer\"") && linked.contains("href=\"/viewer?download\""));
    site.stop().await;
}
