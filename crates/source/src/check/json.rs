//! JSON columns, key by key; and that nothing is said to leave and to stay at once.

use std::collections::BTreeMap;

use carryall_format::json::JsonPath;

use super::contents::check_withheld;
use super::{Problems, did_you_mean};
use crate::data_map::{DataMap, ExportEntry, FieldForm, JsonColumn, KeepPath};

pub(super) fn check_json(map: &DataMap, entry: &ExportEntry, place: &str, problems: &mut Problems) {
    for (column, json) in &entry.json {
        let place = format!("{place}, json.{column}");
        check_keep(json, &place, problems);
        for (path, withheld) in &json.withheld {
            let place = format!("{place}.withheld.\"{path}\"");
            check_path(path, &place, problems);
            check_withheld(withheld, &place, problems);
        }
        for (path, target) in &json.same_as {
            let place = format!("{place}.same_as.\"{path}\"");
            check_path(path, &place, problems);
            check_target(map, target, &place, problems);
        }
        check_twice(json, &place, problems);
    }
    check_field_paths(entry, place, problems);
    check_leaving(entry, place, problems);
}

/// The path of a kept value, in either spelling.
pub(crate) fn kept_path(keep: &KeepPath) -> &str {
    match keep {
        KeepPath::Path(path) | KeepPath::Reasoned { path, .. } => path,
    }
}

fn check_keep(json: &JsonColumn, place: &str, problems: &mut Problems) {
    for keep in &json.keep {
        let path = kept_path(keep);
        let place = format!("{place}.keep \"{path}\"");
        check_path(path, &place, problems);
        match keep {
            KeepPath::Path(path) if path == "*" || path.ends_with(".*") => {
                let fix = format!("write {{ path = \"{path}\", reason = \"…\" }}");
                problems.add(place, "it takes whatever is there, without a `reason`", fix);
            }
            KeepPath::Path(_) => {}
            KeepPath::Reasoned { reason, .. } => problems.need_text(&place, "reason", reason),
        }
    }
}

fn check_path(path: &str, place: &str, problems: &mut Problems) {
    if let Err(error) = JsonPath::parse(path) {
        let fix = "a path looks like `a.b`, `files[].id`, `messages.*.content` or `params.*`";
        problems.add(place, format!("the path cannot be read: {error}"), fix);
    }
}

/// `section.name`: a field of the section, or a column that stands under its `extra`.
fn check_target(map: &DataMap, target: &str, place: &str, problems: &mut Problems) {
    let Some((section, name)) = target.split_once('.') else {
        let problem = format!("`{target}` does not say where the value stands");
        problems.add(
            place,
            problem,
            "write `section.field`, as in \"messages.content\"",
        );
        return;
    };
    let feeding: Vec<_> = map
        .exports
        .iter()
        .filter(|entry| entry.section == section)
        .collect();
    if feeding.is_empty() {
        let known = map.exports.iter().map(|entry| entry.section.as_str());
        let fix = did_you_mean(section, known)
            .unwrap_or_else(|| "name a section that an [[export]] feeds".to_owned());
        problems.add(
            place,
            format!("no [[export]] feeds the section `{section}`"),
            fix,
        );
        return;
    }
    let names: Vec<&str> = feeding
        .iter()
        .flat_map(|entry| exported_names(entry))
        .collect();
    if !names.contains(&name) {
        let fix = did_you_mean(name, names.iter().copied())
            .unwrap_or_else(|| format!("`{section}` has {}", names.join(", ")));
        problems.add(
            place,
            format!("no [[export]] fills `{section}.{name}`"),
            fix,
        );
    }
}

/// Names under which an entry exports something.
fn exported_names(entry: &ExportEntry) -> impl Iterator<Item = &str> {
    let fields = entry.fields.keys().chain(&entry.extra);
    let json = entry
        .json
        .iter()
        .filter(|(_, json)| !json.keep.is_empty())
        .map(|(name, _)| name);
    fields.chain(json).map(String::as_str)
}

fn check_twice(json: &JsonColumn, place: &str, problems: &mut Problems) {
    let mut seen = BTreeMap::new();
    let keep = json.keep.iter().map(|keep| (kept_path(keep), "keep"));
    let withheld = json.withheld.keys().map(|path| (path.as_str(), "withheld"));
    let same_as = json.same_as.keys().map(|path| (path.as_str(), "same_as"));
    for (path, list) in keep.chain(withheld).chain(same_as) {
        if let Some(before) = seen.insert(path, list) {
            let problem = format!("`{path}` stands in `{before}` and in `{list}`");
            problems.add(place, problem, "keep one of them");
        }
    }
}

fn check_field_paths(entry: &ExportEntry, place: &str, problems: &mut Problems) {
    for (name, form) in &entry.fields {
        let place = format!("{place}, fields.{name}");
        let path = match form {
            FieldForm::Detailed(detail) => detail.json.as_deref(),
            _ => None,
        };
        if let Some(path) = path {
            check_path(path, &place, problems);
        }
    }
}

/// A column that leaves as it is can neither stay nor have keys that stay.
fn check_leaving(entry: &ExportEntry, place: &str, problems: &mut Problems) {
    let plain = entry.fields.iter().flat_map(|(name, form)| {
        let columns: Vec<&String> = match form {
            FieldForm::Column(column) => vec![column],
            FieldForm::Composite(columns) => columns.iter().collect(),
            FieldForm::Detailed(detail) => detail.column.iter().collect(),
        };
        columns
            .into_iter()
            .map(move |column| (format!("fields.{name}"), column))
    });
    let extra = entry
        .extra
        .iter()
        .map(|column| ("extra".to_owned(), column));
    for (way, column) in plain.chain(extra) {
        if entry.withheld.contains_key(column) {
            let problem = format!("`{way}` exports the column `{column}`, and `withheld` keeps it");
            problems.add(
                place,
                problem,
                "decide for one; parts of a JSON column are `json.….withheld`",
            );
        }
        if way == "extra" && entry.json.contains_key(column) {
            let problem =
                format!("`extra` exports the whole column `{column}`, and `json` names its keys");
            problems.add(place, problem, "remove it from `extra`");
        }
    }
    for column in entry
        .json
        .keys()
        .filter(|column| entry.withheld.contains_key(*column))
    {
        let problem =
            format!("the column `{column}` stands in `json` and, as a whole, in `withheld`");
        problems.add(place, problem, "keep one of them");
    }
}
