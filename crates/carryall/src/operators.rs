//! Who may answer requests that arrive by letter: names and password hashes, in a file of the operator's.
//!
//! The file is the whole list: who is taken out of it and the program started again has no session any
//! more. A name is a word for the record; what each may do stands beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use argon2::password_hash::phc::PasswordHash;
use serde::Deserialize;

/// What an operator may do. Nobody may do both with the same letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// File letters, and fetch the file when another one has approved.
    Ask,
    /// Approve or refuse what somebody else has filed.
    Approve,
}

/// One operator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// argon2id, as a PHC string.
    pub password: String,
    /// What they may do.
    pub may: Vec<Role>,
}

/// All of them, by name.
#[derive(Debug, Clone, Default)]
pub struct Operators(BTreeMap<String, Operator>);

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum OperatorsError {
    /// It cannot be read.
    #[error("the operators in {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no list of operators.
    #[error("{} is no list of operators: {source}", path.display())]
    NotAList {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A name that the record cannot carry.
    #[error("`{0}` is no name of an operator")]
    Name(String),
    /// Not what checks a password.
    #[error("the password of the operator `{0}` is no argon2id hash")]
    Hash(String),
    /// Nobody could do anything.
    #[error("the operators cannot answer a letter: one has to file it and another one to approve")]
    TooFew,
}

impl OperatorsError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            OperatorsError::Unreadable { .. } => "check the path after `--operators`",
            OperatorsError::NotAList { .. } => {
                "one table each: [mona], password = \"$argon2id$…\", may = [\"ask\", \"approve\"]"
            }
            OperatorsError::Name(_) => "take small letters, digits, dots and dashes, 32 at most",
            OperatorsError::Hash(_) => {
                "`argon2 \"$(openssl rand -hex 16)\" -id -e` reads a password and prints its hash"
            }
            OperatorsError::TooFew => "add a second operator, with `approve` in `may`",
        }
    }
}

impl Operators {
    /// Reads the list.
    pub fn read(path: &Path) -> Result<Operators, OperatorsError> {
        let text = std::fs::read_to_string(path).map_err(|source| OperatorsError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let list = toml::from_str(&text).map_err(|source| OperatorsError::NotAList {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        Operators::of(list)
    }

    fn of(list: BTreeMap<String, Operator>) -> Result<Operators, OperatorsError> {
        for (name, operator) in &list {
            let is_word = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte)
            };
            if name.is_empty() || name.len() > 32 || !name.bytes().all(is_word) {
                return Err(OperatorsError::Name(name.clone()));
            }
            let hash = PasswordHash::new(&operator.password);
            if !hash.is_ok_and(|hash| hash.algorithm.as_str() == "argon2id") {
                return Err(OperatorsError::Hash(name.clone()));
            }
        }
        let operators = Operators(list);
        let some_pair = operators.0.keys().any(|asking| {
            let others = operators.0.keys().filter(|other| *other != asking);
            operators.may(asking, Role::Ask)
                && others
                    .into_iter()
                    .any(|other| operators.may(other, Role::Approve))
        });
        if some_pair {
            Ok(operators)
        } else {
            Err(OperatorsError::TooFew)
        }
    }

    /// The one with this name.
    pub fn named(&self, name: &str) -> Option<&Operator> {
        self.0.get(name)
    }

    /// Whether somebody may do this.
    pub fn may(&self, name: &str, role: Role) -> bool {
        self.named(name)
            .is_some_and(|operator| operator.may.contains(&role))
    }

    /// Whether there are none: then there is no page for them either.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Longer ones are no reference and no reason.
const LONGEST_REFERENCE: usize = 64;
const LONGEST_REASON: usize = 1_000;
const SHORTEST_REASON: usize = 10;

/// Where a request is kept: a word for the record, which must not carry a story.
pub fn as_reference(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " ._/-".contains(c);
    if text.is_empty() || text.len() > LONGEST_REFERENCE || !text.chars().all(is_plain) {
        return Err("Please give a reference of letters, digits and . _ / -, 64 at most.");
    }
    Ok(text.to_owned())
}

/// Why something is done for a person who did not ask for it here.
pub fn as_reason(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let strange = |c: char| c.is_control() && c != '\n' && c != '\r';
    let length = text.chars().count();
    if !(SHORTEST_REASON..=LONGEST_REASON).contains(&length) || text.chars().any(strange) {
        return Err("Please give a reason, in 10 to 1,000 characters.");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$Y2FycnlhbGwtbm9ib2R5$7KXY4Z8a5lMqyQFeCqvBTxhOr1G6xOkFZ1LkQvK2r4k";

    fn list(text: &str) -> Result<Operators, OperatorsError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("operators.toml");
        std::fs::write(&path, text.replace("HASH", HASH)).expect("writes");
        Operators::read(&path)
    }

    #[test]
    fn a_list_of_operators_that_could_answer_no_letter_or_whose_passwords_are_none_is_refused() {
        let two = "[mona]\npassword = \"HASH\"\nmay = [\"ask\"]\n[li]\npassword = \"HASH\"\nmay = [\"approve\"]\n";
        let operators = list(two).expect("a list");
        assert!(operators.may("mona", Role::Ask) && !operators.may("mona", Role::Approve));
        assert!(!operators.may("nobody", Role::Ask));
        let one = "[mona]\npassword = \"HASH\"\nmay = [\"ask\", \"approve\"]\n";
        assert!(matches!(list(one), Err(OperatorsError::TooFew)));
        assert!(matches!(
            list(&two.replace("approve", "ask")),
            Err(OperatorsError::TooFew)
        ));
        assert!(matches!(
            list(&two.replace("HASH", "secret")),
            Err(OperatorsError::Hash(_))
        ));
        assert!(matches!(
            list(&two.replace("[li]", "[\"Li, M.\"]")),
            Err(OperatorsError::Name(_))
        ));
        assert!(matches!(
            list(&two.replace("may", "can")),
            Err(OperatorsError::NotAList { .. })
        ));
        assert!(matches!(
            Operators::read(Path::new("/nowhere")),
            Err(OperatorsError::Unreadable { .. })
        ));
    }
}
