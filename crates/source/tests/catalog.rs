//! What exists in a database is listed, whatever it is.

use carryall_source::catalog::{Catalog, TableKind};
use carryall_source::sqlite::Sqlite;
use rusqlite::Connection;

fn catalog_of(schema: &str) -> Catalog {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(schema)
        .unwrap();
    Sqlite::open(&path)
        .unwrap()
        .snapshot()
        .unwrap()
        .catalog()
        .unwrap()
}

#[test]
fn tables_views_and_virtual_tables_with_their_shadows_are_told_apart() {
    let catalog = catalog_of(
        "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT);
         CREATE TABLE sqliteish (a);
         CREATE VIEW people AS SELECT id FROM users;
         CREATE VIRTUAL TABLE search USING fts5(body);
         ANALYZE",
    );
    let kinds: Vec<_> = catalog
        .tables
        .iter()
        .map(|table| (table.name.as_str(), table.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("people", TableKind::View),
            ("search", TableKind::Virtual),
            ("search_config", TableKind::Shadow),
            ("search_content", TableKind::Shadow),
            ("search_data", TableKind::Shadow),
            ("search_docsize", TableKind::Shadow),
            ("search_idx", TableKind::Shadow),
            ("sqliteish", TableKind::Table),
            ("users", TableKind::Table),
        ]
    );
    assert_eq!(catalog.table("PEOPLE").unwrap().columns[0].name, "id");
}

#[test]
fn columns_keep_their_spelling_type_and_nature() {
    let catalog = catalog_of(
        "CREATE TABLE \"odd \"\"name\"\" [x]\" (
             \"Select\" VARCHAR(36) NOT NULL, price REAL, meta JSON, untyped,
             twice GENERATED ALWAYS AS (price * 2) STORED, thrice AS (price * 3),
             PRIMARY KEY (price, \"Select\")) WITHOUT ROWID;
         CREATE VIRTUAL TABLE search USING fts5(body)",
    );
    let table = catalog.table("odd \"name\" [x]").unwrap();
    assert!(table.without_rowid);
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|c| {
            (
                c.name.as_str(),
                c.declared_type.as_str(),
                c.generated,
                c.not_null,
                c.primary_key,
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            ("Select", "VARCHAR(36)", false, true, Some(2)),
            ("price", "REAL", false, true, Some(1)),
            ("meta", "JSON", false, false, None),
            ("untyped", "", false, false, None),
            ("twice", "", true, false, None),
            ("thrice", "", true, false, None),
        ]
    );
    let search = catalog.table("search").unwrap();
    assert!(search.column("rank").unwrap().hidden && !search.column("body").unwrap().hidden);
}

#[test]
fn what_cannot_be_read_is_listed_with_the_reason() {
    let catalog = catalog_of(
        "CREATE TABLE gone (a); CREATE VIEW broken AS SELECT a FROM gone; DROP TABLE gone;
         PRAGMA writable_schema = on;
         INSERT INTO sqlite_schema VALUES ('table', 'vectors', 'vectors', 0,
             'CREATE VIRTUAL TABLE vectors USING vec0(embedding float[4])')",
    );
    let broken = catalog.table("broken").unwrap();
    assert!(broken.columns.is_empty());
    assert!(
        broken
            .unreadable
            .as_deref()
            .unwrap()
            .contains("no table `main.gone`"),
        "{broken:?}"
    );
    let vectors = catalog.table("vectors").unwrap();
    assert_eq!(vectors.kind, TableKind::Virtual);
    assert!(
        vectors
            .unreadable
            .as_deref()
            .unwrap()
            .contains("no such module: vec0"),
        "{vectors:?}"
    );
}

#[test]
fn indexes_tell_by_which_column_a_row_is_found() {
    let catalog = catalog_of(
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, thread_id TEXT, at INTEGER, mail TEXT UNIQUE, note TEXT);
         CREATE INDEX by_thread ON messages (Thread_id, at);
         CREATE INDEX by_lower ON messages (lower(mail));
         CREATE INDEX by_note ON messages (note) WHERE note IS NOT NULL;
         CREATE TABLE pairs (a TEXT, b TEXT, PRIMARY KEY (a, b))",
    );
    let messages = catalog.table("messages").unwrap();
    let found: Vec<bool> = ["ID", "thread_id", "at", "mail", "note"]
        .iter()
        .map(|c| messages.finds_by(c))
        .collect();
    assert_eq!(found, [true, true, false, true, false]);
    let by_lower = messages
        .indexes
        .iter()
        .find(|index| index.name == "by_lower")
        .unwrap();
    assert_eq!(
        (by_lower.columns.as_slice(), by_lower.unique),
        ([None].as_slice(), false)
    );
    let pairs = catalog.table("pairs").unwrap();
    assert!(pairs.finds_by("a") && !pairs.finds_by("b") && !pairs.is_rowid("a"));
}
