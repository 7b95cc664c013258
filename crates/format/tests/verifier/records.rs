//! Records dropped, doubled and swapped, ids and contents changed: by the digest, and without it.

use carryall_format::verify::{Code, Verdict};
use serde_json::{Value, json};

use crate::judged::{errors, lines, report};
use crate::lay_out::{self, sealed};
use crate::sample;

const LISTS: [&str; 10] = [
    "workspaces",
    "threads",
    "messages",
    "uploaded_files",
    "generated_documents",
    "workspace_memories",
    "user_memories",
    "subscriptions",
    "other_records",
    "file_contents",
];

fn document() -> Value {
    serde_json::from_slice(&sample::everything()).unwrap()
}

/// What is found, besides the digest, when the digest was made to fit.
fn found(document: &Value) -> Vec<&'static str> {
    errors(&report(&sealed(document)))
}

/// The same change without touching the last line.
fn is_found_by_the_digest(changed: &Value) -> bool {
    let original = sample::everything();
    let last = &original[lay_out::last_line(&original)..];
    let mut bytes = lay_out::lines(changed).0;
    bytes.extend_from_slice(last);
    report(&bytes).findings.has(Code::DigestMismatch)
}

#[test]
fn a_document_that_is_only_sealed_again_is_sound_and_not_signed() {
    let report = report(&sealed(&document()));
    assert_eq!(report.verdict, Verdict::Sound, "{:?}", lines(&report));
    assert!(report.findings.has(Code::Unsigned));
}

#[test]
fn each_record_that_is_dropped_doubled_or_swapped_is_found_by_the_digest() {
    let document = document();
    for list in LISTS.into_iter().chain(["gaps"]) {
        let count = document[list].as_array().unwrap().len();
        for at in 0..count {
            let mut dropped = document.clone();
            dropped[list].as_array_mut().unwrap().remove(at);
            let mut doubled = document.clone();
            let again = doubled[list][at].clone();
            doubled[list].as_array_mut().unwrap().insert(at, again);
            assert!(is_found_by_the_digest(&dropped), "{list} {at} dropped");
            assert!(is_found_by_the_digest(&doubled), "{list} {at} doubled");
            if at + 1 < count {
                let mut swapped = document.clone();
                swapped[list].as_array_mut().unwrap().swap(at, at + 1);
                assert!(is_found_by_the_digest(&swapped), "{list} {at} swapped");
            }
        }
    }
}

#[test]
fn each_record_that_is_dropped_is_found_by_its_count_even_if_the_digest_fits() {
    for list in LISTS.into_iter().chain(["gaps"]) {
        for at in 0..document()[list].as_array().unwrap().len() {
            let mut dropped = document();
            dropped[list].as_array_mut().unwrap().remove(at);
            let found = found(&dropped);
            assert!(found.contains(&"count_mismatch"), "{list} {at}: {found:?}");
        }
    }
}

/// The same with counts that were made to fit, too: then what names the record tells, and nothing if
/// nothing names it.
#[test]
fn a_record_that_others_name_is_found_missing_even_if_counts_and_digest_fit() {
    let dropped = |list: &str, at: usize| {
        let mut document = document();
        document[list].as_array_mut().unwrap().remove(at);
        recounted(&mut document);
        found(&document)
    };
    let named = [
        ("workspaces", 0, "unresolved_reference"),
        ("workspaces", 1, "unresolved_reference"),
        ("threads", 0, "unresolved_reference"),
        ("threads", 1, "unresolved_reference"),
        ("messages", 0, "unresolved_reference"),
        ("messages", 1, "unresolved_reference"),
        ("uploaded_files", 0, "unresolved_reference"),
        ("uploaded_files", 1, "unresolved_reference"),
        ("uploaded_files", 2, "unresolved_reference"),
        ("generated_documents", 0, "unresolved_reference"),
        ("generated_documents", 1, "unresolved_reference"),
        ("gaps", 0, "unresolved_reference"),
        ("gaps", 1, "unresolved_reference"),
        ("gaps", 3, "contents_differ"),
    ];
    for (list, at, code) in named {
        assert_eq!(dropped(list, at), [code], "{list} {at}");
    }
    // Only the signature, or a digest from elsewhere, can tell of these.
    let unnamed = [
        ("threads", 2),
        ("messages", 2),
        ("workspace_memories", 0),
        ("user_memories", 0),
        ("subscriptions", 0),
        ("other_records", 0),
        ("file_contents", 0),
        ("gaps", 2),
    ];
    for (list, at) in unnamed {
        assert!(
            dropped(list, at).is_empty(),
            "{list} {at}: {:?}",
            dropped(list, at)
        );
    }
}

