//! The SELECTs of messages, which are read thread by thread.

use super::order::declared_type;
use super::sql::{expression, from, from_where, id_expression, narrowed};
use super::{Dialect, FindMessage, quote};
use crate::catalog::Catalog;
use crate::data_map::{DataMap, ExportEntry, FieldForm, Parent};

/// The messages of the thread `key`, in conversation order.
pub(super) fn from_thread(
    entry: &ExportEntry,
    catalog: &Catalog,
    key: &str,
) -> Result<String, String> {
    let dialect = catalog.dialect;
    let parent = parent(entry)?;
    let id = id_expression(dialect, entry)?;
    let id = dialect.in_byte_order(&id, declared_type(entry, catalog, &id));
    let order = match created(dialect, entry) {
        Some(created) => {
            let declared = declared_type(entry, catalog, &created);
            format!("{}, {id}", dialect.in_byte_order(&created, declared))
        }
        None => id,
    };
    Ok(format!(
        "FROM {} WHERE t.{} = {key}{} ORDER BY {order}",
        from(dialect, entry)?,
        quote(&parent.column),
        narrowed(dialect, entry)
    ))
}

/// Where messages say which thread is theirs.
fn parent(entry: &ExportEntry) -> Result<&Parent, String> {
    let parent = entry.parent.as_ref();
    parent.ok_or_else(|| "messages need `parent`: the thread they belong to".to_owned())
}

/// The time of a message.
fn created(dialect: Dialect, entry: &ExportEntry) -> Option<String> {
    let form = entry.fields.get("created_at")?;
    expression(dialect, form, "created_at").ok()
}

/// How to find out whether a message that a thread points at is part of an export.
pub(super) fn find_message(
    map: &DataMap,
    entry: &ExportEntry,
    catalog: &Catalog,
) -> Result<FindMessage, String> {
    let dialect = catalog.dialect;
    let parent = parent(entry)?;
    let author = entry
        .author
        .as_ref()
        .map_or("NULL".to_owned(), |name| format!("t.{}", quote(name)));
    let created = created(dialect, entry).unwrap_or_else(|| "NULL".to_owned());
    let id = id_expression(dialect, entry)?;
    let (from, narrowed) = (from(dialect, entry)?, narrowed(dialect, entry));
    let thread_id = quote(&parent.column);
    let from_where = |thread: &str, message: &str| {
        format!("FROM {from} WHERE t.{thread_id} = {thread} AND {id} = {message}{narrowed}")
    };
    let by_parameters = from_where(&dialect.parameter(1), &dialect.parameter(2));
    let by_thread = from_where("carryall_thread.id", "carryall_thread.message");
    let pointed_at = pointers(map, &parent.section, entry, catalog, &id)?;
    let pointed_at = pointed_at.into_iter().map(|pointers| {
        format!(
            "SELECT carryall_thread.id, carryall_thread.message, m.* FROM ({pointers}) AS carryall_thread \
             CROSS JOIN LATERAL (SELECT {author} AS author, {created} AS created {by_thread}) AS m"
        )
    });
    Ok(FindMessage {
        sql: format!("SELECT {author}, NULL {by_parameters}"),
        sql_with_time: format!("SELECT {author}, {created} {by_parameters}"),
        pointed_at: pointed_at.collect(),
    })
}

/// The SELECTs of the ids of threads and of the messages that they point at, as far as those compare with ids of
/// messages, which stand in `entry`.
fn pointers(
    map: &DataMap,
    section: &str,
    entry: &ExportEntry,
    catalog: &Catalog,
    id: &str,
) -> Result<Vec<String>, String> {
    let dialect = catalog.dialect;
    let id_type = declared_type(entry, catalog, id);
    // Types without a collation: texts of two collations do not compare.
    let Some(id_type @ ("uuid" | "bigint" | "integer")) = id_type else {
        return Ok(Vec::new());
    };
    if dialect != Dialect::Postgres {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for threads in map.exports.iter().filter(|other| other.section == section) {
        let Some(form @ FieldForm::Column(_)) = threads.fields.get("current_message_id") else {
            continue;
        };
        let pointer = expression(dialect, form, "current_message_id")?;
        let select = format!(
            "SELECT {} AS id, {pointer} AS message {}",
            id_expression(dialect, threads)?,
            from_where(dialect, map, threads)?
        );
        match declared_type(threads, catalog, &pointer) {
            Some(declared) if declared == id_type => all.push(select),
            Some(_) => {}
            // What a query gives has a type that only the server knows. With its OFFSET it stays apart: a constant
            // would be cast before anybody asks for its type.
            None => all.push(format!(
                "SELECT p.id, CASE WHEN pg_typeof(p.message) = '{id_type}'::regtype THEN p.message::text::{id_type} END \
                 AS message FROM ({select} OFFSET 0) AS p"
            )),
        }
    }
    Ok(all)
}
