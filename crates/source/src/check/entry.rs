//! One `[[export]]`: where its rows come from, whose they are, and what the entries say together.

use carryall_format::section::{Kind, Section, Shape};

use super::contents::{check_content, check_ground, check_withheld};
use super::fields::{check_fields, names_one_column};
use super::imports::check_import;
use super::json::check_json;
use super::{Problems, did_you_mean, need_section};
use crate::data_map::{DataMap, ExportEntry, FieldForm, LeftOut, Parent, Sql};

/// `[[export]] 3 (section threads, table chat)`
pub(crate) fn place_of(map: &DataMap, index: usize) -> String {
    let entry = &map.exports[index];
    let collection = entry.collection.as_ref();
    let collection = collection.map_or(String::new(), |name| format!(", collection {name}"));
    let rows = entry.table.as_ref();
    let rows = rows.map_or("a query".to_owned(), |table| format!("table {table}"));
    format!(
        "[[export]] {} (section {}{collection}, {rows})",
        entry.number, entry.section
    )
}

pub(super) fn check_entries(map: &DataMap, problems: &mut Problems) {
    for (index, entry) in map.exports.iter().enumerate() {
        let place = place_of(map, index);
        check_rows(map, entry, &place, problems);
        let Some(section) = need_section(&entry.section, &place, problems) else {
            continue;
        };
        check_section(entry, section, &place, problems);
        check_fields(entry, section, &place, problems);
        check_json(map, entry, &place, problems);
        if let Some(content) = &entry.content {
            check_content(content, section, &place, problems);
        }
        check_import(map, entry, section, &place, problems);
        for (column, withheld) in &entry.withheld {
            check_withheld(withheld, &format!("{place}, withheld.{column}"), problems);
        }
    }
    check_together(map, problems);
    for (index, left_out) in map.left_out.iter().enumerate() {
        check_left_out(left_out, &format!("[[left_out]] {}", index + 1), problems);
    }
}

/// Which rows, and whose.
fn check_rows(map: &DataMap, entry: &ExportEntry, place: &str, problems: &mut Problems) {
    if entry.table.is_some() == entry.query.is_some() {
        let fix = "name the `table`, or write a `query` that stands for one";
        problems.add(place, "it needs exactly one of `table` and `query`", fix);
    }
    for (name, sql) in [("query", &entry.query), ("where", &entry.condition)] {
        if let Some(sql) = sql {
            check_sql(sql, &format!("{place}, {name}"), problems);
        }
    }
    if entry.query.is_none() && !entry.covers.is_empty() {
        let problem = "`covers` says what a query accounts for, and there is none";
        problems.add(
            place,
            problem,
            "name the columns in `fields`, `extra`, `json` or `withheld`",
        );
    }
    if entry.owner.is_some() == entry.parent.is_some() {
        let fix = "write `owner = \"COLUMN\"` where a column holds the person's key, \
                   or `parent = { section = \"…\", column = \"…\" }`";
        problems.add(place, "it needs exactly one of `owner` and `parent`", fix);
    }
    check_parent(map, entry, place, problems);
}

fn check_parent(map: &DataMap, entry: &ExportEntry, place: &str, problems: &mut Problems) {
    let Some(parent) = &entry.parent else { return };
    let place = format!("{place}, parent");
    let Some(section) = need_section(&parent.section, &place, problems) else {
        return;
    };
    let own = Section::named(&entry.section);
    if section.shape() == Shape::Object || own.is_some_and(|own| section >= own) {
        let problem = format!(
            "`{}` does not stand before the rows that belong to it",
            parent.section
        );
        problems.add(
            &*place,
            problem,
            "name a section that stands earlier in the file",
        );
        return;
    }
    check_same_parent(entry, parent, section, &place, problems);
    let mut feeding = map
        .exports
        .iter()
        .filter(|other| other.section == parent.section)
        .peekable();
    if feeding.peek().is_none() {
        let problem = format!("no [[export]] feeds the section `{}`", parent.section);
        problems.add(&*place, problem, "add one, or use `owner`");
    }
    if feeding.any(|other| !names_one_column(other.fields.get("id"))) {
        let problem = format!("the ids of `{}` are not one plain column", parent.section);
        problems.add(
            &*place,
            problem,
            "give that section an id that is one column, or use `owner`",
        );
    }
}

