//! Trees and extracts of small exports made at random, held against what `serde_json` reads in them.

mod cut;
mod made;

use std::fs::File;
use std::io::{self, Seek, Write};

use carryall_format::trace::{Input, Trace, TraceError, trace};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::made::{Plan, plans};

/// A file with these bytes and no name.
fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn traced(bytes: &[u8], wanted: &str) -> Result<Trace, TraceError> {
    trace::<io::Empty>(Input::File(file(bytes).into()), wanted, &mut |_| {})
}

fn through_a_pipe(bytes: &[u8], wanted: &str) -> Result<Trace, TraceError> {
    trace(Input::Stream(bytes), wanted, &mut |_| {})
}

fn tree(trace: &Trace) -> Value {
    serde_json::to_value(trace).unwrap()
}

/// The records of a section that are of the workspace.
fn of_workspace<'v>(export: &'v Value, section: &str, workspace: &Value) -> Vec<&'v Value> {
    let threads = |thread: &Value| {
        let mut all = export["threads"].as_array().unwrap().iter();
        all.any(|one| one["id"] == *thread && one["workspace_id"] == *workspace)
    };
    let records = export[section].as_array().unwrap().iter();
    records
        .filter(|record| match section {
            "workspaces" => record["id"] == *workspace,
            "user_memories" | "subscriptions" => false,
            "messages" => threads(&record["thread_id"]),
            _ => record["workspace_id"] == *workspace || threads(&record["thread_id"]),
        })
        .collect()
}

/// The counts that a tree must have.
fn counted(export: &Value, workspace: &Value) -> Value {
    let count = |section: &str| of_workspace(export, section, workspace).len();
    let threads: Vec<Value> = of_workspace(export, "threads", workspace)
        .iter()
        .map(|thread| {
            let messages = export["messages"].as_array().unwrap();
            let times = messages
                .iter()
                .filter(|one| one["thread_id"] == thread["id"]);
            let times: Vec<&str> = times
                .map(|one| one["created_at"].as_str().unwrap())
                .collect();
            let (first, last) = (times.iter().min(), times.iter().max());
            json!([thread["id"], thread["title"], times.len(), first, last])
        })
        .collect();
    json!({
        "threads": threads, "files": count("uploaded_files"), "memories": count("workspace_memories"),
        "others": count("other_records"),
    })
}

fn counts(trace: &Trace) -> Value {
    let threads = trace.threads.iter().map(|thread| {
        let (first, last) = (&thread.first_message_at, &thread.last_message_at);
        json!([thread.id, thread.title, thread.messages, first, last])
    });
    json!({
        "threads": threads.collect::<Vec<_>>(), "files": trace.files.len(),
        "memories": trace.memories.len(), "others": trace.others(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_tree_has_what_another_reader_counts_whoever_laid_the_file_out(plan in plans()) {
        let bytes = plan.written();
        let export: Value = serde_json::from_slice(&bytes).unwrap();
        for workspace in export["workspaces"].as_array().unwrap() {
            let id = workspace["id"].as_str().unwrap();
            let found = traced(&bytes, id).unwrap();
            prop_assert!(!found.is_damaged());
            prop_assert_eq!(counts(&found), counted(&export, &workspace["id"]));
            let expected = tree(&found);
            prop_assert_eq!(&tree(&through_a_pipe(&bytes, id).unwrap()), &expected);
            let indented = serde_json::to_vec_pretty(&export).unwrap();
            prop_assert_eq!(&tree(&through_a_pipe(&indented, id).unwrap()), &expected);
            let sorted = sorted_by_key(&export).to_string();
            prop_assert_eq!(&tree(&traced(sorted.as_bytes(), id).unwrap()), &expected);
        }
    }

    #[test]
    fn a_file_that_ends_anywhere_is_an_error_or_a_tree_that_says_so(plan in plans(), end in 0.0..1.0) {
        let bytes = plan.written();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
        // Without its last line feed alone it is whole.
        let end = ((bytes.len() - 1) as f64 * end) as usize;
        match traced(&bytes[..end], "w-0") {
            Ok(found) => prop_assert!(found.is_cut_off && found.is_damaged()),
            Err(error) => {
                let is_told = matches!(error, TraceError::NotAnExport | TraceError::NoSuchWorkspace { .. });
                prop_assert!(is_told, "{}", error);
            }
        }
    }
}

/// The same with the keys of every object in the order of the alphabet, as some programs write them.
pub fn sorted_by_key(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let sorted = members
                .into_iter()
                .map(|(key, value)| (key.clone(), sorted_by_key(value)));
            Value::Object(sorted.collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted_by_key).collect()),
        other => other.clone(),
    }
}

fn two_of_one_name() -> Plan {
    Plan {
        workspaces: vec!["Acme".to_owned(), "Acme".to_owned(), "Birch".to_owned()],
        threads: vec![(1, "First".to_owned()), (0, "Second".to_owned())],
        messages: vec![(0, 0, 0, "hello".to_owned())],
        files: vec![(2, 9, 0, b"bytes".to_vec())],
        memories: vec![(1, 0, "a fact".to_owned())],
        others: vec![(5, 0, 0)],
    }
}

#[test]
fn a_name_that_two_workspaces_have_is_refused_and_both_are_named() {
    let bytes = two_of_one_name().written();
    let error = traced(&bytes, "Acme").unwrap_err();
    let TraceError::SeveralWorkspaces { known, .. } = &error else {
        panic!("{error}");
    };
    let ids: Vec<&str> = known.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["w-0", "w-1"]);
    assert_eq!(traced(&bytes, "birch").unwrap().workspace.id, "w-2");
    assert_eq!(
        traced(&bytes, "w-1").unwrap().threads[0].title.as_deref(),
        Some("First")
    );
}

