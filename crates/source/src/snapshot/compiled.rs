//! A statement on SQLite's C interface, for the one loop in which an export spends its time.
//!
//! Promises: a value is borrowed only while its row stands; the statement ends before its connection.
//!
//! rusqlite asks SQLite four questions for each value (how many columns, type, text, length), and
//! each finds the value anew. Fetching the value once and asking that took 1.00 s of the processor in
//! user mode instead of 1.18 s, for 1,000,000 rows of 19 columns (medians of 15 interleaved rounds).

#![expect(unsafe_code, reason = "rusqlite does not hand out `sqlite3_value`")]

use std::ffi::{CStr, c_int};
use std::ptr::{self, NonNull};
use std::slice;

use rusqlite::{Connection, ffi};

use crate::value::Value;

/// A compiled statement and where it stands.
#[derive(Debug)]
pub(super) struct Compiled<'s> {
    statement: NonNull<ffi::sqlite3_stmt>,
    columns: usize,
    /// Keeps the connection open, and on this thread: `Connection` is not `Sync`.
    connection: &'s Connection,
}

impl<'s> Compiled<'s> {
    /// Compiles SQL that rusqlite has compiled before, and so found to be one statement.
    pub(super) fn new(connection: &'s Connection, sql: &str) -> rusqlite::Result<Self> {
        let length = c_int::try_from(sql.len()).map_err(|_| failure(ffi::SQLITE_TOOBIG))?;
        let mut statement = ptr::null_mut();
        // SAFETY: the handle is open as long as `connection` is borrowed; `sql` is `length` bytes.
        let code = unsafe {
            ffi::sqlite3_prepare_v3(
                connection.handle(),
                sql.as_ptr().cast(),
                length,
                ffi::SQLITE_PREPARE_PERSISTENT,
                &raw mut statement,
                ptr::null_mut(),
            )
        };
        let statement = NonNull::new(statement)
            .filter(|_| code == ffi::SQLITE_OK)
            .ok_or_else(|| described(connection, code))?;
        // SAFETY: the statement has just been made.
        let columns = unsafe { ffi::sqlite3_column_count(statement.as_ptr()) };
        let columns = usize::try_from(columns).unwrap_or(0);
        Ok(Compiled {
            statement,
            columns,
            connection,
        })
    }

    /// Sets parameter `index`, counted from 1. The bytes are copied.
    pub(super) fn bind(&mut self, index: usize, value: Value<'_>) -> rusqlite::Result<()> {
        let index = c_int::try_from(index).map_err(|_| failure(ffi::SQLITE_RANGE))?;
        let raw = self.statement.as_ptr();
        // SAFETY: the statement is alive, and each pointer goes with the length of its slice.
        // SQLite copies before it returns (TRANSIENT). An empty slice's pointer is not null.
        let code = unsafe {
            match value {
                Value::Null => ffi::sqlite3_bind_null(raw, index),
                Value::Integer(integer) => ffi::sqlite3_bind_int64(raw, index, integer),
                Value::Real(real) => ffi::sqlite3_bind_double(raw, index, real),
                Value::Text(bytes) => ffi::sqlite3_bind_text64(
                    raw,
                    index,
                    bytes.as_ptr().cast(),
                    bytes.len() as u64,
                    ffi::SQLITE_TRANSIENT(),
                    UTF8,
                ),
                Value::Blob(bytes) => ffi::sqlite3_bind_blob64(
                    raw,
                    index,
                    bytes.as_ptr().cast(),
                    bytes.len() as u64,
                    ffi::SQLITE_TRANSIENT(),
                ),
            }
        };
        self.checked(code, ffi::SQLITE_OK)
    }

    /// Goes to the next row; false after the last.
    #[inline]
    pub(super) fn step(&mut self) -> rusqlite::Result<bool> {
        // SAFETY: the statement is alive, and `&mut` means that no value of a row is borrowed.
        match unsafe { ffi::sqlite3_step(self.statement.as_ptr()) } {
            ffi::SQLITE_ROW => Ok(true),
            code => self.checked(code, ffi::SQLITE_DONE).map(|()| false),
        }
    }

    /// Makes it ready to run again. Its answer repeats what the last step said.
    pub(super) fn reset(&mut self) {
        // SAFETY: as in `step`.
        unsafe { ffi::sqlite3_reset(self.statement.as_ptr()) };
    }

    /// A value of the row that the statement stands on.
    #[inline]
    pub(super) fn value(&self, column: usize) -> Value<'_> {
        assert!(
            column < self.columns,
            "the statement has {} columns, none has number {column}",
            self.columns
        );
        let column = c_int::try_from(column).unwrap_or(c_int::MAX);
        // SAFETY: the column is in range. An unprotected value may be asked like any other, as the
        // connection has no mutex (<https://sqlite.org/c3ref/value.html>). Each sort of value is asked
        // for itself only, so that SQLite converts nothing but UTF-16, once; what it points to stands
        // until the next step or reset, which need `&mut`.
        unsafe {
            let value = ffi::sqlite3_column_value(self.statement.as_ptr(), column);
            match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => Value::Integer(ffi::sqlite3_value_int64(value)),
                ffi::SQLITE_FLOAT => Value::Real(ffi::sqlite3_value_double(value)),
                ffi::SQLITE_TEXT => {
                    let text = ffi::sqlite3_value_text(value);
                    Value::Text(bytes(text, ffi::sqlite3_value_bytes(value)))
                }
                ffi::SQLITE_BLOB => {
                    let blob = ffi::sqlite3_value_blob(value).cast();
                    Value::Blob(bytes(blob, ffi::sqlite3_value_bytes(value)))
                }
                _ => Value::Null,
            }
        }
    }

    fn checked(&self, code: c_int, good: c_int) -> rusqlite::Result<()> {
        if code == good {
            Ok(())
        } else {
            Err(described(self.connection, code))
        }
    }
}

impl Drop for Compiled<'_> {
    fn drop(&mut self) {
        // SAFETY: made by `new`, ended here only.
        unsafe { ffi::sqlite3_finalize(self.statement.as_ptr()) };
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "SQLite takes the encoding, 1, as a byte"
)]
const UTF8: u8 = ffi::SQLITE_UTF8 as u8;

/// SQLite gives null for an empty blob, and for text when memory has run out.
///
/// # Safety
/// Unless null, `start` is `length` readable bytes that stand for `'r`.
#[inline]
unsafe fn bytes<'r>(start: *const u8, length: c_int) -> &'r [u8] {
    let length = usize::try_from(length).unwrap_or(0);
    if start.is_null() {
        assert!(length == 0, "out of memory");
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(start, length) }
}

fn failure(code: c_int) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

/// With SQLite's words about the connection's last failure.
fn described(connection: &Connection, code: c_int) -> rusqlite::Error {
    // SAFETY: SQLite gives text that ends in NUL and stands until its next call.
    let message = unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(connection.handle())) };
    let message = message.to_string_lossy().into_owned();
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(message))
}
