//! Values on their way out of a row: strictly what the program wrote, or an error that names the column.

use std::fmt::Display;

use postgres::types::{FromSql, Type};
use rusqlite::types::ValueRef;

use super::LedgerError;

/// A column, by name or by number.
pub(in crate::ledger) trait Column:
    rusqlite::RowIndex + postgres::row::RowIndex + Display + Copy
{
}

impl<T: rusqlite::RowIndex + postgres::row::RowIndex + Display + Copy> Column for T {}

/// A row of a result.
pub(in crate::ledger) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r postgres::Row),
}

/// A cell as the engine has it.
#[derive(Debug, Clone, Copy)]
pub(in crate::ledger) enum Raw<'r> {
    Null,
    Integer(i64),
    Bool(bool),
    Text(&'r str),
    Bytes(&'r [u8]),
    Other,
}

/// What can be read from a cell.
pub(in crate::ledger) trait Cell: Sized {
    /// None when the cell holds something else.
    fn read(raw: Raw<'_>) -> Option<Self>;
}

impl Row<'_> {
    /// The value of a column.
    pub(in crate::ledger) fn get<T: Cell>(&self, column: impl Column) -> Result<T, LedgerError> {
        let raw = match self {
            Row::Sqlite(row) => match row.get_ref(column)? {
                ValueRef::Null => Raw::Null,
                ValueRef::Integer(integer) => Raw::Integer(integer),
                ValueRef::Text(bytes) => std::str::from_utf8(bytes).map_or(Raw::Other, Raw::Text),
                ValueRef::Blob(bytes) => Raw::Bytes(bytes),
                ValueRef::Real(_) => Raw::Other,
            },
            Row::Postgres(row) => row.try_get(column)?,
        };
        T::read(raw).ok_or_else(|| LedgerError::Unreadable {
            column: column.to_string(),
            what: "something else than was written",
        })
    }
}

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(
        ty: &Type,
        bytes: &'r [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *ty {
            Type::INT8 => Raw::Integer(i64::from_sql(ty, bytes)?),
            Type::INT4 => Raw::Integer(i32::from_sql(ty, bytes)?.into()),
            Type::BOOL => Raw::Bool(bool::from_sql(ty, bytes)?),
            Type::TEXT | Type::VARCHAR => Raw::Text(<&str>::from_sql(ty, bytes)?),
            Type::BYTEA => Raw::Bytes(bytes),
            _ => Raw::Other,
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl<T: Cell> Cell for Option<T> {
    fn read(raw: Raw<'_>) -> Option<Self> {
        match raw {
            Raw::Null => Some(None),
            raw => T::read(raw).map(Some),
        }
    }
}

macro_rules! cell {
    ($($of:ty => $raw:pat, $value:expr;)*) => {$(
        impl Cell for $of {
            fn read(raw: Raw<'_>) -> Option<Self> {
                match raw {
                    $raw => $value,
                    _ => None,
                }
            }
        }
    )*};
}

cell! {
    i64 => Raw::Integer(integer), Some(integer);
    u64 => Raw::Integer(integer), integer.try_into().ok();
    u32 => Raw::Integer(integer), integer.try_into().ok();
    String => Raw::Text(text), Some(text.to_owned());
    Vec<u8> => Raw::Bytes(bytes), Some(bytes.to_vec());
}

impl<const N: usize> Cell for [u8; N] {
    fn read(raw: Raw<'_>) -> Option<Self> {
        match raw {
            Raw::Bytes(bytes) => bytes.try_into().ok(),
            _ => None,
        }
    }
}

impl Cell for bool {
    fn read(raw: Raw<'_>) -> Option<Self> {
        match raw {
            Raw::Bool(value) => Some(value),
            // SQLite's.
            Raw::Integer(integer) => Some(integer != 0),
            _ => None,
        }
    }
}
