//! `carryall audit` on what a real server has written.

use std::process::{Command, Output};

use rusqlite::Connection;

use crate::server::{Demo, Server};

fn audit(demo: &Demo, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, .. } = Command::new(env!("CARGO_BIN_EXE_carryall"))
        .args(["audit", "--ledger", &demo.ledger()])
        .args(arguments)
        .output()
        .expect("runs");
    (status.code(), String::from_utf8(stdout).expect("text"))
}

#[test]
fn the_record_of_a_served_export_is_whole_can_be_printed_and_tells_when_it_was_edited() {
    let demo = Demo::write(&[]);
    let server = Server::start(&demo);
    let cookie = server.sign_in(&demo);
    let asked = server.send("POST", "/exports", &cookie, "choice=everything");
    let page = asked.header("location").expect("goes back to the page");
    let (_, id) = page.split_once("export=").expect("names the export");
    let download = server.download(&cookie, id);
    drop(server);

    let (code, said) = audit(&demo, &["verify"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("whole: 5 events"), "{said}");
    let head = said.lines().last().expect("the hash").to_owned();
    assert_eq!(audit(&demo, &["verify", "--head", &head]).0, Some(0));

    let (_, lines) = audit(&demo, &["export", "--all"]);
    let events: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(events.len(), 5);
    assert_eq!(events[3]["facts"]["bytes"], download.body.len());
    assert_eq!(events[4]["address"], "127.0.0.1");
    assert_eq!(events[4]["hash"], *head);
    let key = events[0]["subject_key"].as_str().expect("a key");
    assert_eq!(audit(&demo, &["export", "--subject", key]).1, lines);
    let source = format!("sqlite:{}", demo.database().display());
    let theirs = audit(
        &demo,
        &["export", "--subject", &demo.email, "--source", &source],
    );
    assert_eq!(theirs, (Some(0), lines), "by address");
    assert_eq!(audit(&demo, &["export", "--subject", "nobody"]).1, "");

    let path = demo.folder.path().join("ledger");
    let ledger = Connection::open(path).expect("opens");
    let cut = "DROP TRIGGER audit_is_never_shortened; DELETE FROM audit WHERE seq = 5";
    ledger.execute_batch(cut).expect("tampers");
    assert_eq!(
        audit(&demo, &["verify"]).0,
        Some(0),
        "nobody can tell from the rest"
    );
    let (code, said) = audit(&demo, &["verify", "--head", &head]);
    assert!(
        code == Some(1) && said.contains("the end was cut off"),
        "{said}"
    );
    ledger
        .execute_batch("DELETE FROM audit WHERE seq = 2")
        .expect("tampers");
    let (code, said) = audit(&demo, &["verify"]);
    assert_eq!(
        (code, said.as_str()),
        (Some(1), "broken: event 2 was removed\n")
    );
}

#[test]
fn a_ledger_that_is_not_there_is_not_made_by_looking_for_it() {
    let demo = Demo::write(&[]);
    assert_eq!(audit(&demo, &["verify"]).0, Some(2));
    assert!(!demo.folder.path().join("ledger").exists());
}

#[test]
fn behind_a_trusted_proxy_the_record_has_the_person_s_address_and_else_the_connection_s() {
    for (flags, expected) in [
        (&[][..], "127.0.0.1"),
        (&["--trusted-proxy", "10.0.0.0/8"][..], "127.0.0.1"),
        (
            &["--trusted-proxy", "10.0.0.0/8,127.0.0.1"][..],
            "203.0.113.7",
        ),
    ] {
        let demo = Demo::write(&[]);
        let server = Server::start_with(&demo, flags);
        let forwarded = "x\r\nx-forwarded-for: 192.0.2.1, 203.0.113.7";
        server.send("POST", "/sign-in", forwarded, "login=x&password=x");
        drop(server);
        let (_, line) = audit(&demo, &["export", "--all"]);
        let event: serde_json::Value = serde_json::from_str(&line).expect("one event");
        assert_eq!(event["event"], "sign_in_refused");
        assert_eq!(event["address"], expected, "{flags:?}");
    }
}
