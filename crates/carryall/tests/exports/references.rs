//! Whether every reference of a file points at something.

use std::collections::{BTreeMap, BTreeSet};

use carryall_format::section::{Kind, Section};
use serde_json::Value;

use crate::export_file::{ExportFile, LISTS};

/// Follows every reference of every record.
#[track_caller]
pub fn assert_references(file: &ExportFile) {
    let ids: BTreeMap<&str, BTreeSet<String>> = LISTS[..9]
        .iter()
        .map(|section| (*section, file.ids(section)))
        .collect();
    for section in Section::ALL {
        if LISTS[..9].contains(&section.name()) {
            assert_eq!(ids[section.name()].len(), file.list(section.name()).len());
        }
        let records = file.json[section.name()].as_array().into_iter().flatten();
        for record in records {
            for field in section.fields() {
                let (target, values) = match field.kind {
                    Kind::Ref(target) => (target, std::slice::from_ref(&record[field.name])),
                    Kind::Refs(target) => (
                        target,
                        record[field.name].as_array().map_or(&[][..], Vec::as_slice),
                    ),
                    _ => continue,
                };
                for id in values.iter().filter_map(Value::as_str) {
                    let own = record["id"].as_str().unwrap();
                    let gap = format!("dangling_reference {} {own} {}", section.name(), field.name);
                    let is_met = ids[target.name()].contains(id) || file.gaps().contains(&gap);
                    assert!(is_met, "{} {own}: {} {id}", section.name(), field.name);
                }
            }
        }
    }
    for part in file.list("file_contents") {
        let [section, id] = ["section", "file_id"].map(|key| part[key].as_str().unwrap());
        assert!(ids[section].contains(id), "contents of {section} {id}");
    }
}
