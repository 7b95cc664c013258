//! Part of an export: one workspace, a range of days, without the bytes of files.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::export_file::{ExportFile, LISTS};
use crate::layout::{check_directory, check_lines};
use crate::product::{BEN, KENJI, MARTA, Product, TOMAS};
use crate::reading_order::assert_order;
use crate::references::assert_references;

/// A slice is a whole file of the format, and says nothing that the full export does not say.
#[track_caller]
fn check_slice(slice: &ExportFile, full: &ExportFile) {
    check_lines(slice);
    check_directory(slice);
    assert_references(slice);
    assert_order(slice);
    crate::readers::validate([slice]);
    for section in &LISTS[..9] {
        for record in slice.list(section) {
            let whole = full.record(section, record["id"].as_str().unwrap());
            for (key, value) in record.as_object().unwrap() {
                let is_cut = key.ends_with("_id") && value.is_null();
                let is_shorter = value.as_array().is_some_and(|list| {
                    let whole = whole[key].as_array().unwrap();
                    key.ends_with("_ids") && list.iter().all(|id| whole.contains(id))
                });
                assert!(
                    *value == whole[key] || is_cut || is_shorter,
                    "{section} {key}: {value}"
                );
            }
        }
    }
}

fn ids(records: impl IntoIterator<Item = Value>) -> BTreeSet<String> {
    let id = |record: Value| record["id"].as_str().unwrap().to_owned();
    records.into_iter().map(id).collect()
}

/// Ids of the records of a section that fit.
fn ids_where(file: &ExportFile, section: &str, fits: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    ids(file
        .list(section)
        .iter()
        .filter(|record| fits(record))
        .cloned())
}

fn check_workspace(product: &Product, who: &str, id: &str, full: &ExportFile) {
    let slice = product.export_with(who, &["--workspace", id]);
    check_slice(&slice, full);
    assert_eq!(slice.ids("workspaces"), BTreeSet::from([id.to_owned()]));
    let threads = ids_where(full, "threads", |thread| thread["workspace_id"] == id);
    assert_eq!(slice.ids("threads"), threads);
    let is_in_thread = |record: &Value| {
        record["thread_id"]
            .as_str()
            .is_some_and(|thread| threads.contains(thread))
    };
    assert_eq!(
        slice.ids("messages"),
        ids_where(full, "messages", is_in_thread)
    );
    let is_inside = |record: &Value| record["workspace_id"] == id || is_in_thread(record);
    for section in [
        "uploaded_files",
        "generated_documents",
        "workspace_memories",
        "other_records",
    ] {
        assert_eq!(
            slice.ids(section),
            ids_where(full, section, is_inside),
            "{section}"
        );
    }
    for section in ["account_settings", "user_memories", "subscriptions"] {
        assert_eq!(slice.status(section), "out_of_scope");
        assert_eq!(slice.count(section), 0);
    }
    assert_eq!(slice.json["account_settings"], serde_json::json!({}));
    assert_eq!(slice.json["export"]["scope"]["workspace_id"], id);
    assert!(
        slice.outcome.code == 0 || full.outcome.code == 3,
        "{}",
        slice.outcome.stderr
    );
}

#[test]
fn one_workspace_is_its_threads_files_and_memories_and_nothing_of_the_account() {
    let demo = Product::demo();
    for who in [MARTA, KENJI] {
        let full = demo.export(who);
        for id in full.ids("workspaces") {
            check_workspace(&demo, who, &id, &full);
            let slice = demo.export_with(who, &["--workspace", &id]);
            let address = full.json["account_settings"]["email"].as_str().unwrap();
            assert!(!slice.text().contains(address));
        }
    }
    let open_webui = Product::open_webui();
    let full = open_webui.export(BEN);
    for id in full.ids("workspaces").iter().take(3) {
        check_workspace(&open_webui, BEN, id, &full);
    }
}

#[test]
fn a_slice_counts_only_what_others_put_into_that_workspace() {
    let product = Product::demo();
    let key = product.key(MARTA);
    let mut met = 0;
    for id in product.export(MARTA).ids("workspaces") {
        let slice = product.export_with(MARTA, &["--workspace", &id]);
        let left_out = slice.json["summary"]["left_out"].as_array().unwrap();
        let counted: u64 = left_out
            .iter()
            .filter(|line| line["section"] == "workspace_memories")
            .map(|line| line["count"].as_u64().unwrap())
            .sum();
        let expected = product.text(&format!(
            "SELECT CAST(count(*) AS TEXT) FROM workspace_memories
             WHERE workspace_id = '{id}' AND created_by_user_id <> '{key}'"
        ));
        assert_eq!(counted.to_string(), expected, "{id}");
        met += counted;
    }
    assert!(met > 0);
}

