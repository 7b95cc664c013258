//! What holds nothing of its own, and so needs no entry in the map.

use super::Derived;
use super::named::Named;
use crate::catalog::{Catalog, Table, TableKind};
use crate::error::SourceError;
use crate::plan::Dialect;
use crate::snapshot::Snapshot;

/// Views, generated columns, shadow tables and full-text indexes on an external table. What the map
/// reads by its name is left to the map.
pub(super) fn find_derived(
    snapshot: &Snapshot,
    catalog: &Catalog,
    named: &Named,
) -> Result<Vec<Derived>, SourceError> {
    let mut derived = Vec::new();
    for table in catalog
        .tables
        .iter()
        .filter(|table| !named.has_table(&table.name))
    {
        let why = match table.kind {
            TableKind::Table => None,
            TableKind::View => Some(view(table)),
            TableKind::Shadow => Some("the rows behind a virtual table".to_owned()),
            TableKind::Virtual => external_table(snapshot, catalog, table)?
                .map(|of| format!("a full-text index on `{of}`, whose columns it repeats")),
        };
        derived.extend(why.map(|why| Derived {
            name: table.name.clone(),
            why,
        }));
    }
    for table in &catalog.tables {
        let generated = table.columns.iter().filter(|column| column.generated);
        for column in generated.filter(|column| !named.has_column(&table.name, &column.name)) {
            derived.push(Derived {
                name: format!("{}.{}", table.name, column.name),
                why: "computed from other columns of the row".to_owned(),
            });
        }
    }
    Ok(derived)
}

fn view(table: &Table) -> String {
    match &table.unreadable {
        None => "a view: it shows columns of tables".to_owned(),
        Some(_) => "a view that cannot be read: it shows columns of tables".to_owned(),
    }
}

/// The table that a full-text index names as its `content`, when it has the index's columns.
fn external_table(
    snapshot: &Snapshot,
    catalog: &Catalog,
    table: &Table,
) -> Result<Option<String>, SourceError> {
    // PostgreSQL keeps its full-text indexes out of sight; a foreign table is somebody's.
    if snapshot.dialect() == Dialect::Postgres {
        return Ok(None);
    }
    let mut sql = String::new();
    snapshot
        .prepare("SELECT sql FROM sqlite_schema WHERE name = ?1")?
        .for_each(&[table.name.as_str().into()], |row| {
            sql = String::from_utf8_lossy(row.value(0).bytes().unwrap_or_default()).into_owned();
            Ok::<(), SourceError>(())
        })?;
    let Some(of) = content_option(&sql).and_then(|name| catalog.table(&name)) else {
        return Ok(None);
    };
    let mut shown = table.columns.iter().filter(|column| !column.hidden);
    let repeats =
        of.kind == TableKind::Table && shown.all(|column| of.column(&column.name).is_some());
    Ok(repeats.then(|| of.name.clone()))
}

/// `messages` of `… USING fts5(body, content='messages')`.
fn content_option(sql: &str) -> Option<String> {
    let (_, arguments) = sql.split_once('(')?;
    let module = sql.to_ascii_lowercase();
    if !module.contains("using fts") {
        return None;
    }
    arguments
        .trim_end_matches(')')
        .split(',')
        .find_map(|argument| {
            let (name, value) = argument.split_once('=')?;
            let value = value.trim().trim_matches(['\'', '"', '`', '[', ']']);
            (name.trim().eq_ignore_ascii_case("content") && !value.is_empty())
                .then(|| value.to_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::content_option;

    #[test]
    fn an_external_table_is_read_off_the_definition() {
        let sql = "CREATE VIRTUAL TABLE search USING fts5(body, content = 'messages', content_rowid='id')";
        assert_eq!(content_option(sql).as_deref(), Some("messages"));
    }

    #[test]
    fn an_index_that_keeps_its_own_text_has_none() {
        assert_eq!(
            content_option("CREATE VIRTUAL TABLE search USING fts5(body)"),
            None
        );
        assert_eq!(
            content_option("CREATE VIRTUAL TABLE search USING fts5(body, content='')"),
            None
        );
        assert_eq!(
            content_option("CREATE VIRTUAL TABLE r USING rtree(id, content='x')"),
            None
        );
    }
}
