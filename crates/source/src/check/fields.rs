//! The fields of one entry: that the format has them, and that their forms mean something.

use carryall_format::section::{Field, Kind, Section};

use super::forms::check_form;
use super::{Problems, did_you_mean};
use crate::data_map::{ExportEntry, FieldForm};

/// Kinds that a map may name, for fields under `extra`.
const KINDS: [&str; 9] = [
    "id",
    "text",
    "timestamp",
    "date",
    "boolean",
    "integer",
    "number",
    "json",
    "person",
];

/// The fields that the format has in this place.
pub(crate) fn known_fields(entry: &ExportEntry, section: Section) -> &'static [Field] {
    match entry
        .into
        .as_ref()
        .map(|into| section.field(into).map(|field| field.kind))
    {
        None => section.fields(),
        Some(Some(Kind::Object(fields) | Kind::Objects(fields))) => fields,
        Some(_) => &[],
    }
}

/// Whether a field of this entry is written as JSON, key by key.
pub(crate) fn is_json_field(entry: &ExportEntry, section: Section, name: &str) -> bool {
    let own = match entry.fields.get(name) {
        Some(FieldForm::Detailed(detail)) => detail.kind.as_deref(),
        _ => None,
    };
    let known = known_fields(entry, section)
        .iter()
        .find(|field| field.name == name);
    own == Some("json") || known.is_some_and(|field| field.kind == Kind::Json)
}

/// Whether a field of this entry is a time.
pub(super) fn is_timestamp(entry: &ExportEntry, name: &str) -> bool {
    let own = match entry.fields.get(name) {
        Some(FieldForm::Detailed(detail)) => detail.kind.as_deref(),
        _ => None,
    };
    let known = Section::named(&entry.section).and_then(|section| {
        known_fields(entry, section)
            .iter()
            .find(|field| field.name == name)
    });
    own == Some("timestamp") || known.is_some_and(|field| field.kind == Kind::Timestamp)
}

/// Whether a form is one plain column.
pub(super) fn names_one_column(form: Option<&FieldForm>) -> bool {
    match form {
        None | Some(FieldForm::Composite(_)) => false,
        Some(FieldForm::Column(_)) => true,
        Some(FieldForm::Detailed(detail)) => {
            detail.column.is_some()
                && detail.json.is_none()
                && detail.id_prefix.is_none()
                && detail.values.is_none()
        }
    }
}

pub(super) fn check_fields(
    entry: &ExportEntry,
    section: Section,
    place: &str,
    problems: &mut Problems,
) {
    let known = known_fields(entry, section);
    // What is nested nowhere has been reported already.
    if known.is_empty() {
        return;
    }
    for (name, form) in &entry.fields {
        let place = format!("{place}, fields.{name}");
        let field = known.iter().find(|field| field.name == name);
        let kind = check_name(name, field, form, known, &place, problems);
        check_form(form, kind, &place, problems);
    }
    check_required(entry, section, known, place, problems);
}

/// A name of the format, or one with a `kind`. Returns the kind's word.
fn check_name(
    name: &str,
    field: Option<&Field>,
    form: &FieldForm,
    known: &[Field],
    place: &str,
    problems: &mut Problems,
) -> Option<Kind> {
    let own = match form {
        FieldForm::Detailed(detail) => detail.kind.as_deref(),
        _ => None,
    };
    let (problem, fix) = match (field.map(|field| field.kind), own) {
        (Some(Kind::Object(_) | Kind::Objects(_)), _) => (
            "it is an object with fields of its own".to_owned(),
            format!("fill it by an [[export]] with `into = \"{name}\"`"),
        ),
        (Some(kind), None) => return Some(kind),
        (Some(_), Some(_)) => {
            let problem = "the format knows the kind of this field".to_owned();
            (problem, "remove `kind`".to_owned())
        }
        (None, Some("timestamp")) => return Some(Kind::Timestamp),
        (None, Some(kind)) if KINDS.contains(&kind) => return None,
        (None, Some(kind)) => {
            let list = || format!("the kinds are {}", KINDS.join(", "));
            let fix = did_you_mean(kind, KINDS).unwrap_or_else(list);
            (format!("there is no kind `{kind}`"), fix)
        }
        (None, None) => {
            let meant = did_you_mean(name, known.iter().map(|field| field.name));
            let own = "a name of the product's own needs a `kind` and goes under `extra`";
            let fix = meant.map_or(own.to_owned(), |meant| format!("{meant} {own}"));
            ("the format has no field of this name here".to_owned(), fix)
        }
    };
    problems.add(place, problem, fix);
    None
}

fn check_required(
    entry: &ExportEntry,
    section: Section,
    known: &[Field],
    place: &str,
    problems: &mut Problems,
) {
    for field in known.iter().filter(|field| field.required) {
        let is_filled = match (field.name, section) {
            // By another key of the entry; `user_id` by any entry of the section.
            ("collection", _)
            | ("thread_id", Section::Messages)
            | ("user_id", Section::AccountSettings) => true,
            (name, _) => entry.fields.contains_key(name),
        };
        if !is_filled {
            let problem = format!("`{}` is missing: {}", field.name, field.what);
            problems.add(
                place,
                problem,
                format!("add `fields.{} = \"…\"`", field.name),
            );
        }
    }
}
