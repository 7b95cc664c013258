//! Why the keys cannot be used. No error here holds a byte of a private key.

use std::io;
use std::path::PathBuf;

use carryall_format::sign::KeyError;

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The folder cannot be made or written.
    #[error("use the folder of keys {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What failed.
        source: io::Error,
    },
    /// A file is not there, or may not be read.
    #[error("read the key {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: io::Error,
    },
    /// Other users of the machine can use it.
    #[error("read the signing key {}: other users may read it (mode {mode:04o})", path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A file holds something else.
    #[error("use the key {}", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: KeyError,
    },
    /// There is none yet.
    #[error("read the signing key: there is none in {}", folder.display())]
    NoSigningKey {
        /// The folder.
        folder: PathBuf,
    },
    /// The thread that read them is gone.
    #[error("read the public keys: its thread ended")]
    Stopped,
    /// Configuration says which key signs.
    #[error("make a new signing key: `--signing-key` says which one signs")]
    Given,
}

impl KeysError {
    /// Advice for whoever runs the program.
    pub fn hint(&self) -> Option<String> {
        match self {
            KeysError::Folder { .. } => Some(
                "it must be a folder that this account can write; `--keys DIR` names another".to_owned(),
            ),
            KeysError::Unreadable { .. } => {
                Some("check the path, and that this account may read it".to_owned())
            }
            KeysError::TooOpen { path, .. } => Some(format!(
                "`chmod 600 {}`, and make a new key if somebody may have read this one",
                path.display()
            )),
            KeysError::NotAKey {
                source: KeyError::NotAPrivateKey,
                ..
            } => Some(
                "`openssl genpkey -algorithm ed25519 -out FILE` makes one; in the folder of keys, move it away and \
                 the next start makes a new one"
                    .to_owned(),
            ),
            KeysError::NotAKey { .. } => Some(
                "put a copy of it back; without it the next start lists only the key that signs".to_owned(),
            ),
            KeysError::NoSigningKey { .. } => Some(
                "`carryall serve` makes one when it starts; `--keys DIR` or `--ledger` say where it looks"
                    .to_owned(),
            ),
            KeysError::Stopped => None,
            KeysError::Given => Some(
                "give another file after `--signing-key` and start again: the old public key stays listed"
                    .to_owned(),
            ),
        }
    }
}
