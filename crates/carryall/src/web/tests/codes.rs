//! The code of an authenticator app, beside the password.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;

use super::{PAGE, Stage, Visitor, body, text};
use crate::product::scripted::Scripted;
use crate::totp::Secret;
use crate::web::Site;

/// Anna's, of 128 bits.
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY";
const STEP: Duration = Duration::from_secs(30);
const LATER: Duration = Duration::from_mins(10);

fn with_codes() -> Stage {
    Stage::open(Scripted::with_codes(SECRET), Site::default())
}

impl Stage {
    /// What Anna's app shows now.
    fn code(&self) -> String {
        let secret = Secret::from_base32(SECRET).expect("a secret");
        secret.code_at(self.exports.clock.now())
    }

    /// A code that is none of now.
    fn wrong_code(&self) -> String {
        let secret = Secret::from_base32(SECRET).expect("a secret");
        let now = self.exports.clock.now();
        let codes = (0..).map(|number| format!("{number:06}"));
        let mut wrong = codes.filter(|code| secret.step_of(code, now).is_none());
        wrong.next().expect("most are none")
    }
}

impl Visitor<'_> {
    async fn sign_in_with(&self, login: &str, password: &str, code: &str) -> Response {
        let form = format!("login={login}%40example.com&password={password}&code={code}");
        self.post("/sign-in", &form).await
    }

    /// Confirms, and takes a new cookie over.
    async fn confirm_with(&mut self, code: &str) -> Response {
        let form = format!("password=correct+horse&code={code}&next={PAGE}");
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
async fn an_account_with_an_authenticator_app_needs_a_code_and_each_is_good_once() {
    let site = with_codes();
    let anonymous = site.anonymous();
    let page = anonymous.page("/sign-in").await;
    assert!(page.contains("Code of your authenticator app") && page.contains("one-time-code"));
    let tried = async |code: &str| {
        let response = anonymous.sign_in_with("anna", "correct+horse", code).await;
        (response.status(), !text(&response, "set-cookie").is_empty())
    };
    let (refused, done) = (
        (StatusCode::UNAUTHORIZED, false),
        (StatusCode::SEE_OTHER, true),
    );
    assert_eq!(tried("").await, refused, "none");
    let first = site.code();
    assert_eq!(tried(&site.wrong_code()).await, refused);
    assert_eq!(tried(&first).await, done);
    assert_eq!(tried(&first).await, refused, "used");
    site.hand.advance(STEP);
    assert_eq!(tried(&first).await, refused, "used, and still near");
    let second = format!("{}+{}", &site.code()[..3], &site.code()[3..]);
    assert_eq!(tried(&second).await, done, "as the app shows it");
    // Whoever has none goes in without, whatever stands in the field.
    let ben = anonymous.sign_in_with("ben", "correct+horse", "").await;
    assert_eq!(ben.status(), StatusCode::SEE_OTHER);
    let record: Vec<_> = site
        .events()
        .into_iter()
        .map(|event| format!("{} {} {}", event.event, event.outcome, event.facts))
        .collect();
    assert!(record[2].starts_with("sign_in ok") && record[2].contains("password_and_code"));
    assert_eq!(
        record
            .iter()
            .map(|line| line.split(' ').nth(1).unwrap_or_default())
            .collect::<Vec<_>>(),
        [
            "wrong_code",
            "wrong_code",
            "ok",
            "used_code",
            "used_code",
            "ok",
            "ok"
        ]
    );
    assert!(!record.concat().contains(&first), "a code is on no record");
    site.stop().await;
}

#[tokio::test]
async fn an_unknown_login_a_wrong_password_and_a_wrong_code_look_alike() {
    let site = with_codes();
    let anonymous = site.anonymous();
    let used = site.code();
    let signed_in = anonymous.sign_in_with("anna", "correct+horse", &used).await;
    assert_eq!(signed_in.status(), StatusCode::SEE_OTHER);
    let mut pages = Vec::new();
    for (login, password, code) in [
        ("nobody", "wrong", ""),
        ("anna", "wrong", ""),
        ("anna", "wrong", &*used),
        ("anna", "correct+horse", ""),
        ("anna", "correct+horse", &*site.wrong_code()),
        ("anna", "correct+horse", &*used),
    ] {
        let response = anonymous.sign_in_with(login, password, code).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(text(&response, "set-cookie"), "");
        let page = body(response).await;
        assert!(page.contains("the password or the code of your authenticator app is not right."));
        pages.push(page.replace("anna@", "nobody@"));
    }
    assert!(pages.windows(2).all(|two| two[0] == two[1]));
    // The person alone reads that somebody has the password.
    site.hand.advance(STEP);
    let signed_in = anonymous
        .sign_in_with("anna", "correct+horse", &site.code())
        .await;
    let cookie = text(&signed_in, "set-cookie").to_owned();
    let anna = Visitor {
        cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
        ..site.anonymous()
    };
    let own = anna.page(PAGE).await;
    assert!(own.contains("A sign-in was refused: the password was right, and the code was not."));
    site.stop().await;
}

#[tokio::test]
async fn a_step_up_asks_for_a_code_too_and_that_of_the_sign_in_is_used() {
    let site = with_codes();
    let code = site.code();
    let signed_in = site
        .anonymous()
        .sign_in_with("anna", "correct+horse", &code)
        .await;
    let cookie = text(&signed_in, "set-cookie").to_owned();
    let mut anna = Visitor {
        cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
        ..site.anonymous()
    };
    assert!(
        anna.page("/confirm")
            .await
            .contains("Code of your authenticator app")
    );
    for wrong in ["", &*site.wrong_code(), &*code] {
        let response = anna.confirm_with(wrong).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{wrong}");
        let page = body(response).await;
        assert!(
            page.contains("The password, or the code of your authenticator app, is not right.")
        );
    }
    site.hand.advance(LATER);
    let asked = anna.post("/exports", "choice=everything").await;
    assert_eq!(
        asked.status(),
        StatusCode::UNAUTHORIZED,
        "a proof is needed"
    );
    assert!(body(asked).await.contains("Code of your authenticator app"));
    let old = anna.cookie.clone();
    let done = anna.confirm_with(&site.code()).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_ne!(anna.cookie, old);
    assert_eq!(
        anna.post("/exports", "choice=everything").await.status(),
        StatusCode::SEE_OTHER
    );

    let ben = site.ben().await;
    let page = ben.page("/confirm").await;
    assert!(!page.contains("authenticator"), "who has none is not asked");
    site.stop().await;
}

#[tokio::test]
async fn codes_are_limited_like_passwords_and_the_right_one_does_not_open_a_closed_door() {
    let site = with_codes();
    let anonymous = site.anonymous();
    for _ in 0..10 {
        let wrong = anonymous
            .sign_in_with("anna", "correct+horse", &site.wrong_code())
            .await;
        assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    }
    let right = anonymous
        .sign_in_with("anna", "correct+horse", &site.code())
        .await;
    assert_eq!(right.status(), StatusCode::TOO_MANY_REQUESTS);
    site.hand.advance(Duration::from_mins(15));
    let later = anonymous
        .sign_in_with("anna", "correct+horse", &site.code())
        .await;
    assert_eq!(later.status(), StatusCode::SEE_OTHER);
    site.stop().await;
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_sends_to_the_product_s_own_sign_in_and_lets_nobody_in() {
    let scripted = Scripted::with_codes("gAAAAABl8Q9x0Zk1_vNq0T8c9mWb1w==");
    let site = Stage::open(scripted, Site::default());
    for code in ["", "000000"] {
        let response = site
            .anonymous()
            .sign_in_with("anna", "correct+horse", code)
            .await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(text(&response, "set-cookie"), "");
        let page = body(response).await;
        assert!(page.contains("Please sign in through Example Desk itself."));
    }
    let long = "1".repeat(33);
    let response = site.anonymous().sign_in_with("anna", "x", &long).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    site.stop().await;
}
