//! What the server hands out is signed, and can be checked with the keys that it serves, also after they
//! have changed.
//!
//! Drives the real program. What an export is checked with comes from the served document alone.

use std::fs;
use std::process::Command;

use carryall_format::sign::{Integrity, KnownKeys, SignatureCheck};
use carryall_format::write::hex;
use sha2::{Digest as _, Sha256};

use crate::server::{Answer, Demo, Server, between};

const ADDRESS: &str = "/.well-known/carryall-keys.json";

/// The keys that the server tells anybody.
fn served_keys(server: &Server) -> KnownKeys {
    let answer = server.send("GET", ADDRESS, "", "");
    assert!(answer.is_ok(), "{}", answer.head);
    KnownKeys::parse(str::from_utf8(&answer.body).expect("text")).expect("keys")
}

/// A new export of everything.
fn export(server: &Server, cookie: &str) -> Answer {
    let form = "choice=everything&file_contents=yes";
    let answer = server.send("POST", "/exports", cookie, form);
    let page = answer.header("location").expect("a page").to_owned();
    server.download(cookie, page.rsplit('=').next().expect("an id"))
}

/// What the signature of a file is worth under these keys, and the id of the key that it names.
fn checked(file: &Answer, keys: &KnownKeys) -> (&'static str, String) {
    let bytes = &file.body;
    let before = bytes[..bytes.len() - 1].rsplitn(2, |byte| *byte == b'\n');
    let last_line = before.map(<[u8]>::len).next().expect("a line") + 1;
    let (before, line) = bytes.split_at(bytes.len() - last_line);
    let integrity = Integrity::of_line(line).expect("the one spelling");
    let document: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
    let id = document["export"]["id"].as_str().expect("an id");
    let signature = integrity.signature.expect("signed");
    let worth = match keys.check(&hex(&Sha256::digest(before)), id, &signature) {
        SignatureCheck::Good(_) => "good",
        SignatureCheck::UnknownKey => "unknown",
        SignatureCheck::Bad => "bad",
    };
    (worth, signature.key_id().to_string())
}

#[test]
fn an_export_is_signed_and_still_good_under_the_served_keys_after_a_rotation() {
    let demo = Demo::write(&[]);
    let server = Server::start(&demo);
    let before = served_keys(&server);
    assert_eq!(before.keys().len(), 1);
    let cookie = server.sign_in(&demo);
    let first = export(&server, &cookie);
    let (worth, first_key) = checked(&first, &before);
    assert_eq!(worth, "good");

    let private = fs::read_to_string(demo.folder.path().join("carryall-keys/signing-key.pem"));
    let rotate = Command::new(env!("CARGO_BIN_EXE_carryall"))
        .args(["keys", "rotate", "--ledger", &demo.ledger()])
        .output()
        .expect("runs");
    assert!(rotate.status.success(), "{rotate:?}");
    let after = served_keys(&server);
    assert_eq!(rotate.stdout, after.to_json().into_bytes());
    let second = export(&server, &cookie);
    let (worth, second_key) = checked(&second, &after);
    assert_eq!(worth, "good", "the running server signs with the new key");
    assert_ne!(first_key, second_key);
    assert_eq!(
        checked(&first, &after).0,
        "good",
        "the old export stays good"
    );
    assert_eq!(checked(&second, &before).0, "unknown");

    let page = server.send("GET", "/settings/data-protection", &cookie, "");
    let page = String::from_utf8(page.body).expect("text");
    for key in [&first_key, &second_key] {
        assert!(page.contains(&format!("Signed with our key <code>{key}</code>")));
    }
    assert!(page.contains(ADDRESS));
    let private = private.expect("a key");
    let (secret, _) = between(&private, "KEY-----\n", "\n-----END");
    let log = fs::read_to_string(demo.log()).expect("a log");
    assert!(log.contains(&first_key) && !log.contains(secret), "{log}");
}

#[test]
fn a_server_whose_key_cannot_be_read_any_more_delivers_nothing_and_says_why() {
    let demo = Demo::write(&[]);
    let server = Server::start(&demo);
    let cookie = server.sign_in(&demo);
    let key = demo.folder.path().join("carryall-keys/signing-key.pem");
    fs::write(&key, "garbage").expect("writes");
    let form = "choice=everything&file_contents=yes";
    let answer = server.send("POST", "/exports", &cookie, form);
    let page = answer.header("location").expect("a page").to_owned();
    let page = server.send("GET", &page, &cookie, "");
    let page = String::from_utf8(page.body).expect("text");
    assert!(page.contains("The key that your export is signed with cannot be read."));
    assert_eq!(fs::read_dir(demo.artifacts()).expect("lists").count(), 0);
    let log = fs::read_to_string(demo.log()).expect("a log");
    assert!(
        log.contains("signing-key.pem") && !log.contains("garbage"),
        "{log}"
    );
}
