//! Extracts, held against what must be in them.

use std::fmt::Write as _;

use carryall_format::trace::{ExtractOrder, TraceError, extract, require_sound};
use carryall_format::verify::{Input, Options, Verdict, verify};
use carryall_format::write::hex;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::made::{ORIGINAL, Plan, Shared, plans};
use crate::{file, of_workspace, sorted_by_key, traced, two_of_one_name};

const ORDER: ExtractOrder<'_> = ExtractOrder {
    export_id: "01900000-0000-7000-8000-0000000000ff",
    created_at: "2026-11-24T10:00:00Z",
    generator_version: "9",
};

fn cut(bytes: &[u8], wanted: &str) -> Result<Vec<u8>, TraceError> {
    let original = file(bytes).into();
    let sound = require_sound(&original, &mut |_| {})?;
    let mut tree = traced(bytes, wanted)?;
    let out = Shared::default();
    extract(&sound, &mut tree, &ORDER, out.clone(), &mut |_| {})?;
    Ok(out.bytes())
}

/// References to what is not in the extract.
const REFERENCES: [(&str, &str); 7] = [
    ("workspace_id", "workspaces"),
    ("parent_id", "?"),
    ("thread_id", "threads"),
    ("source_thread_id", "threads"),
    ("message_id", "messages"),
    ("current_message_id", "messages"),
    ("file_ids", "uploaded_files"),
];

/// The sections that an extract must have, by another way than the one that wrote it.
fn expected(export: &Value, workspace: &Value) -> Value {
    let sections = [
        "workspaces",
        "threads",
        "messages",
        "uploaded_files",
        "workspace_memories",
        "other_records",
    ];
    let ids = |section: &str| -> Vec<&Value> {
        let records = of_workspace(export, section, workspace);
        records.iter().map(|record| &record["id"]).collect()
    };
    let mut all = Map::new();
    let mut lost = Vec::new();
    for section in sections {
        let mut records = Vec::new();
        for record in of_workspace(export, section, workspace) {
            let mut record = record.clone();
            for (field, to) in REFERENCES {
                let to = if to == "?" { section } else { to };
                let Some(value) = record.get_mut(field) else {
                    continue;
                };
                let known = ids(to);
                if let Value::Array(list) = value {
                    list.retain(|id| known.contains(&id));
                } else if !value.is_null() && !known.contains(&&*value) {
                    *value = Value::Null;
                    lost.push((section, record["id"].clone(), field));
                }
            }
            records.push(record);
        }
        all.insert(section.to_owned(), Value::Array(records));
    }
    let gaps = export["gaps"].as_array().unwrap().iter().filter(|gap| {
        let is_of_it =
            gap["id"].is_null() || ids(gap["section"].as_str().unwrap()).contains(&&gap["id"]);
        let was_lost = lost.iter().any(|(section, id, field)| {
            gap["section"] == *section && gap["id"] == *id && gap["field"] == *field
        });
        is_of_it && !(was_lost && gap["code"] == "dangling_reference")
    });
    all.insert("gaps".to_owned(), gaps.cloned().collect());
    let files = ids("uploaded_files");
    let parts = export["file_contents"].as_array().unwrap().iter();
    let parts = parts.filter(|part| files.contains(&&part["file_id"]));
    all.insert("file_contents".to_owned(), parts.cloned().collect());
    Value::Object(all)
}

fn is_sound(bytes: &[u8]) -> bool {
    let report = verify(Input::file(file(bytes)), &Options::default(), &mut |_| {}).unwrap();
    let said: Vec<_> = report
        .findings
        .in_order()
        .into_iter()
        .map(|one| (one.code, one.what.clone()))
        .collect();
    assert!(
        report.verdict == Verdict::Sound,
        "{said:?}\n{}",
        String::from_utf8_lossy(bytes)
    );
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_extract_is_sound_and_has_exactly_what_is_of_the_workspace(plan in plans()) {
        let bytes = plan.written();
        let export: Value = serde_json::from_slice(&bytes).unwrap();
        for workspace in export["workspaces"].as_array().unwrap() {
            let id = workspace["id"].as_str().unwrap();
            let extract = cut(&bytes, id).unwrap();
            prop_assert!(is_sound(&extract));
            let found: Value = serde_json::from_slice(&extract).unwrap();
            let expected = expected(&export, &workspace["id"]);
            for (section, records) in expected.as_object().unwrap() {
                prop_assert_eq!(&found[section], records, "{}", section);
            }
            prop_assert_eq!(&found["user_memories"], &json!([]));
            prop_assert_eq!(&found["summary"]["sections"]["user_memories"]["status"], "out_of_scope");
            prop_assert_eq!(&found["summary"]["sections"]["generated_documents"]["status"], "unavailable");
            prop_assert_eq!(&found["summary"]["left_out"], &json!([]));
            prop_assert_eq!(&cut(&extract, id).unwrap()[..200], &extract[..200]);
        }
    }

    #[test]
    fn an_extract_has_the_same_bytes_whoever_laid_the_original_out(plan in plans()) {
        let bytes = plan.written();
        let export: Value = serde_json::from_slice(&bytes).unwrap();
        let ours = cut(&bytes, "w-0").unwrap();
        let indented = String::from_utf8(serde_json::to_vec_pretty(&export).unwrap()).unwrap();
        prop_assert_eq!(&cut(indented.as_bytes(), "w-0").unwrap(), &ours);
        let escaped = escaped(&indented);
        prop_assert_eq!(&cut(escaped.as_bytes(), "w-0").unwrap(), &ours);
        let sorted = cut(sorted_by_key(&export).to_string().as_bytes(), "w-0").unwrap();
        let records = |bytes: &[u8]| bytes[..].split(|byte| *byte == b'\n').skip(2).map(<[u8]>::to_vec).collect::<Vec<_>>();
        prop_assert_eq!(records(&sorted).len(), records(&ours).len());
        prop_assert_eq!(&records(&sorted)[..records(&ours).len() - 3], &records(&ours)[..records(&ours).len() - 3]);
    }
}

