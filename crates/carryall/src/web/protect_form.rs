//! "Protect the file": a passphrase or a public key, from the form to what closes the file.
//!
//! A passphrase lives as long as its request. It comes back on no page, and stands in no log and no record;
//! what is kept is the head of the file, which only the passphrase opens, and the file's own key until
//! the file is written.

use age::x25519;
use serde::{Deserialize, Deserializer};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::Web;
use super::errors::PageError;
use super::limits::Door;
use super::words;
use crate::ledger::{Caller, Protected, Protection, SubjectKey};
use crate::protect::{Lock, Passphrase, ProtectError, keys};

/// Each passphrase takes 128 MiB and a third of a second.
const AT_THE_SAME_TIME: usize = 1;
/// Nobody's public key is longer.
const LONGEST_KEY_BYTES: usize = 120;

/// What the browser sends. It has no `Debug`: nothing may print it.
#[derive(Default, Deserialize)]
pub struct ProtectForm {
    /// `passphrase`, `key`, or neither.
    #[serde(default)]
    protect: String,
    #[serde(default, deserialize_with = "secret")]
    passphrase: Zeroizing<String>,
    #[serde(default, deserialize_with = "secret")]
    passphrase_again: Zeroizing<String>,
    #[serde(default)]
    recipient: String,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(from).map(Zeroizing::new)
}

/// The same, as a page may show it again.
#[derive(Debug, Clone, Default)]
pub struct ProtectView {
    /// `passphrase`, `key`, or empty.
    pub choice: &'static str,
    /// A public key, if it looks like one.
    pub recipient: String,
}

/// With what the file is to be protected.
pub enum Chosen {
    /// With nothing.
    Nothing,
    /// With a passphrase.
    Passphrase(Passphrase),
    /// To a public key.
    Key(x25519::Recipient),
}

impl ProtectForm {
    /// The form of a program, which has no need to write a passphrase twice.
    pub fn of(passphrase: Option<Zeroizing<String>>, recipient: Option<String>) -> ProtectForm {
        let protect = match (&passphrase, &recipient) {
            (Some(_), Some(_)) => "both",
            (Some(_), None) => "passphrase",
            (None, Some(_)) => "key",
            (None, None) => "",
        };
        let passphrase = passphrase.unwrap_or_default();
        ProtectForm {
            protect: protect.to_owned(),
            passphrase_again: passphrase.clone(),
            passphrase,
            recipient: recipient.unwrap_or_default(),
        }
    }

    /// What may be shown again: never a passphrase, nor a private key that landed in the wrong field.
    pub fn view(&self) -> ProtectView {
        let recipient = self.recipient.trim();
        let may_be_a_key = recipient.starts_with("age1") && recipient.len() <= LONGEST_KEY_BYTES;
        ProtectView {
            choice: match self.protect.as_str() {
                "passphrase" => "passphrase",
                "key" => "key",
                _ => "",
            },
            recipient: if may_be_a_key { recipient } else { "" }.to_owned(),
        }
    }

    /// What was chosen, or what is wrong with it, for the person.
    pub fn chosen(&self) -> Result<Chosen, String> {
        match self.protect.as_str() {
            "" | "nothing" => Ok(Chosen::Nothing),
            "passphrase" if *self.passphrase != *self.passphrase_again => {
                Err(plain(&ProtectError::NotTheSame))
            }
            "passphrase" => Passphrase::strong(self.passphrase.clone())
                .map(Chosen::Passphrase)
                .map_err(|error| plain(&error)),
            "key" if self.recipient.trim().is_empty() => {
                Err("Please paste your public key, or choose no protection.".to_owned())
            }
            "key" => keys::recipient(&self.recipient)
                .map(Chosen::Key)
                .map_err(|error| plain(&error)),
            _ => Err("Please choose how to protect the file.".to_owned()),
        }
    }
}

/// The error as the page says it. What was typed is not repeated: it may be a secret in the wrong field.
fn plain(error: &ProtectError) -> String {
    let what = match error {
        ProtectError::NoRecipient(_) => "that is no public key of age".to_owned(),
        error => error.to_string(),
    };
    let hint = error.hint().unwrap_or_default().replace('`', "");
    let text = format!("{} {}", words::sentence(&what), words::sentence(&hint));
    text.trim().to_owned()
}