#[test]
fn each_record_that_stands_twice_is_found_even_if_counts_and_digest_fit() {
    for list in LISTS {
        for at in 0..document()[list].as_array().unwrap().len() {
            let mut document = document();
            let again = document[list][at].clone();
            document[list].as_array_mut().unwrap().push(again);
            recounted(&mut document);
            let found = found(&document);
            let expected = if list == "file_contents" {
                "contents_parts"
            } else {
                "duplicate_id"
            };
            assert!(found.contains(&expected), "{list} {at}: {found:?}");
        }
    }
}

#[test]
fn each_changed_reference_is_found_even_if_the_digest_fits() {
    let references = [
        ("/workspaces/1/parent_id", json!("x")),
        ("/threads/0/workspace_id", json!("x")),
        ("/threads/0/current_message_id", json!("x")),
        ("/messages/0/thread_id", json!("x")),
        ("/messages/1/parent_id", json!("x")),
        ("/messages/0/parent_id", json!("")),
        ("/messages/0/file_ids/1", json!("x")),
        ("/messages/1/generated_document_ids/0", json!("x")),
        ("/uploaded_files/0/workspace_id", json!("x")),
        ("/uploaded_files/0/thread_id", json!("x")),
        ("/uploaded_files/0/message_id", json!("x")),
        ("/generated_documents/0/thread_id", json!("x")),
        ("/workspace_memories/0/workspace_id", json!("x")),
        ("/workspace_memories/0/source_thread_id", json!("x")),
        ("/user_memories/0/source_thread_id", json!("x")),
        ("/other_records/0/thread_id", json!("x")),
        ("/file_contents/0/file_id", json!("x")),
        ("/file_contents/0/section", json!("threads")),
        ("/file_contents/0/section", json!("x")),
    ];
    for (pointer, value) in references {
        let mut document = document();
        *document.pointer_mut(pointer).unwrap() = value;
        assert_eq!(found(&document), ["unresolved_reference"], "{pointer}");
    }
}

/// Two messages in a row name the same message that is gone, and a gap excuses only one of them.
#[test]
fn each_of_two_equal_dangling_references_needs_a_gap_of_its_own() {
    for gap in [0, 1] {
        let mut document = document();
        document["gaps"].as_array_mut().unwrap().remove(gap);
        recounted(&mut document);
        assert_eq!(
            found(&document),
            ["unresolved_reference"],
            "without gap {gap}"
        );
    }
}

/// Hashes are keyed anew for each check, so an answer that rests on their order changes from run to run.
#[test]
fn the_same_one_of_equal_dangling_references_is_named_in_every_run() {
    let mut document = document();
    let messages = document["messages"].as_array_mut().unwrap();
    let is_dangling = |message: &&Value| message["parent_id"] == "gone";
    let last = messages.iter().rfind(is_dangling).unwrap().clone();
    // Not beside the others, so that it is looked up by itself; the gap of its twin excuses it once.
    messages.insert(1, last);
    recounted(&mut document);
    let bytes = sealed(&document);
    let named = |_| {
        let report = report(&bytes);
        let all = report.findings.in_order();
        let of_code = all
            .iter()
            .filter(|one| one.code == Code::UnresolvedReference);
        of_code.map(|one| one.place).collect::<Vec<_>>()
    };
    let runs: Vec<_> = (0..24).map(named).collect();
    assert_eq!(runs[0].len(), 1);
    assert!(runs.iter().all(|run| *run == runs[0]), "{runs:?}");
}

