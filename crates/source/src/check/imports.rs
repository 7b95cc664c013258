//! What an entry says of `carryall import`. Whether it can be turned round is found out against a database.

use carryall_format::section::Section;

use super::{Problems, need_section};
use crate::data_map::{DataMap, ExportEntry};

pub(super) fn check_import(
    map: &DataMap,
    entry: &ExportEntry,
    section: Section,
    place: &str,
    problems: &mut Problems,
) {
    if let Some(reason) = &entry.not_imported {
        problems.need_text(place, "not_imported", reason);
    }
    check_for_each(entry, place, problems);
    let Some(columns) = &entry.on_import else {
        return;
    };
    let place = format!("{place}, on_import");
    if let Some(refused) = &map.import.refused {
        let problem = format!("the product cannot be imported into: {refused}");
        problems.add(
            &*place,
            problem,
            "remove `on_import`, or `[import] refused`",
        );
    }
    if entry.not_imported.is_some() {
        let problem = "`not_imported` says that its rows are never imported";
        problems.add(&*place, problem, "keep one of them");
    }
    // A file that nobody signed must not grant anything.
    if section == Section::Subscriptions {
        let problem = "a subscription is never imported";
        problems.add(&*place, problem, "say why as `not_imported`");
    }
    if entry.table.is_none() || entry.condition.is_some() {
        let problem =
            "rows can be made in a whole table only, not in a query or what `where` leaves of one";
        problems.add(&*place, problem, "remove `on_import`");
    }
    if entry.table.as_ref() == Some(&map.subject.table) {
        let problem = "people are never made or changed";
        problems.add(&*place, problem, "remove `on_import`");
    }
    for (column, value) in columns {
        if value.forms() != 1 {
            let fix = "write { value = … }, { null = true }, { absent = … }, { absent_time = true }, \
                       { file_key = \"…\" } or { new_id = true }";
            problems.add(
                format!("{place}.{column}"),
                "it needs exactly one form",
                fix,
            );
        }
    }
}

fn check_for_each(entry: &ExportEntry, place: &str, problems: &mut Problems) {
    let Some(section) = &entry.import_for_each else {
        return;
    };
    let place = format!("{place}, import_for_each");
    need_section(section, &place, problems);
    if entry.on_import.is_none() {
        let problem = "it makes rows, and the entry has no `on_import`";
        problems.add(&*place, problem, "add `on_import = {}`");
    }
}
