//! What the built-in sign-in needs to know: the product's own password hash, and the secret of the person's
//! authenticator app where there is one.
//!
//! Promises: neither is ever printed, and they leave this module for one comparison only; an account with another
//! second factor is sent to the product's own sign-in.

use std::fmt;

use crate::address::Search;
use crate::data_map::{DataMap, SignIn};
use crate::plan::quote as quoted;
use crate::snapshot::{Row, Snapshot};
use crate::subject::{SubjectError, SubjectKey, is_enabled};
use crate::value::Value;

/// What the product keeps for one login.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Whose login it is.
    pub subject_key: SubjectKey,
    /// argon2 (PHC string) or bcrypt; empty, and so equal to no password's, where there is none.
    pub password_hash: String,
    /// The secret of an authenticator app, as the product has it; none where none is set up.
    pub totp_secret: Option<String>,
    /// Whether the login may be used.
    pub active: bool,
    /// Whether only the product's own sign-in can check this person, such as for a second factor.
    pub uses_own_sign_in: bool,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// Finds what belongs to a login, in any case. `None` when nobody has it, and when the data map has
/// no `[sign_in]`. Where two accounts differ in case only, the exact spelling decides.
pub fn find_credentials(
    snapshot: &Snapshot,
    map: &DataMap,
    login: &str,
) -> Result<Option<Credentials>, SubjectError> {
    let Some(sign_in) = &map.sign_in else {
        return Ok(None);
    };
    let (mut exact, mut other) = (Vec::new(), Vec::new());
    let search = Search {
        table: &sign_in.table,
        column: &sign_in.login,
        shown: &shown(sign_in),
    };
    search.for_each(snapshot, login, |row, is_exact| {
        let found = if is_exact { &mut exact } else { &mut other };
        found.push(credentials(row, sign_in)?);
        Ok::<(), SubjectError>(())
    })?;
    let mut found = if exact.is_empty() { other } else { exact };
    match (found.pop(), found.len()) {
        (one, 0) => Ok(one),
        (_, others) => Err(SubjectError::Ambiguous {
            who: login.to_owned(),
            table: sign_in.table.clone(),
            column: sign_in.login.clone(),
            count: others + 1,
        }),
    }
}

/// Finds what belongs to a person's key: for a session, whose key is not somebody's input. `None` when
/// nobody has it, and when the data map has no `[sign_in]`.
pub fn find_credentials_by_key(
    snapshot: &Snapshot,
    map: &DataMap,
    who: &str,
) -> Result<Option<Credentials>, SubjectError> {
    let Some(sign_in) = &map.sign_in else {
        return Ok(None);
    };
    let (dialect, shown) = (snapshot.dialect(), shown(sign_in).join(", "));
    let (table, key) = (dialect.table(&sign_in.table), quoted(&sign_in.key));
    let parameter = dialect.parameter(1);
    let sql = format!("SELECT {shown} FROM {table} WHERE {key} = {parameter}");
    let mut statement = snapshot.prepare_for("find a password by key", &sql)?;
    // As in `subject`: text finds an integer only where the column is declared so.
    let integer = who.parse::<i64>().ok().map(Value::Integer);
    for value in [Some(Value::from(who)), integer].into_iter().flatten() {
        let mut found = Vec::new();
        statement.for_each(&[value], |row| {
            let credentials = credentials(row, sign_in)?;
            if credentials.subject_key.as_str() == who {
                found.push(credentials);
            }
            Ok::<(), SubjectError>(())
        })?;
        match (found.pop(), found.len()) {
            (None, _) => {}
            (one, 0) => return Ok(one),
            (_, others) => {
                return Err(SubjectError::Ambiguous {
                    who: who.to_owned(),
                    table: sign_in.table.clone(),
                    column: sign_in.key.clone(),
                    count: others + 1,
                });
            }
        }
    }
    Ok(None)
}

/// Key, hash, active, the secret of codes, then the columns that refuse.
fn shown(sign_in: &SignIn) -> Vec<String> {
    let active = sign_in
        .active
        .as_deref()
        .map_or_else(|| "1".to_owned(), quoted);
    let totp_secret = sign_in
        .totp_secret
        .as_deref()
        .map_or_else(|| "NULL".to_owned(), quoted);
    let mut shown = vec![
        quoted(&sign_in.key),
        quoted(&sign_in.password_hash),
        active,
        totp_secret,
    ];
    shown.extend(sign_in.refuse_when.iter().map(|column| quoted(column)));
    shown
}

fn credentials(row: &Row<'_>, sign_in: &SignIn) -> Result<Credentials, SubjectError> {
    let subject_key =
        SubjectKey::from_value(row.value(0)).ok_or_else(|| SubjectError::NotAKey {
            table: sign_in.table.clone(),
            column: sign_in.key.clone(),
        })?;
    let text = |index| {
        let bytes = row.value(index).bytes()?;
        // What is no text is no secret that anybody could have typed; it must not pass for none.
        Some(String::from_utf8_lossy(bytes).into_owned())
    };
    Ok(Credentials {
        subject_key,
        password_hash: text(1).unwrap_or_default(),
        totp_secret: text(3).filter(|secret| !secret.is_empty()),
        active: is_enabled(row.value(2)),
        uses_own_sign_in: (0..sign_in.refuse_when.len()).any(|index| is_set(row.value(4 + index))),
    })
}

/// Neither null nor JSON's null.
fn is_set(value: Value<'_>) -> bool {
    !value.is_null()
        && value
            .bytes()
            .is_none_or(|bytes| bytes.trim_ascii() != b"null")
}
