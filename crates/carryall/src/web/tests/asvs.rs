//! The lines of OWASP ASVS 5 that are about an export endpoint, each held by what it says.
//!
//! `docs/SECURITY.md` has the whole table; here are those that no other test is named after.

use std::path::Path;
use std::time::Duration;

use axum::http::{Method, Request, StatusCode, header};

use super::{PAGE, Stage, body, text};
use crate::ledger::SubjectKey;
use crate::product::scripted::{Act, Scripted};
use crate::web::Site;

fn over_tls() -> Stage {
    let public_url = Some("https://export.example.com".to_owned());
    Stage::open(
        Scripted::new(),
        Site {
            public_url,
            ..Site::default()
        },
    )
}

#[tokio::test]
async fn asvs_8_2_2_whose_data_it_is_comes_from_the_session_and_no_parameter_changes_it() {
    let site = Stage::start();
    let (anna, ben) = (site.anna().await, SubjectKey("ben-key".to_owned()));
    let form = "choice=everything&subject=ben-key&subject_key=ben-key&user_id=ben-key&id=ben-key";
    let request = Request::post("/exports?subject_key=ben-key&user_id=ben-key")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("x-user-id", "ben-key")
        .header("x-forwarded-user", "ben-key")
        .header(header::AUTHORIZATION, "Bearer ben-key");
    assert_eq!(
        anna.send(request, form).await.status(),
        StatusCode::SEE_OTHER
    );
    let list = site
        .exports
        .ledger
        .list_exports(&ben, 9)
        .await
        .expect("answers");
    assert!(list.is_empty());
    let anna = SubjectKey("anna-key".to_owned());
    let list = site
        .exports
        .ledger
        .list_exports(&anna, 9)
        .await
        .expect("answers");
    assert_eq!(list.len(), 1);
    site.stop().await;
}

#[tokio::test]
async fn asvs_15_4_2_the_account_is_looked_at_again_when_the_file_is_downloaded() {
    let site = Stage::start();
    let anna = site.anna().await;
    let address = format!("/exports/{}/download", anna.export_id().await);
    assert_eq!(anna.get(&address).await.status(), StatusCode::OK);
    site.scripted().people.lock().expect("not poisoned")[0].active = false;
    let response = anna.get(&address).await;
    assert_eq!(
        (response.status(), body(response).await.len()),
        (StatusCode::SEE_OTHER, 0)
    );
    site.stop().await;
}

#[tokio::test]
async fn asvs_7_2_4_a_sign_in_and_a_confirmation_give_a_new_token_and_end_the_old_one() {
    let site = Stage::start();
    let mut anna = site.anna().await;
    for (path, form) in [
        (
            "/sign-in",
            "login=anna%40example.com&password=correct+horse",
        ),
        ("/confirm", "password=correct+horse"),
    ] {
        let response = anna.post(path, form).await;
        let fresh = text(&response, "set-cookie")
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        assert!(fresh.len() > 64 && fresh != anna.cookie, "{path}");
        assert_eq!(
            anna.get("/").await.status(),
            StatusCode::SEE_OTHER,
            "{path}: the old one"
        );
        anna.cookie = fresh;
        assert_eq!(
            anna.get("/").await.status(),
            StatusCode::OK,
            "{path}: the new one"
        );
    }
    site.stop().await;
}

#[tokio::test]
async fn asvs_7_2_3_a_token_has_256_bits_and_one_that_somebody_chose_is_nobody_s() {
    let site = Stage::start();
    let mut anna = site.anna().await;
    let (name, token) = anna.cookie.split_once('=').expect("a cookie");
    assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let name = name.to_owned();
    for chosen in ["", "chosen", &"0".repeat(64), "' OR 1=1 --"] {
        anna.cookie = format!("{name}={chosen}");
        assert_eq!(
            anna.get("/").await.status(),
            StatusCode::SEE_OTHER,
            "{chosen}"
        );
    }
    let form = "login=anna%40example.com&password=correct+horse";
    let response = anna.post("/sign-in", form).await;
    assert!(
        !text(&response, "set-cookie").contains("OR 1=1"),
        "a fixed token is not taken over"
    );
    site.stop().await;
}

