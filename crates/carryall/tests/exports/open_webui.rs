//! A database that the product itself made: what it shows is what its people get.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::export_file::ExportFile;
use crate::product::{BEN, OPEN_WEBUI_PEOPLE, Product};
use crate::program::{WITH_GAPS, carryall};

/// Folders, chats, messages, files, memories and notes of each person, as the README beside the database
/// states them.
const COUNTS: [[u64; 6]; 4] = [
    [6, 10, 57, 2, 4, 2],
    [10, 45, 328, 9, 16, 6],
    [7, 25, 223, 5, 9, 4],
    [3, 3, 15, 2, 2, 1],
];

const SECTIONS: [&str; 6] = [
    "workspaces",
    "threads",
    "messages",
    "uploaded_files",
    "user_memories",
    "generated_documents",
];

#[test]
fn everybody_has_as_many_records_as_were_put_in() {
    let product = Product::open_webui();
    for (who, counts) in OPEN_WEBUI_PEOPLE.iter().zip(COUNTS) {
        let file = product.export(who);
        for (section, count) in SECTIONS.iter().zip(counts) {
            assert_eq!(file.list(section).len() as u64, count, "{who} {section}");
            assert_eq!(file.count(section), count, "{who} {section}");
        }
    }
}

/// A chat as the browser keeps it: everything that the product shows of a conversation.
struct Chat {
    id: String,
    folder_id: Option<String>,
    title: String,
    shown: Value,
}

