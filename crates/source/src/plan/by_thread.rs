//! The SELECTs of messages, which are read thread by thread.

use super::order::declared_type;
use super::sql::{expression, from, from_where, id_expression, narrowed};
use super::{Dialect, quote};
use crate::catalog::Catalog;
use crate::data_map::{DataMap, ExportEntry, FieldForm, Parent};

/// SELECTs of what decides whether a message is in the file.
#[derive(Debug)]
pub struct FindMessage {
    /// (author, nothing) of the message ?2 in thread ?1: the time stands behind the text, so that a long message would have
    /// to be read to its end.
    pub sql: String,
    /// (author, time) of it, for an export of a range.
    pub sql_with_time: String,
    /// (thread, message, author, time) of what all threads of parameter 1 point at, for a server, which need not be
    /// asked for each of them.
    pub pointed_at: Vec<String>,
    /// (nothing, time) of each message in thread ?1, where an index may answer that alone.
    pub times: Option<String>,
    /// (author, time) of each.
    pub of_thread: String,
    /// The same of the thread `carryall_thread.id`, for an engine that reads all threads in one go.
    pub for_each_thread: Option<String>,
}

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
    let of_one = |thread: &str, message: &str| {
        format!("FROM {from} WHERE t.{thread_id} = {thread} AND {id} = {message}{narrowed}")
    };
    let of = |thread: &str| format!("FROM {from} WHERE t.{thread_id} = {thread}{narrowed}");
    let of_thread = of(&dialect.parameter(1));
    let by_parameters = of_one(&dialect.parameter(1), &dialect.parameter(2));
    let by_thread = of_one("carryall_thread.id", "carryall_thread.message");
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
        times: match dialect {
            Dialect::Sqlite => Some(format!("SELECT NULL, {created} {of_thread}")),
            // Each question is a round trip.
            Dialect::Postgres => None,
        },
        of_thread: format!("SELECT {author}, {created} {of_thread}"),
        for_each_thread: match dialect {
            Dialect::Sqlite => None,
            // Without its OFFSET it would be joined in whatever order the server likes best.
            Dialect::Postgres => Some(format!(
                "SELECT {author}, {created} {} OFFSET 0",
                of("carryall_thread.id")
            )),
        },
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
