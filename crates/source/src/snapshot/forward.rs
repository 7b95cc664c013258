//! Reads a database file that is read from front to back in long pieces.
//!
//! Promises: what SQLite gets is what its own reading would have given it; a read that does not follow
//! one before it stays as it was; nothing of a piece outlives the snapshot.
//!
//! SQLite asks the system for one page at a time, half a million times for 2 GB, and each call costs
//! about as much as the bytes. The messages of one person mostly lie behind each other: a piece of 64 KiB
//! then answers sixteen times from the processor's cache.
//!
//! A piece cannot go stale: within a read transaction the pages that SQLite takes from this file do not
//! change. What others commit goes to the write-ahead log, and a checkpoint may copy no frame out of it
//! that is younger than the oldest reader (<https://sqlite.org/wal.html#concurrency>).

#![expect(
    unsafe_code,
    reason = "SQLite hands its file out as a C struct with a table of functions"
)]

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};

use rusqlite::{Connection, ffi};

use crate::error::SourceError;

const PIECE_BYTES: i32 = 64 << 10;
/// Reads of pages are no smaller, those of the file's header are.
const SMALLEST_PAGE_BYTES: i32 = 512;
/// The pages of a table, of its index and of long values come in turn.
const TRAILS: usize = 4;
/// A read that starts so many of its own lengths behind another one's end still follows it.
const GAP: i64 = 2;

/// A connection's file, with `xRead` replaced for as long as this lives. Must go before the connection.
#[derive(Debug)]
pub(super) struct Forward {
    file: NonNull<ffi::sqlite3_file>,
    methods: NonNull<Methods>,
}

// SAFETY: it goes to another thread only together with its connection, which SQLite allows.
unsafe impl Send for Forward {}

/// What SQLite's file points to: its table of functions first, then what ours needs to know.
#[repr(C)]
struct Methods {
    table: ffi::sqlite3_io_methods,
    original: *const ffi::sqlite3_io_methods,
    trails: [Trail; TRAILS],
    oldest: usize,
    piece: Vec<u8>,
    piece_at: i64,
}

/// Reads that follow each other.
#[derive(Clone, Copy, Default)]
struct Trail {
    end: i64,
    length: usize,
}

impl Forward {
    /// `connection` is in a read transaction that lasts as long as the connection.
    pub(super) fn start(connection: &Connection) -> Result<Forward, SourceError> {
        let unknown = || SourceError::Sql {
            purpose: "open the database".to_owned(),
            detail: "SQLite does not say which file it reads".to_owned(),
        };
        let mut file: *mut ffi::sqlite3_file = ptr::null_mut();
        // SAFETY: the handle is open; this question wants a pointer to a pointer to a file.
        let code = unsafe {
            ffi::sqlite3_file_control(
                connection.handle(),
                c"main".as_ptr(),
                ffi::SQLITE_FCNTL_FILE_POINTER,
                (&raw mut file).cast(),
            )
        };
        let file = NonNull::new(file)
            .filter(|_| code == ffi::SQLITE_OK)
            .ok_or_else(unknown)?;
        // SAFETY: the file is open, so its first field points to its functions.
        let original = unsafe { (*file.as_ptr()).pMethods };
        if original.is_null() {
            return Err(unknown());
        }
        // SAFETY: as above; the table is plain function pointers, and is copied.
        let table = unsafe { ptr::read(original) };
        let methods = Box::new(Methods {
            table: ffi::sqlite3_io_methods {
                xRead: Some(read),
                ..table
            },
            original,
            trails: [Trail::default(); TRAILS],
            oldest: 0,
            piece: Vec::new(),
            piece_at: 0,
        });
        let methods = NonNull::from(Box::leak(methods));
        // SAFETY: the table is `Methods`' first field, and stands until `drop` takes it out again.
        unsafe { (*file.as_ptr()).pMethods = methods.as_ptr().cast() };
        Ok(Forward { file, methods })
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        // SAFETY: the connection, and so the file, is still open; after the first line nobody knows of
        // `methods` but this value, which made it from a box.
        unsafe {
            (*self.file.as_ptr()).pMethods = self.methods.as_ref().original;
            drop(Box::from_raw(self.methods.as_ptr()));
        }
    }
}

/// SQLite's `xRead`: `amount` bytes from `at` on.
///
/// # Safety
/// `file` is one that `Forward::start` was given, and `to` has room for `amount` bytes.
unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    to: *mut c_void,
    amount: c_int,
    at: i64,
) -> c_int {
    // SAFETY: `file` points to our `Methods`; a connection is used by one thread at a time, and the
    // original function, which is called below, knows nothing of them.
    let methods = unsafe { &mut *(*file).pMethods.cast::<Methods>().cast_mut() };
    let original = methods.original;
    let read_original = |to: *mut c_void, amount: c_int, at: i64| {
        // SAFETY: the original table outlives the file, and every VFS has an `xRead`.
        unsafe { (*original).xRead.map(|read| read(file, to, amount, at)) }
            .unwrap_or(ffi::SQLITE_IOERR_READ)
    };
    if !(SMALLEST_PAGE_BYTES..=PIECE_BYTES).contains(&amount) {
        return read_original(to, amount, at);
    }
    let length = amount.unsigned_abs() as usize;
    if methods.piece_of(at, length).is_none() && methods.is_forward(at, amount) {
        methods.piece.resize(PIECE_BYTES.unsigned_abs() as usize, 0);
        let piece = methods.piece.as_mut_ptr().cast();
        // Also at the end of the file, where a piece is longer than what is left: page by page, then.
        if read_original(piece, PIECE_BYTES, at) != ffi::SQLITE_OK {
            methods.piece.clear();
        }
        methods.piece_at = at;
    }
    match methods.piece_of(at, length) {
        Some(bytes) => {
            // SAFETY: `to` has room for `amount` bytes, and is SQLite's own, not ours.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to.cast(), length) };
            ffi::SQLITE_OK
        }
        None => read_original(to, amount, at),
    }
}

impl Methods {
    fn piece_of(&self, at: i64, length: usize) -> Option<&[u8]> {
        let start = usize::try_from(at.checked_sub(self.piece_at)?).ok()?;
        self.piece.get(start..start.checked_add(length)?)
    }

    /// Whether this read, which the piece does not answer, follows two that followed each other. One
    /// alone may be chance, and a piece for nothing costs as much as several pages.
    fn is_forward(&mut self, at: i64, amount: c_int) -> bool {
        let after = |bytes: c_int| at.saturating_add(i64::from(bytes));
        let reach = i64::from(amount) * GAP;
        let follows = |trail: &&mut Trail| (0..=reach).contains(&at.saturating_sub(trail.end));
        if let Some(trail) = self.trails.iter_mut().find(follows) {
            trail.length += 1;
            let is_forward = trail.length > 2;
            trail.end = after(if is_forward { PIECE_BYTES } else { amount });
            return is_forward;
        }
        self.trails[self.oldest] = Trail {
            end: after(amount),
            length: 1,
        };
        self.oldest = (self.oldest + 1) % TRAILS;
        false
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::snapshot::Snapshot;
    use crate::sqlite::Sqlite;
    use crate::value::Value;

    const ROWS: i64 = 3_000;

    /// Texts of 0 to 20,000 bytes: in a page, and in chains of pages of their own.
    fn text(id: i64, round: i64) -> String {
        let length =
            usize::try_from(id * 7_919 % 977).unwrap() * usize::from(id % 21 == 0) * 20 + 90;
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
        assert!(methods.piece_at > 0, "no piece was read");
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
}
