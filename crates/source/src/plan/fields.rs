//! How each field of an entry is read and written.

use std::collections::BTreeSet;

use carryall_format::encode::Unit;
use carryall_format::json::{JsonPath, KeyFilter, Rule};
use carryall_format::section::{Field, Kind, Section};
use jiff::tz::TimeZone;

use super::sql::{Columns, expression, id_expression};
use super::{Dialect, Encode, FieldPlan, From};
use crate::data_map::{DataMap, ExportEntry, FieldDetail, FieldForm, JsonColumn, KeepPath};

pub(super) struct PlannedFields {
    pub(super) fields: Vec<FieldPlan>,
    pub(super) extra: Vec<FieldPlan>,
    pub(super) audited: Vec<FieldPlan>,
}

/// Plans the fields in file order, then `extra` in the map's order.
pub(super) fn plan_fields(
    map: &DataMap,
    entry: &ExportEntry,
    section: Section,
    dialect: Dialect,
    columns: &mut Columns,
) -> Result<PlannedFields, String> {
    let known = known_fields(entry, section)?;
    let mut fields = Vec::new();
    for field in known {
        match (entry.fields.get(field.name), field.name) {
            (Some(form), _) => fields.push(FieldPlan {
                is_required: field.required,
                ..plan_field((map, entry, dialect), field.name, field.kind, form, columns)?
            }),
            // Null says "outside workspaces" in every product, also in one that has none.
            (None, "workspace_id") if section == Section::Threads => {
                fields.push(field_plan(
                    field.name,
                    From::Constant(String::new()),
                    Encode::AsStored,
                ));
            }
            (None, "thread_id") if section == Section::Messages => {
                let parent = entry.parent.as_ref().ok_or("messages need `parent`")?;
                let place = columns.column(&parent.column);
                fields.push(field_plan("thread_id", From::Column(place), Encode::Id));
            }
            (None, "collection") => {
                let word = entry
                    .collection
                    .clone()
                    .ok_or("`other_records` needs `collection`")?;
                fields.push(field_plan("collection", From::Constant(word), Encode::Text));
            }
            (None, _) => {}
        }
    }
    let mut extra = Vec::new();
    for (name, form) in &entry.fields {
        if known.iter().any(|field| field.name == name) {
            continue;
        }
        let kind = match form {
            FieldForm::Detailed(detail) => detail.kind.as_deref().and_then(named_kind),
            _ => None,
        }
        .ok_or_else(|| {
            format!(
                "`fields.{name}` is no field of `{}`: give it a `kind`",
                section.name()
            )
        })?;
        extra.push(plan_field(
            (map, entry, dialect),
            name,
            kind,
            form,
            columns,
        )?);
    }
    for name in &entry.extra {
        let place = columns.column(name);
        extra.push(field_plan(name, From::Column(place), Encode::AsStored));
    }
    let mut audited = Vec::new();
    for name in json_columns(entry) {
        if is_written_as_field(entry, &name, known) {
            continue;
        }
        let place = columns.column(&name);
        let keeps = entry
            .json
            .get(&name)
            .is_some_and(|json| !json.keep.is_empty());
        let plan = field_plan(
            &name,
            From::Column(place),
            Encode::Json(filter(map, entry, &name, false)?),
        );
        if keeps {
            extra.push(plan);
        } else {
            audited.push(plan);
        }
    }
    Ok(PlannedFields {
        fields,
        extra,
        audited,
    })
}

/// The fields that the format names here.
fn known_fields(entry: &ExportEntry, section: Section) -> Result<&'static [Field], String> {
    let Some(into) = &entry.into else {
        return Ok(section.fields());
    };
    match section.field(into).map(|field| field.kind) {
        Some(Kind::Object(fields) | Kind::Objects(fields)) => Ok(fields),
        _ => Err(format!(
            "`into = \"{into}\"` is no object of `{}`",
            section.name()
        )),
    }
}