/// Makes locks, a few at a time.
pub struct Locksmith(Semaphore);

impl Default for Locksmith {
    fn default() -> Self {
        Locksmith(Semaphore::new(AT_THE_SAME_TIME))
    }
}

impl Web {
    /// What closes the file; none when nothing was asked for. What cannot be made ends the request.
    pub(super) async fn lock(
        &self,
        account: Option<&SubjectKey>,
        login: &str,
        by: &Caller,
        chosen: Chosen,
    ) -> Result<Option<Protected>, PageError> {
        let failed = |_| PageError::NotLocked;
        let (with, lock) = match chosen {
            Chosen::Nothing => return Ok(None),
            Chosen::Key(public) => (Protection::Key, Lock::for_recipients(&[public])),
            Chosen::Passphrase(passphrase) => {
                // Counted before the work, and for good: it is the work that is limited.
                self.admit(Door::Protect, account, login, by).await?;
                let _turn = self.locksmith.0.acquire().await.map_err(failed)?;
                let made =
                    tokio::task::spawn_blocking(move || Lock::with_passphrase(&passphrase)).await;
                let made = made.map_err(|_| PageError::NotLocked)?;
                (Protection::Passphrase, made)
            }
        };
        let lock = lock.map_err(|error| {
            tracing::error!(error = %error, "a file cannot be protected");
            PageError::NotLocked
        })?;
        Ok(Some(Protected { by: with, lock }))
    }
}

/// The same in words: `with a passphrase`.
pub fn protection_words(protection: Protection) -> &'static str {
    match protection {
        Protection::Passphrase => "with a passphrase",
        Protection::Key => "to a public key",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(protect: &str, passphrase: &str, again: &str, recipient: &str) -> ProtectForm {
        ProtectForm {
            protect: protect.to_owned(),
            passphrase: Zeroizing::new(passphrase.to_owned()),
            passphrase_again: Zeroizing::new(again.to_owned()),
            recipient: recipient.to_owned(),
        }
    }

    const GOOD: &str = "seven quiet lanterns";
    const KEY: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    #[test]
    fn a_passphrase_is_typed_twice_and_a_key_is_a_public_one() {
        let is = |form: ProtectForm| {
            form.chosen().map(|chosen| match chosen {
                Chosen::Nothing => "nothing",
                Chosen::Passphrase(_) => "passphrase",
                Chosen::Key(_) => "key",
            })
        };
        assert_eq!(is(ProtectForm::default()), Ok("nothing"));
        assert_eq!(is(form("nothing", GOOD, GOOD, "")), Ok("nothing"));
        assert_eq!(is(form("passphrase", GOOD, GOOD, "")), Ok("passphrase"));
        assert_eq!(is(form("key", "", "", &format!(" {KEY}\n"))), Ok("key"));
        let refused = |form: ProtectForm| is(form).expect_err("refused");
        assert_eq!(
            refused(form("passphrase", GOOD, "seven quiet lantern", "")),
            "The two passphrases are not the same."
        );
        let short = refused(form("passphrase", "short", "short", ""));
        assert!(
            short.starts_with("The passphrase is shorter than 12 characters. Take at"),
            "{short}"
        );
        assert!(refused(form("passphrase", "", "", "")).contains("is empty"));
        assert!(refused(form("key", "", "", "")).contains("paste your public key"));
        assert!(refused(form("else", "", "", "")).contains("choose how"));
    }

    #[test]
    fn what_landed_in_the_wrong_field_is_not_repeated() {
        let private = "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWJKC0U";
        for wrong in [private, GOOD, "<script>"] {
            let form = form("key", "", "", wrong);
            let Err(words) = form.chosen() else {
                panic!("refused")
            };
            assert!(!words.contains(wrong), "{words}");
            assert_eq!(form.view().recipient, "");
        }
        assert_eq!(form("key", "", "", KEY).view().recipient, KEY);
    }
}
