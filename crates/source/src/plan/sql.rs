//! The SELECT of an entry.

use carryall_format::header::Ground;
use carryall_format::json::JsonPath;
use carryall_format::section::Section;

use super::order::declared_type;
use super::{
    ContentsPlan, CountPlan, Dependencies, Dialect, EntryPlan, LeftOutPlan, Places, Whose,
};
use crate::catalog::Catalog;
use crate::data_map::{DataMap, ExportEntry, FieldForm};
use crate::plan::by_thread::{find_message, from_thread};
use crate::plan::{fields, order};

/// Double-quotes a name.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The columns of a SELECT, each once.
#[derive(Debug, Default)]
pub(super) struct Columns(Vec<String>);

impl Columns {
    /// The place of a column.
    pub(super) fn column(&mut self, name: &str) -> usize {
        self.expression(format!("t.{}", quote(name)))
    }

    /// The place of an expression.
    pub(super) fn expression(&mut self, sql: String) -> usize {
        if let Some(place) = self.0.iter().position(|known| *known == sql) {
            return place;
        }
        self.0.push(sql);
        self.0.len() - 1
    }
}

pub(super) fn plan_entry(
    map: &DataMap,
    index: usize,
    catalog: &Catalog,
) -> Result<EntryPlan, String> {
    let entry = &map.exports[index];
    let dialect = catalog.dialect;
    let section = Section::named(&entry.section)
        .ok_or_else(|| format!("there is no section `{}`", entry.section))?;
    let mut columns = Columns::default();
    let id = columns.expression(id_expression(dialect, entry)?);
    let author = entry.author.as_ref().map(|author| columns.column(author));
    let whose = match (&entry.owner, &entry.parent) {
        (Some(owner), None) => Whose::Owner(columns.column(owner)),
        (None, Some(parent)) => {
            let of = Section::named(&parent.section)
                .ok_or_else(|| format!("there is no section `{}`", parent.section))?;
            Whose::Parent(of, columns.column(&parent.column))
        }
        _ => return Err("it needs exactly one of `owner` and `parent`".to_owned()),
    };
    let planned = fields::plan_fields(map, entry, section, dialect, &mut columns)?;
    let contents = plan_contents(entry, catalog, &mut columns);
    let account_where = from_where(dialect, map, entry)?;
    let is_by_thread = section == Section::Messages;
    let from = if is_by_thread {
        from_thread(entry, catalog, &dialect.parameter(1))?
    } else {
        account_where.clone()
    };
    let sql = format!("SELECT {} {from}", columns.0.join(", "));
    let in_order = |contents, columns: &str| {
        order::in_order(entry, catalog, contents, columns, &account_where)
    };
    let for_each_thread = match dialect {
        Dialect::Postgres if is_by_thread => Some(format!(
            "SELECT {} {}",
            columns.0.join(", "),
            from_thread(entry, catalog, "carryall_thread.id")?
        )),
        _ => None,
    };
    Ok(EntryPlan {
        section,
        collection: entry.collection.clone(),
        into: entry.into.clone(),
        purpose: format!("{} from {}", section.name(), table_name(entry)),
        in_order: in_order(contents.as_ref(), &columns.0.join(", "))?,
        is_ordered: order::is_ordered(entry, catalog),
        sql,
        for_each_thread,
        ids_sql: in_order(None, &id_expression(dialect, entry)?)?,
        numbered_ids: match dialect {
            Dialect::Postgres => {
                let id = id_expression(dialect, entry)?;
                order::numbered(entry, catalog, &id, &account_where)
            }
            Dialect::Sqlite => None,
        },
        whose,
        author,
        id,
        places: Places::in_fields(&planned.fields),
        depends: Dependencies::of(section, &planned),
        fields: planned.fields,
        extra: planned.extra,
        audited: planned.audited,
        contents,
        find_message: if is_by_thread {
            Some(find_message(map, entry, catalog)?)
        } else {
            None
        },
        count: plan_count(entry, section, account_where, &columns, catalog)?,
    })
}

