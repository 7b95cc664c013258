//! What is said about a database that cannot be read.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use carryall_source::error::SourceError;
use carryall_source::sqlite::Sqlite;
use rusqlite::Connection;
use tempfile::TempDir;

fn product(journal_mode: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch(&format!(
            "PRAGMA journal_mode = {journal_mode};
             CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT);
             INSERT INTO users VALUES ('u1', 'ann@example.com')"
        ))
        .unwrap();
    (folder, path)
}

/// Text and advice, with the folder's name taken out.
fn told(error: &SourceError, folder: &TempDir) -> String {
    let mut text = format!("failed to: {error}");
    if let Some(hint) = error.hint() {
        write!(text, "\nhint: {hint}").unwrap();
    }
    text.replace(&*folder.path().to_string_lossy(), "FOLDER")
}

fn refused(path: &Path) -> SourceError {
    let opened = Sqlite::open(path).map(|sqlite| sqlite.waiting_at_most(Duration::from_millis(50)));
    opened
        .and_then(|sqlite| sqlite.snapshot())
        .expect_err("it was read")
}

/// Runs `act` as somebody who owns nothing, which only this one thread then is.
fn as_nobody<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let nobody = scope.spawn(|| {
            if rustix::process::geteuid().is_root() {
                let nobody = rustix::process::Uid::from_raw(65_534);
                rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
            }
            act()
        });
        nobody.join().unwrap()
    })
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_database_that_is_not_there_is_named() {
    let (folder, path) = product("wal");
    insta::assert_snapshot!(told(&refused(&folder.path().join("gone.db")), &folder), @r"
    failed to: open the database FOLDER/gone.db: there is no such file
    hint: check the path after `sqlite:`
    ");
    insta::assert_snapshot!(told(&refused(folder.path()), &folder), @r"
    failed to: open the database FOLDER: it is not a file
    hint: name the database file itself, not its folder
    ");
    insta::assert_snapshot!(told(&refused(&path.join("below")), &folder), @r"
    failed to: open the database FOLDER/product.db/below: there is no such file
    hint: check the path after `sqlite:`
    ");
}

#[test]
fn a_database_that_goes_away_after_it_was_opened_is_named() {
    let (_folder, path) = product("wal");
    let sqlite = Sqlite::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        sqlite.snapshot(),
        Err(SourceError::NotFound { .. })
    ));
}

#[test]
fn a_file_of_another_kind_is_not_a_database() {
    let (folder, _) = product("wal");
    let path = folder.path().join("notes.txt");
    fs::write(&path, "not a database\n".repeat(1000)).unwrap();
    insta::assert_snapshot!(told(&refused(&path), &folder), @r"
    failed to: open the database FOLDER/notes.txt: it is not a SQLite database, or it is encrypted
    hint: name the product's SQLite database; an encrypted one must be decrypted first
    ");
    fs::write(&path, "").unwrap();
    assert!(matches!(refused(&path), SourceError::NotADatabase { .. }));
    fs::write(&path, "short").unwrap();
    assert!(matches!(refused(&path), SourceError::NotADatabase { .. }));
}

#[test]
fn a_damaged_database_is_called_damaged() {
    for journal_mode in ["wal", "delete"] {
        let (folder, path) = product(journal_mode);
        let mut bytes = fs::read(&path).unwrap();
        bytes[4096..].fill(0xA5);
        fs::write(&path, &bytes).unwrap();
        let snapshot = Sqlite::open(&path).unwrap().snapshot().unwrap();
        let mut users = snapshot
            .prepare_for("read the people", "SELECT id FROM users")
            .unwrap();
        let error = users
            .for_each(&[], |_| Ok::<(), SourceError>(()))
            .unwrap_err();
        assert!(matches!(error, SourceError::Corrupt { .. }), "{error:?}");
        assert!(
            told(&error, &folder).starts_with(
                "failed to: read the people: the database FOLDER/product.db is damaged"
            )
        );
    }
}

#[test]
fn a_database_that_stays_locked_is_called_locked_after_a_while() {
    let (folder, path) = product("delete");
    let sqlite = Sqlite::open(&path)
        .unwrap()
        .waiting_at_most(Duration::from_millis(50));
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    insta::assert_snapshot!(told(&sqlite.snapshot().unwrap_err(), &folder), @r"
    failed to: open the database: the database FOLDER/product.db stayed locked by another program
    hint: try again; if it stays so, something holds the database open in exclusive mode
    ");
    writer.execute_batch("COMMIT").unwrap();
    assert!(sqlite.snapshot().is_ok());
}

#[test]
fn a_wal_database_in_a_folder_that_cannot_be_written_says_so_and_the_fix() {
    let (folder, path) = product("wal");
    set_mode(folder.path(), 0o555);
    set_mode(&path, 0o444);
    let error = as_nobody(|| refused(&path));
    set_mode(folder.path(), 0o755);
    insta::assert_snapshot!(told(&error, &folder), @r"
    failed to: read the database FOLDER/product.db in place: it is in WAL mode and the folder FOLDER cannot be written
    hint: let this account write to FOLDER (SQLite keeps a -shm file there), or keep the product running
    ");
}

#[test]
fn a_wal_database_in_a_folder_that_cannot_be_written_is_read_while_the_product_runs() {
    let (folder, path) = product("wal");
    let running = Connection::open(&path).unwrap();
    running
        .execute("INSERT INTO users VALUES ('u2', 'ben@example.com')", ())
        .unwrap();
    set_mode(folder.path(), 0o555);
    for file in ["product.db", "product.db-wal", "product.db-shm"] {
        set_mode(&folder.path().join(file), 0o444);
    }
    let count = as_nobody(|| {
        let snapshot = Sqlite::open(&path).unwrap().snapshot().unwrap();
        let mut count = 0;
        let mut users = snapshot.prepare("SELECT id FROM users").unwrap();
        users
            .for_each(&[], |_| {
                count += 1;
                Ok::<(), SourceError>(())
            })
            .unwrap();
        count
    });
    set_mode(folder.path(), 0o755);
    assert_eq!(count, 2);
}

#[test]
fn a_database_that_may_not_be_read_is_denied() {
    let (folder, path) = product("wal");
    set_mode(folder.path(), 0o755);
    set_mode(&path, 0o000);
    let error = as_nobody(|| refused(&path));
    set_mode(folder.path(), 0o000);
    let outside = as_nobody(|| refused(&path));
    set_mode(folder.path(), 0o755);
    insta::assert_snapshot!(told(&error, &folder), @r"
    failed to: open the database FOLDER/product.db: permission denied
    hint: let this account read the file and the folders above it
    ");
    assert!(matches!(outside, SourceError::Denied { .. }));
}

#[test]
fn a_write_that_the_product_did_not_finish_is_for_the_product_to_undo() {
    let (folder, path) = product("delete");
    let writer = Connection::open(&path).unwrap();
    // A cache of one page makes SQLite write to the file before the commit, as a big transaction does.
    writer
        .execute_batch("PRAGMA cache_size = 1; BEGIN")
        .unwrap();
    for i in 0..200 {
        writer
            .execute(
                "INSERT INTO users VALUES (?1, printf('%.*c', 500, 'x'))",
                [i.to_string()],
            )
            .unwrap();
    }
    let crashed = folder.path().join("crashed.db");
    fs::copy(&path, &crashed).unwrap();
    fs::copy(
        folder.path().join("product.db-journal"),
        folder.path().join("crashed.db-journal"),
    )
    .unwrap();
    insta::assert_snapshot!(told(&refused(&crashed), &folder), @r"
    failed to: read the database FOLDER/crashed.db: a write of the product was interrupted and not yet undone
    hint: start the product once, it undoes the write by itself
    ");
}

#[test]
fn a_folder_for_copies_that_is_not_there_is_named() {
    let (folder, path) = product("delete");
    let sqlite = Sqlite::open(&path)
        .unwrap()
        .copying_into(&folder.path().join("gone"));
    insta::assert_snapshot!(told(&sqlite.snapshot().unwrap_err(), &folder), @r"
    failed to: make a temporary file in FOLDER/gone: No such file or directory (os error 2)
    hint: make room, or set TMPDIR to a folder with room that this account can write; a database in WAL mode needs no copy (PRAGMA journal_mode = wal)
    ");
}

#[test]
fn a_name_that_looks_like_a_uri_or_is_a_link_is_an_ordinary_file() {
    let (folder, path) = product("wal");
    for name in ["file:product.db?mode=memory", "a?b#c%20d.db", "データ.db"] {
        let other = folder.path().join(name);
        fs::copy(&path, &other).unwrap();
        assert!(
            Sqlite::open(&other)
                .unwrap()
                .snapshot()
                .unwrap()
                .prepare("SELECT id FROM users")
                .is_ok()
        );
    }
    let link = folder.path().join("link.db");
    symlink(&path, &link).unwrap();
    assert!(Sqlite::open(&link).is_ok());
}
