//! `carryall verify` on real exports, on what other programs make of them, and on damaged ones.

mod reports;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::export_file::ExportFile;
use crate::product::{BEN, MARTA, Product};
use crate::program::{Outcome, carryall, command};

const SOUND: i32 = 0;
const NOT_SOUND: i32 = 1;
const UNREADABLE: i32 = 2;

fn verify(path: &Path, flags: &[&str]) -> Outcome {
    let arguments = [&["verify", path.to_str().unwrap()], flags].concat();
    carryall(arguments)
}

fn report(path: &Path) -> Value {
    serde_json::from_slice(&verify(path, &["--json"]).stdout).unwrap()
}

/// The report on standard input.
fn report_of_stdin(bytes: &[u8]) -> Value {
    let mut verify = command(["verify", "-", "--json"]);
    let mut child = verify
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
}

/// A file beside an export.
fn beside(file: &ExportFile, name: &str, bytes: &[u8]) -> PathBuf {
    let path = file.path.with_file_name(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn codes(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

#[test]
fn every_export_of_both_products_is_sound_and_its_gaps_are_told() {
    for product in [
        Product::demo(),
        Product::open_webui(),
        Product::anythingllm(),
    ] {
        for who in product.people {
            let file = product.export(who);
            let report = report(&file.path);
            assert_eq!(report["verdict"], "sound", "{who}: {report:#}");
            assert_eq!(report["digest"], "fits", "{who}");
            assert_eq!(report["signature"]["answer"], "unsigned", "{who}");
            assert_eq!(
                report["gaps"]["count"], file.json["summary"]["totals"]["gaps"],
                "{who}"
            );
            assert_eq!(
                report["left_out"], file.json["summary"]["left_out"],
                "{who}"
            );
            for (section, line) in report["sections"].as_object().unwrap() {
                assert_eq!(line["count"], file.count(section), "{who} {section}");
            }
            verify(&file.path, &[]).ended_with(SOUND);
        }
    }
}

#[test]
fn parts_of_an_export_are_sound() {
    let product = Product::demo();
    let whole = product.export(MARTA);
    let workspace = whole.list("workspaces")[0]["id"].as_str().unwrap();
    let slices: [&[&str]; 3] = [
        &["--workspace", workspace],
        &["--since", "2026-06-01", "--until", "2026-10-31"],
        &["--without-file-contents"],
    ];
    for flags in slices {
        let file = product.export_with(MARTA, flags);
        assert_eq!(
            report(&file.path)["verdict"],
            "sound",
            "{flags:?}: {:#}",
            report(&file.path)
        );
    }
}

/// The checklist, counted again from the records themselves.
#[test]
fn the_checklist_counts_what_stands_in_each_workspace() {
    for (product, who) in [(Product::demo(), MARTA), (Product::open_webui(), BEN)] {
        let file = product.export(who);
        let report = report(&file.path);
        let lines = report["workspaces"].as_array().unwrap();
        assert!(lines.len() >= file.list("workspaces").len());
        for line in lines {
            let of_thread = |record: &Value| {
                let thread = record["thread_id"].as_str()?;
                Some(file.record("threads", thread)["workspace_id"].clone())
            };
            let count = |section: &str, workspace: &dyn Fn(&Value) -> Value| {
                let records = file.list(section).iter();
                records
                    .filter(|record| workspace(record) == line["id"])
                    .count()
            };
            let own = |record: &Value| record["workspace_id"].clone();
            let own_or_of_thread = |record: &Value| match own(record) {
                Value::Null => of_thread(record).unwrap_or_default(),
                workspace => workspace,
            };
            let counts = [
                ("threads", count("threads", &own)),
                (
                    "messages",
                    count("messages", &|record| of_thread(record).unwrap()),
                ),
                ("memories", count("workspace_memories", &own)),
                ("files", count("uploaded_files", &own_or_of_thread)),
                ("documents", count("generated_documents", &own_or_of_thread)),
            ];
            for (what, count) in counts {
                assert_eq!(line[what], count, "{who}: {what} of {line}");
            }
        }
    }
}

#[test]
fn what_the_product_lost_is_a_gap_and_no_damage() {
    let product = Product::demo();
    let key = product.key(MARTA);
    product.sql(&format!(
        "UPDATE messages SET parent_id = 'gone', file_ids = '[\"gone\",\"lost\"]' WHERE author_user_id = '{key}';
         UPDATE threads SET workspace_id = 'gone' WHERE id IN (SELECT thread_id FROM messages WHERE author_user_id = '{key}');
         UPDATE uploaded_files SET sha256 = 'no digest', size_bytes = 1 WHERE user_id = '{key}';"
    ));
    for upload in fs::read_dir(&product.files).unwrap().take(2) {
        let path = upload.unwrap().path();
        if path.is_file() {
            fs::remove_file(path).unwrap();
        }
    }
    let file = product.export(MARTA);
    let report = report(&file.path);
    assert_eq!(report["verdict"], "sound", "{report:#}");
    let by_code = &report["gaps"]["by_code"];
    assert!(
        by_code["dangling_reference"].as_u64() > Some(10),
        "{by_code}"
    );
}

/// Python, jq and Node, as people use them on a file; each in its own layout.
fn rewritten(file: &ExportFile) -> Vec<(&'static str, Vec<u8>)> {
    let path = file.path.to_str().unwrap();
    let python = |call: &str| {
        let script = format!("import json, sys; {call}");
        output("python3", &["-c", &script, path])
    };
    vec![
        (
            "python, indented",
            python("json.dump(json.load(open(sys.argv[1])), sys.stdout, indent=2)"),
        ),
        (
            "python, as it is",
            python("json.dump(json.load(open(sys.argv[1])), sys.stdout)"),
        ),
        (
            "python, Unicode",
            python(
                "json.dump(json.load(open(sys.argv[1])), sys.stdout, indent=0, ensure_ascii=False)",
            ),
        ),
        ("jq", output("jq", &[".", path])),
        ("jq -c", output("jq", &["-c", ".", path])),
        ("jq -S", output("jq", &["-S", ".", path])),
        ("jq --tab", output("jq", &["--tab", ".", path])),
        (
            "node",
            output(
                "node",
                &[
                    "-e",
                    "const fs = require('fs'); process.stdout.write(JSON.stringify(JSON.parse(fs.readFileSync(process.argv[1])), null, 4))",
                    path,
                ],
            ),
        ),
    ]
}

fn output(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
    output.stdout
}

#[test]
fn a_file_that_another_program_wrote_again_is_checked_in_full() {
    let product = Product::demo();
    let file = product.export(MARTA);
    let original = report(&file.path);
    let id = file.list("threads")[0]["id"].as_str().unwrap();
    let other = file.list("threads")[1]["id"].as_str().unwrap();
    for (name, bytes) in rewritten(&file) {
        let path = beside(&file, "again.json", &bytes);
        let mut again = report(&path);
        assert_eq!(again["verdict"], "sound", "{name}: {again:#}");
        assert_eq!(again["digest"], "not_applicable", "{name}");
        assert_eq!(again["notes"][0]["code"], "reformatted", "{name}");
        for same in [
            "sections",
            "workspaces",
            "gaps",
            "export",
            "file_bytes",
            "left_out",
        ] {
            assert_eq!(again[same], original[same], "{name}: {same}");
        }
        let mut piped = report_of_stdin(&bytes);
        for report in [&mut again, &mut piped] {
            report["file"].take();
        }
        assert_eq!(piped, again, "{name}");
        // One thread takes another's id everywhere, so that two have one id.
        let text = String::from_utf8(bytes).unwrap();
        let damaged = text.replace(&format!("\"{id}\""), &format!("\"{other}\""));
        let damaged = report_of_stdin(damaged.as_bytes());
        assert_eq!(damaged["verdict"], "findings", "{name}");
        assert!(
            codes(&damaged).contains(&"duplicate_id"),
            "{name}: {damaged:#}"
        );
    }
}

#[test]
fn an_extra_copy_cut_or_empty_file_ends_with_its_code() {
    let product = Product::demo();
    let file = product.export(MARTA);
    let half = beside(&file, "half.json", &file.bytes[..file.bytes.len() / 2]);
    let outcome = verify(&half, &[]).ended_with(NOT_SOUND);
    assert!(
        outcome.text().contains("error[truncated]"),
        "{}",
        outcome.text()
    );
    assert!(
        outcome.text().contains("the download did not finish"),
        "{}",
        outcome.text()
    );
    let empty = beside(&file, "empty.json", b"");
    assert!(
        verify(&empty, &[])
            .ended_with(NOT_SOUND)
            .text()
            .contains("error[truncated]")
    );
    let page = beside(&file, "page.json", b"<html>Sign in</html>");
    assert!(
        verify(&page, &[])
            .ended_with(UNREADABLE)
            .text()
            .contains("error[not_an_export]")
    );
    let nothing = verify(&file.path.with_file_name("nothing.json"), &[]).ended_with(UNREADABLE);
    assert!(
        nothing.stderr.contains("cannot be opened"),
        "{}",
        nothing.stderr
    );
    let doubled = beside(
        &file,
        "doubled.json",
        &[&file.bytes[..], &file.bytes].concat(),
    );
    verify(&doubled, &[]).ended_with(NOT_SOUND);
}
