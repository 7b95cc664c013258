//! A map held against a database.

use super::{ACCOUNT, HEAD, THREADS};
use crate::catalog::{Catalog, Column, Table, TableKind};
use crate::check::check_against;
use crate::data_map::DataMap;

fn catalog() -> Catalog {
    let column = |name: &str, declared_type: &str| Column {
        name: name.to_owned(),
        declared_type: declared_type.to_owned(),
        generated: false,
        hidden: false,
        not_null: false,
        primary_key: None,
    };
    let table = |name: &str, columns: Vec<Column>| Table {
        name: name.to_owned(),
        kind: TableKind::Table,
        columns,
        indexes: Vec::new(),
        without_rowid: false,
        unreadable: None,
    };
    Catalog {
        dialect: crate::plan::Dialect::default(),
        tables: vec![
            table(
                "users",
                vec![column("id", "TEXT"), column("settings", "JSON")],
            ),
            table(
                "chats",
                vec![
                    column("id", "TEXT"),
                    column("user_id", "TEXT"),
                    column("created_at", "BIGINT"),
                ],
            ),
        ],
    }
}

fn wrong_here(entries: &str) -> Vec<String> {
    let map = DataMap::parse(&format!("{HEAD}{entries}"), "notes.toml").unwrap();
    check_against(&map, &catalog())
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn tables_and_columns_that_are_not_there_are_named() {
    let threads = THREADS
        .replace("chats", "chat")
        .replace("\"id\"", "\"chat_id\"");
    let found = wrong_here(&format!("{ACCOUNT}extra = [\"setings\"]\n{threads}"));
    assert_eq!(
        found,
        [
            "[[export]] 1 (section account_settings, table users), extra: the table `users` has no column `setings`; did you mean `settings`?",
            "[[export]] 2 (section threads, table chat): the database has no table `chat`; did you mean `chats`?",
        ]
    );
}

#[test]
fn another_products_database_is_said_to_be_one() {
    let other = HEAD.replace("table = \"users\"", "table = \"people\"");
    let map = DataMap::parse(
        &format!("{other}{}", ACCOUNT.replace("users", "people")),
        "notes.toml",
    )
    .unwrap();
    let found = check_against(&map, &catalog());
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].problem,
        "this is not the database of Notes: none of the map's 1 tables exist; it has users, chats"
    );
}

#[test]
fn a_json_column_does_not_leave_unread() {
    let found = wrong_here(&format!("{ACCOUNT}extra = [\"settings\"]\n"));
    assert!(
        found.len() == 1 && found[0].contains("write `json.settings.keep = [\"…\"]`"),
        "{found:?}"
    );
}

#[test]
fn a_time_that_is_a_number_needs_its_unit() {
    let found = wrong_here(&format!(
        "{ACCOUNT}{THREADS}fields.created_at = \"created_at\"\n"
    ));
    assert!(
        found.len() == 1 && found[0].contains("a number of an unknown unit"),
        "{found:?}"
    );
}
