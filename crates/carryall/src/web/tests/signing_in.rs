//! Who gets in, and who does not.

use axum::http::StatusCode;

use super::{PAGE, Stage, body, text};
use crate::product::scripted::{PASSWORD, Scripted};
use crate::products::DemoPerson;
use crate::web::Site;

#[tokio::test]
async fn nobody_without_a_session_sees_anything_personal() {
    let site = Stage::start();
    let id = site.anna().await.export_id().await;
    let anonymous = site.anonymous();
    let download = format!("/exports/{id}/download");
    let status = format!("/exports/{id}/status");
    for path in ["/", "/settings/general", PAGE, &download, &status] {
        let response = anonymous.get(path).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{path}");
        assert!(
            text(&response, "location").starts_with("/sign-in"),
            "{path}"
        );
    }
    let response = anonymous.post("/exports", "choice=everything").await;
    assert_eq!(text(&response, "location"), "/sign-in");
    site.stop().await;
}

#[tokio::test]
async fn signing_in_leads_back_to_the_page_that_was_asked_for_and_nowhere_else() {
    let site = Stage::start();
    let anonymous = site.anonymous();
    assert_eq!(
        text(&anonymous.get(PAGE).await, "location"),
        format!("/sign-in?next={PAGE}")
    );
    for (next, target) in [
        (PAGE, PAGE),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
    ] {
        let form = format!("login=anna%40example.com&password=correct+horse&next={next}");
        let response = anonymous.post("/sign-in", &form).await;
        assert_eq!(text(&response, "location"), target);
        let cookie = text(&response, "set-cookie");
        assert!(cookie.contains("; HttpOnly; SameSite=Lax") && !cookie.contains("Secure"));
    }
    site.stop().await;
}

#[tokio::test]
async fn over_tls_the_cookie_is_tied_to_the_host() {
    let public_url = Some("https://export.example.com".to_owned());
    let site = Stage::open(
        Scripted::new(),
        Site {
            public_url,
            ..Site::default()
        },
    );
    let anna = site.anna().await;
    assert!(anna.cookie.starts_with("__Host-carryall_session="));
    assert_eq!(anna.get(PAGE).await.status(), StatusCode::OK);
    site.stop().await;
}

#[tokio::test]
async fn an_unknown_login_and_a_wrong_password_look_alike() {
    let site = Stage::start();
    let mut pages = Vec::new();
    for login in ["anna%40example.com", "nobody%40example.com"] {
        let form = format!("login={login}&password=wrong");
        let response = site.anonymous().post("/sign-in", &form).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(text(&response, "set-cookie"), "");
        pages.push(body(response).await.replace("anna@", "nobody@"));
    }
    assert_eq!(pages[0], pages[1]);
    assert!(pages[0].contains("The e-mail address or the password is not right."));
    site.stop().await;
}

#[tokio::test]
async fn closed_accounts_and_second_factors_are_explained_to_who_knows_the_password() {
    let site = Stage::start();
    *site.scripted().second_factor.lock().expect("not poisoned") = true;
    let form = "login=anna%40example.com&password=correct+horse";
    let page = body(site.anonymous().post("/sign-in", form).await).await;
    assert!(page.contains("sign in through Example Desk itself"));
    site.scripted().people.lock().expect("not poisoned")[0].active = false;
    let page = body(site.anonymous().post("/sign-in", form).await).await;
    assert!(page.contains("closed or disabled") && page.contains("help@example.com"));
    let wrong = site
        .anonymous()
        .post("/sign-in", "login=anna%40example.com&password=x")
        .await;
    assert!(!body(wrong).await.contains("closed"));
    site.stop().await;
}

#[tokio::test]
async fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let site = Stage::start();
    let anna = site.anna().await;
    let response = anna.post("/sign-out", "").await;
    assert!(text(&response, "set-cookie").contains("Max-Age=0"));
    assert_eq!(anna.get("/").await.status(), StatusCode::SEE_OTHER);
    site.stop().await;
}

#[tokio::test]
async fn a_disabled_account_has_no_pages_and_no_downloads() {
    let site = Stage::start();
    let anna = site.anna().await;
    let id = anna.export_id().await;
    site.scripted().people.lock().expect("not poisoned")[0].active = false;
    for path in ["/", PAGE, &format!("/exports/{id}/download")] {
        assert_eq!(
            anna.get(path).await.status(),
            StatusCode::SEE_OTHER,
            "{path}"
        );
    }
    site.scripted().people.lock().expect("not poisoned")[0].active = true;
    assert_eq!(
        anna.get("/").await.status(),
        StatusCode::SEE_OTHER,
        "the session is gone too"
    );
    site.stop().await;
}

#[tokio::test]
async fn the_demo_offers_its_people() {
    let person = DemoPerson {
        name: "Anna Keller".to_owned(),
        email: "anna@example.com".to_owned(),
        password: PASSWORD.to_owned(),
        totp_secret: None,
        note: "Two workspaces".to_owned(),
    };
    let site = Stage::open(
        Scripted::new(),
        Site {
            demo_people: vec![person],
            ..Site::default()
        },
    );
    let page = site.anonymous().get("/sign-in").await;
    assert!(body(page).await.contains("Sign in as Anna Keller"));
    site.stop().await;
}