/// A record that names another parent than the one it is found by would not be found at all.
fn check_same_parent(
    entry: &ExportEntry,
    parent: &Parent,
    of: Section,
    place: &str,
    problems: &mut Problems,
) {
    let fields = Section::named(&entry.section).map_or(&[][..], Section::fields);
    let Some(field) = fields.iter().find(|field| field.kind == Kind::Ref(of)) else {
        return;
    };
    if let Some(FieldForm::Column(column)) = entry.fields.get(field.name)
        && *column != parent.column
    {
        let (name, found_by) = (field.name, &parent.column);
        let problem = format!("it finds rows by `{found_by}`, but `fields.{name}` is `{column}`");
        problems.add(place, problem, "name the same column in both");
    }
}

/// What only some sections have.
fn check_section(entry: &ExportEntry, section: Section, place: &str, problems: &mut Problems) {
    let is_other = section == Section::OtherRecords;
    match entry.collection.as_deref().map(str::trim) {
        None | Some("") if is_other => {
            let fix = "add `collection = \"…\"`, the product's word for these records";
            problems.add(place, "it needs a `collection`", fix);
        }
        Some(_) if !is_other => {
            let problem = format!("`{}` has no collections", section.name());
            problems.add(
                place,
                problem,
                "remove `collection`, or use `other_records`",
            );
        }
        _ => {}
    }
    if section == Section::Messages
        && entry
            .parent
            .as_ref()
            .is_none_or(|parent| parent.section != Section::Threads.name())
    {
        let fix = "write `parent = { section = \"threads\", column = \"…\" }`";
        problems.add(place, "messages are read thread by thread", fix);
    }
    if let Some(into) = &entry.into {
        check_into(into, section, place, problems);
    }
}

fn check_into(into: &str, section: Section, place: &str, problems: &mut Problems) {
    let objects: Vec<_> = section
        .fields()
        .iter()
        .filter(|field| matches!(field.kind, Kind::Object(_) | Kind::Objects(_)))
        .map(|field| field.name)
        .collect();
    if objects.contains(&into) {
        return;
    }
    let fix = match did_you_mean(into, objects.iter().copied()) {
        Some(fix) => fix,
        None if objects.is_empty() => "remove `into`".to_owned(),
        None => format!("use one of {}", objects.join(", ")),
    };
    problems.add(
        place,
        format!("`{}` has no object `{into}` to nest into", section.name()),
        fix,
    );
}

/// What the entries of one section say together.
fn check_together(map: &DataMap, problems: &mut Problems) {
    let messages: Vec<_> = places(map, |entry| entry.section == Section::Messages.name());
    if messages.len() > 1 {
        let fix = "join them in one `query` with UNION ALL";
        problems.add(
            &*messages[1],
            "exactly one [[export]] feeds `messages`",
            fix,
        );
    }
    let account = Section::AccountSettings.name();
    let with_id = places(map, |entry| {
        entry.section == account && entry.into.is_none() && entry.fields.contains_key("user_id")
    });
    let fix = "write `fields.user_id = \"…\"` in the entry of the table of people";
    match (
        with_id.len(),
        places(map, |entry| entry.section == account).first(),
    ) {
        (0, Some(first)) => problems.add(&**first, "nothing fills `user_id`", fix),
        (0 | 1, _) => {}
        _ => problems.add(
            &*with_id[1],
            "`user_id` is filled by two entries",
            "keep one of them",
        ),
    }
}

fn places(map: &DataMap, fits: impl Fn(&ExportEntry) -> bool) -> Vec<String> {
    let indexes = (0..map.exports.len()).filter(|index| fits(&map.exports[*index]));
    indexes.map(|index| place_of(map, index)).collect()
}

fn check_left_out(left_out: &LeftOut, place: &str, problems: &mut Problems) {
    need_section(&left_out.section, place, problems);
    check_ground(&left_out.ground, place, problems);
    problems.need_text(place, "what", &left_out.what);
    problems.need_text(place, "owner", &left_out.owner);
    check_sql(&left_out.query, &format!("{place}, query"), problems);
}

pub(super) fn check_sql(sql: &Sql, place: &str, problems: &mut Problems) {
    let texts = match sql {
        Sql::Any(text) => vec![text],
        Sql::PerEngine { sqlite, postgres } => sqlite.iter().chain(postgres).collect(),
    };
    if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
        let fix = "write \"…\", or { sqlite = \"…\", postgres = \"…\" }";
        problems.add(place, "the SQL is empty", fix);
    }
}
