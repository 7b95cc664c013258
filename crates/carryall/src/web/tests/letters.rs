//! Requests that arrive by letter: what takes two, and who is who.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use axum::http::StatusCode;
use http_body_util::BodyExt as _;
use zeroize::Zeroizing;

use super::{PAGE, Stage, Visitor, body, text};
use crate::operators::Operators;
use crate::product::scripted::Scripted;
use crate::protect::open::{Opener, open};
use crate::protect::{Passphrase, ProtectError};
use crate::web::Site;

const OPERATOR: &str = "an operator's own password";
pub(super) const LETTER: &str = "who=anna%40example.com&received=2026-11-20&reference=L-2026/17\
    &reason=The+signature+is+that+of+the+contract.&protect=passphrase\
    &passphrase=seven+quiet+lanterns&passphrase_again=seven+quiet+lanterns";

pub(super) fn site() -> Site {
    let cheap = Params::new(8, 1, 1, None).expect("parameters");
    let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap);
    let hash = cheap.hash_password_with_salt(OPERATOR.as_bytes(), b"0123456789abcdef");
    let hash = hash.expect("a hash").to_string();
    let one = |name, may| format!("[{name}]\npassword = \"{hash}\"\nmay = {may}\n");
    let list = one("mona", "[\"ask\"]")
        + &one("li", "[\"approve\"]")
        + &one("noor", "[\"ask\", \"approve\"]");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("operators.toml");
    std::fs::write(&path, list).expect("writes");
    Site {
        operators: Operators::read(&path).expect("a list"),
        ..Site::default()
    }
}

pub(super) fn stage() -> Stage {
    Stage::open(Scripted::new(), site())
}

impl Stage {
    pub(super) async fn operator(&self, name: &str) -> Visitor<'_> {
        let form = format!("name={name}&password={}", OPERATOR.replace(' ', "+"));
        let response = self.anonymous().post("/operator/sign-in", &form).await;
        assert_eq!(text(&response, "location"), "/operator");
        let cookie = text(&response, "set-cookie");
        assert!(cookie.starts_with("carryall_operator=") && cookie.contains("SameSite=Strict"));
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Visitor {
            cookie,
            ..self.anonymous()
        }
    }

    /// The id of the newest letter.
    pub(super) fn letter(&self) -> String {
        self.one("SELECT id FROM letters ORDER BY asked_at DESC, id DESC LIMIT 1")
    }

    pub(super) fn one(&self, sql: &str) -> String {
        let ledger = rusqlite::Connection::open(self.folder.path().join("l.db")).expect("opens");
        let value: rusqlite::types::Value =
            ledger.query_row(sql, [], |row| row.get(0)).expect("one");
        match value {
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        }
    }
}

