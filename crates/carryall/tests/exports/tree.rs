//! `carryall trace`: what people see of one workspace, and what scripts get.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::bad_input::assert_says;
use crate::export_file::ExportFile;
use crate::product::{BEN, KENJI, MARTA, Product};
use crate::program::{FAILED, Outcome, carryall, command};

/// The tree is shown, but the file is damaged.
const DAMAGED: i32 = 1;

pub fn trace(file: &Path, workspace: &str, flags: &[&str]) -> Outcome {
    let path = file.to_str().unwrap();
    carryall(
        ["trace", path, workspace]
            .into_iter()
            .chain(flags.iter().copied()),
    )
}

/// Runs it with a file as standard input.
pub fn piped(bytes: &[u8], workspace: &str, flags: &[&str]) -> Outcome {
    let mut command = command(
        ["trace", "-", workspace]
            .into_iter()
            .chain(flags.iter().copied()),
    );
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut to = running.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // It may end before it has read everything.
        scope.spawn(move || std::io::Write::write_all(&mut to, bytes).ok());
        running.wait_with_output().unwrap().into()
    })
}

/// What changes from run to run, named.
fn steady(text: &str, export: &ExportFile) -> String {
    let of = |key: &str| export.json["export"][key].as_str().unwrap().to_owned();
    text.replace(&of("id"), "EXPORT-ID")
        .replace(&of("snapshot_at"), "SNAPSHOT-AT")
        .replace(&of("created_at"), "CREATED-AT")
}

