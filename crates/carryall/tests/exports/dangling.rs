//! References to what is gone, and files that are gone or are not what the database says.

use std::fs;

use serde_json::{Value, json};

use crate::product::{BEN, MARTA, Product};
use crate::program::WITH_GAPS;
use crate::readers::validate;
use crate::reading_order::assert_order;
use crate::references::assert_references;

#[test]
fn a_reference_to_what_is_gone_stays_and_is_told() {
    let product = Product::demo();
    let key = product.key(MARTA);
    let message = product.text(&format!(
        "SELECT id FROM messages WHERE author_user_id = '{key}' ORDER BY created_at LIMIT 1"
    ));
    let thread = product.text(&format!(
        "SELECT thread_id FROM messages WHERE id = '{message}'"
    ));
    let memory = product.text(&format!(
        "SELECT id FROM user_memories WHERE user_id = '{key}'"
    ));
    product.sql(&format!(
        "UPDATE messages SET parent_id = 'gone', file_ids = '[\"gone\"]' WHERE id = '{message}';
         UPDATE threads SET workspace_id = 'gone', current_message_id = 'gone' WHERE id = '{thread}';
         UPDATE user_memories SET source_thread_id = 'gone' WHERE id = '{memory}';"
    ));
    let file = product.export(MARTA);
    validate([&file]);
    assert_references(&file);
    assert_order(&file);
    for (section, id, field) in [
        ("threads", &thread, "workspace_id"),
        ("threads", &thread, "current_message_id"),
        ("messages", &message, "parent_id"),
        ("messages", &message, "file_ids"),
        ("user_memories", &memory, "source_thread_id"),
    ] {
        let gap = format!("dangling_reference {section} {id} {field}");
        assert!(file.gaps().contains(&gap), "{gap}");
        let held = &file.record(section, id)[field];
        assert!(*held == "gone" || *held == json!(["gone"]), "{held}");
    }
    assert_eq!(file.outcome.code, WITH_GAPS);
}

#[test]
fn a_memory_of_a_workspace_that_is_left_out_keeps_its_workspace_and_tells() {
    let workspaces = "table   = \"workspaces\"\nowner   = \"owner_user_id\"";
    let memories = "parent  = { section = \"workspaces\", column = \"workspace_id\" }\nauthor  = \"created_by_user_id\"";
    let product = Product::demo()
        // No name is Marta's key: her workspaces count as somebody else's.
        .with_map_changed(workspaces, &format!("{workspaces}\nauthor  = \"name\""))
        .with_map_changed(memories, "owner   = \"created_by_user_id\"");
    let file = product.export(MARTA);
    validate([&file]);
    let (workspaces, gaps) = (file.ids("workspaces"), file.gaps());
    let mut kept = 0;
    for id in file.ids("workspace_memories") {
        let workspace = file.record("workspace_memories", &id)["workspace_id"]
            .as_str()
            .expect("it is required");
        let gap = format!("dangling_reference workspace_memories {id} workspace_id");
        let is_left_out = !workspaces.contains(workspace);
        assert_eq!(gaps.contains(&gap), is_left_out, "{gap}");
        kept += usize::from(is_left_out);
    }
    assert!(kept > 0, "no memory's workspace is left out");
    assert_eq!(file.outcome.code, WITH_GAPS);
}

#[test]
fn a_list_of_ids_that_is_none_stays_readable() {
    let product = Product::demo();
    let key = product.key(MARTA);
    let message = product.text(&format!(
        "SELECT id FROM messages WHERE author_user_id = '{key}' ORDER BY created_at LIMIT 1"
    ));
    for ids in [
        "gone",
        "7",
        "null",
        "[null]",
        "[[\"a\"],{\"b\":1},true,1.5]",
        "{\"a\":\"b\"}",
        "",
    ] {
        product.sql(&format!(
            "UPDATE messages SET file_ids = '{ids}' WHERE id = '{message}'"
        ));
        let file = product.export(MARTA);
        validate([&file]);
        assert_references(&file);
        let held = file.record("messages", &message)["file_ids"]
            .as_array()
            .unwrap();
        assert!(held.iter().all(Value::is_string), "{ids}: {held:?}");
        let is_nothing = ["null", "[null]"].contains(&ids);
        assert_eq!(
            file.outcome.code,
            if is_nothing { 0 } else { WITH_GAPS },
            "{ids}: {held:?}"
        );
    }
}