#[tokio::test]
async fn asvs_3_5_1_nothing_is_started_stopped_or_deleted_by_a_get() {
    let site = Stage::playing([Act::Endless]);
    let anna = site.anna().await;
    let id = anna.export_id().await;
    let events = site.events().len();
    for path in [
        "/exports",
        &format!("/exports/{id}/stop"),
        &format!("/exports/{id}/delete"),
        "/sign-out",
        "/sessions/end-all",
        "/sessions/abc/end",
    ] {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
            let request = Request::builder().method(method.clone()).uri(path);
            let request = request.header("sec-fetch-site", "same-origin");
            let response = anna.send(request, "").await;
            assert_eq!(
                response.status(),
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}"
            );
        }
    }
    assert_eq!(site.events().len(), events);
    anna.post(&format!("/exports/{id}/stop"), "").await;
    site.stop().await;
}

#[tokio::test]
async fn asvs_3_5_3_an_action_from_another_origin_is_refused_whatever_it_sends_along() {
    let site = Stage::start();
    let anna = site.anna().await;
    let foreign: [&[(&str, &str)]; 4] = [
        &[("sec-fetch-site", "cross-site")],
        &[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://other.localhost:8080"),
        ],
        &[("origin", "null")],
        &[
            ("origin", "http://evil.example"),
            ("referer", "http://localhost:8080/"),
        ],
    ];
    for path in [
        "/exports",
        "/confirm",
        "/sign-in",
        "/sign-out",
        "/sessions/end-all",
    ] {
        for headers in foreign {
            for media_type in ["application/x-www-form-urlencoded", "text/plain"] {
                let request = Request::post(path).header(header::CONTENT_TYPE, media_type);
                let request = headers
                    .iter()
                    .fold(request, |r, (name, value)| r.header(*name, *value));
                let response = anna.send(request, "choice=everything").await;
                assert_eq!(
                    response.status(),
                    StatusCode::FORBIDDEN,
                    "{path} {headers:?}"
                );
                let shared = text(&response, "access-control-allow-origin");
                assert_eq!(shared, "", "no other origin may read an answer");
            }
        }
    }
    assert!(anna.page(PAGE).await.contains("None yet"));
    site.stop().await;
}

#[tokio::test]
async fn asvs_3_5_8_another_origin_can_neither_embed_nor_link_to_a_file() {
    let site = Stage::start();
    let anna = site.anna().await;
    let id = anna.export_id().await;
    for path in ["download", "status"] {
        let path = format!("/exports/{id}/{path}");
        for (asks, is_answered) in [
            ("cross-site", false),
            ("same-site", false),
            ("same-origin", true),
            ("none", true),
        ] {
            let request = Request::get(&path).header("sec-fetch-site", asks);
            let status = anna.send(request, "").await.status();
            assert_eq!(
                status == StatusCode::OK,
                is_answered,
                "{path} {asks}: {status}"
            );
        }
    }
    let downloads = site
        .events()
        .into_iter()
        .filter(|entry| entry.event == "download");
    assert_eq!(downloads.count(), 2);
    site.stop().await;
}

#[tokio::test]
async fn asvs_14_2_1_no_address_holds_a_secret_and_an_address_alone_opens_nothing() {
    let site = Stage::start();
    let anna = site.anna().await;
    let ready = anna.export().await;
    let token = anna.cookie.split_once('=').expect("a token").1.to_owned();
    let page = anna.page(&ready).await;
    assert!(!page.contains(&token) && !ready.contains(&token));
    let id = ready.rsplit('=').next().unwrap_or_default();
    let address = format!("/exports/{id}/download");
    for query in [
        "",
        "?token=1",
        &format!("?session={token}"),
        &format!("?carryall_session={token}"),
    ] {
        let response = site.anonymous().get(&format!("{address}{query}")).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{query}");
    }
    site.stop().await;
}

