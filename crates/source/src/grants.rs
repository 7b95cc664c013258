//! The rights that an export needs: SELECT on the mapped columns and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::connect::Source;
use crate::data_map::{DataMap, ExportEntry, FieldForm};
use crate::error::SourceError;
use crate::plan::{Dialect, quote};
use crate::snapshot::Snapshot;
use crate::value::Value;

/// More than an export needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Everything.
    Superuser,
    /// To change tables of the product's schemas.
    MayWrite {
        /// How many.
        tables: i64,
    },
}

const SUPERUSER: &str = "SELECT CAST(count(*) AS bigint) FROM pg_catalog.pg_roles
    WHERE rolname = current_user AND rolsuper";
const WRITABLE: &str = "SELECT CAST(count(*) AS bigint) FROM pg_catalog.pg_class AS c
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace::regnamespace::text = ANY (current_schemas(false)::text[])
        AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')";

/// What the role of this connection may do and need not. SQLite has no roles.
pub fn excess(snapshot: &Snapshot) -> Result<Option<Excess>, SourceError> {
    if snapshot.dialect() != Dialect::Postgres {
        return Ok(None);
    }
    if number(snapshot, SUPERUSER)? > 0 {
        return Ok(Some(Excess::Superuser));
    }
    let tables = number(snapshot, WRITABLE)?;
    Ok((tables > 0).then_some(Excess::MayWrite { tables }))
}

fn number(snapshot: &Snapshot, sql: &str) -> Result<i64, SourceError> {
    let mut number = 0;
    let mut rows = snapshot.prepare_for("look at the role's rights", sql)?;
    rows.for_each(&[], |row| {
        if let Value::Integer(found) = row.value(0) {
            number = found;
        }
        Ok::<(), SourceError>(())
    })?;
    Ok(number)
}

/// The statements for PostgreSQL that give `role` what the map reads.
#[must_use]
pub fn statements(map: &DataMap, role: &str) -> String {
    let columns = read_by(map);
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

/// The columns that the map reads, by table.
fn read_by(map: &DataMap) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut columns: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let is_here = |entry: &&ExportEntry| entry.engine != Some(Dialect::Sqlite);
    for entry in map.exports.iter().filter(is_here) {
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
    columns
}

/// The columns of one relation, and whether the role may read them.
const RIGHTS: &str = "
    SELECT a.attname::text, has_column_privilege(c.oid, a.attnum, 'SELECT'),
           has_schema_privilege(n.oid, 'USAGE'), current_user::text
    FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname::text = $1 AND c.relname::text = $2 AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum";

/// The error with what mends it, when a right is missing: what the map reads and the role may not.
pub fn named(source: &Source, map: &DataMap, error: SourceError) -> SourceError {
    match error {
        SourceError::NotGranted {
            purpose,
            detail,
            statements,
        } if statements.is_empty() => SourceError::NotGranted {
            purpose,
            detail,
            // What cannot be asked is told by the error itself.
            statements: missing(source, map).unwrap_or_default(),
        },
        // Of a schema that the role may not look into, nothing is found.
        SourceError::Sql { purpose, detail } if detail.ends_with("does not exist") => {
            match missing(source, map) {
                Ok(statements) if !statements.is_empty() => SourceError::NotGranted {
                    purpose,
                    detail,
                    statements,
                },
                _ => SourceError::Sql { purpose, detail },
            }
        }
        error => error,
    }
}

fn missing(source: &Source, map: &DataMap) -> Result<Vec<String>, SourceError> {
    let snapshot = source.snapshot()?;
    let mut rights = snapshot.prepare_for("look up the role's rights", RIGHTS)?;
    let first = map
        .database
        .schemas
        .first()
        .map_or("public", String::as_str);
    let (mut schemas, mut tables) = (BTreeSet::new(), Vec::new());
    for (table, columns) in read_by(map) {
        let (schema, name) = table.split_once('.').unwrap_or((first, table));
        let mut denied = Vec::new();
        let mut role = String::new();
        rights.for_each(&[schema.into(), name.into()], |row| {
            let text = |column| {
                let bytes = row.value(column).bytes().unwrap_or_default();
                String::from_utf8_lossy(bytes).into_owned()
            };
            role = quote(&text(3));
            if row.value(2) == Value::Integer(0) {
                schemas.insert(format!(
                    "GRANT USAGE ON SCHEMA {} TO {role};",
                    quote(schema)
                ));
            }
            if row.value(1) == Value::Integer(0) && columns.contains(&*text(0)) {
                denied.push(quote(&text(0)));
            }
            Ok::<(), SourceError>(())
        })?;
        if !denied.is_empty() {
            let table = Dialect::Postgres.table(table);
            tables.push(format!(
                "GRANT SELECT ({}) ON {table} TO {role};",
                denied.join(", ")
            ));
        }
    }
    Ok(schemas.into_iter().chain(tables).collect())
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