/// `FROM … WHERE …` of an entry, bounded by the subject.
pub(super) fn from_where(
    dialect: Dialect,
    map: &DataMap,
    entry: &ExportEntry,
) -> Result<String, String> {
    let whose = match (&entry.owner, &entry.parent) {
        (Some(owner), _) => format!("t.{} = {}", quote(owner), dialect.parameter(1)),
        (None, Some(parent)) => {
            format!(
                "t.{} IN ({})",
                quote(&parent.column),
                ids_of(dialect, map, &parent.section)?
            )
        }
        (None, None) => return Err("it needs exactly one of `owner` and `parent`".to_owned()),
    };
    Ok(format!(
        "FROM {} WHERE {whose}{}",
        from(dialect, entry)?,
        narrowed(dialect, entry)
    ))
}

/// SELECT of the ids of all records in a section, for rows that belong to them.
fn ids_of(dialect: Dialect, map: &DataMap, section: &str) -> Result<String, String> {
    let parts = map
        .exports
        .iter()
        .filter(|entry| entry.section == section)
        .map(|entry| {
            Ok(format!(
                "SELECT {} {}",
                id_expression(dialect, entry)?,
                from_where(dialect, map, entry)?
            ))
        })
        .collect::<Result<Vec<_>, String>>()?;
    if parts.is_empty() {
        return Err(format!("no entry feeds the parent's section `{section}`"));
    }
    Ok(parts.join(" UNION ALL "))
}

pub(super) fn from(dialect: Dialect, entry: &ExportEntry) -> Result<String, String> {
    match (&entry.table, &entry.query) {
        (Some(table), None) => Ok(format!("{} AS t", dialect.table(table))),
        (None, Some(query)) => Ok(format!("({}) AS t", dialect.of(query)?)),
        _ => Err("it needs exactly one of `table` and `query`".to_owned()),
    }
}

pub(super) fn narrowed(dialect: Dialect, entry: &ExportEntry) -> String {
    match entry.condition.as_ref().map(|sql| dialect.of(sql)) {
        Some(Ok(condition)) => format!(" AND ({condition})"),
        _ => String::new(),
    }
}

/// The name of what an entry reads.
pub(crate) fn table_name(entry: &ExportEntry) -> String {
    entry
        .table
        .as_ref()
        .map_or("a query".to_owned(), |table| format!("`{table}`"))
}

pub(super) fn id_expression(dialect: Dialect, entry: &ExportEntry) -> Result<String, String> {
    let is_account = entry.section == Section::AccountSettings.name();
    let name = if is_account { "user_id" } else { "id" };
    match (entry.fields.get(name), &entry.collection) {
        // Tables number their rows each for itself: the collection makes the ids one section's.
        (Some(form), Some(collection)) => Ok(format!(
            "('{}:' || {})",
            collection.replace('\'', "''"),
            dialect.text(&expression(dialect, form, name)?)
        )),
        (Some(form), None) => expression(dialect, form, name),
        // The parts of `account_settings` have no id of their own.
        (None, _) if is_account => Ok("NULL".to_owned()),
        (None, _) => Err(format!("it needs `fields.{name}`")),
    }
}

/// A field as SQL; JSON paths are followed later, by us.
pub(super) fn expression(
    dialect: Dialect,
    form: &FieldForm,
    field: &str,
) -> Result<String, String> {
    match form {
        FieldForm::Column(column) => Ok(format!("t.{}", quote(column))),
        FieldForm::Composite(columns) => {
            let parts: Vec<_> = columns
                .iter()
                .map(|column| dialect.text(&format!("t.{}", quote(column))))
                .collect();
            Ok(format!("({})", parts.join(" || ':' || ")))
        }
        FieldForm::Detailed(detail) => match (&detail.column, &detail.sql) {
            (Some(column), None) => {
                let column = format!("t.{}", quote(column));
                Ok(match &detail.id_prefix {
                    Some(prefix) => format!(
                        "({} || '-' || {})",
                        dialect.text(&format!("t.{}", quote(prefix))),
                        dialect.text(&column)
                    ),
                    None => column,
                })
            }
            (None, Some(sql)) => Ok(format!("({})", dialect.of(sql)?)),
            _ => Err(format!(
                "`fields.{field}` needs one of `column`, `sql` and `value`"
            )),
        },
    }
}