fn plan_field(
    (map, entry, dialect): (&DataMap, &ExportEntry, Dialect),
    name: &str,
    kind: Kind,
    form: &FieldForm,
    columns: &mut Columns,
) -> Result<FieldPlan, String> {
    let plain = FieldDetail::default();
    let detail = match form {
        FieldForm::Detailed(detail) => detail.as_ref(),
        _ => &plain,
    };
    if let Some(value) = &detail.value {
        return Ok(field_plan(
            name,
            From::Constant(value.clone()),
            Encode::Text,
        ));
    }
    let is_id = kind == Kind::Id && entry.into.is_none();
    let sql = if is_id {
        id_expression(dialect, entry)?
    } else {
        expression(dialect, form, name)?
    };
    let place = columns.expression(sql);
    let from = match detail.json.as_deref() {
        None => From::Column(place),
        // The whole of a JSON column, filtered as `json.COLUMN` says.
        Some("") if matches!(kind, Kind::Json | Kind::Refs(_)) => From::Column(place),
        Some(path) => From::Json(
            place,
            JsonPath::parse(path).map_err(|error| format!("`fields.{name}`: {error}"))?,
        ),
    };
    let encode = encode(map, entry, name, kind, detail, form)?;
    let mut planned = field_plan(name, from, encode);
    if let Some(values) = &detail.values {
        planned.values = values
            .iter()
            .map(|(from, to)| (from.clone().into_bytes(), to.clone().into_bytes()))
            .collect();
    }
    Ok(planned)
}

fn encode(
    map: &DataMap,
    entry: &ExportEntry,
    name: &str,
    kind: Kind,
    detail: &FieldDetail,
    form: &FieldForm,
) -> Result<Encode, String> {
    Ok(match kind {
        Kind::Id => Encode::Id,
        // The writer checks a message's thread anyway: whose it is depends on it.
        Kind::Ref(Section::Threads) if entry.section == Section::Messages.name() => Encode::Id,
        Kind::Ref(section) => Encode::Reference(section),
        Kind::Refs(section) => Encode::References(section),
        Kind::Person => Encode::Person,
        Kind::Text | Kind::OneOf(_) => Encode::Text,
        Kind::Timestamp => time(name, detail)?,
        Kind::Date => Encode::Date,
        Kind::Boolean => Encode::Boolean,
        Kind::Integer => Encode::Integer,
        Kind::Number => Encode::Number,
        Kind::Json => {
            let column = match form {
                FieldForm::Column(column) => Some(column.clone()),
                _ => detail.column.clone(),
            };
            Encode::Json(match column {
                Some(column) => filter(map, entry, &column, true)?,
                // SQL that builds JSON names every key by itself.
                None => KeyFilter::everything(),
            })
        }
        Kind::Object(_) | Kind::Objects(_) => {
            return Err(format!(
                "`fields.{name}` is an object: fill it by an entry with `into = \"{name}\"`"
            ));
        }
    })
}

fn time(name: &str, detail: &FieldDetail) -> Result<Encode, String> {
    let unit = match detail.unit.as_deref() {
        None => Unit::Seconds,
        Some(unit) => Unit::named(unit)
            .ok_or_else(|| format!("`fields.{name}`: `unit` is s, ms, us or ns"))?,
    };
    let zone = detail
        .zone
        .as_deref()
        .map(|zone| {
            TimeZone::get(zone)
                .map_err(|_| format!("`fields.{name}`: there is no time zone `{zone}`"))
        })
        .transpose()?;
    Ok(Encode::Timestamp(unit, zone))
}

/// The kind of a field that the format does not have.
pub(crate) fn named_kind(name: &str) -> Option<Kind> {
    Some(match name {
        "id" | "text" => Kind::Text,
        "timestamp" => Kind::Timestamp,
        "date" => Kind::Date,
        "boolean" => Kind::Boolean,
        "integer" => Kind::Integer,
        "number" => Kind::Number,
        "json" => Kind::Json,
        "person" => Kind::Person,
        _ => return None,
    })
}

