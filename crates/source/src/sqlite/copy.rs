//! The private copy of a database that is not in WAL mode.
//!
//! Promises: readable by nobody else, gone with the process however it ends, and one moment of the
//! database.

use std::io;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::harden;
use super::patience::Patience;
use crate::error::SourceError;

/// Between two steps of this many pages a waiting writer gets its turn.
const PAGES_A_STEP: i32 = 1024;

/// A write between two steps makes the copy start anew. After this many it no longer gives way, so
/// that a busy product cannot keep it from ever ending: writers then wait for one copy's time.
const RESTARTS: u32 = 3;

const PURPOSE: &str = "copy the database";

/// What is copied and where to.
pub(super) struct Copying<'a> {
    pub(super) from: &'a Connection,
    pub(super) path: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) patience: Patience,
}

impl Copying<'_> {
    /// Copies the database into a file without a name. `from` is in a transaction, which this ends:
    /// its read lock would keep the backup from giving way to writers.
    pub(super) fn run(&self) -> Result<Connection, SourceError> {
        let needed_bytes = size_bytes(self.from).map_err(|error| self.failed(&error))?;
        self.require_room(needed_bytes, self.free_bytes()?)?;
        self.from
            .execute_batch("COMMIT")
            .map_err(|error| self.failed(&error))?;
        let mut copy = self.unnamed_database()?;
        self.copy_pages(&mut copy, needed_bytes)?;
        // Not before: a hardened connection refuses to do without a journal.
        harden(&copy).map_err(|error| self.failed(&error))?;
        Ok(copy)
    }

    fn copy_pages(&self, copy: &mut Connection, needed_bytes: u64) -> Result<(), SourceError> {
        let backup = Backup::new(self.from, copy).map_err(|error| self.failed(&error))?;
        let (mut restarts, mut remaining) = (0, i32::MAX);
        loop {
            // All the rest in one step holds the read lock until the end.
            let pages = if restarts < RESTARTS {
                PAGES_A_STEP
            } else {
                -1
            };
            if self
                .patience
                .until_unlocked(|| self.step(&backup, pages, needed_bytes))?
            {
                return Ok(());
            }
            let now_remaining = backup.progress().remaining;
            restarts += u32::from(now_remaining >= remaining);
            remaining = now_remaining;
        }
    }

    /// Copies some pages; true when they were the last.
    fn step(
        &self,
        backup: &Backup<'_, '_>,
        pages: i32,
        needed_bytes: u64,
    ) -> Result<bool, SourceError> {
        match backup.step(pages) {
            Ok(StepResult::Done) => Ok(true),
            Ok(StepResult::More) => Ok(false),
            Ok(_) => Err(SourceError::Locked {
                purpose: PURPOSE.to_owned(),
                path: self.path.to_owned(),
            }),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                Err(self.no_space(needed_bytes, self.free_bytes()?))
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// A database in a file of mode 0600 that loses its name before it holds anything.
    fn unnamed_database(&self) -> Result<Connection, SourceError> {
        let file = tempfile::Builder::new()
            .prefix("carryall-copy-")
            .tempfile_in(self.folder)
            .map_err(|cause| self.scratch(cause))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let copy =
            Connection::open_with_flags(file.path(), flags).map_err(|error| self.failed(&error))?;
        file.close().map_err(|cause| self.scratch(cause))?;
        // Nobody else can open it and a crash ends it: no journal (which would need a name), no sync.
        copy.execute_batch(
            "PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA locking_mode = exclusive;
             PRAGMA cache_size = -4096",
        )
        .map_err(|error| self.failed(&error))?;
        Ok(copy)
    }

    fn free_bytes(&self) -> Result<u64, SourceError> {
        rustix::fs::statvfs(self.folder)
            .map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
            .map_err(|error| self.scratch(error.into()))
    }

    fn require_room(&self, needed_bytes: u64, free_bytes: u64) -> Result<(), SourceError> {
        if needed_bytes > free_bytes {
            return Err(self.no_space(needed_bytes, free_bytes));
        }
        Ok(())
    }

    fn no_space(&self, needed_bytes: u64, free_bytes: u64) -> SourceError {
        let (path, folder) = (self.path.to_owned(), self.folder.to_owned());
        SourceError::NoSpace {
            path,
            folder,
            needed_bytes,
            free_bytes,
        }
    }

    fn scratch(&self, cause: io::Error) -> SourceError {
        SourceError::Scratch {
            folder: self.folder.to_owned(),
            cause,
        }
    }

    fn failed(&self, error: &rusqlite::Error) -> SourceError {
        SourceError::from_sqlite(error, self.path, PURPOSE)
    }
}

fn size_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let size: i64 = connection.query_row(sql, (), |row| row.get(0))?;
    Ok(u64::try_from(size).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_does_not_fit_says_how_much_it_needs_and_what_to_do() {
        let from = Connection::open_in_memory().unwrap();
        let copying = Copying {
            from: &from,
            path: Path::new("/srv/product.db"),
            folder: Path::new("/scratch"),
            patience: Patience::default(),
        };
        assert!(copying.require_room(4096, 4096).is_ok());
        let error = copying.require_room(8192, 4096).unwrap_err();
        insta::assert_snapshot!(
            format!("failed to: {error}\nhint: {}", error.hint().unwrap()),
            @r"
        failed to: copy the database /srv/product.db to /scratch: it needs 8192 bytes, 4096 are free
        hint: make room, or set TMPDIR to a folder with room that this account can write; a database in WAL mode needs no copy (PRAGMA journal_mode = wal)
        "
        );
    }
}
