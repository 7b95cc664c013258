//! Files that another program wrote again: checked in full, and told that only their digest is void.

use std::fmt::Write as _;

use carryall_format::verify::Verdict;
use serde_json::{Map, Value, json};

use crate::judged::{errors, is_rewritten, lines, options, report, report_of_file};
use crate::sample;

/// The document in every layout that programs give it.
fn layouts(document: &Value) -> Vec<(&'static str, Vec<u8>)> {
    let pretty = serde_json::to_string_pretty(document).unwrap();
    let compact = document.to_string();
    vec![
        ("indented", pretty.clone().into_bytes()),
        (
            "indented, with a line feed",
            format!("{pretty}\n").into_bytes(),
        ),
        ("with tabs", pretty.replace("  ", "\t").into_bytes()),
        ("with CRLF", pretty.replace('\n', "\r\n").into_bytes()),
        (
            "with a byte order mark",
            format!("\u{feff}{pretty}").into_bytes(),
        ),
        ("in one line", compact.clone().into_bytes()),
        ("in one line, in ASCII", ascii(&compact).into_bytes()),
        ("indented, in ASCII", ascii(&pretty).into_bytes()),
        (
            "with space before it",
            format!(" \n\t{compact} \n").into_bytes(),
        ),
        ("sorted", sorted(document).to_string().into_bytes()),
        ("back to front", reversed(document).to_string().into_bytes()),
    ]
}

/// As Python writes it by default.
fn ascii(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if character.is_ascii() {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}").unwrap();
        }
    }
    out
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let members = members.into_iter();
            members
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn reversed(document: &Value) -> Value {
    let members = document.as_object().unwrap().iter().rev();
    members
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

fn document() -> Value {
    serde_json::from_slice(&sample::everything()).unwrap()
}

#[test]
fn a_file_that_was_written_again_is_sound_and_told_so() {
    for (name, bytes) in layouts(&document()) {
        let report = report(&bytes);
        assert!(is_rewritten(&report), "{name}: {:?}", lines(&report));
        assert_eq!(report.workspaces.len(), 3, "{name}");
        assert_eq!(report.gaps.as_ref().unwrap().count, 4, "{name}");
    }
}

#[test]
fn the_original_and_the_rewritten_file_have_the_same_checklist() {
    let original = report(&sample::everything());
    for (name, bytes) in layouts(&document()) {
        let report = report(&bytes);
        assert_eq!(report.workspaces, original.workspaces, "{name}");
        assert_eq!(report.gaps, original.gaps, "{name}");
        assert_eq!(report.file_bytes, original.file_bytes, "{name}");
    }
}

#[test]
fn damage_is_found_in_a_file_that_was_written_again() {
    let damages = [
        (
            "/threads/0/workspace_id",
            json!("gone"),
            "unresolved_reference",
        ),
        ("/threads/1/id", json!("t1"), "duplicate_id"),
        ("/file_contents/0/base64", json!("QQ=="), "contents_digest"),
        ("/messages/0/created_at", json!("yesterday"), "wrong_kind"),
        ("/messages/0/thread_id", json!(null), "missing_field"),
        ("/summary/totals/records", json!(7), "count_mismatch"),
        ("/gaps/0/code", json!("x"), "wrong_kind"),
        ("/export/created_at", json!("x"), "wrong_kind"),
    ];
    for (pointer, value, code) in damages {
        let mut document = document();
        *document.pointer_mut(pointer).unwrap() = value;
        for (name, bytes) in layouts(&document) {
            let report = report(&bytes);
            assert_eq!(report.verdict, Verdict::Findings, "{name}, {pointer}");
            assert!(
                errors(&report).contains(&code),
                "{name}, {pointer}: {:?}",
                lines(&report)
            );
        }
    }
}

#[test]
fn a_file_and_a_pipe_give_the_same_findings() {
    let mut document = document();
    document["threads"][0]["workspace_id"] = json!("gone");
    document["threads"][1]["id"] = json!("t1");
    for (name, bytes) in layouts(&document) {
        let (piped, opened) = (report(&bytes), report_of_file(&bytes, &options()));
        assert_eq!(piped.findings.counts(), opened.findings.counts(), "{name}");
        let places = |report: &carryall_format::verify::Report| {
            let all = report.findings.in_order().into_iter();
            all.map(|one| (one.code, one.place)).collect::<Vec<_>>()
        };
        assert_eq!(places(&piped), places(&opened), "{name}");
        let named = opened
            .findings
            .in_order()
            .into_iter()
            .find(|one| one.id.as_deref() == Some("t1"));
        assert!(
            named.is_some(),
            "{name}: a file is read again to name its records"
        );
    }
}