/// Every column that is read as JSON.
fn json_columns(entry: &ExportEntry) -> BTreeSet<String> {
    let of_fields = entry.fields.values().filter_map(|form| match form {
        FieldForm::Detailed(detail) if detail.json.is_some() => detail.column.clone(),
        _ => None,
    });
    entry.json.keys().cloned().chain(of_fields).collect()
}

/// Whether a field of kind JSON carries the whole column already.
fn is_written_as_field(entry: &ExportEntry, column: &str, known: &[Field]) -> bool {
    entry.fields.iter().any(|(name, form)| {
        let is_json = match form {
            FieldForm::Detailed(detail) => {
                detail.kind.as_deref() == Some("json") || is_json_field(known, name)
            }
            _ => is_json_field(known, name),
        };
        let (of, path) = match form {
            FieldForm::Column(of) => (Some(of.as_str()), ""),
            FieldForm::Composite(_) => (None, ""),
            FieldForm::Detailed(detail) => (
                detail.column.as_deref(),
                detail.json.as_deref().unwrap_or(""),
            ),
        };
        is_json && of == Some(column) && path.is_empty()
    })
}

fn is_json_field(known: &[Field], name: &str) -> bool {
    known
        .iter()
        .any(|field| field.name == name && field.kind == Kind::Json)
}

/// What leaves of a JSON column, key by key. A field that takes the whole column also takes a bare
/// scalar, or a list of scalars, at its root.
pub(crate) fn filter(
    map: &DataMap,
    entry: &ExportEntry,
    column: &str,
    is_field: bool,
) -> Result<KeyFilter, String> {
    let nothing = JsonColumn::default();
    let json = entry.json.get(column).unwrap_or(&nothing);
    let mut rules = Vec::new();
    let mut add = |path: &str, rule: Rule| -> Result<(), String> {
        let path = JsonPath::parse(path).map_err(|error| format!("`json.{column}`: {error}"))?;
        rules.push((path, rule));
        Ok(())
    };
    for keep in &json.keep {
        match keep {
            KeepPath::Reasoned { path, .. } if path.ends_with('*') => add(path, Rule::KeepAll)?,
            KeepPath::Path(path) | KeepPath::Reasoned { path, .. } => add(path, Rule::Keep)?,
        }
    }
    if is_field {
        add("", Rule::Keep)?;
    }
    for path in json.withheld.keys().chain(json.same_as.keys()) {
        add(path, Rule::Withhold)?;
    }
    for form in entry.fields.values() {
        if let FieldForm::Detailed(detail) = form
            && detail.column.as_deref() == Some(column)
            && let Some(path) = detail.json.as_deref()
            && !is_kept(json, path)
            && !(is_field && path.is_empty())
        {
            add(path, Rule::Withhold)?;
        }
    }
    let covered = entry
        .table
        .as_ref()
        .map(|table| format!("{table}.{column}"));
    for elsewhere in &map.exports {
        for path in covered
            .as_ref()
            .and_then(|name| elsewhere.covers.get(name))
            .into_iter()
            .flatten()
        {
            // The query accounts for everything below, whatever it is.
            add(path, Rule::Withhold)?;
            add(&format!("{path}.*"), Rule::Withhold)?;
        }
    }
    Ok(KeyFilter::new(rules))
}

fn is_kept(json: &JsonColumn, path: &str) -> bool {
    json.keep.iter().any(|keep| match keep {
        KeepPath::Path(kept) | KeepPath::Reasoned { path: kept, .. } => kept == path,
    })
}

fn field_plan(name: &str, from: From, encode: Encode) -> FieldPlan {
    let mut key = b",".to_vec();
    carryall_format::encode::text(&mut key, name.as_bytes());
    key.push(b':');
    FieldPlan {
        name: name.to_owned(),
        key,
        from,
        is_required: false,
        values: Vec::new(),
        encode,
    }
}