#[test]
fn a_workspace_of_somebody_else_is_as_unknown_as_one_that_does_not_exist() {
    let product = Product::demo();
    let others = product.export(TOMAS).ids("workspaces").pop_first().unwrap();
    for id in [&*others, "no-such-workspace", "' OR 1=1 --"] {
        let said = product.export_fails(MARTA, &["--workspace", id]);
        assert!(
            said.contains(&format!("no workspace `{id}`")) && said.contains("hint:"),
            "{said}"
        );
    }
}

/// The days of all messages, one for each, sorted.
fn days_of(file: &ExportFile) -> Vec<String> {
    let day = |message: &Value| message["created_at"].as_str().unwrap()[..10].to_owned();
    let mut days: Vec<String> = file.list("messages").iter().map(day).collect();
    days.sort_unstable();
    days
}

#[test]
fn a_range_of_days_has_their_messages_and_the_threads_these_stand_in() {
    for (product, who) in [(Product::demo(), MARTA), (Product::open_webui(), BEN)] {
        let full = product.export(who);
        let days = days_of(&full);
        let (since, until) = (&*days[days.len() / 3], &*days[days.len() * 2 / 3]);
        for flags in [
            vec!["--since", since],
            vec!["--until", until],
            vec!["--since", since, "--until", until],
        ] {
            let slice = product.export_with(who, &flags);
            check_slice(&slice, &full);
            let has = |flag: &str| flags.contains(&flag);
            let fits = |record: &Value| {
                let day = &record["created_at"].as_str().unwrap()[..10];
                (!has("--since") || day >= since) && (!has("--until") || day <= until)
            };
            let messages = ids_where(&full, "messages", fits);
            assert!(messages.len() < full.list("messages").len() && !messages.is_empty());
            assert_eq!(slice.ids("messages"), messages);
            let threads: BTreeSet<String> = slice
                .list("messages")
                .iter()
                .map(|message| message["thread_id"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(slice.ids("threads"), threads);
            let files = ids_where(&full, "uploaded_files", fits);
            assert_eq!(slice.ids("uploaded_files"), files);
        }
    }
}

#[test]
fn a_time_inside_a_json_column_is_held_against_the_range_as_any_other() {
    let plain = Product::demo();
    let product = Product::demo().with_map_changed(
        "fields.created_at               = \"created_at\"\nfields.deleted_at",
        "fields.created_at = { column = \"stamp\", json = \"at\" }\n\
         fields.told_at = { column = \"created_at\", kind = \"timestamp\" }\nfields.deleted_at",
    );
    // What each thread points at was written later than all the rest.
    let later = "UPDATE messages SET created_at = '2027-01-01T00:00:00.000Z'
                 WHERE id IN (SELECT current_message_id FROM threads)";
    plain.sql(later);
    product.sql(later);
    product.sql(
        "ALTER TABLE messages ADD COLUMN stamp JSON;
         UPDATE messages SET stamp = json_object('at', created_at)",
    );
    let flags = ["--until", "2026-12-31"];
    let (expected, found) = (
        plain.export_with(MARTA, &flags),
        product.export_with(MARTA, &flags),
    );
    assert_eq!(found.ids("messages"), expected.ids("messages"));
    // What they point at is not in the file, where its time is behind the range.
    assert_eq!(found.list("threads"), expected.list("threads"));
    let cut = |thread: &Value| thread["current_message_id"].is_null();
    assert!(found.list("threads").iter().any(cut));
}

#[test]
fn a_range_is_told_in_moments_and_ends_with_the_last_day() {
    let product = Product::demo();
    let flags = ["--since", "2026-01-02", "--until", "2026-03-04"];
    let scope = product.export_with(MARTA, &flags).json["export"]["scope"].clone();
    assert_eq!(scope["since"], "2026-01-02T00:00:00Z");
    assert_eq!(scope["until"], "2026-03-05T00:00:00Z");
}

#[test]
fn without_file_contents_only_the_bytes_are_missing() {
    for (product, who) in [(Product::demo(), MARTA), (Product::open_webui(), BEN)] {
        let full = product.export(who);
        let slice = product.export_with(who, &["--without-file-contents"]);
        check_slice(&slice, &full);
        assert_eq!(
            slice.outcome.code, 0,
            "bytes that nobody asked for cannot be missing"
        );
        for section in &LISTS[..9] {
            assert_eq!(slice.json[*section], full.json[*section]);
        }
        assert_eq!(
            slice.json["account_settings"],
            full.json["account_settings"]
        );
        assert_eq!(slice.status("file_contents"), "out_of_scope");
        assert_eq!(slice.json["file_contents"], serde_json::json!([]));
    }
}