fn plan_contents(
    entry: &ExportEntry,
    catalog: &Catalog,
    columns: &mut Columns,
) -> Option<ContentsPlan> {
    let content = entry.content.as_ref()?;
    if let Some(key) = &content.key {
        return Some(ContentsPlan::Stored(columns.column(key), content.clone()));
    }
    let column = content.column.as_ref()?;
    let dialect = catalog.dialect;
    let table = entry
        .table
        .as_deref()
        .and_then(|table| catalog.table(table));
    Some(match table {
        Some(table) if dialect.has_pieces(table, column) => ContentsPlan::Blob {
            table: table.name.clone(),
            column: column.clone(),
            place: columns.expression(dialect.place_of_row().to_owned()),
            value: columns.expression(dialect.something_or_null(&format!("t.{}", quote(column)))),
        },
        _ => ContentsPlan::Value(columns.column(column)),
    })
}

/// A field as SQL that can be grouped by and summed up; `None` where the map gives no such thing.
fn countable(entry: &ExportEntry, catalog: &Catalog, name: &str) -> Option<String> {
    let form = entry.fields.get(name)?;
    let path = match form {
        FieldForm::Detailed(detail) if detail.value.is_some() => return None,
        FieldForm::Detailed(detail) => detail.json.as_deref(),
        _ => None,
    };
    let column = expression(catalog.dialect, form, name).ok()?;
    let Some(path) = path else {
        return Some(column);
    };
    let declared = declared_type(entry, catalog, &column);
    let path = JsonPath::parse(path).ok()?;
    catalog.dialect.json_value(&column, &path, declared)
}

fn plan_count(
    entry: &ExportEntry,
    section: Section,
    from_where: String,
    columns: &Columns,
    catalog: &Catalog,
) -> Result<CountPlan, String> {
    let dialect = catalog.dialect;
    let plain = |name: &str| countable(entry, catalog, name);
    let thread = match &entry.parent {
        Some(parent) if section == Section::Messages => {
            Some(format!("t.{}", quote(&parent.column)))
        }
        _ => plain("thread_id"),
    };
    let sizes: Vec<_> = columns
        .0
        .iter()
        .map(|column| dialect.size_bytes(column, declared_type(entry, catalog, column)))
        .collect();
    Ok(CountPlan {
        from_where,
        workspace: if section == Section::Workspaces {
            plain("id")
        } else {
            plain("workspace_id")
        },
        thread,
        id: id_expression(dialect, entry)?,
        author: entry
            .author
            .as_ref()
            .map(|author| format!("t.{}", quote(author))),
        subject: dialect.parameter(1),
        row_bytes: sizes.join(" + "),
        size_bytes: if section.has_contents() {
            plain("size_bytes").map(|sql| dialect.whole_number(&sql))
        } else {
            None
        },
    })
}

pub(super) fn plan_left_out(map: &DataMap, dialect: Dialect) -> Vec<LeftOutPlan> {
    map.left_out
        .iter()
        .filter_map(|entry| {
            Some(LeftOutPlan {
                section: Section::named(&entry.section)?,
                ground: Ground::named(&entry.ground)?,
                what: entry.what.clone(),
                sql: format!(
                    "SELECT count(*) FROM ({}) AS t WHERE t.{} = {}",
                    dialect.of(&entry.query).ok()?,
                    quote(&entry.owner),
                    dialect.parameter(1)
                ),
            })
        })
        .collect()
}