impl Visitor<'_> {
    pub(super) async fn file(&self) {
        let filed = self.post("/operator/letters", LETTER).await;
        assert_eq!(filed.status(), StatusCode::SEE_OTHER);
    }

    pub(super) async fn approve(&self, id: &str) -> axum::response::Response {
        let form = format!("password={}", OPERATOR.replace(' ', "+"));
        self.post(&format!("/operator/letters/{id}/approve"), &form)
            .await
    }

    async fn download(&self, id: &str) -> axum::response::Response {
        self.get(&format!("/operator/letters/{id}/download")).await
    }

    /// Waits until the page says so.
    pub(super) async fn sees(&self, words: &str) -> String {
        for _ in 0..500 {
            let page = self.page("/operator").await;
            if page.contains(words) {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never: {words}");
    }
}

#[tokio::test]
async fn a_letter_takes_two_operators_and_one_alone_can_do_nothing() {
    let site = stage();
    let (mona, li, noor) = (
        site.operator("mona").await,
        site.operator("li").await,
        site.operator("noor").await,
    );
    mona.file().await;
    let id = site.letter();
    assert_eq!(site.one("SELECT count(*) FROM exports"), "Integer(0)");
    assert_eq!(mona.download(&id).await.status(), StatusCode::NOT_FOUND);

    let wrong = li
        .post(&format!("/operator/letters/{id}/approve"), "password=wrong")
        .await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(site.one("SELECT count(*) FROM exports"), "Integer(0)");
    let approved = li.approve(&id).await;
    assert_eq!(approved.status(), StatusCode::SEE_OTHER);
    mona.sees("the file is ready").await;

    for other in [&li, &noor] {
        assert_eq!(other.download(&id).await.status(), StatusCode::NOT_FOUND);
    }
    let download = mona.download(&id).await;
    assert_eq!(download.status(), StatusCode::OK);
    assert!(text(&download, "content-disposition").contains(".json.age"));
    let bytes = download
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    let passphrase = Passphrase::known(Zeroizing::new("seven quiet lanterns".to_owned()));
    let opened = open(&bytes[..], |_| {
        Ok::<_, ProtectError>(Opener::Passphrase(passphrase))
    });
    let plain = std::io::read_to_string(opened.expect("opens")).expect("reads");
    assert!(plain.starts_with("{\"id\":"));
    let record: Vec<String> = site
        .events()
        .iter()
        .map(|entry| entry.event.clone())
        .collect();
    let letters = record
        .iter()
        .filter(|event| event.starts_with("letter") || event.starts_with("export"));
    let expected = [
        "letter_filed",
        "letter_approved",
        "export_requested",
        "export_started",
        "export_finished",
        "letter_download",
    ];
    assert_eq!(letters.collect::<Vec<_>>(), expected);
    site.stop().await;
}

#[tokio::test]
async fn nobody_decides_on_their_own_letter_and_the_ledger_itself_sees_to_it() {
    let site = stage();
    let noor = site.operator("noor").await;
    noor.file().await;
    let id = site.letter();
    let refused = noor.approve(&id).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert!(body(refused).await.contains("filed themselves"));
    let own = site
        .events()
        .into_iter()
        .find(|entry| entry.event == "denied");
    assert_eq!(own.expect("on the record").outcome, "own_letter");
    assert!(
        !noor.page("/operator").await.contains("/approve"),
        "no way is shown"
    );
    let ledger = rusqlite::Connection::open(site.folder.path().join("l.db")).expect("opens");
    assert!(
        ledger
            .execute("UPDATE letters SET decided_by = asked_by", [])
            .is_err()
    );
    assert_eq!(site.one("SELECT count(*) FROM exports"), "Integer(0)");
    site.stop().await;
}

#[tokio::test]
async fn an_operator_does_what_their_role_says_and_no_more() {
    let site = stage();
    let (mona, li) = (site.operator("mona").await, site.operator("li").await);
    mona.file().await;
    let id = site.letter();
    assert_eq!(
        li.post("/operator/letters", LETTER).await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(mona.approve(&id).await.status(), StatusCode::NOT_FOUND);
    let refuse = format!("/operator/letters/{id}/refuse");
    let words = "words=It+is+somebody+else%27s+hand.";
    assert_eq!(
        mona.post(&refuse, words).await.status(),
        StatusCode::NOT_FOUND
    );
    assert!(!li.page("/operator").await.contains("File a letter"));
    assert_eq!(
        li.post(&refuse, words).await.status(),
        StatusCode::SEE_OTHER
    );
    assert!(mona.page("/operator").await.contains("Refused by li"));
    assert_eq!(
        site.one("SELECT head FROM letters"),
        "Null",
        "nothing is left of the lock"
    );
    assert_eq!(li.approve(&id).await.status(), StatusCode::CONFLICT);
    site.stop().await;
}

#[tokio::test]
async fn without_operators_there_is_no_page_for_them() {
    let site = Stage::start();
    let anna = site.anna().await;
    for path in [
        "/operator",
        "/operator/sign-in",
        "/operator/letters/x/download",
    ] {
        assert_eq!(
            anna.get(path).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    assert_eq!(
        anna.post("/operator/letters", LETTER).await.status(),
        StatusCode::NOT_FOUND
    );
    site.stop().await;
}

#[tokio::test]
async fn a_person_s_session_opens_nothing_of_operators_and_an_operator_s_nothing_of_people() {
    let site = stage();
    let (anna, mona) = (site.anna().await, site.operator("mona").await);
    let swapped = |visitor: &Visitor<'_>, from: &str, to: &str| visitor.cookie.replace(from, to);
    let (person, operator) = ("carryall_session", "carryall_operator");
    for (cookie, path, away) in [
        (anna.cookie.clone(), "/operator", "/operator/sign-in"),
        (
            swapped(&anna, person, operator),
            "/operator",
            "/operator/sign-in",
        ),
        (
            mona.cookie.clone(),
            PAGE,
            "/sign-in?next=/settings/data-protection",
        ),
        (
            swapped(&mona, operator, person),
            PAGE,
            "/sign-in?next=/settings/data-protection",
        ),
    ] {
        let visitor = Visitor {
            cookie,
            ..site.anonymous()
        };
        assert_eq!(text(&visitor.get(path).await, "location"), away);
    }
    // A quarter of an hour of rest, an hour at most, ten minutes for a file.
    site.hand.advance(Duration::from_mins(10));
    assert!(mona.page("/operator").await.contains("Letters"));
    assert_eq!(
        text(&mona.download("x").await, "location"),
        "/operator/sign-in"
    );
    site.hand.advance(Duration::from_mins(15));
    assert_eq!(
        text(&mona.get("/operator").await, "location"),
        "/operator/sign-in"
    );
    let mona = site.operator("mona").await;
    for _ in 0..6 {
        site.hand.advance(Duration::from_mins(10));
        mona.get("/operator").await;
    }
    assert_eq!(
        text(&mona.get("/operator").await, "location"),
        "/operator/sign-in"
    );
    let mona = site.operator("mona").await;
    mona.post("/operator/sign-out", "").await;
    assert_eq!(
        text(&mona.get("/operator").await, "location"),
        "/operator/sign-in"
    );
    site.stop().await;
}

#[tokio::test]
async fn operators_passwords_are_limited_and_made_up_names_are_not_on_the_record() {
    let site = stage();
    let nobody = site.anonymous();
    for _ in 0..10 {
        let refused = nobody
            .post("/operator/sign-in", "name=mona&password=wrong")
            .await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    }
    let right = format!("name=mona&password={}", OPERATOR.replace(' ', "+"));
    let closed = nobody.post("/operator/sign-in", &right).await;
    assert_eq!(closed.status(), StatusCode::TOO_MANY_REQUESTS);
    nobody
        .post("/operator/sign-in", "name=made-up-name&password=wrong")
        .await;
    assert!(!format!("{:?}", site.events()).contains("made-up-name"));
    site.operator("li").await;
    site.stop().await;
}
