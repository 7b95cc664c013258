//! Two people, two browsers: nothing lets one reach what is the other's. Named after the incidents.

use axum::http::{Request, StatusCode, header};

use super::{PAGE, Stage, Visitor, body, headers, text};

/// Every way to an export that has an address.
fn addresses(id: &str) -> Vec<(&'static str, String)> {
    vec![
        ("GET", format!("/exports/{id}/download")),
        ("HEAD", format!("/exports/{id}/download")),
        ("GET", format!("/exports/{id}/status")),
        ("POST", format!("/exports/{id}/stop")),
        ("POST", format!("/exports/{id}/delete")),
    ]
}

async fn ask(visitor: &Visitor<'_>, method: &str, path: &str) -> (StatusCode, String, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let response = visitor.send(request, "").await;
    let (status, headers) = (response.status(), format!("{:?}", headers(&response)));
    (status, headers, body(response).await)
}

const UNKNOWN: &str = "01a207d9-2100-703a-a862-eabbfb82704f";

#[tokio::test]
async fn complaint_37_another_person_s_export_answers_exactly_as_one_that_there_is_not() {
    let site = Stage::start();
    let id = site.anna().await.export_id().await;
    let ben = site.ben().await;
    for ((method, theirs), (_, nobodys)) in addresses(&id).into_iter().zip(addresses(UNKNOWN)) {
        let theirs = ask(&ben, method, &theirs).await;
        assert_eq!(theirs.0, StatusCode::NOT_FOUND, "{method}");
        assert_eq!(theirs, ask(&ben, method, &nobodys).await, "{method}");
    }
    let shown = ben.page(&format!("{PAGE}?export={id}&download={id}")).await;
    assert!(!shown.contains(&id));
    let anna = site.anna().await;
    assert_eq!(
        anna.get(&format!("/exports/{id}/download")).await.status(),
        StatusCode::OK
    );
    site.stop().await;
}

#[tokio::test]
async fn complaint_35_and_43_every_way_to_an_export_needs_a_session() {
    let site = Stage::start();
    let id = site.anna().await.export_id().await;
    for (method, path) in addresses(&id) {
        let (status, _, body) = ask(&site.anonymous(), method, &path).await;
        assert_eq!(
            (status, body.as_str()),
            (StatusCode::SEE_OTHER, ""),
            "{method} {path}"
        );
    }
    site.stop().await;
}

#[tokio::test]
async fn complaint_35_an_export_ends_by_its_time_and_not_by_the_clean_up() {
    let site = Stage::start();
    let id = site.anna().await.export_id().await;
    site.hand.advance(std::time::Duration::from_hours(24));
    let address = format!("/exports/{id}/download");
    let response = site.anna().await.get(&address).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    site.stop().await;
}

#[tokio::test]
async fn complaint_36_the_ledger_on_the_disk_holds_no_token() {
    let site = Stage::start();
    let anna = site.anna().await;
    anna.export().await;
    let token = anna.cookie.split_once('=').expect("a token").1;
    let mut read = 0;
    for file in std::fs::read_dir(site.folder.path())
        .expect("lists")
        .flatten()
    {
        let Ok(bytes) = std::fs::read(file.path()) else {
            continue;
        };
        read += bytes.len();
        let found = bytes
            .windows(token.len())
            .any(|window| window == token.as_bytes());
        assert!(!found, "{}", file.path().display());
    }
    assert!(read > 10_000, "the ledger is among them");
    site.stop().await;
}

#[tokio::test]
async fn complaint_38_a_link_on_another_page_starts_nothing() {
    let site = Stage::start();
    let anna = site.anna().await;
    for path in [
        "/exports",
        "/exports?choice=everything",
        "/exports/new",
        "/settings/data-protection?choice=everything",
    ] {
        let request = Request::get(path)
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "navigate");
        anna.send(request, "").await;
    }
    assert!(anna.page(PAGE).await.contains("None yet"));
    site.stop().await;
}

#[tokio::test]
async fn complaint_39_a_session_in_an_address_is_not_looked_at() {
    let site = Stage::start();
    let anna = site.anna().await;
    let address = format!(
        "/exports/{}/download?{}",
        anna.export_id().await,
        anna.cookie
    );
    let response = site.anonymous().get(&address).await;
    assert!(text(&response, "location").starts_with("/sign-in"));
    site.stop().await;
}

#[tokio::test]
async fn complaint_40_two_files_of_the_same_name_never_take_each_other_s_place() {
    let site = Stage::start();
    let (anna, ben) = (site.anna().await, site.ben().await);
    let mut seen = Vec::new();
    for visitor in [&anna, &ben] {
        let id = visitor.export_id().await;
        let response = visitor.get(&format!("/exports/{id}/download")).await;
        let (name, tag) = (
            text(&response, "content-disposition"),
            text(&response, "etag"),
        );
        assert_eq!(text(&response, "cache-control"), "no-store");
        seen.push((name.to_owned(), tag.to_owned()));
        assert!(body(response).await.contains(&id));
    }
    assert_eq!(seen[0].0, seen[1].0, "the name has only a date");
    assert_ne!(seen[0].1, seen[1].1);
    site.stop().await;
}

#[tokio::test]
async fn complaint_42_a_session_alone_does_not_get_the_data_after_ten_minutes() {
    let site = Stage::start();
    let anna = site.anna().await;
    let id = anna.export_id().await;
    site.hand.advance(std::time::Duration::from_mins(10));
    let (status, _, sent) = ask(&anna, "GET", &format!("/exports/{id}/download")).await;
    assert_eq!((status, sent.as_str()), (StatusCode::SEE_OTHER, ""));
    let asked = anna.post("/exports", "choice=everything").await;
    assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
    let e_mail_alone = site
        .anonymous()
        .post("/sign-in", "login=anna%40example.com&password=")
        .await;
    assert_eq!(e_mail_alone.status(), StatusCode::UNAUTHORIZED);
    site.stop().await;
}

#[tokio::test]
async fn one_browser_with_two_people_after_each_other_shows_only_the_second() {
    let site = Stage::start();
    let mut browser = site.anna().await;
    let id = browser.export_id().await;
    let old = browser.cookie.clone();
    let form = "login=ben%40example.com&password=correct+horse";
    let response = browser.post("/sign-in", form).await;
    text(&response, "set-cookie")
        .split(';')
        .next()
        .unwrap_or_default()
        .clone_into(&mut browser.cookie);
    let (status, ..) = ask(&browser, "GET", &format!("/exports/{id}/download")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(!browser.page(PAGE).await.contains(&id));
    browser.cookie = old;
    assert_eq!(
        browser.get("/").await.status(),
        StatusCode::SEE_OTHER,
        "the first one's is over"
    );
    site.stop().await;
}
