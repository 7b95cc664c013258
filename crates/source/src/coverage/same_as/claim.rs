//! Claims of one JSON column, with the SQL that reads both sides.

use carryall_format::json::JsonPath;
use carryall_format::section::Section;

use crate::check::is_json_field;
use crate::coverage::quote;
use crate::data_map::{DataMap, ExportEntry, FieldForm, JsonColumn};
use crate::plan::Dialect;

/// The claims of one column.
pub(super) struct Claims {
    /// The column, then what each target needs of the row.
    pub(super) sql: String,
    pub(super) list: Vec<Claim>,
    pub(super) targets: Vec<Target>,
}

/// One `path = "section.name"`.
pub(super) struct Claim {
    pub(super) path: String,
    pub(super) target: String,
    /// Without a `*` at the end: what is below it is compared leaf by leaf.
    pub(super) json_path: JsonPath,
    /// Where the value may stand: a target and the place of its expression.
    pub(super) parts: Vec<(usize, usize)>,
}

/// An entry that exports what claims name.
pub(super) struct Target {
    entry: usize,
    /// Reads its rows that belong together with parameter 1; `None` when it is the same row.
    pub(super) sql: Option<String>,
    /// The column of the claiming row that is parameter 1, or where the expressions begin.
    pub(super) first_column: usize,
    pub(super) expressions: Vec<Expression>,
}

/// What is compared, as SQL over `t`.
#[derive(PartialEq, Eq)]
pub(super) struct Expression {
    sql: String,
    pub(super) is_json: bool,
}

/// How two entries' rows belong together.
enum Tie {
    SameRow,
    /// A column of the claiming row equals a column of the target's rows.
    Equal(String, String),
}

impl Claims {
    pub(super) fn new(
        (map, dialect): (&DataMap, Dialect),
        entry: &ExportEntry,
        column: &str,
        json: &JsonColumn,
    ) -> Claims {
        let mut targets: Vec<Target> = Vec::new();
        let mut list = Vec::new();
        for (path, target) in &json.same_as {
            let base = path
                .strip_suffix(".*")
                .unwrap_or(if path == "*" { "" } else { path });
            let Ok(json_path) = JsonPath::parse(base) else {
                continue;
            };
            let parts = parts((map, dialect), entry, target, &mut targets);
            list.push(Claim {
                path: path.clone(),
                target: target.clone(),
                json_path,
                parts,
            });
        }
        let mut columns = vec![format!("t.{}", quote(column))];
        for target in &mut targets {
            target.first_column = columns.len();
            complete((map, dialect), entry, target, &mut columns);
        }
        let sql = format!(
            "SELECT {} {}",
            columns.join(", "),
            from(dialect, entry, None)
        );
        Claims { sql, list, targets }
    }
}

/// The entries that export `section.name` and whose rows belong to those of `entry`.
fn parts(
    (map, dialect): (&DataMap, Dialect),
    entry: &ExportEntry,
    target: &str,
    targets: &mut Vec<Target>,
) -> Vec<(usize, usize)> {
    let Some((section, name)) = target.split_once('.') else {
        return Vec::new();
    };
    let mut parts = Vec::new();
    for (index, other) in map.exports.iter().enumerate() {
        if other.section != section || tie(map, entry, other).is_none() {
            continue;
        }
        if let Some(expression) = expression(dialect, other, name) {
            parts.push(place_of_expression(targets, index, expression));
        }
    }
    parts
}

/// The target that reads an entry, and the place of an expression in it; each is made once.
fn place_of_expression(
    targets: &mut Vec<Target>,
    entry: usize,
    expression: Expression,
) -> (usize, usize) {
    let known = targets.iter().position(|target| target.entry == entry);
    let at = known.unwrap_or_else(|| {
        let expressions = Vec::new();
        targets.push(Target {
            entry,
            sql: None,
            first_column: 0,
            expressions,
        });
        targets.len() - 1
    });
    let list = &mut targets[at].expressions;
    let known = list.iter().position(|other| *other == expression);
    let place = known.unwrap_or_else(|| {
        list.push(expression);
        list.len() - 1
    });
    (at, place)
}

