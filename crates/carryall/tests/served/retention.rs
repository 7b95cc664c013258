//! How long the record is kept: `serve --audit-keep` and `carryall audit prune`, and what `audit verify` says then.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::server::{Demo, PATIENCE, Server};

fn audit(demo: &Demo, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_carryall"))
        .args(["audit", "--ledger", &demo.ledger()])
        .args(arguments)
        .output()
        .expect("runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("text"))
}

/// A ledger whose first three events are of 1970.
fn with_old_events() -> Demo {
    let demo = Demo::write(&[]);
    drop(Server::start(&demo));
    let ledger = Connection::open(demo.folder.path().join("ledger")).expect("opens");
    let mut previous = "0".repeat(64);
    for seq in 1..=3 {
        let columns = json!([seq, seq, "denied", null, null, null, null, "ok", "{}"]);
        let digest = Sha256::digest(format!("{previous}\n{columns}"));
        let hash = digest.iter().fold(String::new(), |mut hash, byte| {
            let _ = write!(hash, "{byte:02x}");
            hash
        });
        let sql = "INSERT INTO audit (seq, at, event, outcome, facts, previous, hash)
            VALUES (?1, ?1, 'denied', 'ok', '{}', ?2, ?3)";
        let added = ledger.execute(sql, params![seq, previous, hash]);
        added.expect("adds");
        previous = hash;
    }
    assert_eq!(audit(&demo, &["verify"]).0, Some(0));
    demo
}

#[test]
fn a_command_removes_old_events_and_the_rest_is_checked_against_a_signed_checkpoint() {
    let demo = with_old_events();
    let server = Server::start(&demo);
    server.sign_in(&demo);
    drop(server);
    let (code, said) = audit(&demo, &["prune", "--older-than", "6d"]);
    assert!(
        code == Some(2) && said.contains("seven days (7d) at least"),
        "{said}"
    );

    let (code, said) = audit(&demo, &["prune", "--older-than", "400d"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with("removed: every event up to 3, whose hash was\n"),
        "{said}"
    );
    let (code, said) = audit(&demo, &["verify"]);
    assert_eq!(code, Some(0), "{said}");
    let whole = "whole: 2 events after 3 that were removed behind signed checkpoints, ";
    assert!(said.starts_with(whole), "{said}");
    let (_, again) = audit(&demo, &["prune", "--older-than", "400d"]);
    assert_eq!(again, "removed: nothing, because no event is so old\n");

    // Keys that somebody keeps elsewhere count in the place of those in the folder.
    let folder = demo.folder.path().join("carryall-keys");
    let kept = demo.folder.path().join("kept.json");
    std::fs::rename(folder.join("public-keys.json"), &kept).expect("moves");
    let kept = kept.display().to_string();
    assert_eq!(audit(&demo, &["verify", "--key", &kept]).0, Some(0));
    let (code, said) = audit(&demo, &["verify"]);
    assert!(code == Some(2) && said.contains("carryall-keys"), "{said}");
    std::fs::write(&kept, "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=").expect("writes");
    let (code, said) = audit(&demo, &["verify", "--key", &kept]);
    assert_eq!(code, Some(1));
    assert!(
        said.starts_with("broken: the checkpoint after event 3 is signed with the key "),
        "{said}"
    );
}

#[test]
fn a_server_removes_what_is_older_than_it_is_told_to_keep() {
    let demo = with_old_events();
    let first = |demo: &Demo| audit(demo, &["export", "--all"]).1;
    assert!(first(&demo).starts_with("{\"seq\":1,"));
    let server = Server::start_with(&demo, &["--audit-keep", "7d"]);
    let deadline = Instant::now() + PATIENCE;
    while first(&demo).starts_with("{\"seq\":1,") && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    server.sign_in(&demo);
    let events = first(&demo);
    assert!(events.starts_with("{\"seq\":4,"), "{events}");
    assert!(events.contains("\"event\":\"audit_pruned\"") && events.contains("\"up_to\":3"));
    assert_eq!(audit(&demo, &["verify"]).0, Some(0));
}
