//! Files that only their person can open, from the form to the bytes.

use std::io::Read as _;
use std::time::Duration;

use age::x25519::Identity;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{PAGE, Stage, Visitor, body, text};
use crate::ledger::{Admission, Caller, Event, Kind, Limit, SubjectKey};
use crate::product::scripted::Act;
use crate::protect::open::{Opener, open};
use crate::protect::{Passphrase, ProtectError};
use crate::random::hex;

const PASSPHRASE: &str = "seven quiet lanterns over Lisbon";
const WITH_IT: &str = "choice=everything&file_contents=yes&protect=passphrase\
    &passphrase=seven+quiet+lanterns+over+Lisbon&passphrase_again=seven+quiet+lanterns+over+Lisbon";

impl Visitor<'_> {
    async fn bytes(&self, address: &str, range: Option<&str>) -> (String, Vec<u8>) {
        let request = Request::get(address);
        let request = match range {
            Some(range) => request.header(header::RANGE, range),
            None => request,
        };
        let response = self.send(request, "").await;
        assert!(response.status().is_success(), "{}", response.status());
        let names = ["content-disposition", "content-type"].map(|name| text(&response, name));
        let names = names.join("; ");
        let body = response.into_body().collect().await.expect("a body");
        (names, body.to_bytes().to_vec())
    }

    /// Asks with this form; the address of the file.
    async fn protected(&self, form: &str) -> String {
        let asked = self.post("/exports", form).await;
        assert_eq!(asked.status(), StatusCode::SEE_OTHER);
        let (_, id) = text(&asked, "location")
            .split_once("export=")
            .expect("an id");
        format!("/exports/{id}/download")
    }
}

impl Stage {
    /// One number of the ledger's.
    fn count(&self, sql: &str) -> i64 {
        let ledger = rusqlite::Connection::open(self.folder.path().join("l.db")).expect("opens");
        ledger.query_row(sql, [], |row| row.get(0)).expect("counts")
    }
}

fn opened(bytes: &[u8], opener: Opener) -> Result<String, ProtectError> {
    let mut text = String::new();
    open(bytes, |_| Ok::<_, ProtectError>(opener))?
        .read_to_string(&mut text)
        .map_err(ProtectError::Io)?;
    Ok(text)
}

fn passphrase(text: &str) -> Opener {
    Opener::Passphrase(Passphrase::known(Zeroizing::new(text.to_owned())))
}

#[tokio::test]
async fn a_file_protected_on_the_page_is_opened_by_its_passphrase_alone() {
    let site = Stage::playing([Act::Write(b"{\"text\":\"private\"}\n".repeat(9_000))]);
    let anna = site.anna().await;
    let address = anna.protected(WITH_IT).await;
    let (names, bytes) = anna.bytes(&address, None).await;
    let expected = "attachment; filename=\"example-desk-export-2026-11-23.json.age\"; \
                    application/octet-stream";
    assert_eq!(names, expected);
    let plain = opened(&bytes, passphrase(PASSPHRASE)).expect("opens");
    assert_eq!(plain, "{\"text\":\"private\"}\n".repeat(9_000));
    let wrong = opened(&bytes, passphrase("seven quiet lanterns over London"));
    assert!(matches!(wrong, Err(ProtectError::WrongPassphrase)));
    assert!(!bytes.windows(7).any(|seven| seven == b"private"));

    // Size, digest and ranges are those of the file that is saved.
    let (_, rest) = anna.bytes(&address, Some("bytes=70000-")).await;
    assert!(rest == bytes[70_000..]);
    let page = anna.page(PAGE).await;
    assert!(page.contains(&hex(&Sha256::digest(&bytes))));
    assert!(
        page.contains("Everything, protected with a passphrase"),
        "{page}"
    );
    site.stop().await;
}

#[tokio::test]
async fn a_file_protected_on_the_page_is_opened_by_the_private_key_of_its_public_one() {
    let site = Stage::start();
    let anna = site.anna().await;
    let identity = Identity::generate();
    let form = format!(
        "choice=everything&protect=key&recipient={}",
        identity.to_public()
    );
    let address = anna.protected(&form).await;
    let (names, bytes) = anna.bytes(&address, None).await;
    assert!(names.contains(".json.age"));
    let plain = opened(&bytes, Opener::Identities(vec![identity])).expect("opens");
    assert!(plain.starts_with("{\"id\":"));
    assert!(opened(&bytes, Opener::Identities(vec![Identity::generate()])).is_err());
    let ready = address
        .replace("/exports/", &format!("{PAGE}?export="))
        .replace("/download", "");
    let page = anna.page(&ready).await;
    assert!(page.contains("protected to a public key") && page.contains("age -d -o"));
    assert!(page.contains("Nobody here can open it"));
    site.stop().await;
}

