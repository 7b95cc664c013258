use std::path::{Path, PathBuf};

use super::*;
use crate::snapshot::Snapshot;
use crate::sqlite::Sqlite;
use crate::value::Value;

const ROWS: i64 = 3_000;

/// Texts of 0 to 20,000 bytes: in a page, and in chains of pages of their own.
fn text(id: i64, round: i64) -> String {
    let length = usize::try_from(id * 7_919 % 977).unwrap() * usize::from(id % 21 == 0) * 20 + 90;
    format!("{id}-{round} ").repeat(length / 8)
}

fn database() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch(
            "PRAGMA journal_mode = wal; CREATE TABLE notes(id INTEGER PRIMARY KEY, body)",
        )
        .unwrap();
    write_all(&writer, 0);
    (folder, path)
}

fn write_all(writer: &Connection, round: i64) {
    let sql = "INSERT OR REPLACE INTO notes(id, body) VALUES (?1, ?2)";
    for id in 0..ROWS {
        writer.execute(sql, (id, text(id, round))).unwrap();
    }
}

fn forward(path: &Path) -> Snapshot {
    Sqlite::open(path)
        .unwrap()
        .snapshot()
        .unwrap()
        .forward()
        .unwrap()
}

/// Reads every row in this order, and does something after the tenth.
fn bodies(snapshot: &Snapshot, order: &str, mut after_ten: impl FnMut()) -> Vec<(i64, String)> {
    let mut read = Vec::new();
    snapshot
        .prepare(&format!("SELECT id, body FROM notes ORDER BY {order}"))
        .unwrap()
        .for_each(&[], |row| {
            if let (Value::Integer(id), Some(body)) = (row.value(0), row.value(1).bytes()) {
                read.push((id, String::from_utf8(body.to_vec()).unwrap()));
            }
            if read.len() == 10 {
                after_ten();
            }
            Ok::<(), SourceError>(())
        })
        .unwrap();
    read.sort_unstable_by_key(|(id, _)| *id);
    read
}

fn expected() -> Vec<(i64, String)> {
    (0..ROWS).map(|id| (id, text(id, 0))).collect()
}

#[test]
fn pieces_are_read_and_hold_what_is_in_the_file() {
    let (_folder, path) = database();
    let snapshot = forward(&path);
    assert_eq!(bodies(&snapshot, "id", || ()), expected());
    let forward = snapshot.reads_forward().unwrap();
    // SAFETY: nothing is being read.
    let methods = unsafe { forward.methods.as_ref() };
    let is_filled = |piece: &Piece| !piece.bytes.is_empty();
    assert!(methods.pieces.iter().any(is_filled), "no piece was read");
}

/// How many pages SQLite uses where they lie.
fn in_use(snapshot: &Snapshot) -> usize {
    // SAFETY: nothing is being read.
    let methods = unsafe { snapshot.reads_forward().unwrap().methods.as_ref() };
    methods.pieces.iter().map(|piece| piece.in_use).sum()
}

#[test]
fn pages_are_used_where_they_lie_and_let_go_at_the_end() {
    let (_folder, path) = database();
    let snapshot = forward(&path);
    let (mut most, mut read) = (0, 0);
    snapshot
        .prepare("SELECT body FROM notes ORDER BY id")
        .unwrap()
        .for_each(&[], |_| {
            read += 1;
            most = most.max(in_use(&snapshot));
            Ok::<(), SourceError>(())
        })
        .unwrap();
    assert_eq!(read, ROWS);
    assert!((1..=PIECES).contains(&most), "{most}");
    assert_eq!(in_use(&snapshot), 0);
}

#[test]
fn a_page_in_use_stays_what_it_is_while_another_statement_reads_more_than_all_pieces() {
    let (_folder, path) = database();
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch("CREATE TABLE others(id INTEGER PRIMARY KEY, body)")
        .unwrap();
    for id in 0..2_000 {
        let sql = "INSERT INTO others(id, body) VALUES (?1, ?2)";
        writer.execute(sql, (id, "other ".repeat(200))).unwrap();
    }
    let snapshot = forward(&path);
    let mut inner = snapshot
        .prepare("SELECT sum(length(body)) FROM others")
        .unwrap();
    let (mut read, mut most) = (Vec::new(), 0);
    snapshot
        .prepare("SELECT id, body FROM notes WHERE id < 400 ORDER BY id")
        .unwrap()
        .for_each(&[], |row| {
            most = most.max(in_use(&snapshot));
            inner.for_each(&[], |row| {
                assert_eq!(row.value(0), Value::Integer(2_000 * 1_200));
                Ok::<(), SourceError>(())
            })?;
            // Looked at after the others were read.
            if let (Value::Integer(id), Some(body)) = (row.value(0), row.value(1).bytes()) {
                read.push((id, String::from_utf8(body.to_vec()).unwrap()));
            }
            Ok::<(), SourceError>(())
        })
        .unwrap();
    assert_eq!(read, expected()[..400]);
    assert!(most > 0, "no page was in use meanwhile");
}

#[test]
fn a_file_that_is_cut_off_meanwhile_is_an_error() {
    let (_folder, path) = database();
    let writer = Connection::open(&path).unwrap();
    // All of it in the file itself, none in the log.
    writer
        .query_row("PRAGMA wal_checkpoint(truncate)", (), |_| Ok(()))
        .unwrap();
    let snapshot = forward(&path);
    let mut read = 0;
    let cut = snapshot
        .prepare("SELECT body FROM notes ORDER BY id")
        .unwrap()
        .for_each(&[], |_| {
            read += 1;
            if read == 500 {
                let file = std::fs::File::options().write(true).open(&path).unwrap();
                file.set_len(64 << 10).unwrap();
            }
            Ok::<(), SourceError>(())
        });
    assert!(read < ROWS, "all was read");
    let said = cut.unwrap_err().to_string();
    assert!(said.contains("read the database"), "{said}");
}

#[test]
fn rows_read_in_any_order_are_the_same() {
    let (_folder, path) = database();
    for order in ["id DESC", "id * 7919 % 3001", "id % 50, id"] {
        assert_eq!(bodies(&forward(&path), order, || ()), expected(), "{order}");
    }
}

#[test]
fn what_is_committed_and_checkpointed_meanwhile_is_not_seen() {
    let (_folder, path) = database();
    let writer = Connection::open(&path).unwrap();
    let snapshot = forward(&path);
    let read = bodies(&snapshot, "id", || {
        write_all(&writer, 1);
        writer
            .query_row("PRAGMA wal_checkpoint(passive)", (), |_| Ok(()))
            .unwrap();
    });
    assert_eq!(read, expected());
    drop(snapshot);
    writer
        .query_row("PRAGMA wal_checkpoint(truncate)", (), |_| Ok(()))
        .unwrap();
    assert_ne!(bodies(&forward(&path), "id", || ()), expected());
}
