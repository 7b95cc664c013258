//! `carryall trace --extract`: a file of one workspace, cut from an export without its product.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bad_input::assert_says;
use crate::export_file::ExportFile;
use crate::layout::{check_directory, check_lines};
use crate::product::{BEN, KENJI, LAYLA, MARTA, Product, TOMAS};
use crate::program::{FAILED, carryall};
use crate::references::assert_references;
use crate::tree::{piped, trace};

/// Cuts a workspace out into a file beside the export.
#[track_caller]
fn cut(export: &Path, workspace: &str) -> ExportFile {
    let out = export.with_file_name(format!("extract-{workspace}.json"));
    let outcome = trace(export, workspace, &["--extract", out.to_str().unwrap()]).ended_with(0);
    ExportFile::read(&out, outcome)
}

/// From the account to the gaps: what was not asked for and when it was written stand around it.
fn data(file: &ExportFile) -> &str {
    let text = file.text();
    &text[text.find("\"account_settings\":").unwrap()..text.find("\"summary\":").unwrap()]
}

/// The same with other people numbered in the order met: an extract keeps the words of its original.
fn renumbered(data: &str) -> String {
    let mut met: Vec<&str> = Vec::new();
    let mut out = String::new();
    let mut rest = data;
    while let Some(at) = rest.find("\"person-") {
        let word_at = at + 1;
        let end = word_at + rest[word_at..].find('"').unwrap();
        let word = &rest[word_at..end];
        let place = met.iter().position(|known| *known == word);
        let place = place.unwrap_or_else(|| {
            met.push(word);
            met.len() - 1
        });
        out += &rest[..word_at];
        out += "somebody-";
        out += &place.to_string();
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn an_extract_has_the_bytes_that_an_export_of_this_workspace_would_have() {
    let (demo, open_webui) = (Product::demo(), Product::open_webui());
    // Gaps of every kind: one for the workspace, and some for what is not in it.
    demo.sql(
        "UPDATE messages SET parent_id = 'gone' WHERE parent_id IS NOT NULL AND rowid % 3 = 0",
    );
    demo.sql("UPDATE threads SET created_at = 'never'; ALTER TABLE threads ADD COLUMN mood TEXT;");
    let people = [MARTA, KENJI, LAYLA, TOMAS].map(|who| (&demo, who));
    let mut with_files = 0;
    for (product, who) in people.into_iter().chain([(&open_webui, BEN)]) {
        let full = product.export(who);
        for workspace in full.ids("workspaces") {
            let extract = cut(&full.path, &workspace);
            let slice = product.export_with(who, &["--workspace", &workspace]);
            assert_eq!(
                renumbered(data(&extract)),
                renumbered(data(&slice)),
                "{who} {workspace}"
            );
            check_lines(&extract);
            check_directory(&extract);
            assert_references(&extract);
            let sections = |file: &ExportFile| {
                let all = file.json["summary"]["sections"]
                    .as_object()
                    .unwrap()
                    .clone();
                all.into_iter()
                    .map(|(name, line)| (name, line["status"].clone()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(sections(&extract), sections(&slice));
            assert_eq!(
                extract.json["summary"]["totals"],
                slice.json["summary"]["totals"]
            );
            assert_eq!(
                extract.json["export"]["withheld"],
                slice.json["export"]["withheld"]
            );
            with_files += extract.contents().len();
            let sound = carryall([Path::new("verify"), &extract.path]).ended_with(0);
            let id = full.json["export"]["id"].as_str().unwrap();
            assert!(sound.text().contains(&format!(
                "an extract of one workspace, cut from the export {id}"
            )));
        }
    }
    assert!(with_files > 10);
}

#[test]
fn an_extract_is_valid_under_the_schema_and_holds_nothing_of_the_account_or_of_another_client() {
    let demo = Product::demo();
    let full = demo.export(MARTA);
    let extracts: Vec<ExportFile> = full
        .ids("workspaces")
        .iter()
        .map(|id| cut(&full.path, id))
        .collect();
    crate::readers::validate(&extracts);
    let address = full.json["account_settings"]["email"].as_str().unwrap();
    for extract in &extracts {
        assert!(!extract.text().contains(address));
        assert_eq!(extract.list("workspaces").len(), 1);
        let own = extract.list("workspaces")[0]["id"].as_str().unwrap();
        for other in full.ids("workspaces").iter().filter(|id| *id != own) {
            assert!(!extract.text().contains(other), "{own} names {other}");
        }
        for memory in full.list("user_memories") {
            assert!(!extract.text().contains(memory["id"].as_str().unwrap()));
        }
    }
}

/// The same export, written again by Python: indented, and ASCII only.
fn written_again(export: &ExportFile) -> PathBuf {
    let out = export.path.with_file_name("again.json");
    let script = "import json, sys\njson.dump(json.load(open(sys.argv[1])), open(sys.argv[2], 'w'), indent=2)";
    let ended = Command::new("python3")
        .args(["-c", script])
        .args([&export.path, &out])
        .status();
    assert!(ended.unwrap().success());
    out
}

#[test]
fn an_original_that_another_program_wrote_again_gives_the_same_tree_and_the_same_records() {
    let demo = Product::demo();
    let full = demo.export(MARTA);
    let again = written_again(&full);
    for workspace in full.ids("workspaces") {
        let ours = trace(&full.path, &workspace, &[]).ended_with(0);
        assert_eq!(
            trace(&again, &workspace, &[]).ended_with(0).text(),
            ours.text()
        );
        let from_ours = cut(&full.path, &workspace);
        let from_theirs = cut(&again, &workspace);
        assert_eq!(data(&from_ours), data(&from_theirs));
        assert!(
            from_theirs
                .outcome
                .stderr
                .contains("its digest could not be checked")
        );
        assert_eq!(
            from_theirs.json["export"]["scope"],
            from_ours.json["export"]["scope"]
        );
    }
}

#[test]
fn an_extract_is_readable_by_its_owner_alone_and_can_go_through_pipes() {
    let demo = Product::demo();
    let full = demo.export(MARTA);
    let workspace = "Larkspur Health – ISO 27001";
    let extract = cut(&full.path, workspace);
    let mode = fs::metadata(&extract.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(extract.outcome.text().starts_with("Larkspur Health"));
    assert_says(
        &format!("error: {}", extract.outcome.stderr),
        &[
            "38 records",
            "SHA-256 ",
            "cut from the export",
            "not signed",
        ],
    );
    let through = piped(&full.bytes, workspace, &["--extract", "-"]).ended_with(0);
    let through: Value = serde_json::from_slice(&through.stdout).unwrap();
    assert_eq!(through["messages"], extract.json["messages"]);
    assert_eq!(through["file_contents"], extract.json["file_contents"]);
}

#[test]
fn nothing_is_written_when_there_is_no_such_workspace_or_the_original_is_damaged() {
    let demo = Product::demo();
    let full = demo.export(MARTA);
    let workspace = "Larkspur Health – ISO 27001";
    let folder = tempfile::tempdir_in(demo.folder.path()).unwrap();
    let out = folder.path().join("extract.json");
    let said_of = |file: &Path, workspace: &str| {
        let outcome = trace(file, workspace, &["--extract", out.to_str().unwrap()]);
        let outcome = outcome.ended_with(FAILED);
        assert!(outcome.stdout.is_empty());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        outcome.stderr
    };
    assert_says(&said_of(&full.path, "no such"), &["no workspace `no such`"]);
    let damaged = full.path.with_file_name("damaged.json");
    let edited = full
        .text()
        .replacen("\"role\":\"user\"", "\"role\":\"usar\"", 1);
    assert_ne!(edited, full.text());
    for bytes in [edited.as_bytes(), &full.bytes[..full.bytes.len() / 2]] {
        fs::write(&damaged, bytes).unwrap();
        assert_says(
            &said_of(&damaged, workspace),
            &[
                "nothing can be cut from an export that is not sound",
                "hint: run `carryall verify`",
            ],
        );
    }
}

#[test]
fn an_output_that_cannot_be_meant_is_named_and_an_older_file_stays() {
    let demo = Product::demo();
    let full = demo.export(TOMAS);
    let workspace = full.ids("workspaces").pop_first().unwrap();
    let fails = |out: &str| {
        let outcome = trace(&full.path, &workspace, &["--extract", out]);
        outcome.ended_with(FAILED).stderr
    };
    assert_says(&fails("/dev/full"), &["No space left on device"]);
    assert_says(
        &fails("no/such/folder.json"),
        &[
            "no/such/folder.json cannot be written",
            "hint: name a file after `--extract`",
        ],
    );
    assert_says(
        &fails(full.path.to_str().unwrap()),
        &["is the export itself", "--extract"],
    );
    assert_eq!(fs::read(&full.path).unwrap(), full.bytes);
    let said = trace(&full.path, &workspace, &["--extract", "-", "--json"]);
    assert_says(&said.ended_with(FAILED).stderr, &["--json", "name a file"]);
    let older = full.path.with_file_name("older.json");
    fs::write(&older, "older").unwrap();
    trace(
        &full.path,
        "no such",
        &["--extract", older.to_str().unwrap()],
    )
    .ended_with(FAILED);
    assert_eq!(fs::read(&older).unwrap(), b"older");
    trace(
        &full.path,
        &workspace,
        &["--extract", older.to_str().unwrap()],
    )
    .ended_with(0);
    let mut start = [0; 10];
    fs::File::open(&older)
        .unwrap()
        .read_exact(&mut start)
        .unwrap();
    assert_eq!(&start, b"{\n\"export\"");
}
