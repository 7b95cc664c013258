//! `carryall export --ledger` and `carryall import --ledger`: nobody's account is read or written with a command without
//! a trace.

use std::fs;
use std::path::Path;
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;

use crate::postgres_server::shared;
use crate::server::{Demo, Server};

const WHY: [&str; 4] = [
    "--reason",
    "asked for by letter, cannot sign in any more",
    "--reference",
    "DSAR-2026/014",
];

/// Its code and what it said.
fn carryall(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_carryall"))
        .args(arguments)
        .output()
        .expect("runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Exports the demo's person to `out`, with these flags, too.
fn export(demo: &Demo, out: &Path, flags: &[&str]) -> (Option<i32>, String) {
    let source = format!("sqlite:{}", demo.database().display());
    let files = demo.folder.path().join("files").display().to_string();
    let out = out.display().to_string();
    let own = ["export", "--source", &source, "--files", &files];
    let whose = ["--subject", &demo.email, "--out", &out];
    carryall(&[&own[..], &whose, flags].concat())
}

/// Every event of the record.
fn events(ledger: &str) -> Vec<Value> {
    let (code, lines) = carryall(&["audit", "export", "--all", "--ledger", ledger]);
    assert_eq!(code, Some(0), "{lines}");
    let parsed = lines.lines().map(serde_json::from_str);
    parsed.collect::<Result<_, _>>().expect("JSON")
}

fn names(events: &[Value]) -> Vec<String> {
    let name = |event: &Value| format!("{} {}", event["event"], event["outcome"]).replace('"', "");
    events.iter().map(name).collect()
}

#[test]
fn an_export_by_a_command_is_on_the_record_with_its_reason_and_the_person_sees_it() {
    let demo = Demo::write(&[]);
    let server = Server::start(&demo);
    let out = demo.folder.path().join("theirs.json");
    let database = shared().address(&shared().new_database());
    for ledger in [&demo.ledger(), &database] {
        let (code, said) = export(&demo, &out, &[&["--ledger", ledger][..], &WHY].concat());
        assert!(matches!(code, Some(0 | 3)), "{said}");
        let events = events(ledger);
        assert_eq!(
            names(&events),
            ["command_export_started ok", "command_export_finished ok"]
        );
        let (begun, done) = (&events[0], &events[1]);
        assert_eq!(begun["facts"]["reason"], WHY[1]);
        assert_eq!(begun["facts"]["reference"], WHY[3]);
        assert_eq!(
            begun["facts"]["account"],
            rustix::process::getuid().as_raw()
        );
        assert_eq!(begun["facts"]["part"], "everything");
        assert_eq!(
            done["facts"]["bytes"],
            fs::metadata(&out).expect("a file").len()
        );
        assert!(said.contains(done["facts"]["sha256"].as_str().expect("a digest")));
        let file: Value = serde_json::from_slice(&fs::read(&out).expect("a file")).expect("JSON");
        for event in &events {
            assert_eq!(event["export_id"], file["export"]["id"]);
            assert_eq!(event["subject_key"], file["account_settings"]["user_id"]);
        }
        assert_eq!(
            carryall(&["audit", "verify", "--ledger", ledger]).0,
            Some(0)
        );
    }
    let page = server.send(
        "GET",
        "/settings/data-protection",
        &server.sign_in(&demo),
        "",
    );
    let page = String::from_utf8(page.body).expect("text");
    assert!(page.contains("Whoever runs this site exported your data to a file."));
    assert!(!page.contains(WHY[1]), "the reason is for the record");
}

/// From now on the ledger takes no events of this kind: a condition in SQL, or none for all.
fn refuse_events(demo: &Demo, when: &str) {
    let sql = format!(
        "DROP TRIGGER IF EXISTS full; CREATE TRIGGER full BEFORE INSERT ON audit {when} \
         BEGIN SELECT RAISE(ABORT, 'no room'); END"
    );
    let ledger = Connection::open(demo.folder.path().join("ledger")).expect("opens");
    ledger.execute_batch(&sql).expect("tampers");
}

#[test]
fn a_command_that_cannot_write_the_record_writes_no_file() {
    let demo = Demo::write(&[]);
    drop(Server::start(&demo));
    let ledger = demo.ledger();
    let flags = [&["--ledger", &ledger][..], &WHY].concat();
    let out = demo.folder.path().join("theirs.json");
    let refuse = |when: &str| refuse_events(&demo, when);
    refuse("");
    let (code, said) = export(&demo, &out, &flags);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("nothing was read and nothing written"),
        "{said}"
    );
    assert!(!out.exists() && events(&ledger).is_empty());

    refuse("WHEN NEW.event = 'command_export_finished'");
    let (code, said) = export(&demo, &out, &flags);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("so there is no file"), "{said}");
    assert!(
        !out.exists(),
        "without its end on the record it has no name"
    );
    assert_eq!(
        names(&events(&ledger)),
        [
            "command_export_started ok",
            "command_export_failed storage_unwritable"
        ]
    );
    let left: Vec<_> = fs::read_dir(demo.folder.path())
        .expect("lists")
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(".export-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_import_is_on_the_record_and_what_cannot_be_noted_changes_nothing() {
    let demo = Demo::write(&[]);
    let server = Server::start(&demo);
    let ledger = demo.ledger();
    let file = demo.folder.path().join("theirs.json");
    export(&demo, &file, &[]);
    let product = Connection::open(demo.database()).expect("opens");
    product
        .execute_batch("DELETE FROM user_memories")
        .expect("deletes");
    let memories = || -> u64 {
        let count = product.query_row("SELECT count(*) FROM user_memories", [], |row| row.get(0));
        count.expect("counts")
    };
    let into = format!("sqlite:{}", demo.database().display());
    let files = demo.folder.path().join("files").display().to_string();
    let import = |flags: &[&str]| {
        let file = file.display().to_string();
        let own = [
            "import", &file, "--into", &into, "--files", &files, "--ledger", &ledger,
        ];
        carryall(&[&own[..], flags].concat())
    };
    // Whoever only tries it out needs no reason.
    assert!(matches!(import(&["--dry-run"]).0, Some(0 | 1)));
    assert!(events(&ledger).is_empty());

    refuse_events(&demo, "");
    let (code, said) = import(&WHY);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("so nothing was written"), "{said}");
    refuse_events(&demo, "WHEN NEW.event = 'command_import_finished'");
    let (code, said) = import(&WHY);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("so it was undone"), "{said}");
    assert_eq!(memories(), 0);
    refuse_events(&demo, "WHEN false");
    let (code, said) = import(&WHY);
    assert!(matches!(code, Some(0 | 1)), "{said}");

    let found = events(&ledger);
    assert_eq!(
        names(&found),
        [
            "command_import_started ok",
            "command_import_failed storage_unwritable",
            "command_import_started ok",
            "command_import_finished ok"
        ]
    );
    let (begun, done) = (&found[2], &found[3]);
    let written: Value = serde_json::from_slice(&fs::read(&file).expect("a file")).expect("JSON");
    assert_eq!(begun["facts"]["reason"], WHY[1]);
    assert_eq!(done["facts"]["rows"], memories());
    assert!(memories() > 0);
    for event in &found {
        assert_eq!(event["export_id"], written["export"]["id"]);
        assert_eq!(event["subject_key"], written["account_settings"]["user_id"]);
    }
    let cookie = server.sign_in(&demo);
    let page = server.send("GET", "/settings/data-protection", &cookie, "");
    let page = String::from_utf8(page.body).expect("text");
    assert!(page.contains("Whoever runs this site brought an export into your account."));
}

