//! Two snapshots of one moment, while somebody writes.

use std::sync::atomic::{AtomicBool, Ordering};

use carryall_source::error::SourceError;
use carryall_source::snapshot::Snapshot;
use carryall_source::sqlite::Sqlite;
use carryall_source::value::Value;
use rusqlite::Connection;

fn count(snapshot: &Snapshot) -> i64 {
    let mut count = 0;
    snapshot
        .prepare("SELECT count(*) FROM notes")
        .unwrap()
        .for_each(&[], |row| {
            if let Value::Integer(found) = row.value(0) {
                count = found;
            }
            Ok::<(), SourceError>(())
        })
        .unwrap();
    count
}

fn database(journal_mode: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = {journal_mode}; CREATE TABLE notes(id INTEGER PRIMARY KEY);"
        ))
        .unwrap();
    (folder, path)
}

#[test]
fn twins_see_the_same_moment_while_a_writer_commits_all_the_time() {
    let (_folder, path) = database("wal");
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let writer = Connection::open(&path).unwrap();
            while !is_done.load(Ordering::Relaxed) {
                writer
                    .execute("INSERT INTO notes DEFAULT VALUES", ())
                    .unwrap();
            }
        });
        let sqlite = Sqlite::open(&path).unwrap();
        let mut twins = 0;
        for _ in 0..200 {
            let mut both = sqlite.twin_snapshots().unwrap();
            let (one, two) = (both.remove(0), both.pop());
            if let Some(two) = two {
                twins += 1;
                assert_eq!(count(&one), count(&two));
            }
        }
        is_done.store(true, Ordering::Relaxed);
        assert!(twins > 0, "not once in 200 tries");
    });
}

#[test]
fn a_database_that_is_copied_first_has_one_snapshot_only() {
    let (_folder, path) = database("delete");
    let mut both = Sqlite::open(&path).unwrap().twin_snapshots().unwrap();
    let (one, two) = (both.remove(0), both.pop());
    assert!(two.is_none());
    assert_eq!(count(&one), 0);
}