#[test]
fn messages_that_follow_each_other_in_a_circle_are_all_there() {
    let product = Product::demo();
    let key = product.key(MARTA);
    let thread = product.text(&format!(
        "SELECT thread_id FROM messages WHERE author_user_id = '{key}' GROUP BY 1 HAVING count(*) > 3 LIMIT 1"
    ));
    product.sql(&format!(
        "UPDATE messages SET parent_id = (SELECT max(id) FROM messages WHERE thread_id = '{thread}') WHERE thread_id = '{thread}'"
    ));
    let before = product.export(MARTA);
    let file = product.export(MARTA);
    validate([&file]);
    assert_order(&file);
    assert_eq!(file.ids("messages"), before.ids("messages"));
    let cut = file
        .gaps()
        .iter()
        .filter(|gap| gap.starts_with("dangling_reference"))
        .count();
    assert_eq!(cut, 1, "{:?}", file.gaps());
}

#[test]
fn a_file_that_is_not_what_the_database_says_is_told_and_its_place_is_not() {
    let product = Product::demo();
    let key = product.key(MARTA);
    let connection = product.connection();
    let mut statement = connection
        .prepare("SELECT id, storage_key FROM uploaded_files WHERE user_id = ?1 ORDER BY size_bytes DESC")
        .unwrap();
    let files: Vec<(String, String)> = statement
        .query_map([&key], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let path = |place: usize| product.files.join(&files[place].1);
    let bytes = fs::read(path(0)).unwrap();
    fs::write(path(0), &bytes[..bytes.len() / 2]).unwrap();
    fs::remove_file(path(1)).unwrap();
    fs::create_dir(path(1)).unwrap();
    fs::remove_file(path(2)).unwrap();
    std::os::unix::fs::symlink(product.folder.path().join("owners.jsonl"), path(2)).unwrap();
    fs::remove_file(path(3)).unwrap();
    let mut other = fs::read(path(4)).unwrap();
    other[0] ^= 1;
    fs::write(path(4), other).unwrap();
    product.sql(&format!(
        "UPDATE uploaded_files SET storage_key = '../owners.jsonl' WHERE id = '{}'",
        files[5].0
    ));
    let file = product.export(MARTA);
    validate([&file]);
    let codes = [
        "object_changed",
        "missing_object",
        "missing_object",
        "missing_object",
        "object_changed",
        "missing_object",
    ];
    let mut expected: Vec<String> = codes
        .iter()
        .zip(&files)
        .map(|(code, (id, _))| format!("{code} uploaded_files {id} -"))
        .collect();
    let mut gaps = file.gaps();
    gaps.sort();
    expected.sort();
    assert_eq!(gaps, expected);
    let half = ("uploaded_files".to_owned(), files[0].0.clone());
    assert!(file.contents()[&half] == bytes[..bytes.len() / 2]);
    for (_, place) in &files {
        assert!(!file.text().contains(place.as_str()), "{place} is withheld");
    }
    assert!(!file.text().contains("owners.jsonl"));
    assert_eq!(file.outcome.code, WITH_GAPS);
}

#[test]
fn a_file_whose_key_is_nothing_is_told() {
    let product = Product::open_webui();
    let id = product.text("SELECT id FROM file WHERE user_id = (SELECT id FROM \"user\" WHERE email = 'clara@example.com') LIMIT 1");
    for key in ["", "/app/backend/data/uploads/", "/app/.."] {
        product.sql(&format!("UPDATE file SET path = '{key}' WHERE id = '{id}'"));
        let file = product.export("clara@example.com");
        assert_eq!(
            file.gaps(),
            [format!("missing_object uploaded_files {id} -")],
            "{key}"
        );
    }
    assert_eq!(product.export(BEN).gaps().len(), 1);
}
