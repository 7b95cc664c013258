//! Who asks: the one person whose data an export holds.
//!
//! Promises: exactly one person or an error; a key is compared as it is, an e-mail address in any
//! case; what somebody typed is only ever a bound parameter.

mod key;

pub use self::key::SubjectKey;
use crate::address::Search;
use crate::data_map::{DataMap, SubjectTable};
use crate::error::SourceError;
use crate::plan::quote as quoted;
use crate::snapshot::{Row, Snapshot};
use crate::value::Value;

/// A person, as the product knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What `owner` columns hold.
    pub key: SubjectKey,
    /// Where the product keeps one.
    pub email: Option<String>,
    /// To show on the pages.
    pub name: Option<String>,
    /// Whether the account may be used. A disabled one can still be exported by the operator.
    pub active: bool,
}

impl Subject {
    /// For everything that a person does themselves.
    pub fn require_active(self) -> Result<Subject, SubjectError> {
        if self.active {
            Ok(self)
        } else {
            Err(SubjectError::Disabled)
        }
    }
}

/// No person, or not exactly one.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// Nobody has this key or address.
    #[error("find the person `{who}`: no row of `{table}` has it in {columns}")]
    Unknown {
        /// What was looked for.
        who: String,
        /// The table of people.
        table: String,
        /// The columns that were looked at.
        columns: String,
    },
    /// Several have it.
    #[error("find the person `{who}`: {count} rows of `{table}` have it in `{column}`")]
    Ambiguous {
        /// What was looked for.
        who: String,
        /// The table of people.
        table: String,
        /// The column.
        column: String,
        /// How many.
        count: usize,
    },
    /// The product has switched the account off.
    #[error("use the account: it is disabled")]
    Disabled,
    /// The data map names a wrong column as the key.
    #[error("find a person: `{table}`.`{column}` holds neither text nor a whole number")]
    NotAKey {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The database could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl SubjectError {
    /// Advice for who runs the program.
    pub fn hint(&self) -> Option<String> {
        match self {
            SubjectError::Unknown { .. } => {
                Some("check the spelling, and that this is the right database".to_owned())
            }
            SubjectError::Ambiguous { .. } => {
                Some("name the person by their key instead of an address".to_owned())
            }
            SubjectError::Disabled => None,
            SubjectError::NotAKey { .. } => Some("correct `key` in the data map".to_owned()),
            SubjectError::Source(error) => error.hint(),
        }
    }
}

/// Finds a person by key, exactly, or else by e-mail address, in any case.
pub fn find_subject(
    snapshot: &Snapshot,
    map: &DataMap,
    who: &str,
) -> Result<Subject, SubjectError> {
    let people = &map.subject;
    if let Some(subject) = with_key(snapshot, people, who)? {
        return Ok(subject);
    }
    one_with_address(snapshot, people, who)
}

/// Finds a person by e-mail address and by nothing else, in any case: for a credential that names an address,
/// which may look like somebody's key.
pub fn find_subject_by_address(
    snapshot: &Snapshot,
    map: &DataMap,
    address: &str,
) -> Result<Subject, SubjectError> {
    one_with_address(snapshot, &map.subject, address)
}

fn one_with_address(
    snapshot: &Snapshot,
    people: &SubjectTable,
    who: &str,
) -> Result<Subject, SubjectError> {
    let Some(email) = &people.email else {
        return Err(unknown(people, who, format!("`{}`", people.key)));
    };
    let mut found = with_address(snapshot, people, email, who)?;
    match (found.pop(), found.len()) {
        (Some(subject), 0) => Ok(subject),
        (None, _) => Err(unknown(
            people,
            who,
            format!("`{}` or `{email}`", people.key),
        )),
        (Some(_), others) => Err(ambiguous(people, who, email, others + 1)),
    }
}

/// Finds a person by key and by nothing else: for a session, whose key is not somebody's input.
pub fn find_subject_by_key(
    snapshot: &Snapshot,
    map: &DataMap,
    key: &str,
) -> Result<Subject, SubjectError> {
    let people = &map.subject;
    with_key(snapshot, people, key)?
        .ok_or_else(|| unknown(people, key, format!("`{}`", people.key)))
}

fn with_key(
    snapshot: &Snapshot,
    people: &SubjectTable,
    who: &str,
) -> Result<Option<Subject>, SubjectError> {
    let (shown, table, key) = (
        shown(people).join(", "),
        snapshot.dialect().table(&people.table),
        quoted(&people.key),
    );
    let sql = format!(
        "SELECT {shown} FROM {table} WHERE {key} = {}",
        snapshot.dialect().parameter(1)
    );
    let mut statement = snapshot.prepare_for("find a person by key", &sql)?;
    // Text finds an integer only where the column is declared so; a second try finds the others.
    let integer = who.parse::<i64>().ok().map(Value::Integer);
    for value in [Some(Value::from(who)), integer].into_iter().flatten() {
        let mut found = Vec::new();
        statement.for_each(&[value], |row| {
            let subject = subject(row, people)?;
            // SQLite also lets '05' find 5, and 'ann' find 'Ann' in a column without case.
            if subject.key.as_str() == who {
                found.push(subject);
            }
            Ok::<(), SubjectError>(())
        })?;
        match (found.pop(), found.len()) {
            (None, _) => {}
            (Some(subject), 0) => return Ok(Some(subject)),
            (Some(_), others) => return Err(ambiguous(people, who, &people.key, others + 1)),
        }
    }
    Ok(None)
}

fn with_address(
    snapshot: &Snapshot,
    people: &SubjectTable,
    email: &str,
    who: &str,
) -> Result<Vec<Subject>, SubjectError> {
    let mut found = Vec::new();
    let search = Search {
        table: &people.table,
        column: email,
        shown: &shown(people),
    };
    search.for_each(snapshot, who, |row, _| {
        found.push(subject(row, people)?);
        Ok::<(), SubjectError>(())
    })?;
    Ok(found)
}

/// Key, e-mail address, name, active.
fn shown(people: &SubjectTable) -> [String; 4] {
    let or = |column: &Option<String>, otherwise: &str| {
        column
            .as_deref()
            .map_or_else(|| otherwise.to_owned(), quoted)
    };
    [
        quoted(&people.key),
        or(&people.email, "NULL"),
        or(&people.name, "NULL"),
        or(&people.active, "1"),
    ]
}

fn subject(row: &Row<'_>, people: &SubjectTable) -> Result<Subject, SubjectError> {
    let key = SubjectKey::from_value(row.value(0)).ok_or_else(|| SubjectError::NotAKey {
        table: people.table.clone(),
        column: people.key.clone(),
    })?;
    let text = |column| {
        let bytes = row.value(column).bytes()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    };
    Ok(Subject {
        key,
        email: text(1),
        name: text(2),
        active: is_enabled(row.value(3)),
    })
}

/// What products write for "no": false, 0, '0', 'false', nothing.
pub(crate) fn is_enabled(value: Value<'_>) -> bool {
    match value {
        Value::Null => false,
        Value::Integer(integer) => integer != 0,
        Value::Real(real) => real != 0.0,
        Value::Text(bytes) | Value::Blob(bytes) => {
            let word = bytes.trim_ascii();
            !(word.is_empty() || word == b"0" || word.eq_ignore_ascii_case(b"false"))
        }
    }
}

fn unknown(people: &SubjectTable, who: &str, columns: String) -> SubjectError {
    SubjectError::Unknown {
        who: who.to_owned(),
        table: people.table.clone(),
        columns,
    }
}

fn ambiguous(people: &SubjectTable, who: &str, column: &str, count: usize) -> SubjectError {
    SubjectError::Ambiguous {
        who: who.to_owned(),
        table: people.table.clone(),
        column: column.to_owned(),
        count,
    }
}
