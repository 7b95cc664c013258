//! Where the engines' SQL differs. Nothing outside this file, the catalogues and the judgement of plans asks
//! which engine it is.

use carryall_format::json::{JsonPath, Step};

use super::quote;
use crate::catalog::{Table, TableKind};
use crate::data_map::Sql;

/// The SQL that a database speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite.
    #[default]
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// Its key in the data map.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        }
    }

    /// Its name, for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Dialect::Sqlite => "SQLite",
            Dialect::Postgres => "PostgreSQL",
        }
    }

    /// The form of the map's SQL for this engine.
    pub(crate) fn of(self, sql: &Sql) -> Result<&str, String> {
        let form = match (sql, self) {
            (Sql::Any(text), _) => Some(text),
            (Sql::PerEngine { sqlite, .. }, Dialect::Sqlite) => sqlite.as_ref(),
            (Sql::PerEngine { postgres, .. }, Dialect::Postgres) => postgres.as_ref(),
        };
        form.map(String::as_str)
            .ok_or_else(|| format!("its SQL has no form for `{}`", self.name()))
    }

    /// Parameter `number`, from 1.
    pub(crate) fn parameter(self, number: usize) -> String {
        match self {
            Dialect::Sqlite => format!("?{number}"),
            Dialect::Postgres => format!("${number}"),
        }
    }

    /// A table by its name in the map: `auth.users` is the table `users` of the schema `auth`.
    pub(crate) fn table(self, name: &str) -> String {
        match (self, name.split_once('.')) {
            (Dialect::Postgres, Some((schema, table))) => {
                format!("{}.{}", quote(schema), quote(table))
            }
            _ => quote(name),
        }
    }

    /// A value as text, to be joined to another.
    pub(crate) fn text(self, sql: &str) -> String {
        match self {
            Dialect::Sqlite => sql.to_owned(),
            Dialect::Postgres => format!("({sql})::text"),
        }
    }

    /// Whether a value can be read piece by piece: by the place of its row, and of a type that has pieces.
    pub(crate) fn has_pieces(self, table: &Table, column: &str) -> bool {
        let is_table = table.kind == TableKind::Table;
        match self {
            Dialect::Sqlite => is_table && !table.without_rowid,
            Dialect::Postgres => {
                let declared = table.column(column).map(|column| &*column.declared_type);
                is_table && declared.is_some_and(|of| of == "bytea" || is_text(of))
            }
        }
    }

    /// Where a row lies, for as long as a snapshot sees it.
    pub(crate) fn place_of_row(self) -> &'static str {
        match self {
            Dialect::Sqlite => "t.rowid",
            // Parts of a table count each for itself.
            Dialect::Postgres => "(t.tableoid::int8)::text || ' ' || t.ctid::text",
        }
    }

    /// Null where the value is. SQLite reads no value that nobody asks for.
    pub(crate) fn something_or_null(self, sql: &str) -> String {
        match self {
            Dialect::Sqlite => sql.to_owned(),
            Dialect::Postgres => format!("CASE WHEN {sql} IS NOT NULL THEN 1 END"),
        }
    }

    /// Characters or bytes of a value from the place ?2 on, in the row that lies at ?1.
    pub(crate) fn piece(self, table: &str, column: &str, length: usize) -> String {
        format!(
            "SELECT substring(t.{} FROM $2::int4 FOR {length}) FROM {} AS t \
             WHERE t.ctid = split_part($1::text, ' ', 2)::tid \
             AND t.tableoid::int8 = split_part($1::text, ' ', 1)::int8",
            quote(column),
            self.table(table)
        )
    }

    /// Sorts as bytes do: a database's own order of letters differs from machine to machine.
    pub(crate) fn in_byte_order(self, sql: &str, declared: Option<&str>) -> String {
        match self {
            Dialect::Postgres if declared.is_some_and(is_text) => {
                format!("{sql} COLLATE \"C\"")
            }
            _ => sql.to_owned(),
        }
    }

    /// Sorts what is not known before everything else, as SQLite does.
    pub(crate) fn nulls_first(self, sql: String) -> String {
        match self {
            Dialect::Sqlite => sql,
            Dialect::Postgres => format!("{sql} NULLS FIRST"),
        }
    }

    /// About how many bytes a value has. PostgreSQL knows a text's length without reading it; of other
    /// types it tells how they are stored.
    pub(crate) fn size_bytes(self, sql: &str, declared: Option<&str>) -> String {
        match self {
            Dialect::Sqlite => format!("coalesce(octet_length({sql}), 4)"),
            Dialect::Postgres if declared.is_some_and(is_text) => {
                format!("coalesce(octet_length({sql}), 4)")
            }
            Dialect::Postgres => format!("coalesce(pg_column_size({sql}), 4)"),
        }
    }

    /// The scalar at a path inside a JSON column; none where SQL cannot follow it.
    pub(crate) fn json_value(
        self,
        column: &str,
        path: &JsonPath,
        declared: Option<&str>,
    ) -> Option<String> {
        let mut keys = Vec::new();
        for step in path.steps() {
            match step {
                Step::Key(key) if !key.contains(['"', '\'', '\\']) => {
                    keys.push(format!("\"{key}\""));
                }
                _ => return None,
            }
        }
        match self {
            Dialect::Sqlite => {
                let inside = [vec!["$".to_owned()], keys].concat().join(".");
                Some(format!(
                    "CASE WHEN json_valid({column}) THEN json_extract({column}, '{inside}') END"
                ))
            }
            // A text that is no JSON would end the statement: only a JSON column is sure to hold some.
            Dialect::Postgres if declared.is_some_and(|of| of.starts_with("json")) => {
                Some(format!("({column} #>> '{{{}}}')", keys.join(",")))
            }
            Dialect::Postgres => None,
        }
    }

    /// A number of bytes that may be text.
    pub(crate) fn whole_number(self, sql: &str) -> String {
        match self {
            Dialect::Sqlite => sql.to_owned(),
            Dialect::Postgres => {
                format!(
                    "CASE WHEN ({sql})::text ~ '^[0-9]{{1,18}}$' THEN ({sql})::text::bigint END"
                )
            }
        }
    }
}

/// Types whose values are texts already.
fn is_text(declared: &str) -> bool {
    declared.starts_with("text")
        || declared.starts_with("character")
        || declared.ends_with("citext")
}