/// In ASCII only, as some programs write it.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            ' '..='~' | '\n' => out.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04X}").unwrap();
                }
            }
        }
    }
    out
}

#[test]
fn an_extract_says_what_it_was_cut_from() {
    let bytes = two_of_one_name().written();
    let export: Value = serde_json::from_slice(&bytes).unwrap();
    let first = cut(&bytes, "w-1").unwrap();
    let extract: Value = serde_json::from_slice(&first).unwrap();
    let header = &extract["export"];
    assert_eq!(header["id"], ORDER.export_id);
    assert_eq!(header["created_at"], ORDER.created_at);
    assert_eq!(header["generator"]["version"], "9");
    for kept in [
        "product",
        "subject_id",
        "snapshot_at",
        "locale",
        "withheld",
        "processing",
    ] {
        assert_eq!(header[kept], export["export"][kept], "{kept}");
    }
    let scope = json!({
        "workspace_id": "w-1", "since": null, "until": null, "file_contents": true,
        "derived_from": { "export_id": ORIGINAL, "sha256": export["integrity"]["sha256"] },
    });
    assert_eq!(header["scope"], scope);
    assert_eq!(extract["integrity"]["signature"], Value::Null);
    let second: Value = serde_json::from_slice(&cut(&first, "Acme").unwrap()).unwrap();
    let derived_from = &second["export"]["scope"]["derived_from"];
    assert_eq!(
        derived_from["export_id"], ORDER.export_id,
        "the direct original"
    );
    assert_eq!(derived_from["sha256"], extract["integrity"]["sha256"]);
    for section in [
        "workspaces",
        "threads",
        "messages",
        "workspace_memories",
        "other_records",
        "gaps",
    ] {
        assert_eq!(second[section], extract[section]);
    }
    let error = cut(&first, "w-2").unwrap_err();
    assert!(
        matches!(error, TraceError::NoSuchWorkspace { others: 0, .. }),
        "{error}"
    );
}

#[test]
fn an_export_of_this_workspace_hands_its_counts_of_what_was_left_out_on() {
    let text = String::from_utf8(two_of_one_name().written()).unwrap();
    let slice = text.replacen("\"workspace_id\":null", "\"workspace_id\":\"w-1\"", 1);
    let extract: Value = serde_json::from_slice(&cut(&resealed(&slice), "w-1").unwrap()).unwrap();
    let left_out = json!([{ "section": "messages", "ground": "rights_of_others", "what": "of others", "count": 3 }]);
    assert_eq!(extract["summary"]["left_out"], left_out);
}

#[test]
fn nothing_is_cut_from_what_is_damaged_changed_or_newer() {
    let text = String::from_utf8(two_of_one_name().written()).unwrap();
    let edited = text.replace("hello", "hallo");
    let Err(TraceError::NotSound { finding }) = cut(edited.as_bytes(), "w-1") else {
        panic!("its digest differs");
    };
    assert!(finding.starts_with("digest_mismatch"), "{finding}");
    for end in [text.len() / 3, text.len() - 30] {
        let error = cut(&text.as_bytes()[..end], "w-1").unwrap_err();
        assert!(matches!(error, TraceError::NotSound { .. }), "{error}");
    }
    let newer = resealed(&text.replace("\"revision\":0,", "\"revision\":3,"));
    let error = cut(&newer, "w-1").unwrap_err();
    assert!(
        matches!(error, TraceError::NewerRevision { revision: 3 }),
        "{error}"
    );
    assert_eq!(traced(&newer, "w-1").unwrap().threads.len(), 1);
}

/// The file with the digest and the directory that it now must have.
fn resealed(text: &str) -> Vec<u8> {
    let before = two_of_one_name().written().len();
    let (body, _) = text.split_once("\"integrity\":").unwrap();
    let mut body = body.to_owned();
    let moved = i64::try_from(text.len()).unwrap() - i64::try_from(before).unwrap();
    if moved != 0 {
        let (data, summary) = body.split_once("\"summary\":").unwrap();
        let mut summary: Value = serde_json::from_str(summary.trim_end_matches(",\n")).unwrap();
        for line in summary["sections"].as_object_mut().unwrap().values_mut() {
            line["offset"] = json!(line["offset"].as_i64().unwrap() + moved);
        }
        body = format!("{data}\"summary\":{summary},\n");
    }
    let digest = hex(&Sha256::digest(&body));
    format!("{body}\"integrity\":{{\"sha256\":\"{digest}\",\"signature\":null}}}}\n").into_bytes()
}

#[test]
fn a_reference_that_the_product_lost_is_null_in_a_part_and_no_gap() {
    let plan = Plan {
        messages: vec![
            (0, 1, 9, "its parent is gone".to_owned()),
            (0, 2, 9, "a circle was cut here".to_owned()),
        ],
        ..two_of_one_name()
    };
    let extract: Value = serde_json::from_slice(&cut(&plan.written(), "w-1").unwrap()).unwrap();
    assert_eq!(extract["messages"][0]["parent_id"], Value::Null);
    let gaps: Vec<_> = extract["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| (&gap["code"], &gap["id"]))
        .collect();
    assert_eq!(
        gaps,
        [
            (&json!("unmapped_column"), &Value::Null),
            (&json!("dangling_reference"), &json!("m-1"))
        ]
    );
}
