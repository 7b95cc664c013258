//! Passphrases and keys of age, from files, forms and terminals.

use std::fmt;
use std::fs;
use std::path::Path;

use age::secrecy::{ExposeSecret as _, SecretString};
use age::x25519;
use zeroize::Zeroizing;

use super::ProtectError;

/// The shortest passphrase that a file is encrypted with, in characters.
pub const SHORTEST: usize = 12;
/// The longest, in bytes: nobody types more, and a form takes no more.
pub const LONGEST_BYTES: usize = 1024;
/// Fewer different characters are a pattern.
const FEWEST_DIFFERENT: usize = 5;

/// A passphrase. It is wiped from memory when dropped, and never shown.
pub struct Passphrase(SecretString);

impl fmt::Debug for Passphrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Passphrase(…)")
    }
}

impl Passphrase {
    /// One to encrypt with: not one that is guessed in an afternoon.
    pub fn strong(text: Zeroizing<String>) -> Result<Passphrase, ProtectError> {
        let different: std::collections::BTreeSet<char> = text.chars().collect();
        let weakness = if text.trim().is_empty() {
            "empty"
        } else if text.chars().count() < SHORTEST {
            "shorter than 12 characters"
        } else if text.len() > LONGEST_BYTES {
            "longer than 1,024 bytes"
        } else if different.len() < FEWEST_DIFFERENT {
            "made of fewer than five different characters"
        } else if text.chars().any(char::is_control) {
            "one with control characters in it, which no terminal can type"
        } else {
            return Ok(Passphrase::known(text));
        };
        Err(ProtectError::WeakPassphrase(weakness))
    }

    /// One that somebody encrypted with.
    pub fn known(mut text: Zeroizing<String>) -> Passphrase {
        Passphrase(SecretString::from(std::mem::take(&mut *text)))
    }

    /// The only line of a file.
    pub fn in_file(path: &Path) -> Result<Zeroizing<String>, ProtectError> {
        let mut text = read(path)?;
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        let found = if text.is_empty() {
            "nothing"
        } else if text.contains('\n') {
            "several lines"
        } else {
            return Ok(text);
        };
        let path = path.to_owned();
        Err(ProtectError::NotOnePassphrase { path, found })
    }

    /// Asked for on the terminal, which shows nothing of it.
    pub fn asked(question: &str) -> Result<Zeroizing<String>, ProtectError> {
        rpassword::prompt_password(question)
            .map(Zeroizing::new)
            .map_err(|_| ProtectError::NoTerminal)
    }

    /// Asked for twice, because a slip of the finger would close the file for ever.
    pub fn asked_twice() -> Result<Zeroizing<String>, ProtectError> {
        let first = Passphrase::asked("Passphrase for the file: ")?;
        let second = Passphrase::asked("The same again: ")?;
        if *first == *second {
            Ok(first)
        } else {
            Err(ProtectError::NotTheSame)
        }
    }

    pub(super) fn secret(&self) -> SecretString {
        SecretString::from(self.0.expose_secret().to_owned())
    }
}

/// A public key of age: `age1…`.
pub fn recipient(text: &str) -> Result<x25519::Recipient, ProtectError> {
    let text = text.trim();
    if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
        return Err(ProtectError::PrivateKey);
    }
    text.parse().map_err(|_| {
        let shown = text.chars().filter(|character| !character.is_control());
        ProtectError::NoRecipient(shown.take(80).collect())
    })
}

/// The public keys of a file: one a line, lines with # aside.
pub fn recipients_in(path: &Path) -> Result<Vec<x25519::Recipient>, ProtectError> {
    keys_in(path, |line| match recipient(line) {
        Err(ProtectError::PrivateKey) => Err(Some(ProtectError::PrivateKey)),
        key => key.map_err(|_| None),
    })
}

/// The private keys of a file, as `age-keygen` writes it.
pub fn identities_in(path: &Path) -> Result<Vec<x25519::Identity>, ProtectError> {
    keys_in(path, |line| line.parse().map_err(|_| None))
}

/// One key a line. A line that is none may be a secret: it is named by its number alone.
fn keys_in<K>(
    path: &Path,
    parse: impl Fn(&str) -> Result<K, Option<ProtectError>>,
) -> Result<Vec<K>, ProtectError> {
    let text = read(path)?;
    let mut keys = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let not_a_key = || ProtectError::NotAKey {
            path: path.to_owned(),
            line: index + 1,
        };
        keys.push(parse(line).map_err(|error| error.unwrap_or_else(not_a_key))?);
    }
    if keys.is_empty() {
        return Err(ProtectError::NoKeys(path.to_owned()));
    }
    Ok(keys)
}

fn read(path: &Path) -> Result<Zeroizing<String>, ProtectError> {
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|source| ProtectError::Unreadable {
            path: path.to_owned(),
            source,
        })
}