/// Fills in how the target's rows are read.
fn complete(
    (map, dialect): (&DataMap, Dialect),
    entry: &ExportEntry,
    target: &mut Target,
    columns: &mut Vec<String>,
) {
    let other = &map.exports[target.entry];
    let expressions = target
        .expressions
        .iter()
        .map(|expression| expression.sql.clone());
    match tie(map, entry, other) {
        Some(Tie::SameRow) => columns.extend(expressions),
        Some(Tie::Equal(own, theirs)) => {
            columns.push(own);
            let list: Vec<_> = expressions.collect();
            target.sql = Some(format!(
                "SELECT {} {}",
                list.join(", "),
                from(dialect, other, Some(&theirs))
            ));
        }
        None => {}
    }
}

fn tie(map: &DataMap, entry: &ExportEntry, other: &ExportEntry) -> Option<Tie> {
    if std::ptr::eq(entry, other) || (entry.table.is_some() && entry.table == other.table) {
        return Some(Tie::SameRow);
    }
    let id = |entry: &ExportEntry| match entry.fields.get("id") {
        Some(FieldForm::Column(column)) => Some(format!("t.{}", quote(column))),
        _ => None,
    };
    let column = |name: &String| format!("t.{}", quote(name));
    let parent = |entry: &ExportEntry| {
        entry
            .parent
            .as_ref()
            .map(|parent| (parent.section.clone(), column(&parent.column)))
    };
    if let Some((section, of)) = parent(other) {
        if section == entry.section {
            return Some(Tie::Equal(id(entry)?, of));
        }
        if let Some((_, own)) = parent(entry).filter(|(own, _)| *own == section) {
            return Some(Tie::Equal(own, of));
        }
    }
    if let Some((_, own)) = parent(entry).filter(|(section, _)| *section == other.section) {
        return Some(Tie::Equal(own, id(other)?));
    }
    match (&entry.owner, &other.owner) {
        (Some(own), Some(theirs)) => Some(Tie::Equal(column(own), column(theirs))),
        (None, Some(theirs)) if map.subject.table == entry.table.as_deref().unwrap_or_default() => {
            Some(Tie::Equal(column(&map.subject.key), column(theirs)))
        }
        _ => None,
    }
}

/// What an entry exports under a name, as the product stores it.
fn expression(dialect: Dialect, entry: &ExportEntry, name: &str) -> Option<Expression> {
    let plain = |column: &String, is_json: bool| {
        Some(Expression {
            sql: format!("t.{}", quote(column)),
            is_json,
        })
    };
    let section = Section::named(&entry.section)?;
    match entry.fields.get(name) {
        Some(FieldForm::Column(column)) => plain(column, is_json_field(entry, section, name)),
        Some(FieldForm::Composite(columns)) => {
            let parts: Vec<_> = columns
                .iter()
                .map(|column| dialect.text(&format!("t.{}", quote(column))))
                .collect();
            Some(Expression {
                sql: parts.join(" || ':' || "),
                is_json: false,
            })
        }
        Some(FieldForm::Detailed(detail)) => match (&detail.column, &detail.sql) {
            (Some(column), _) => plain(
                column,
                detail.json.is_some() || is_json_field(entry, section, name),
            ),
            (None, Some(sql)) => Some(Expression {
                sql: format!("({})", dialect.of(sql).ok()?),
                is_json: false,
            }),
            (None, None) => None,
        },
        None if entry.json.contains_key(name) => plain(&name.to_owned(), true),
        None if entry.extra.iter().any(|column| column == name) => plain(&name.to_owned(), false),
        None => None,
    }
}

/// `FROM … WHERE …`, of all rows or of those whose column equals parameter 1.
fn from(dialect: Dialect, entry: &ExportEntry, key: Option<&str>) -> String {
    let of = |sql| dialect.of(sql).ok();
    let rows = match (&entry.table, entry.query.as_ref().and_then(of)) {
        (Some(table), _) => dialect.table(table),
        (None, query) => format!("({})", query.unwrap_or_default()),
    };
    let narrowed = entry
        .condition
        .as_ref()
        .and_then(of)
        .map(|sql| format!("({sql})"));
    let equal = key.map(|key| format!("{key} = {}", dialect.parameter(1)));
    let conditions: Vec<_> = equal.into_iter().chain(narrowed).collect();
    let filtered = if conditions.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", conditions.join(" AND "))
    };
    format!("FROM {rows} AS t{filtered}")
}