#[test]
fn a_workspace_is_shown_as_a_tree() {
    let product = Product::demo();
    let export = product.export(MARTA);
    let outcome = trace(&export.path, "larkspur health – iso 27001", &[]).ended_with(0);
    assert_eq!(outcome.stderr, "");
    insta::assert_snapshot!(steady(outcome.text(), &export), @r#"
    Larkspur Health – ISO 27001
    workspace 0744c298-cf45-4a65-9094-2ba818dfccd0
    ISMS Copilot, data of SNAPSHOT-AT, export EXPORT-ID
    3 threads, 17 messages, 5 files, 4 documents, 2 memories, 6 other records

    ├── Threads: 3
    │   ├── Statement of Applicability from the risk register (7 messages, 2026-09-16)
    │   │   ├── file: Larkspur risk register (1 Sept).xlsx (7.3 kB)
    │   │   ├── document: statement-of-applicability.docx (37 kB)
    │   │   └── document: statement-of-applicability.docx (37 kB)
    │   ├── Risk treatment plan and residual risk (4 messages, 2026-09-22)
    │   │   ├── file: Information security policy v2.3.docx (37 kB)
    │   │   └── document: risk-treatment-plan.xlsx (5.4 kB)
    │   └── A.5.15 to A.5.18: from a 2014 procedure to something auditable (6 messages, 2026-10-06)
    │       ├── file: IT-7 ACCESS.DOC (19 kB)
    │       ├── file: iam-export.json (715 bytes)
    │       └── document: access-review-checklist.md (736 bytes)
    ├── Files outside threads: 1
    │   └── 100% done.txt (119 bytes)
    ├── Documents outside threads: none
    ├── Memories: 2
    │   ├── Stage 2 audit: 8 to 11 December 2026, certification body Norrsken Cert.
    │   └── Control 8.30 is excluded; I. Holm decided it on 17 September 2026.
    ├── Other records: 6
    │   ├── thread_participation: 3
    │   └── feedback: 3
    └── Gaps, what the product could not deliver as it was: none
    "#);
}

#[test]
fn what_one_wrote_in_the_workspace_of_somebody_else_is_shown_as_that() {
    let product = Product::demo();
    let export = product.export(KENJI);
    let shared = export
        .list("workspaces")
        .iter()
        .find(|one| one["access"] == "shared" && one["name"] == "Haddad Risk Advisory")
        .unwrap();
    let outcome = trace(&export.path, shared["id"].as_str().unwrap(), &[]).ended_with(0);
    insta::assert_snapshot!(steady(outcome.text(), &export), @r#"
    Haddad Risk Advisory
    workspace 6aef9333-93a2-475e-9fb8-0956fbde1261, shared with you: what you put into it
    ISMS Copilot, data of SNAPSHOT-AT, export EXPORT-ID
    1 thread, 2 messages, 0 files, 0 documents, 0 memories, 1 other record

    ├── Threads: 1
    │   └── Supplier questionnaire, short form (2 messages, 2025-07-07, somebody else's: what you wrote in it)
    ├── Files outside threads: none
    ├── Documents outside threads: none
    ├── Memories: none
    ├── Other records: 1
    │   └── thread_participation: 1
    └── Gaps, what the product could not deliver as it was: none
    "#);
}

#[test]
fn a_script_gets_one_object_with_ids_and_counts() {
    let product = Product::demo();
    let export = product.export(MARTA);
    let outcome = trace(&export.path, "Northbridge Compliance", &["--json"]).ended_with(0);
    let text = steady(outcome.text(), &export);
    let text = text.replace(export.path.to_str().unwrap(), "FILE");
    insta::assert_snapshot!(text, @r#"
    {
      "file": "FILE",
      "totals": {
        "threads": 1,
        "messages": 4,
        "files": 0,
        "documents": 1,
        "memories": 1,
        "other_records": 1,
        "gaps": 0
      },
      "export": {
        "id": "EXPORT-ID",
        "product": "ISMS Copilot",
        "subject_id": "3a790d50-55ad-4ee4-9bee-ae86096b9a0e",
        "created_at": "CREATED-AT",
        "snapshot_at": "SNAPSHOT-AT",
        "version": 1,
        "revision": 0,
        "scope": {
          "workspace_id": null,
          "since": null,
          "until": null,
          "file_contents": true,
          "derived_from": null
        }
      },
      "workspace": {
        "id": "92f16c55-0e1b-4108-855f-f4fc522af5f7",
        "name": "Northbridge Compliance",
        "access": "own"
      },
      "threads": [
        {
          "id": "4e45cc48-16ec-454d-ad69-169cedc58f72",
          "title": "NIS 2 Article 23: a playbook for 24 hours, 72 hours, one month",
          "access": "own",
          "is_deleted": false,
          "messages": 4,
          "first_message_at": "2026-10-12T13:02:53.672Z",
          "last_message_at": "2026-10-13T08:22:07.790Z"
        }
      ],
      "files": [],
      "documents": [
        {
          "id": "755bb4a6-a94c-4eaa-8fbb-d0ab051a59bc",
          "name": "incident-report-art-23.pdf",
          "size_bytes": 2541,
          "thread_id": "4e45cc48-16ec-454d-ad69-169cedc58f72",
          "is_deleted": false
        }
      ],
      "memories": [
        {
          "id": "d94002f2-8720-4fda-8a1d-ab23b0cbeb54",
          "first_line": "Our reports name the clause first and the finding second.",
          "is_deleted": false
        }
      ],
      "other_records": [
        {
          "collection": "thread_participation",
          "count": 1
        }
      ],
      "gaps": {
        "count": 0,
        "by_code": {},
        "first": []
      },
      "damaged_places": 0,
      "is_cut_off": false
    }
    "#);
}

/// `{section: count}` of a workspace, by a reader of its own.
fn totals(export: &ExportFile, workspace: &Value) -> Value {
    let threads: Vec<&Value> = export
        .list("threads")
        .iter()
        .filter(|one| one["workspace_id"] == *workspace)
        .map(|one| &one["id"])
        .collect();
    let count = |section: &str| {
        let records = export.list(section).iter();
        records
            .filter(|one| one["workspace_id"] == *workspace || threads.contains(&&one["thread_id"]))
            .count()
    };
    json!({
        "threads": threads.len(), "messages": count("messages"), "files": count("uploaded_files"),
        "documents": count("generated_documents"), "memories": count("workspace_memories"),
        "other_records": count("other_records"),
    })
}

#[test]
fn every_workspace_of_every_product_has_the_counts_that_another_reader_finds() {
    let (demo, open_webui) = (Product::demo(), Product::open_webui());
    let mut messages = 0;
    for export in [
        demo.export(MARTA),
        demo.export(KENJI),
        open_webui.export(BEN),
    ] {
        for workspace in export.list("workspaces") {
            let id = workspace["id"].as_str().unwrap();
            let outcome = trace(&export.path, id, &["--json"]).ended_with(0);
            let mut tree: Value = serde_json::from_str(outcome.text()).unwrap();
            tree["totals"].as_object_mut().unwrap().remove("gaps");
            assert_eq!(tree["totals"], totals(&export, &workspace["id"]), "{id}");
            assert_eq!(tree["workspace"]["name"], workspace["name"]);
            messages += tree["totals"]["messages"].as_u64().unwrap();
            let pipe = piped(&export.bytes, id, &[]).ended_with(0);
            assert_eq!(pipe.text(), trace(&export.path, id, &[]).text());
        }
    }
    assert!(messages > 20);
}

#[test]
fn a_name_that_would_play_with_the_terminal_is_shown_as_text() {
    let product = Product::demo();
    product.sql(
        "UPDATE workspaces SET name = char(27) || '[2J' || char(10) || char(8238) || 'evil' WHERE name = 'Northbridge Compliance';
         UPDATE threads SET title = char(155) || 'x' || char(13);
         UPDATE workspace_memories SET content = char(7) || char(10) || 'line';",
    );
    let export = product.export(MARTA);
    for workspace in export.ids("workspaces") {
        let shown = trace(&export.path, &workspace, &[]).ended_with(0);
        let error = trace(&export.path, "evil", &[]).ended_with(FAILED);
        for text in [shown.text(), &error.stderr] {
            let is_hidden = |character: char| {
                character != '\n' && (character.is_control() || character == '\u{202e}')
            };
            assert!(!text.contains(is_hidden), "{text:?}");
        }
    }
    let named = trace(&export.path, "\u{1b}[2J\n\u{202e}evil", &[]).ended_with(0);
    assert!(
        named
            .text()
            .starts_with("\u{fffd}[2J\u{fffd}\u{fffd}evil\n")
    );
}

#[test]
fn a_workspace_that_is_not_there_is_told_with_those_that_are() {
    let product = Product::demo();
    let export = product.export(MARTA);
    let said = trace(&export.path, "Larkspur", &[]).ended_with(FAILED);
    assert!(said.stdout.is_empty());
    assert_says(
        &said.stderr,
        &[
            "no workspace `Larkspur`",
            "hint: ",
            "0744c298-cf45-4a65-9094-2ba818dfccd0  Larkspur Health – ISO 27001",
            "and 5 more",
        ],
    );
    product.sql("UPDATE workspaces SET name = 'Same' WHERE owner_user_id = (SELECT id FROM users WHERE email = 'marta@northbridge.example')");
    let export = product.export(MARTA);
    let said = trace(&export.path, "SAME", &[]).ended_with(FAILED);
    assert_says(
        &said.stderr,
        &[
            "several workspaces with the name `SAME`",
            "hint: give the id",
            "0744c298-cf45-4a65-9094-2ba818dfccd0  Same",
        ],
    );
}

#[test]
fn a_damaged_file_is_shown_as_far_as_it_goes_and_said_to_be_damaged() {
    let product = Product::demo();
    let export = product.export(MARTA);
    let half = export.path.with_file_name("half.json");
    let end = export.text().find("\"user_memories\":").unwrap();
    fs::write(&half, &export.bytes[..end]).unwrap();
    let shown = trace(&half, "Northbridge Compliance", &[]).ended_with(DAMAGED);
    assert!(shown.text().starts_with("Northbridge Compliance\n"));
    assert!(
        shown.stderr.contains("is damaged") && shown.stderr.contains("carryall verify"),
        "{}",
        shown.stderr
    );
    fs::write(&half, "no export").unwrap();
    let said = trace(&half, "x", &[]).ended_with(FAILED);
    assert_says(&said.stderr, &["half.json: this is no export", "hint: "]);
    let said = trace(&product.folder.path().join("no.json"), "x", &[]).ended_with(FAILED);
    assert_says(&said.stderr, &["no.json cannot be opened"]);
}
