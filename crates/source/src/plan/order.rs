//! In which order the records of a list stand: by the time that they were made, then by their ids.
//!
//! Promises: two exports of the same rows have them in the same order, whatever the database's engine, its
//! rules of language or the disk. What is sorted is what the person has; the bytes of files are not
//! carried through the sort.

use super::sql::{expression, from};
use super::{ContentsPlan, Dialect, quote};
use crate::catalog::Catalog;
use crate::data_map::{ExportEntry, FieldForm};

/// The SELECT of `columns` from `from_where`, in the order of the ids.
pub(super) fn in_order(
    entry: &ExportEntry,
    catalog: &Catalog,
    contents: Option<&ContentsPlan>,
    columns: &str,
    from_where: &str,
) -> Result<String, String> {
    let Some(order) = order_by(entry, catalog) else {
        return Ok(format!("SELECT {columns} {from_where}"));
    };
    if let (Some(ContentsPlan::Blob { .. }), Dialect::Sqlite) = (contents, catalog.dialect) {
        // A file in a column would go through SQLite's sorter, and so through memory. With its LIMIT the inner
        // SELECT stays what it is: without one SQLite takes the order of a part of a join away.
        let from = from(catalog.dialect, entry)?;
        return Ok(format!(
            "SELECT {columns} FROM (SELECT t.rowid AS place {from_where} ORDER BY {order} LIMIT -1) AS carryall_order \
             CROSS JOIN {from} ON t.rowid = carryall_order.place"
        ));
    }
    Ok(format!("SELECT {columns} {from_where} ORDER BY {order}"))
}

/// The SELECT of `id` and of each row's place in the order, from 0; none where SQL does not order them.
pub(super) fn numbered(
    entry: &ExportEntry,
    catalog: &Catalog,
    id: &str,
    from_where: &str,
) -> Option<String> {
    let order = order_by(entry, catalog)?;
    Some(format!(
        "SELECT {id} AS id, row_number() OVER (ORDER BY {order}) - 1 AS place {from_where}"
    ))
}

/// Whether SQL orders the rows of this entry. If not, whoever reads them does.
pub(super) fn is_ordered(entry: &ExportEntry, catalog: &Catalog) -> bool {
    order_by(entry, catalog).is_some()
}

fn order_by(entry: &ExportEntry, catalog: &Catalog) -> Option<String> {
    let columns = id_columns(entry).or_else(|| key_columns(entry, catalog));
    let mut parts: Vec<String> = match columns {
        Some(columns) => columns
            .iter()
            .map(|column| sortable(entry, catalog, column))
            .collect(),
        None => vec![as_text(
            catalog.dialect,
            &expression(catalog.dialect, entry.fields.get("id")?, "id").ok()?,
        )],
    };
    if let Some(FieldForm::Column(created)) = entry.fields.get("created_at") {
        let created = sortable(entry, catalog, created);
        parts.insert(0, catalog.dialect.nulls_first(created));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The columns that the ids are made of, so that an index on them serves.
fn id_columns(entry: &ExportEntry) -> Option<Vec<String>> {
    match entry.fields.get("id")? {
        FieldForm::Column(column) => Some(vec![column.clone()]),
        FieldForm::Composite(columns) => Some(columns.clone()),
        FieldForm::Detailed(detail) if detail.json.is_none() => {
            let column = detail.column.clone()?;
            Some(
                detail
                    .id_prefix
                    .clone()
                    .into_iter()
                    .chain([column])
                    .collect(),
            )
        }
        FieldForm::Detailed(_) => None,
    }
}

/// The primary key, for rows without an id: the parts of `account_settings`.
fn key_columns(entry: &ExportEntry, catalog: &Catalog) -> Option<Vec<String>> {
    let gives_nothing = entry.fields.is_empty()
        && entry.extra.is_empty()
        && entry.json.values().all(|json| json.keep.is_empty());
    if entry.fields.contains_key("id") || gives_nothing {
        return None;
    }
    let table = catalog.table(entry.table.as_deref()?)?;
    let mut keys: Vec<_> = table
        .columns
        .iter()
        .filter_map(|column| Some((column.primary_key?, column.name.clone())))
        .collect();
    keys.sort_unstable();
    Some(keys.into_iter().map(|(_, name)| name).collect())
}

fn sortable(entry: &ExportEntry, catalog: &Catalog, column: &str) -> String {
    let sql = format!("t.{}", quote(column));
    match declared_type(entry, catalog, &sql) {
        declared @ Some(_) => catalog.dialect.in_byte_order(&sql, declared),
        // What a query gives has a type that nobody knows here.
        None => as_text(catalog.dialect, &sql),
    }
}

fn as_text(dialect: Dialect, sql: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("CAST({sql} AS TEXT)"),
        Dialect::Postgres => format!("({sql})::text COLLATE \"C\""),
    }
}

/// The type of a column that is read as it is.
pub(super) fn declared_type<'c>(
    entry: &ExportEntry,
    catalog: &'c Catalog,
    sql: &str,
) -> Option<&'c str> {
    let table = catalog.table(entry.table.as_deref()?)?;
    let column = sql.strip_prefix("t.\"")?.strip_suffix('"')?;
    Some(&table.column(&column.replace("\"\"", "\""))?.declared_type)
}
