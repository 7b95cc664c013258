//! What exists in a PostgreSQL database, from `pg_catalog`: whatever the role may read.

use super::{Catalog, Column, Index, Table, TableKind, integer, text};
use crate::error::SourceError;
use crate::plan::Dialect;
use crate::snapshot::{Row, Snapshot};
use crate::value::Value;

/// Relations of a schema. The parts of a partitioned table are read through it.
const TABLES: &str = "
    SELECT c.oid::int8, c.relname::text, c.relkind::text FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname::text = $1)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
    ORDER BY c.relname::text COLLATE \"C\"";
const COLUMNS: &str = "
    SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attgenerated <> '',
           a.attnotnull,
           (SELECT array_position(i.indkey::int2[], a.attnum) FROM pg_catalog.pg_index AS i
            WHERE i.indrelid = a.attrelid AND i.indisprimary)
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid::int8 = $1 AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum";
const INDEXES: &str = "
    SELECT c.relname::text, i.indisunique, i.indpred IS NOT NULL,
           ARRAY(SELECT coalesce((SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
                                  WHERE a.attrelid = i.indrelid AND a.attnum = k.number), '')
                 FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place) ORDER BY k.place)
    FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid::int8 = $1 AND i.indisvalid
    ORDER BY c.relname::text COLLATE \"C\"";

/// Reads what exists in these schemas. Tables of the first go by their bare names.
pub(super) fn read(snapshot: &Snapshot, schemas: &[String]) -> Result<Catalog, SourceError> {
    let mut tables = Vec::new();
    let mut relations = snapshot.prepare_for("list the tables", TABLES)?;
    let mut columns = snapshot.prepare_for("list the columns", COLUMNS)?;
    let mut indexes = snapshot.prepare_for("list the indexes", INDEXES)?;
    for (place, schema) in schemas.iter().enumerate() {
        let mut found = Vec::new();
        relations.for_each(&[schema.as_str().into()], |row| {
            let mut table = table(row);
            if place > 0 {
                table.name = format!("{schema}.{}", table.name);
            }
            found.push((integer(row.value(0)), table));
            Ok::<(), SourceError>(())
        })?;
        for (oid, mut table) in found {
            columns.for_each(&[Value::Integer(oid)], |row| {
                table.columns.push(column(row));
                Ok::<(), SourceError>(())
            })?;
            indexes.for_each(&[Value::Integer(oid)], |row| {
                table.indexes.push(index(row));
                Ok::<(), SourceError>(())
            })?;
            tables.push(table);
        }
    }
    Ok(Catalog {
        dialect: Dialect::Postgres,
        tables,
    })
}

fn table(row: &Row<'_>) -> Table {
    Table {
        name: text(row.value(1)),
        kind: match row.value(2).bytes() {
            // What a materialised view holds was a table's when it was refreshed, and may be so no more.
            Some(b"v") => TableKind::View,
            Some(b"f") => TableKind::Virtual,
            _ => TableKind::Table,
        },
        columns: Vec::new(),
        indexes: Vec::new(),
        without_rowid: true,
        unreadable: None,
    }
}

fn column(row: &Row<'_>) -> Column {
    Column {
        name: text(row.value(0)),
        declared_type: text(row.value(1)),
        generated: integer(row.value(2)) != 0,
        hidden: false,
        not_null: integer(row.value(3)) != 0,
        // An int2vector counts from 0.
        primary_key: match row.value(4) {
            Value::Integer(place) => u32::try_from(place + 1).ok(),
            _ => None,
        },
    }
}

fn index(row: &Row<'_>) -> Index {
    let names: Vec<String> =
        serde_json::from_slice(row.value(3).bytes().unwrap_or(b"[]")).unwrap_or_default();
    Index {
        name: text(row.value(0)),
        columns: names
            .into_iter()
            .map(|name| (!name.is_empty()).then_some(name))
            .collect(),
        unique: integer(row.value(1)) != 0,
        partial: integer(row.value(2)) != 0,
    }
}
