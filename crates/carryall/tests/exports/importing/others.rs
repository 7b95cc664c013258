//! Rows of other people, and files of other products.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::stage::{SECTIONS, counts, dump, empty_for, expected, files, import, sum, try_import};
use crate::export_file::ExportFile;
use crate::product::{DEMO_PEOPLE, MARTA, Product, TOMAS};
use crate::program::carryall;

/// The records with each id replaced by its number, so that only what refers to what is left.
fn shape(file: &ExportFile, person: &str) -> Value {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for section in SECTIONS {
        for record in file.list(section) {
            let next = numbers.len();
            numbers.insert(record["id"].as_str().unwrap().to_owned(), next);
        }
    }
    numbers.insert(person.to_owned(), 1_000_000);
    let mut all = json!({});
    for section in SECTIONS {
        let mut records = Value::from(file.list(section).to_vec());
        replace(&mut records, &numbers);
        all[section] = records;
    }
    all
}

fn replace(value: &mut Value, numbers: &BTreeMap<String, usize>) {
    match value {
        Value::String(text) => {
            if let Some(number) = numbers.get(text) {
                *text = format!("#{number}");
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| replace(one, numbers)),
        Value::Object(all) => all.values_mut().for_each(|one| replace(one, numbers)),
        _ => {}
    }
}

#[test]
fn ids_that_somebody_elses_rows_have_are_remapped_with_what_refers_to_them() {
    let product = Product::demo();
    let export = product.export(MARTA);
    product.sql(
        "INSERT INTO users (id, email, auth_providers, unsubscribe_token, created_at, updated_at)
         VALUES ('11111111-1111-4111-8111-111111111111', 'nora@example.com', '[]', 'x', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')",
    );
    let before = (dump(&product), files(&product.files));
    let report = import(&product, &export.path, &["--as", "NORA@example.com"]);
    let after = (dump(&product), files(&product.files));
    for (table, rows) in &before.0 {
        assert!(
            rows.is_subset(&after.0[table]),
            "{table}: a row was touched"
        );
    }
    for (path, bytes) in &before.1 {
        assert_eq!(&after.1[path], bytes, "{path}");
    }
    assert_eq!(
        counts(&report, "messages")["remapped"],
        counts(&report, "messages")["added"]
    );

    // The same account as in a database of its own, but for the ids.
    let empty = empty_for(&product, MARTA);
    import(&empty, &export.path, &[]);
    let (alone, beside) = (empty.export(MARTA), product.export("nora@example.com"));
    let marta = product.key(MARTA);
    assert_eq!(
        sorted(shape(&beside, "11111111-1111-4111-8111-111111111111")),
        sorted(shape(&alone, &marta))
    );
    assert_eq!(beside.contents().len(), alone.contents().len());
    assert_eq!(beside.gaps(), Vec::<String>::new());
    for section in SECTIONS {
        let shared = alone
            .ids(section)
            .intersection(&beside.ids(section))
            .count();
        assert_eq!(shared, 0, "{section}");
    }

    let again = import(&product, &export.path, &["--as", "nora@example.com"]);
    assert_eq!((dump(&product), files(&product.files)), after);
    assert_eq!(sum(&again, "added"), 0, "{again:#}");
    assert_eq!(
        product.export(MARTA).json["messages"],
        export.json["messages"]
    );
}

/// Records of one moment stand in the order of their ids, which differ.
fn sorted(mut shape: Value) -> Value {
    for records in shape.as_object_mut().unwrap().values_mut() {
        let records = records.as_array_mut().unwrap();
        for record in records.iter_mut() {
            let fields = record.as_object_mut().unwrap();
            for name in [
                "id",
                "workspace_id",
                "thread_id",
                "parent_id",
                "message_id",
                "current_message_id",
                "source_thread_id",
            ] {
                if fields.get(name).is_some_and(Value::is_string) {
                    fields[name] = json!("somebody");
                }
            }
            for name in ["file_ids", "generated_document_ids"] {
                if let Some(list) = fields.get(name).and_then(Value::as_array) {
                    fields[name] = json!(list.len());
                }
            }
            if let Some(extra) = fields.get_mut("extra").and_then(Value::as_object_mut)
                && extra
                    .get("previous_version_id")
                    .is_some_and(Value::is_string)
            {
                extra["previous_version_id"] = json!("somebody");
            }
        }
        records.sort_by_key(Value::to_string);
    }
    shape
}

#[test]
fn a_file_names_its_person_by_key_or_address_and_nobody_else_is_ever_made() {
    let product = Product::demo();
    let export = product.export(TOMAS);
    let empty = Product::empty();
    let schema = crate::product::repository().join("products/isms-copilot/schema.sqlite.sql");
    empty.sql(&std::fs::read_to_string(schema).unwrap());
    let said = try_import(&empty, &export.path, &[]).ended_with(2).stderr;
    assert!(
        said.contains("find the person") && said.contains("people are never made"),
        "{said}"
    );
    assert!(dump(&empty)["users"].is_empty());
    // The same address under another key: the account that was opened anew.
    empty.sql(&format!(
        "INSERT INTO users (id, email, auth_providers, unsubscribe_token, created_at, updated_at)
         VALUES ('22222222-2222-4222-8222-222222222222', '{TOMAS}', '[]', 'x', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')"
    ));
    import(&empty, &export.path, &[]);
    let found = empty.export(TOMAS);
    assert_eq!(
        found.list("messages").len(),
        expected(&export)["messages"].as_array().unwrap().len()
    );
    assert_eq!(
        found.list("workspaces")[0]["owner_user_id"],
        "22222222-2222-4222-8222-222222222222"
    );
}

/// ChatGPT's shape, with a tool in the middle of a conversation.
const TAKEOUT: &str = r#"[{"id":"c1","title":"Scope","create_time":1750000000.5,"update_time":1750000100,"current_node":"m4","is_archived":true,
  "mapping":{"r":{"id":"r","parent":null,"children":["m1"],"message":null},
    "m1":{"id":"m1","parent":"r","children":["m2"],"message":{"id":"m1","author":{"role":"user"},"create_time":1750000001,"content":{"content_type":"text","parts":["What is in scope?"]},"metadata":{}}},
    "m2":{"id":"m2","parent":"m1","children":["m3"],"message":{"id":"m2","author":{"role":"assistant"},"create_time":1750000002,"content":{"content_type":"code","text":"search()"},"recipient":"browser","metadata":{"model_slug":"gpt-5"}}},
    "m3":{"id":"m3","parent":"m2","children":["m4"],"message":{"id":"m3","author":{"role":"tool","name":"browser"},"create_time":1750000003,"content":{"content_type":"text","parts":["three sites"]},"metadata":{}}},
    "m4":{"id":"m4","parent":"m3","children":[],"message":{"id":"m4","author":{"role":"assistant"},"create_time":null,"content":{"content_type":"text","parts":["Three sites."]},"metadata":{"model_slug":"gpt-5"}}}}}]"#;

#[test]
fn the_history_of_another_product_comes_in_as_far_as_it_can_be_held() {
    let product = Product::demo();
    let folder = product.folder.path();
    let (takeout, history) = (
        folder.join("conversations.json"),
        folder.join("history.json"),
    );
    std::fs::write(&takeout, TAKEOUT).unwrap();
    let flags = [
        "convert",
        takeout.to_str().unwrap(),
        "--from",
        "chatgpt",
        "--out",
        history.to_str().unwrap(),
    ];
    let converted = carryall(flags);
    assert!(matches!(converted.code, 0 | 3), "{}", converted.stderr);
    let before = product.export(TOMAS);
    let report = import(&product, &history, &["--as", TOMAS]);
    let after = product.export(TOMAS);
    carryall(["verify".as_ref(), after.path.as_os_str()]).ended_with(0);
    assert_eq!(
        after.list("threads").len(),
        before.list("threads").len() + 1
    );
    let thread = after
        .list("threads")
        .iter()
        .find(|thread| thread["title"] == "Scope")
        .unwrap();
    let messages: Vec<_> = after
        .list("messages")
        .iter()
        .filter(|message| message["thread_id"] == thread["id"])
        .collect();
    let tool = &report["without_place"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["what"] == "messages")
        .unwrap();
    assert!(
        tool["reason"].as_str().unwrap().contains("CHECK"),
        "{report:#}"
    );
    // The tool's message cannot be held; its answer follows the one before it.
    assert_eq!(messages.len(), 3, "{messages:#?}");
    assert_eq!(messages[2]["content"], "Three sites.");
    assert_eq!(messages[2]["parent_id"], messages[1]["id"]);
    assert_eq!(thread["current_message_id"], messages[2]["id"]);
    assert_eq!(messages[0]["author_user_id"], *product.key(TOMAS));
    let told = report["without_place"].to_string();
    assert!(told.contains("threads.archived"), "{told}");
    let again = import(&product, &history, &["--as", TOMAS]);
    assert_eq!(sum(&again, "added"), 0, "{again:#}");
    for who in DEMO_PEOPLE.iter().filter(|who| **who != TOMAS) {
        assert!(
            !product.export(who).text().contains("Three sites."),
            "{who}"
        );
    }
}

#[test]
fn a_product_that_cannot_be_imported_into_says_why() {
    for (product, who, word) in [
        (
            Product::open_webui(),
            "clara@example.com",
            "convert --to open-webui",
        ),
        (
            Product::anythingllm(),
            "ada@example.com",
            "numbers its rows",
        ),
    ] {
        let export = product.export(who);
        let before = dump(&product);
        let said = try_import(&product, &export.path, &[]).ended_with(2).stderr;
        assert!(said.contains(word), "{said}");
        assert_eq!(dump(&product), before);
    }
}