#[tokio::test]
async fn neither_passphrase_nor_what_opens_the_file_is_kept_anywhere() {
    let site = Stage::start();
    let anna = site.anna().await;
    anna.protected(WITH_IT).await;
    site.exports.ledger.empty_journal().await.expect("answers");
    assert_eq!(site.count("SELECT count(*) FROM export_locks"), 0);
    let record = format!("{:?}", site.events());
    assert!(record.contains("protected_by") && !record.contains("lanterns"));
    for file in ["l.db", "l.db-wal"] {
        let bytes = std::fs::read(site.folder.path().join(file)).unwrap_or_default();
        assert!(
            !bytes.windows(8).any(|eight| eight == b"lanterns"),
            "{file}"
        );
        assert!(!bytes.windows(9).any(|nine| nine == b"-> scrypt"), "{file}");
    }
    site.stop().await;
}

#[tokio::test]
async fn a_passphrase_that_will_not_do_is_told_and_neither_repeated_nor_used() {
    let site = Stage::start();
    let anna = site.anna().await;
    for (fields, told) in [
        (
            "passphrase=too+short&passphrase_again=too+short",
            "shorter than 12 characters",
        ),
        (
            "passphrase=seven+quiet+lanterns&passphrase_again=seven",
            "not the same",
        ),
        (
            "passphrase=aaaaaaaaaaaaaaaa&passphrase_again=aaaaaaaaaaaaaaaa",
            "fewer than five",
        ),
    ] {
        let form = format!("choice=everything&protect=passphrase&{fields}");
        let refused = anna.post("/exports", &form).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let page = body(refused).await;
        assert!(page.contains(told), "{told}: {page}");
        assert!(
            page.contains("value=\"passphrase\" checked"),
            "the choice stays"
        );
        assert!(!page.contains("lanterns") && !page.contains("too short"));
    }
    assert_eq!(
        site.count("SELECT count(*) FROM exports"),
        0,
        "nothing was begun"
    );
    site.stop().await;
}

#[tokio::test]
async fn after_ten_minutes_the_passphrase_is_typed_again_beside_the_password() {
    let site = Stage::start();
    let mut anna = site.anna().await;
    site.hand.advance(Duration::from_mins(10));
    let asked = anna.post("/exports", WITH_IT).await;
    assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
    let page = body(asked).await;
    assert!(page.contains("name=\"passphrase\"") && page.contains("please type it again"));
    assert!(!page.contains("lanterns"), "no page carries it");

    let form = format!("password=correct+horse&next=export&{WITH_IT}");
    let done = anna.post("/confirm", &form).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    let cookie = text(&done, "set-cookie")
        .split(';')
        .next()
        .unwrap_or_default();
    cookie.clone_into(&mut anna.cookie);
    let (_, id) = text(&done, "location")
        .split_once("export=")
        .expect("an id");
    let (_, bytes) = anna.bytes(&format!("/exports/{id}/download"), None).await;
    assert!(opened(&bytes, passphrase(PASSPHRASE)).is_ok());
    site.stop().await;
}

#[tokio::test]
async fn what_was_to_be_protected_is_never_written_in_clear() {
    // The lock is gone before the build: there is no file.
    let site = Stage::playing([Act::Busy]);
    let tamper = rusqlite::Connection::open(site.folder.path().join("l.db")).expect("opens");
    let gone =
        "CREATE TRIGGER gone AFTER INSERT ON export_locks BEGIN DELETE FROM export_locks; END";
    let anna = site.anna().await;
    tamper.execute_batch(gone).expect("tampers");
    let failed = anna.post("/exports", WITH_IT).await;
    let page = anna.page(text(&failed, "location")).await;
    assert!(page.contains("The export failed"), "{page}");
    assert!(
        page.contains("ask for it again") && !page.contains("Try again"),
        "not in clear"
    );
    assert_eq!(site.count("SELECT count(*) FROM artifact_keys"), 0);
    tamper.execute_batch("DROP TRIGGER gone").expect("mends");

    // Another export runs, and is not what was asked for.
    site.scripted()
        .acts
        .lock()
        .expect("not poisoned")
        .push_front(Act::Endless);
    anna.export().await;
    let refused = anna.post("/exports", WITH_IT).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert!(body(refused).await.contains("so this one was not begun"));
    site.stop().await;
}

#[tokio::test]
async fn passphrases_are_counted_before_any_work_is_done_for_them() {
    let site = Stage::start();
    let anna = site.anna().await;
    let key = SubjectKey("anna-key".to_owned());
    let limit = || Limit {
        name: "protect_by_account",
        who: "key anna-key".to_owned(),
        tries: 10,
        within: Duration::from_mins(15),
    };
    for _ in 0..10 {
        let refusal = Event::new(Kind::Limited, Some(&key), &Caller::default());
        let now = site.exports.clock.now();
        let admitted = site.exports.ledger.admit(vec![limit()], refusal, now).await;
        assert!(matches!(admitted, Ok(Admission::Admitted(_))));
    }
    let refused = anna.post("/exports", WITH_IT).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let ben = site.ben().await;
    ben.protected(WITH_IT).await;
    anna.export().await;
    site.stop().await;
}
