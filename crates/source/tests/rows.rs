//! Values come out as they stand in the database, borrowed, while their row stands.

use std::io::Read as _;

use carryall_source::error::SourceError;
use carryall_source::snapshot::Snapshot;
use carryall_source::sqlite::Sqlite;
use carryall_source::value::Value;
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

#[test]
fn every_kind_of_value_comes_back_as_it_was_bound_also_when_run_again() {
    let snapshot = snapshot();
    let mut echo = snapshot.prepare("SELECT ?1, ?2 AS again").unwrap();
    assert_eq!(echo.column_names(), ["?1", "again"]);
    let quotes = Value::from("it's \"quoted\" \\ :: -- ; \0 みなと");
    for value in [
        Value::Null,
        Value::Integer(i64::MIN),
        Value::Real(f64::INFINITY),
        Value::Text(b""),
        quotes,
        Value::Text(b"\xff\xfe not UTF-8"),
        Value::Blob(b""),
        Value::Blob(b"\0\x01"),
    ] {
        let mut rows = 0;
        echo.for_each(&[value, quotes], |row| {
            assert_eq!((row.value(0), row.value(1)), (value, quotes));
            rows += 1;
            Ok::<(), SourceError>(())
        })
        .unwrap();
        assert_eq!(rows, 1);
    }
}

#[test]
fn a_blob_is_read_piece_by_piece() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE files (id INTEGER PRIMARY KEY, bytes BLOB); INSERT INTO files VALUES (7, randomblob(3000000)), (8, NULL)")
        .unwrap();
    let snapshot = Sqlite::open(&path).unwrap().snapshot().unwrap();
    let mut pieces = Vec::new();
    let mut reader = snapshot
        .open_blob("files", "bytes", Value::Integer(7))
        .unwrap();
    reader.read_to_end(&mut pieces).unwrap();
    let mut whole = snapshot
        .prepare("SELECT bytes FROM files WHERE id = ?1")
        .unwrap();
    whole
        .for_each(&[Value::Integer(7)], |row| {
            assert_eq!(row.value(0), Value::Blob(&pieces));
            Ok::<(), SourceError>(())
        })
        .unwrap();
    assert!(
        snapshot
            .open_blob("files", "bytes", Value::Integer(8))
            .is_err()
    );
    assert!(
        snapshot
            .open_blob("files", "bytes", Value::Integer(9))
            .is_err()
    );
}

#[test]
fn a_visitor_ends_the_rows_with_an_error_of_its_own() {
    #[derive(Debug)]
    enum Ended {
        Enough,
        Source,
    }
    impl From<SourceError> for Ended {
        fn from(_: SourceError) -> Self {
            Ended::Source
        }
    }
    let snapshot = snapshot();
    let mut rows = snapshot.prepare("SELECT 1 UNION ALL SELECT 2").unwrap();
    for _ in 0..2 {
        let mut seen = 0;
        let ended = rows.for_each(&[], |_| {
            seen += 1;
            Err(Ended::Enough)
        });
        assert!(matches!(ended, Err(Ended::Enough)) && seen == 1);
    }
    assert!(matches!(
        rows.for_each(&[Value::Null], |_| Ok(())),
        Err(Ended::Source)
    ));
}

#[test]
fn text_of_a_database_in_utf_16_comes_as_utf_8() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    let schema = "PRAGMA encoding = 'UTF-16be'; CREATE TABLE users (id, name, note, bytes, at);
                  INSERT INTO users VALUES (1, 'みなと 👩‍👧', '', x'00ff', 0.5)";
    Connection::open(&path)
        .unwrap()
        .execute_batch(schema)
        .unwrap();
    let snapshot = Sqlite::open(&path).unwrap().snapshot().unwrap();
    let mut users = snapshot
        .prepare("SELECT * FROM users WHERE name = ?1")
        .unwrap();
    users
        .for_each(&[Value::from("みなと 👩‍👧")], |row| {
            // Asked in any order and twice, each stays what it was.
            let name = row.value(1);
            assert_eq!(
                (row.value(3), row.value(0)),
                (Value::Blob(b"\0\xff"), Value::Integer(1))
            );
            assert_eq!((name, row.value(1)), (Value::from("みなと 👩‍👧"), name));
            assert_eq!(
                (row.value(2), row.value(4)),
                (Value::Text(b""), Value::Real(0.5))
            );
            Ok::<(), SourceError>(())
        })
        .unwrap();
}

#[test]
fn a_row_stands_while_other_statements_run() {
    let snapshot = snapshot();
    let ids = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) \
               SELECT printf('%s-%d', id, i) FROM users, n";
    let mut outer = snapshot.prepare(ids).unwrap();
    let mut inner = snapshot
        .prepare("SELECT ?1 || printf('%.*c', 5000, 'x')")
        .unwrap();
    let mut rows = 0;
    outer
        .for_each(&[], |row| {
            let value = row.value(0);
            let before = value.bytes().unwrap().to_vec();
            inner.for_each(&[value], |row| {
                assert!(row.value(0).bytes().unwrap().starts_with(&before));
                Ok(())
            })?;
            snapshot.catalog()?;
            rows += 1;
            assert_eq!(value.bytes().unwrap(), before);
            Ok::<(), SourceError>(())
        })
        .unwrap();
    assert_eq!(rows, 300);
}

#[test]
#[should_panic(expected = "none has number 1")]
fn a_column_that_a_statement_does_not_have_is_a_mistake_in_the_program() {
    let snapshot = snapshot();
    let mut users = snapshot.prepare("SELECT id FROM users").unwrap();
    let _ = users.for_each(&[], |row| {
        row.value(1);
        Ok::<(), SourceError>(())
    });
}
