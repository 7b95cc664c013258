//! The rights that an export needs: SELECT on the mapped columns and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::data_map::{DataMap, ExportEntry, FieldForm};
use crate::plan::{Dialect, quote};

/// The statements for PostgreSQL that give `role` what the map reads.
#[must_use]
pub fn statements(map: &DataMap, role: &str) -> String {
    let mut columns: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entry in &map.exports {
        read_by_entry(entry, &mut columns);
    }
    let subject = &map.subject;
    let of_subject = columns.entry(&subject.table).or_default();
    of_subject.insert(&subject.key);
    of_subject.extend(
        [&subject.email, &subject.name, &subject.active]
            .into_iter()
            .flatten()
            .map(String::as_str),
    );
    if let Some(sign_in) = &map.sign_in {
        let of_sign_in = columns.entry(&sign_in.table).or_default();
        of_sign_in.extend([&*sign_in.key, &*sign_in.login, &*sign_in.password_hash]);
        of_sign_in.extend(sign_in.totp_secret.as_deref());
        of_sign_in.extend(sign_in.active.as_deref());
        of_sign_in.extend(sign_in.refuse_when.iter().map(String::as_str));
    }
    let default = [String::from("public")];
    let schemas = if map.database.schemas.is_empty() {
        &default[..]
    } else {
        &map.database.schemas
    };
    let role = quote(role);
    let mut sql = format!(
        "-- What Carryall reads of {}. It writes nothing.\n",
        map.product
    );
    for schema in schemas {
        // Writing to a String cannot fail.
        let _ = writeln!(sql, "GRANT USAGE ON SCHEMA {} TO {role};", quote(schema));
    }
    for (table, columns) in columns {
        let list: Vec<_> = columns.into_iter().map(quote).collect();
        let _ = writeln!(
            sql,
            "GRANT SELECT ({}) ON {} TO {role};",
            list.join(", "),
            Dialect::Postgres.table(table)
        );
    }
    sql
}

fn read_by_entry<'a>(entry: &'a ExportEntry, columns: &mut BTreeMap<&'a str, BTreeSet<&'a str>>) {
    for (name, covered) in &entry.covers {
        // `auth.users` names a table of another schema, `users.preferences` a JSON column: paths follow it.
        if let Some((table, column)) = name.rsplit_once('.') {
            columns.entry(table).or_default().insert(column);
        } else {
            let of_table = columns.entry(name).or_default();
            of_table.extend(covered.iter().map(String::as_str));
        }
    }
    let Some(table) = &entry.table else { return };
    let read = columns.entry(table).or_default();
    read.extend(
        [&entry.owner, &entry.author]
            .into_iter()
            .flatten()
            .map(String::as_str),
    );
    read.extend(entry.parent.as_ref().map(|parent| parent.column.as_str()));
    read.extend(entry.extra.iter().map(String::as_str));
    read.extend(entry.json.keys().map(String::as_str));
    if let Some(content) = &entry.content {
        read.extend(
            [&content.key, &content.column]
                .into_iter()
                .flatten()
                .map(String::as_str),
        );
    }
    for form in entry.fields.values() {
        match form {
            FieldForm::Column(column) => {
                read.insert(column);
            }
            FieldForm::Composite(parts) => read.extend(parts.iter().map(String::as_str)),
            FieldForm::Detailed(detail) => {
                read.extend(
                    [&detail.column, &detail.id_prefix]
                        .into_iter()
                        .flatten()
                        .map(String::as_str),
                );
                read.extend(detail.covers.iter().map(String::as_str));
            }
        }
    }
}
