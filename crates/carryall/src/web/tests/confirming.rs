//! The proof of who somebody is, before an export is asked for or downloaded.

use std::time::Duration;

use axum::http::{Method, Request, StatusCode, header};

use super::{PAGE, Stage, Visitor, body, text};

const LATER: Duration = Duration::from_mins(10);

impl Visitor<'_> {
    /// Gives a password to the page that asks again; a new cookie is taken over.
    async fn confirm(&mut self, password: &str, rest: &str) -> axum::response::Response {
        let form = format!("password={password}&{rest}");
        let response = self.post("/confirm", &form).await;
        if let Some(cookie) = text(&response, "set-cookie").split(';').next()
            && !cookie.is_empty()
        {
            cookie.clone_into(&mut self.cookie);
        }
        response
    }
}

#[tokio::test]
async fn shortly_after_signing_in_nothing_is_asked_again() {
    let site = Stage::start();
    let anna = site.anna().await;
    site.hand
        .advance(LATER.saturating_sub(Duration::from_secs(1)));
    let id = anna.export_id().await;
    let download = anna.get(&format!("/exports/{id}/download")).await;
    assert_eq!(download.status(), StatusCode::OK);
    site.stop().await;
}

#[tokio::test]
async fn later_an_export_needs_the_password_and_keeps_what_was_chosen() {
    let site = Stage::start();
    let mut anna = site.anna().await;
    site.hand.advance(LATER);
    let asked = anna.post("/exports", "choice=workspace&workspace=w1").await;
    assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
    let page = body(asked).await;
    assert!(page.contains("Confirm that it is you"));
    assert!(
        page.contains("Workspace “Acme"),
        "what was asked for, in words: {page}"
    );
    assert!(page.contains("name=\"workspace\" value=\"w1\""));
    assert!(
        anna.page(PAGE).await.contains("None yet"),
        "nothing was begun"
    );

    let old = anna.cookie.clone();
    let form = "next=export&choice=workspace&workspace=w1&since=&until=&file_contents=";
    let done = anna.confirm("correct+horse", form).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert!(text(&done, "location").starts_with(&format!("{PAGE}?export=")));
    assert_ne!(anna.cookie, old);
    let page = anna.page(text(&done, "location")).await;
    assert!(page.contains("Your export is ready") && page.contains("data-download"));
    assert!(page.contains("without file contents"));
    site.stop().await;
}

#[tokio::test]
async fn later_a_download_asks_again_and_then_starts_by_itself() {
    let site = Stage::start();
    let mut anna = site.anna().await;
    let id = anna.export_id().await;
    let address = format!("/exports/{id}/download");
    site.hand.advance(LATER);
    for method in [Method::GET, Method::HEAD] {
        let request = Request::builder().method(method).uri(&address);
        let response = anna.send(request, "").await;
        assert_eq!(
            text(&response, "location"),
            format!("/confirm?next={address}")
        );
    }
    let rest = anna
        .send(Request::get(&address).header(header::RANGE, "bytes=4-"), "")
        .await;
    assert_eq!(
        rest.status(),
        StatusCode::UNAUTHORIZED,
        "no page in the place of bytes"
    );

    let page = anna.page(&format!("/confirm?next={address}")).await;
    assert!(page.contains("You asked to download an export."));
    let done = anna
        .confirm("correct+horse", &format!("next={address}"))
        .await;
    assert_eq!(text(&done, "location"), format!("{PAGE}?download={id}"));
    let page = anna.page(text(&done, "location")).await;
    assert!(page.contains(&format!("data-download=\"{address}\"")));
    assert!(
        page.contains(&format!("content=\"1; url={address}\"")),
        "without JavaScript"
    );
    assert_eq!(anna.get(&address).await.status(), StatusCode::OK);
    site.stop().await;
}

#[tokio::test]
async fn a_wrong_password_proves_nothing_and_changes_nothing() {
    let site = Stage::start();
    let mut anna = site.anna().await;
    site.hand.advance(LATER);
    let cookie = anna.cookie.clone();
    let form = "next=export&choice=everything&file_contents=yes";
    let refused = anna.confirm("wrong", form).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let page = body(refused).await;
    assert!(page.contains("The password is not right.") && page.contains("value=\"everything\""));
    assert_eq!(anna.cookie, cookie);
    assert!(anna.page(PAGE).await.contains("None yet"));
    let other = anna
        .confirm("correct+horse", "next=https://evil.example/")
        .await;
    assert_eq!(text(&other, "location"), PAGE, "only to pages of ours");
    site.stop().await;
}

#[tokio::test]
async fn a_proof_of_an_export_is_checked_like_the_export_itself() {
    let site = Stage::start();
    let mut anna = site.anna().await;
    let form = "next=export&choice=dates&since=2026-12-01&until=2026-11-01";
    let response = anna.confirm("correct+horse", form).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        body(response)
            .await
            .contains("The first day is after the last day.")
    );
    let anonymous = site.anonymous();
    let response = anonymous
        .post("/confirm", "password=correct+horse&next=export")
        .await;
    assert_eq!(text(&response, "location"), "/sign-in");
    let request = Request::post("/confirm")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site");
    let response = anna
        .send(request, "password=correct+horse&next=export")
        .await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    site.stop().await;
}

#[tokio::test]
async fn a_second_step_that_was_added_since_is_not_passed_by_a_password() {
    let site = Stage::start();
    let mut anna = site.anna().await;
    *site.scripted().second_factor.lock().expect("not poisoned") = true;
    let refused = anna
        .confirm("correct+horse", "next=export&choice=everything")
        .await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(
        body(refused)
            .await
            .contains("sign in through Example Desk itself")
    );
    site.stop().await;
}