#[test]
fn a_pipe_whose_sections_come_too_early_is_refused_and_a_file_is_not() {
    let bytes = two_of_one_name().written();
    let export: Value = serde_json::from_slice(&bytes).unwrap();
    let sorted = sorted_by_key(&export).to_string();
    let error = through_a_pipe(sorted.as_bytes(), "w-1").unwrap_err();
    assert!(matches!(error, TraceError::OutOfOrder), "{error}");
    assert_eq!(
        tree(&traced(sorted.as_bytes(), "w-1").unwrap()),
        tree(&traced(&bytes, "w-1").unwrap())
    );
}

#[test]
fn what_is_no_export_is_told_from_an_export_without_workspaces() {
    for text in ["", "[]", "{}", "hello", "{\"a\": [1]}", "\u{0}\u{1}"] {
        let error = traced(text.as_bytes(), "w").unwrap_err();
        assert!(matches!(error, TraceError::NotAnExport), "{text}: {error}");
    }
    let plan = Plan {
        workspaces: Vec::new(),
        memories: Vec::new(),
        ..two_of_one_name()
    };
    let error = through_a_pipe(&plan.written(), "w").unwrap_err();
    assert!(
        error.hint().unwrap().contains("no workspace at all"),
        "{error}"
    );
    let later = String::from_utf8(two_of_one_name().written()).unwrap();
    let later = later.replace("\"version\":1,", "\"version\":2,");
    let error = traced(later.as_bytes(), "w-0").unwrap_err();
    assert!(
        matches!(error, TraceError::UnsupportedVersion { version: 2 }),
        "{error}"
    );
}

#[test]
fn a_record_that_cannot_be_read_is_counted_as_damage_and_the_others_are_shown() {
    let text = String::from_utf8(two_of_one_name().written()).unwrap();
    let damaged = text.replace("\"content\":\"hello\"", "\"content\":\"hel\\lo\"");
    let found = traced(damaged.as_bytes(), "w-1").unwrap();
    assert_eq!((found.damaged_places, found.is_cut_off), (1, false));
    assert_eq!(
        (found.threads.len(), found.messages(), found.memories.len()),
        (1, 0, 1)
    );
    let joined = text.replace("},\n{\"id\":\"t-1\"", "}, {\"id\":\"t-1\"");
    assert!(joined != text);
    for (wanted, title) in [("w-1", "First"), ("w-0", "Second")] {
        let found = traced(joined.as_bytes(), wanted).unwrap();
        assert_eq!((found.threads.len(), found.damaged_places), (1, 0));
        assert_eq!(found.threads[0].title.as_deref(), Some(title));
    }
    let trailing = text.replace("},\n{\"id\":\"t-1\"", "} x},\n{\"id\":\"t-1\"");
    assert!(traced(trailing.as_bytes(), "w-1").unwrap().is_damaged());
}