#[tokio::test]
async fn asvs_14_3_2_neither_the_file_nor_a_page_nor_a_refusal_is_kept_by_a_cache() {
    let site = Stage::start();
    let anna = site.anna().await;
    let id = anna.export_id().await;
    let addresses = [
        PAGE.to_owned(),
        format!("/exports/{id}/download"),
        format!("/exports/{id}/status"),
    ];
    for visitor in [&anna, &site.anonymous(), &site.ben().await] {
        for address in &addresses {
            let response = visitor.get(address).await;
            assert_eq!(text(&response, "cache-control"), "no-store", "{address}");
        }
    }
    site.stop().await;
}

#[tokio::test]
async fn asvs_3_4_1_behind_tls_browsers_are_told_to_stay_with_it_and_elsewhere_not() {
    let site = over_tls();
    for path in ["/sign-in", "/nowhere", "/assets/app.css"] {
        let response = site.anonymous().get(path).await;
        assert_eq!(
            text(&response, "strict-transport-security"),
            "max-age=31536000",
            "{path}"
        );
    }
    site.stop().await;
    let site = Stage::start();
    let response = site.anonymous().get("/sign-in").await;
    assert_eq!(text(&response, "strict-transport-security"), "");
    site.stop().await;
}

#[tokio::test]
async fn asvs_4_1_1_a_file_is_json_an_attachment_and_nothing_else_may_frame_or_embed_it() {
    let site = Stage::start();
    let anna = site.anna().await;
    let response = anna
        .get(&format!("/exports/{}/download", anna.export_id().await))
        .await;
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("access-control-allow-origin", ""),
    ] {
        assert_eq!(text(&response, name), value, "{name}");
    }
    assert!(text(&response, "content-disposition").starts_with("attachment; filename=\""));
    assert!(text(&response, "content-security-policy").contains("frame-ancestors 'none'"));
    site.stop().await;
}

#[tokio::test]
async fn asvs_15_2_2_a_person_has_one_running_export_whatever_they_click() {
    let site = Stage::playing([Act::Endless]);
    let (anna, second) = (site.anna().await, site.anna().await);
    let first = anna.export_id().await;
    for _ in 0..2 {
        assert_eq!(
            second.export_id().await,
            first,
            "another browser, the same export"
        );
    }
    anna.post(&format!("/exports/{first}/stop"), "").await;
    site.stop().await;
}

#[test]
fn asvs_14_3_3_no_script_of_the_pages_or_of_the_viewer_keeps_anything_in_the_browser() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../viewer/src");
    let viewer = std::fs::read_dir(folder).expect("lists").flatten();
    let scripts = viewer.map(|file| std::fs::read_to_string(file.path()).expect("text"));
    let scripts: Vec<_> = scripts
        .chain([include_str!("../app.js").to_owned()])
        .collect();
    assert!(scripts.len() > 10, "{}", scripts.len());
    let stores = [
        "localStorage",
        "sessionStorage",
        "indexedDB",
        "caches.",
        "serviceWorker",
        "document.cookie",
    ];
    for (script, store) in scripts.iter().flat_map(|s| stores.map(|store| (s, store))) {
        assert!(!script.contains(store), "{store}");
    }
}

#[tokio::test]
async fn asvs_16_5_1_an_error_tells_nothing_of_what_is_behind_it() {
    let site = Stage::start();
    let anna = site.anna().await;
    *site.scripted().gone.lock().expect("not poisoned") = true;
    for path in ["/", "/settings/general", PAGE] {
        let page = body(anna.get(path).await).await;
        for inside in ["unable to open", "sqlite", "SELECT", ".rs:", "anna-key"] {
            assert!(!page.contains(inside), "{path}: {inside}");
        }
    }
    site.stop().await;
}

#[tokio::test]
async fn asvs_7_3_1_and_7_3_2_a_session_ends_by_rest_and_by_age() {
    let site = Stage::start();
    let (resting, busy) = (site.anna().await, site.anna().await);
    for quarter in 1..=48 {
        site.hand.advance(Duration::from_mins(15));
        let is_in = busy.get("/settings/general").await.status() == StatusCode::OK;
        assert_eq!(is_in, quarter < 48, "after {quarter} quarters of an hour");
    }
    assert_eq!(resting.get("/").await.status(), StatusCode::SEE_OTHER);
    site.stop().await;
}
