//! A snapshot is one moment, whatever the product does to its database meanwhile.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use carryall_source::error::SourceError;
use carryall_source::snapshot::Snapshot;
use carryall_source::sqlite::Sqlite;
use carryall_source::value::Value;
use rusqlite::Connection;
use tempfile::TempDir;

/// A product: its folder and its database with 20,000 messages whose amounts add up to 0.
struct Product {
    folder: TempDir,
    database: PathBuf,
}

impl Product {
    fn new(journal_mode: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("what is this? #1.db");
        let writer = open_to_write(&database);
        writer
            .execute_batch(&format!(
                "PRAGMA journal_mode = {journal_mode};
                 CREATE TABLE messages (id INTEGER PRIMARY KEY, amount INTEGER, content TEXT);
                 CREATE INDEX by_amount ON messages (amount);
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                 INSERT INTO messages SELECT i, 0, printf('%.*c', 300, 'x') FROM n"
            ))
            .unwrap();
        Product { folder, database }
    }

    fn scratch(&self) -> PathBuf {
        let scratch = self.folder.path().join("scratch");
        std::fs::create_dir_all(&scratch).unwrap();
        scratch
    }

    fn open(&self) -> Sqlite {
        Sqlite::open(&self.database)
            .unwrap()
            .copying_into(&self.scratch())
    }
}

fn open_to_write(path: &Path) -> Connection {
    let writer = Connection::open(path).unwrap();
    writer.busy_timeout(Duration::from_secs(10)).unwrap();
    writer
}

/// Moves amounts between rows, adds and deletes rows and empties the journal, until told to stop.
fn write_without_end(path: &Path, stop: &AtomicBool, writes: &AtomicU64) {
    let product = open_to_write(path);
    let mut last = 20_000;
    while !stop.load(Ordering::Relaxed) {
        let (from, to) = (last % 9_000 + 1, last % 7_000 + 9_001);
        product
            .execute_batch(&format!(
                "BEGIN IMMEDIATE;
                 UPDATE messages SET amount = amount - 7, content = 'moved' WHERE id = {from};
                 UPDATE messages SET amount = amount + 7 WHERE id = {to};
                 INSERT INTO messages VALUES ({last} + 1, 0, 'new');
                 DELETE FROM messages WHERE id = {last} AND id > 20000;
                 COMMIT;
                 PRAGMA wal_checkpoint"
            ))
            .unwrap();
        last += 1;
        writes.fetch_add(1, Ordering::Relaxed);
    }
}

/// Stops the writer, also when the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Count, sum, sum of ids: what a reader sees, row by row.
fn read_slowly(snapshot: &Snapshot) -> (i64, i64, i64) {
    let mut seen = (0, 0, 0);
    let mut rows = snapshot.prepare("SELECT id, amount FROM messages").unwrap();
    rows.for_each(&[], |row| {
        let (Value::Integer(id), Value::Integer(amount)) = (row.value(0), row.value(1)) else {
            panic!("not integers");
        };
        seen = (seen.0 + 1, seen.1 + amount, seen.2 + id);
        if seen.0 % 1_000 == 0 {
            thread::sleep(Duration::from_millis(10));
        }
        Ok::<(), SourceError>(())
    })
    .unwrap();
    seen
}

fn a_writer_changes_nothing_in_a_snapshot(journal_mode: &str) {
    let product = Product::new(journal_mode);
    let sqlite = product.open();
    let (stop, writes) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let stop_at_the_end = Stop(&stop);
        let writing = scope.spawn(|| write_without_end(&product.database, &stop, &writes));
        while writes.load(Ordering::Relaxed) < 3 && !writing.is_finished() {
            thread::yield_now();
        }
        let snapshot = sqlite.snapshot().unwrap();
        let before = writes.load(Ordering::Relaxed);
        let first = read_slowly(&snapshot);
        let again = read_slowly(&snapshot);
        let after = writes.load(Ordering::Relaxed);
        drop(stop_at_the_end);
        assert_eq!(first.1, 0, "half of a transaction was seen");
        assert_eq!(first, again, "the snapshot changed while it was read");
        assert!(
            after > before + 5,
            "the writer was locked out: {before} to {after} writes"
        );
    });
    let now = read_slowly(&sqlite.snapshot().unwrap());
    assert_eq!((now.0, now.1), (20_001, 0));
}

#[test]
fn a_writer_changes_nothing_in_a_snapshot_of_a_wal_database_and_is_not_locked_out() {
    a_writer_changes_nothing_in_a_snapshot("wal");
}

#[test]
fn a_writer_changes_nothing_in_a_snapshot_of_a_rollback_database_and_is_not_locked_out() {
    a_writer_changes_nothing_in_a_snapshot("delete");
}

#[test]
fn a_wal_database_is_read_in_place_and_any_other_from_a_copy_without_a_name() {
    for (journal_mode, copied) in [
        ("wal", false),
        ("delete", true),
        ("truncate", true),
        ("persist", true),
    ] {
        let product = Product::new(journal_mode);
        let snapshot = product.open().snapshot().unwrap();
        let writer = open_to_write(&product.database);
        writer
            .execute_batch("DELETE FROM messages WHERE id > 10")
            .unwrap();
        assert_eq!(read_slowly(&snapshot).0, 20_000, "{journal_mode}");
        // Without its name a copy cannot be found by anybody, nor be left behind.
        assert_eq!(std::fs::read_dir(product.scratch()).unwrap().count(), 0);
        assert_eq!(
            has_deleted_file(&product.scratch()),
            copied,
            "{journal_mode}"
        );
    }
}

/// Whether this process holds a file open that had its name in `folder`.
fn has_deleted_file(folder: &Path) -> bool {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .flatten()
        .any(|entry| {
            std::fs::read_link(entry.path()).is_ok_and(|target| {
                target.starts_with(folder) && target.to_string_lossy().ends_with("(deleted)")
            })
        })
}

#[test]
fn many_snapshots_at_once_are_each_their_own_moment() {
    let product = Product::new("wal");
    let sqlite = product.open();
    let writer = open_to_write(&product.database);
    let snapshots: Vec<Snapshot> = (0..5)
        .map(|_| {
            let snapshot = sqlite.snapshot().unwrap();
            writer
                .execute_batch("DELETE FROM messages WHERE id = (SELECT max(id) FROM messages)")
                .unwrap();
            snapshot
        })
        .collect();
    let counts: Vec<i64> = thread::scope(|scope| {
        let readers: Vec<_> = snapshots
            .into_iter()
            .map(|snapshot| scope.spawn(move || read_slowly(&snapshot).0))
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .collect()
    });
    assert_eq!(counts, [20_000, 19_999, 19_998, 19_997, 19_996]);
}

#[test]
fn a_snapshot_leaves_the_database_byte_for_byte_as_it_was() {
    for journal_mode in ["wal", "delete"] {
        let product = Product::new(journal_mode);
        let before = std::fs::read(&product.database).unwrap();
        let snapshot = product.open().snapshot().unwrap();
        read_slowly(&snapshot);
        assert!(
            snapshot
                .prepare("DELETE FROM messages RETURNING id")
                .is_err()
        );
        drop(snapshot);
        assert_eq!(std::fs::read(&product.database).unwrap(), before);
    }
}