/// They are as small as a record can be, so what is kept of each must not be larger.
#[test]
fn workspaces_without_an_id_are_errors_and_no_lines_of_the_checklist() {
    let mut document = document();
    let expected = report(&sealed(&document)).workspaces;
    let workspaces = document["workspaces"].as_array_mut().unwrap();
    workspaces.extend(std::iter::repeat_n(json!({}), 1_000));
    recounted(&mut document);
    let report = report(&sealed(&document));
    assert_eq!(report.findings.counts()[&Code::MissingField], 1_000);
    assert_eq!(report.workspaces, expected);
}

#[test]
fn changed_contents_and_changed_counts_are_found_even_if_the_digest_fits() {
    let changes = [
        ("/file_contents/0/base64", json!("QQ=="), "contents_digest"),
        ("/file_contents/0/base64", json!("QQ="), "contents_base64"),
        ("/file_contents/0/base64", json!("QR=="), "contents_base64"),
        ("/file_contents/0/base64", json!("Q\nQ="), "contents_base64"),
        (
            "/file_contents/0/sha256",
            json!("0".repeat(64)),
            "contents_digest",
        ),
        ("/file_contents/0/size_bytes", json!(1), "contents_digest"),
        ("/file_contents/0/size_bytes", json!(-1), "wrong_kind"),
        ("/file_contents/0/size_bytes", json!("27"), "wrong_kind"),
        ("/file_contents/0/size_bytes", json!(null), "missing_field"),
        ("/file_contents/0/complete", json!(false), "contents_differ"),
        ("/file_contents/0/last", json!(false), "contents_parts"),
        ("/file_contents/0/part", json!(1), "contents_parts"),
        ("/file_contents/0/part", json!("0"), "wrong_kind"),
        ("/file_contents/0/part", json!(-0.0), "wrong_kind"),
        (
            "/uploaded_files/0/sha256",
            json!("0".repeat(64)),
            "contents_differ",
        ),
        ("/uploaded_files/0/size_bytes", json!(1), "contents_differ"),
        (
            "/summary/sections/messages/count",
            json!(5),
            "count_mismatch",
        ),
        (
            "/summary/sections/messages/status",
            json!("empty"),
            "count_mismatch",
        ),
        ("/summary/totals/records", json!(5), "count_mismatch"),
        ("/summary/totals/file_bytes", json!(5), "count_mismatch"),
        ("/summary/totals/gaps", json!(5), "count_mismatch"),
    ];
    for (pointer, value, code) in changes {
        let mut document = document();
        *document.pointer_mut(pointer).unwrap() = value.clone();
        let found = found(&document);
        assert!(found.contains(&code), "{pointer} made {value}: {found:?}");
    }
}

/// Nothing in a file says what a text was, or in which order records stood: this is what the digest is for,
/// and the signature where somebody may have made the digest fit.
#[test]
fn changed_texts_and_swapped_records_are_found_by_the_digest_alone() {
    let mut text = document();
    text["messages"][0]["content"] = json!("What is A.5.16?");
    let mut swapped = document();
    swapped["messages"].as_array_mut().unwrap().swap(0, 1);
    for changed in [text, swapped] {
        assert!(found(&changed).is_empty());
        assert!(is_found_by_the_digest(&changed));
    }
}

/// Puts the summary right, as somebody would who covers a change up.
fn recounted(document: &mut Value) {
    let mut records = 0;
    for list in LISTS {
        let count = document[list].as_array().unwrap().len();
        records += if list == "file_contents" { 0 } else { count };
        let line = &mut document["summary"]["sections"][list];
        line["count"] = count.into();
        if count == 0 {
            line["status"] = "empty".into();
        }
    }
    let parts = document["file_contents"].as_array().unwrap();
    let decoded = |part: &Value| {
        use base64::Engine as _;
        let text = part["base64"].as_str().unwrap();
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap()
            .len()
    };
    let file_bytes: usize = parts.iter().map(decoded).sum();
    let gaps = document["gaps"].as_array().unwrap().len();
    document["summary"]["totals"] =
        json!({ "records": records + 1, "file_bytes": file_bytes, "gaps": gaps });
}
