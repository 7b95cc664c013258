//! One value read piece by piece, so that its size costs no memory.

use std::io::{self, Read};

use super::{Engine, Snapshot, Statement};
use crate::error::SourceError;
use crate::plan::Dialect;
use crate::value::Value;

/// Bytes or characters of a piece that a server sends. It unpacks a packed value from its start for each.
const PIECE: usize = 4 << 20;

impl Snapshot {
    /// Opens one text or blob, in the row that lies at `place`: a rowid, or what a server calls it
    /// ([`Dialect::place_of_row`]). Only for tables whose rows have a place.
    pub fn open_blob(
        &self,
        table: &str,
        column: &str,
        place: Value<'_>,
    ) -> Result<BlobReader<'_>, SourceError> {
        let purpose = format!("read `{table}`.`{column}`");
        match (&self.engine, place) {
            (Engine::Sqlite { connection, .. }, Value::Integer(rowid)) => connection
                .blob_open(rusqlite::MAIN_DB, table, column, rowid, true)
                .map(BlobReader::Sqlite)
                .map_err(|error| SourceError::from_sqlite(&error, &self.path, &purpose)),
            (Engine::Postgres { .. }, Value::Text(place)) => {
                let sql = Dialect::Postgres.piece(table, column, PIECE);
                let pieces = Pieces {
                    statement: self.prepare_for(&purpose, &sql)?,
                    place: place.to_owned(),
                    piece: Vec::new(),
                    read: 0,
                    next: 1,
                    is_last: false,
                    failure: None,
                };
                Ok(BlobReader::Postgres(Box::new(pieces)))
            }
            _ => Err(SourceError::Sql {
                purpose,
                detail: "the row has no place".to_owned(),
            }),
        }
    }
}

/// Reads one text or blob from its start.
pub enum BlobReader<'s> {
    /// From a file.
    Sqlite(rusqlite::blob::Blob<'s>),
    /// From a server.
    Postgres(Box<Pieces<'s>>),
}

/// A value on a server.
pub struct Pieces<'s> {
    statement: Statement<'s>,
    place: Vec<u8>,
    piece: Vec<u8>,
    /// How much of the piece was handed on.
    read: usize,
    /// Where the next one starts, counted from 1.
    next: i64,
    is_last: bool,
    failure: Option<SourceError>,
}

impl BlobReader<'_> {
    /// Why a server could not go on; whoever read got an error without a reason.
    pub fn failure(self) -> Option<SourceError> {
        match self {
            BlobReader::Sqlite(_) => None,
            BlobReader::Postgres(pieces) => pieces.failure,
        }
    }
}

impl Pieces<'_> {
    fn fetch(&mut self) -> Result<(), SourceError> {
        self.piece.clear();
        self.read = 0;
        let params = [Value::Text(&self.place), Value::Integer(self.next)];
        let (piece, mut length) = (&mut self.piece, 0);
        self.statement.for_each(&params, |row| {
            if let Some(bytes) = row.value(0).bytes() {
                piece.extend_from_slice(bytes);
                length = match row.value(0) {
                    // Of a text, characters are counted: all but what continues one.
                    Value::Text(text) => text.iter().filter(|byte| **byte & 0xC0 != 0x80).count(),
                    _ => bytes.len(),
                };
            }
            Ok::<(), SourceError>(())
        })?;
        self.is_last = length < PIECE;
        self.next += i64::try_from(length).unwrap_or(i64::MAX);
        Ok(())
    }
}

impl Read for BlobReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let pieces = match self {
            BlobReader::Sqlite(blob) => return blob.read(buffer),
            BlobReader::Postgres(pieces) => pieces,
        };
        if pieces.read == pieces.piece.len()
            && !pieces.is_last
            && let Err(error) = pieces.fetch()
        {
            let told = error.to_string();
            pieces.failure = Some(error);
            return Err(io::Error::other(told));
        }
        let mut rest = &pieces.piece[pieces.read..];
        let count = rest.read(buffer)?;
        pieces.read += count;
        Ok(count)
    }
}