#[test]
fn an_export_by_a_command_that_fails_is_on_the_record_with_the_cause() {
    let demo = Demo::write(&[]);
    drop(Server::start(&demo));
    let ledger = demo.ledger();
    let flags = [&["--ledger", &ledger, "--workspace", "nowhere"][..], &WHY].concat();
    let out = demo.folder.path().join("theirs.json");
    assert_eq!(export(&demo, &out, &flags).0, Some(2));
    assert!(!out.exists());
    let found = events(&ledger);
    assert_eq!(
        names(&found),
        [
            "command_export_started ok",
            "command_export_failed workspace_gone"
        ]
    );
    assert_eq!(found[0]["facts"]["part"], "workspace");
    assert!(
        !format!("{found:?}").contains("nowhere"),
        "which one is the person's business"
    );
}

#[test]
fn on_the_record_a_reason_and_a_reference_are_asked_for_and_a_ledger_that_is_there() {
    let demo = Demo::write(&[]);
    let ledger = demo.ledger();
    let out = demo.folder.path().join("theirs.json");
    let record = ["--ledger", &*ledger];
    let told: Vec<_> = [
        &record[..],
        &[&record[..], &WHY[..2]].concat(),
        &[&record[..], &WHY[2..]].concat(),
        &[&record[..], &["--reason", "why not"], &WHY[2..]].concat(),
        &[&record[..], &WHY[..2], &["--reference", "<b>"]].concat(),
        &[&record[..], &WHY].concat(),
        &WHY,
    ]
    .iter()
    .map(|flags| {
        let (code, said) = export(&demo, &out, flags);
        assert_eq!(code, Some(2), "{said}");
        said.replace(&ledger["sqlite:".len()..], "LEDGER")
    })
    .collect();
    let both = "error: what is on the record needs a reason and a reference\nhint: add `--reason TEXT` and `--reference TEXT`; the record is asked for by `--ledger` or CARRYALL_LEDGER\n";
    assert_eq!(told[..3], [both; 3]);
    insta::assert_snapshot!(told[3..6].concat(), @"
    error: `--reason` will not do
    hint: Please give a reason, in 10 to 1,000 characters.
    error: `--reference` will not do
    hint: Please give a reference of letters, digits and . _ / -, 64 at most.
    error: there is no ledger LEDGER
    hint: `--ledger` names the one that `carryall serve` writes; a new one nobody would look into
    ");
    assert!(told[6].contains("--ledger <ADDRESS>"), "{}", told[6]);
    assert!(!out.exists() && !demo.folder.path().join("ledger").exists());
}