fn chats(product: &Product, who: &str) -> Vec<Chat> {
    let connection = product.connection();
    let mut statement = connection
        .prepare("SELECT id, folder_id, title, chat FROM chat WHERE user_id = ?1")
        .unwrap();
    statement
        .query_map([product.key(who)], |row| {
            Ok(Chat {
                id: row.get(0)?,
                folder_id: row.get(1)?,
                title: row.get(2)?,
                shown: serde_json::from_str(&row.get::<_, String>(3)?).unwrap(),
            })
        })
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn threads_and_messages_are_those_that_the_product_shows() {
    let product = Product::open_webui();
    for who in OPEN_WEBUI_PEOPLE {
        let file = product.export(who);
        let chats = chats(&product, who);
        assert_eq!(chats.len(), file.list("threads").len());
        let mut branches = 0;
        for chat in chats {
            branches += check_chat(&file, &chat);
        }
        assert!(who != BEN || branches > 5, "{branches}");
    }
}

/// Holds a thread against its chat; how many of its messages are answered more than once.
fn check_chat(file: &ExportFile, chat: &Chat) -> usize {
    let thread = file.record("threads", &chat.id);
    assert_eq!(thread["title"], *chat.title);
    assert_eq!(thread["title"], chat.shown["title"]);
    assert_eq!(thread["workspace_id"].as_str(), chat.folder_id.as_deref());
    let named = |id: &Value| match id.as_str() {
        Some(id) => Value::from(format!("{}-{id}", chat.id)),
        None => Value::Null,
    };
    let history = &chat.shown["history"];
    assert_eq!(thread["current_message_id"], named(&history["currentId"]));
    let shown = history["messages"].as_object().unwrap();
    let messages: BTreeMap<&str, &Value> = file
        .list("messages")
        .iter()
        .filter(|message| message["thread_id"] == *chat.id)
        .map(|message| (message["id"].as_str().unwrap(), message))
        .collect();
    assert_eq!(messages.len(), shown.len(), "{}", chat.title);
    for (id, message) in shown {
        let exported = messages[format!("{}-{id}", chat.id).as_str()];
        assert_eq!(exported["role"], message["role"]);
        assert_eq!(exported["content"], message["content"]);
        assert_eq!(exported["parent_id"], named(&message["parentId"]));
        let time: jiff::Timestamp = exported["created_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(time.as_second(), message["timestamp"].as_i64().unwrap());
    }
    let parents = shown
        .values()
        .filter_map(|message| message["parentId"].as_str());
    let mut met = BTreeSet::new();
    parents.filter(|parent| !met.insert(*parent)).count()
}

#[test]
fn the_one_missing_upload_is_the_one_gap() {
    let product = Product::open_webui();
    for who in OPEN_WEBUI_PEOPLE {
        let file = product.export(who);
        let expected = usize::from(who == BEN);
        assert_eq!(file.gaps().len(), expected, "{who}: {:?}", file.gaps());
        assert_eq!(file.outcome.code, if who == BEN { WITH_GAPS } else { 0 });
        assert_eq!(
            file.contents().len() + expected,
            file.list("uploaded_files").len()
        );
        if who == BEN {
            let gap = &file.list("gaps")[0];
            assert_eq!(gap["code"], "missing_object");
            assert_eq!(gap["section"], "uploaded_files");
            let id = gap["id"].as_str().unwrap();
            file.record("uploaded_files", id);
            assert!(file.outcome.stderr.contains(id), "{}", file.outcome.stderr);
        }
    }
}

#[test]
fn no_secret_is_in_any_file_and_no_message_of_others() {
    let product = Product::open_webui();
    let connection = product.connection();
    let mut secrets: Vec<String> = Vec::new();
    for sql in [
        "SELECT key FROM api_key",
        "SELECT token FROM oauth_session",
        "SELECT password FROM auth",
        "SELECT json_extract(oauth, '$') FROM \"user\" WHERE oauth LIKE '%token%'",
        "SELECT share_id FROM chat WHERE share_id IS NOT NULL",
    ] {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement
            .query_map((), |row| row.get::<_, String>(0))
            .unwrap();
        secrets.extend(rows.map(Result::unwrap));
    }
    assert!(secrets.len() >= 12, "{}", secrets.len());
    for who in OPEN_WEBUI_PEOPLE {
        let file = product.export(who);
        for secret in secrets.iter().map(String::as_str).chain(["canary", "$2b$"]) {
            assert!(!file.text().contains(secret), "{who}: {secret}");
        }
        for other in OPEN_WEBUI_PEOPLE.iter().filter(|other| **other != who) {
            let mut ids: Vec<String> = chats(&product, other)
                .into_iter()
                .map(|chat| chat.id)
                .collect();
            ids.push(product.key(other));
            for id in ids {
                assert!(
                    !file.text().contains(&id),
                    "{who} was given {id} of {other}"
                );
            }
        }
    }
}

fn coverage(product: &Product, flags: &[&str]) -> crate::program::Outcome {
    let mut arguments = vec!["coverage".into()];
    arguments.extend(product.source());
    arguments.extend(flags.iter().map(Into::into));
    carryall(arguments)
}

#[test]
fn the_gate_passes_on_both_products_down_to_the_keys() {
    for product in [Product::demo(), Product::open_webui()] {
        coverage(&product, &["--data"]).ended_with(0);
        let report = coverage(&product, &["--data", "--json"]).ended_with(0);
        let report: Value = serde_json::from_str(report.text()).unwrap();
        assert!(report.is_object());
    }
}

#[test]
fn a_column_that_an_upgrade_adds_fails_the_gate_and_is_a_gap_of_the_export() {
    let product = Product::open_webui();
    product.sql("ALTER TABLE memory ADD COLUMN mood TEXT");
    product.sql("UPDATE memory SET mood = 'a mood that nobody mapped'");
    let report = coverage(&product, &[]).ended_with(1);
    assert!(
        report.text().contains("memory") && report.text().contains("mood"),
        "{}",
        report.text()
    );
    let file = product.export("clara@example.com");
    assert_eq!(file.outcome.code, WITH_GAPS);
    assert_eq!(file.gaps(), ["unmapped_column user_memories - memory.mood"]);
    assert!(!file.text().contains("a mood that nobody mapped"));
    assert_eq!(file.list("user_memories").len(), 9);
}

#[test]
fn a_key_that_an_upgrade_adds_fails_the_gate_and_is_a_gap_of_the_export() {
    let product = Product::open_webui();
    let id = product.text("SELECT id FROM file WHERE user_id = (SELECT id FROM \"user\" WHERE email = 'clara@example.com') LIMIT 1");
    product.sql(&format!(
        "UPDATE file SET meta = json_set(meta, '$.mood', 'a new key') WHERE id = '{id}'"
    ));
    coverage(&product, &[]).ended_with(0);
    let report = coverage(&product, &["--data"]).ended_with(1);
    assert!(
        report.text().contains("mood") && !report.text().contains("a new key"),
        "{}",
        report.text()
    );
    let file = product.export("clara@example.com");
    assert_eq!(
        file.gaps(),
        [format!("unmapped_key uploaded_files {id} meta")]
    );
    assert!(!file.text().contains("a new key"));
}

#[test]
fn a_mapped_column_that_an_upgrade_drops_fails_the_export_by_name() {
    let product = Product::open_webui();
    product.sql("ALTER TABLE memory DROP COLUMN content");
    let said = product.export_fails(BEN, &[]);
    assert!(
        said.contains("`memory`") && said.contains("`content`"),
        "{said}"
    );
    assert!(said.contains("carryall coverage"), "{said}");
}
