//! E-mail addresses, found in any case.
//!
//! Promises: every row whose address differs only in case is found, and no other. An ASCII letter
//! equals its other case only: the Kelvin sign is no `k`, or somebody could register an address that
//! passes for another person's.

use crate::error::SourceError;
use crate::plan::{Dialect, quote};
use crate::snapshot::{Row, Snapshot};
use crate::value::Value;

/// Where to look, and what to show of a row.
pub(crate) struct Search<'a> {
    pub(crate) table: &'a str,
    pub(crate) column: &'a str,
    /// Expressions over the table's columns.
    pub(crate) shown: &'a [String],
}

impl Search<'_> {
    /// Shows every row with this address to `visit`, and whether it is spelled in the same case.
    pub(crate) fn for_each<E: From<SourceError>>(
        &self,
        snapshot: &Snapshot,
        address: &str,
        mut visit: impl FnMut(&Row<'_>, bool) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = self.sql(snapshot, address)?;
        let mut statement = snapshot.prepare_for("find a person by address", &sql)?;
        let wanted = [Value::from(address)];
        let params = if statement.parameter_count() == 0 {
            &[]
        } else {
            wanted.as_slice()
        };
        statement.for_each(params, |row| {
            let bytes = row.value(self.shown.len()).bytes().unwrap_or_default();
            match std::str::from_utf8(bytes) {
                Ok(found) if same_address(found, address) => visit(row, found == address),
                _ => Ok(()),
            }
        })
    }

    /// Prefers the form that an index of the product serves. Without one, the table of people is
    /// read once: right before fast.
    fn sql(&self, snapshot: &Snapshot, address: &str) -> Result<String, SourceError> {
        let dialect = snapshot.dialect();
        let (table, column) = (dialect.table(self.table), quote(self.column));
        let shown = self.shown.join(", ");
        let select = format!("SELECT {shown}, {column} FROM {table} WHERE");
        if !address.is_ascii() {
            // SQLite knows no case beyond ASCII, and PostgreSQL the one of its locale.
            return Ok(format!("{select} {column} IS NOT NULL"));
        }
        if dialect == Dialect::Postgres {
            return Ok(format!("{select} lower({column}) = lower($1)"));
        }
        let no_case = format!("{select} {column} = ?1 COLLATE NOCASE");
        let lower = format!("{select} lower({column}) = lower(?1)");
        let scans = |sql: &str| {
            Ok(snapshot
                .explain(sql)?
                .iter()
                .any(|step| step.starts_with("SCAN")))
        };
        Ok(if scans(&no_case)? && !scans(&lower)? {
            lower
        } else {
            no_case
        })
    }
}

fn same_address(a: &str, b: &str) -> bool {
    let mut letters = (a.chars(), b.chars());
    loop {
        match (letters.0.next(), letters.1.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if same_letter(a, b) => {}
            _ => return false,
        }
    }
}

fn same_letter(a: char, b: char) -> bool {
    if a.is_ascii() || b.is_ascii() {
        return a.eq_ignore_ascii_case(&b);
    }
    a == b || a.to_lowercase().eq(b.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_case_may_differ_between_two_spellings_of_an_address() {
        for (a, b) in [
            ("Ann@Example.com", "ann@eXample.COM"),
            ("ÄNNE@bücher.de", "änne@BÜCHER.de"),
            ("", ""),
        ] {
            assert!(same_address(a, b), "{a} {b}");
        }
        // Kelvin sign, dotless and dotted i, long s, sharp s, accents, spaces, a shorter one.
        for (a, b) in [
            ("\u{212a}ate@x.org", "kate@x.org"),
            ("m\u{131}a@x.org", "mia@x.org"),
            ("\u{130}da@x.org", "ida@x.org"),
            ("\u{17f}am@x.org", "sam@x.org"),
            ("stra\u{df}e@x.org", "strasse@x.org"),
            ("rene@x.org", "ren\u{e9}@x.org"),
            ("ann@x.org ", "ann@x.org"),
            ("ann@x.org", "ann@x.or"),
        ] {
            assert!(!same_address(a, b) && !same_address(b, a), "{a} {b}");
        }
    }

    #[test]
    fn an_index_on_the_address_is_used_whichever_way_the_product_made_it() {
        for index in ["(email COLLATE NOCASE)", "(lower(email))"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("product.db");
            let schema = format!("CREATE TABLE users (id, email); CREATE INDEX i ON users {index}");
            let product = rusqlite::Connection::open(&path).unwrap();
            product.execute_batch(&schema).unwrap();
            let snapshot = crate::sqlite::Sqlite::open(&path)
                .unwrap()
                .snapshot()
                .unwrap();
            let shown = ["id".to_owned()];
            let search = Search {
                table: "users",
                column: "email",
                shown: &shown,
            };
            let plan = snapshot
                .explain(&search.sql(&snapshot, "ann@x.org").unwrap())
                .unwrap();
            assert!(
                plan[0].starts_with("SEARCH users USING INDEX i"),
                "{index}: {plan:?}"
            );
        }
    }
}
