//! Statements: what is said about a wrong one, and how a long one is ended.

use std::thread;
use std::time::Duration;

use carryall_source::error::SourceError;
use carryall_source::snapshot::Snapshot;
use carryall_source::sqlite::Sqlite;
use rusqlite::Connection;

/// A snapshot of a product with one person.
fn snapshot() -> Snapshot {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch(
            "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT);
             INSERT INTO users VALUES ('u1', 'ann@example.com')",
        )
        .unwrap();
    Sqlite::open(&path).unwrap().snapshot().unwrap()
}

/// What the person is told about a statement that fails.
fn told_of(sql: &str) -> String {
    let snapshot = snapshot();
    let error = match snapshot.prepare_for("read `threads`", sql) {
        Err(error) => error,
        Ok(mut statement) => statement
            .for_each(&[], |_| Ok::<(), SourceError>(()))
            .unwrap_err(),
    };
    let folder = snapshot
        .path()
        .parent()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    format!("failed to: {error}\nhint: {}", error.hint().unwrap()).replace(&folder, "FOLDER")
}

#[test]
fn a_statement_that_is_wrong_says_what_it_was_for_and_where() {
    insta::assert_snapshot!(told_of("SELECT id FROM chats"), @r"
    failed to: read `threads`: the database FOLDER/product.db has no table `chats`
    hint: check the name in the data map, or whether this is the product's database
    ");
    insta::assert_snapshot!(told_of("SELECT emial FROM users"), @r"
    failed to: read `threads`: the database FOLDER/product.db has no column `emial`
    hint: check the name in the data map, or whether this is the product's database
    ");
    insta::assert_snapshot!(told_of("SELECT \"emial\" FROM users"), @r"
    failed to: read `threads`: the database FOLDER/product.db has no column `emial`
    hint: check the name in the data map, or whether this is the product's database
    ");
    insta::assert_snapshot!(told_of("SELEKT id FROM users"), @r#"
    failed to: read `threads`: near "SELEKT": syntax error, at `SELEKT id FROM users`
    hint: correct the statement in the data map
    "#);
    insta::assert_snapshot!(told_of("SELECT id FROM users WHERE id = ?1"), @r"
    failed to: read `threads`: the statement has 1 parameters, not 0
    hint: correct the statement in the data map
    ");
    insta::assert_snapshot!(told_of("DELETE FROM users"), @r"
    failed to: read `threads`: the statement is not a SELECT
    hint: correct the statement in the data map
    ");
    insta::assert_snapshot!(told_of("SELECT 1; SELECT 2"), @r"
    failed to: read `threads`: Multiple statements provided
    hint: correct the statement in the data map
    ");
    insta::assert_snapshot!(told_of(""), @r"
    failed to: read `threads`: the statement is not a SELECT
    hint: correct the statement in the data map
    ");
}

#[test]
fn another_thread_can_end_a_long_statement() {
    let snapshot = snapshot();
    let interrupt = snapshot.interrupt_handle();
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let error = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(50));
            interrupt.interrupt();
        });
        snapshot
            .prepare(endless)
            .unwrap()
            .for_each(&[], |_| Ok::<(), SourceError>(()))
            .unwrap_err()
    });
    assert!(matches!(error, SourceError::Interrupted { .. }));
}

#[test]
fn a_plan_is_told_line_by_line() {
    let plan = snapshot()
        .explain("SELECT email FROM users WHERE id = ?1")
        .unwrap();
    assert_eq!(
        plan,
        ["SEARCH users USING INDEX sqlite_autoindex_users_1 (id=?)"]
    );
}
