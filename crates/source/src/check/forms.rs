//! The form of one field: that it takes its value from one place, and that units, zones and words fit.

use carryall_format::encode::Unit;
use carryall_format::section::Kind;
use jiff::tz::TimeZone;

use super::Problems;
use super::entry::check_sql;
use crate::data_map::{FieldDetail, FieldForm};

pub(super) fn check_form(
    form: &FieldForm,
    kind: Option<Kind>,
    place: &str,
    problems: &mut Problems,
) {
    match form {
        FieldForm::Column(column) => problems.need_text(place, "column", column),
        FieldForm::Composite(columns) => {
            if columns.len() < 2 || columns.iter().any(|column| column.trim().is_empty()) {
                let fix = "write `[\"column\", \"column\"]`, or \"column\" for one";
                problems.add(place, "a composite joins two or more columns", fix);
            }
        }
        FieldForm::Detailed(detail) => {
            check_source(detail, place, problems);
            check_time(detail, kind, place, problems);
            check_words(detail, kind, place, problems);
        }
    }
}

/// Where the value comes from.
fn check_source(detail: &FieldDetail, place: &str, problems: &mut Problems) {
    let sources = [
        detail.column.is_some(),
        detail.value.is_some(),
        detail.sql.is_some(),
    ];
    if sources.into_iter().filter(|given| *given).count() != 1 {
        let problem = "it needs exactly one of `column`, `value` and `sql`";
        problems.add(place, problem, "say where the value comes from");
    }
    let of_columns = [
        ("json", detail.json.is_some()),
        ("id_prefix", detail.id_prefix.is_some()),
    ];
    for (name, given) in of_columns {
        if given && detail.column.is_none() {
            let problem = format!("`{name}` goes with a `column`, and there is none");
            problems.add(place, problem, format!("add `column`, or remove `{name}`"));
        }
    }
    if !detail.covers.is_empty() && detail.sql.is_none() {
        let problem = "`covers` says what SQL accounts for, and there is none";
        problems.add(place, problem, "remove `covers`");
    }
    if let Some(sql) = &detail.sql {
        check_sql(sql, place, problems);
    }
}

fn check_time(detail: &FieldDetail, kind: Option<Kind>, place: &str, problems: &mut Problems) {
    let is_time = matches!(kind, None | Some(Kind::Timestamp));
    for (name, given) in [("unit", &detail.unit), ("zone", &detail.zone)] {
        if given.is_some() && !is_time {
            let problem = format!("`{name}` is for times, and this field is none");
            problems.add(place, problem, format!("remove `{name}`"));
        }
    }
    if let Some(unit) = detail
        .unit
        .as_deref()
        .filter(|unit| Unit::named(unit).is_none())
    {
        let fix = "write s, ms, us or ns: what the column counts since 1970";
        problems.add(place, format!("there is no unit `{unit}`"), fix);
    }
    if let Some(zone) = detail
        .zone
        .as_deref()
        .filter(|zone| TimeZone::get(zone).is_err())
    {
        let fix = "write a name such as `UTC` or `Europe/Paris`";
        problems.add(place, format!("there is no time zone `{zone}`"), fix);
    }
}

/// Words that stand in for the product's, where the format has a closed list.
fn check_words(detail: &FieldDetail, kind: Option<Kind>, place: &str, problems: &mut Problems) {
    let Some(Kind::OneOf(words)) = kind else {
        return;
    };
    let translated = detail.values.iter().flat_map(|values| values.values());
    for word in translated.chain(&detail.value) {
        if !words.contains(&word.as_str()) {
            let fix = format!("use one of {}", words.join(", "));
            problems.add(place, format!("`{word}` is not a word of this field"), fix);
        }
    }
}
