//! Why a file cannot be encrypted, or not be opened.

use std::io;
use std::path::PathBuf;

/// What is wrong. Public keys may stand in it; passphrases and private keys never do.
#[derive(Debug, thiserror::Error)]
pub enum ProtectError {
    /// The passphrase is too easy to guess.
    #[error("the passphrase is {0}")]
    WeakPassphrase(&'static str),
    /// No public key of age.
    #[error("`{0}` is no public key of age")]
    NoRecipient(String),
    /// A private key where a public one belongs.
    #[error("a private key of age was given where a public one belongs")]
    PrivateKey,
    /// A file without any key.
    #[error("{} holds no key of age", .0.display())]
    NoKeys(PathBuf),
    /// A file with something else in it.
    #[error("{}, line {line}: no key of age", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Where in it.
        line: usize,
    },
    /// A file that should hold one passphrase.
    #[error("{} holds {found} instead of one passphrase on one line", path.display())]
    NotOnePassphrase {
        /// The file.
        path: PathBuf,
        /// What is in it.
        found: &'static str,
    },
    /// A file that cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nobody can be asked.
    #[error("there is no terminal to ask for a passphrase on")]
    NoTerminal,
    /// The two entries differ.
    #[error("the two passphrases are not the same")]
    NotTheSame,
    /// The encryption itself failed.
    #[error("the file's key cannot be made")]
    NotLocked,
    /// Opened with a key, but made with a passphrase.
    #[error("it is encrypted with a passphrase, not to a public key")]
    NeedsPassphrase,
    /// Opened with a passphrase, but made to a key.
    #[error("it is encrypted to a public key, not with a passphrase")]
    NeedsIdentity,
    /// It was made with another passphrase.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    /// It was made to other keys.
    #[error("it is encrypted to other keys than those that were given")]
    WrongIdentity,
    /// The start of the file is not what was written.
    #[error("its encryption header is damaged: the file was changed or cut off")]
    DamagedHeader,
    /// More work than a person's computer should do for a file of somebody else.
    #[error("its passphrase takes 2^{0} steps to try, more than Carryall takes on")]
    TooMuchWork(u8),
    /// A version of the format that is not known.
    #[error("it is encrypted in a way that this version does not know")]
    UnknownFormat,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(io::Error),
}

impl ProtectError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            ProtectError::WeakPassphrase(_) => {
                "take at least 12 characters; four or five words that nobody would put together are best"
            }
            ProtectError::NoRecipient(_) | ProtectError::NotAKey { .. } => {
                "a public key begins with `age1`, a private one with AGE-SECRET-KEY-1; `age-keygen` makes and shows both"
            }
            ProtectError::PrivateKey => {
                "`age-keygen -y FILE` shows the public key of a private one; keep the private one to yourself"
            }
            ProtectError::NoKeys(_) => "one key a line, as `age-keygen` writes them",
            ProtectError::NotOnePassphrase { .. } => "write the passphrase on the file's only line",
            ProtectError::NoTerminal => {
                "give the passphrase with `--passphrase-file`, or a private key with `--identity`"
            }
            ProtectError::NeedsPassphrase => {
                "leave `--identity` away and type the passphrase, or name its file with `--passphrase-file`"
            }
            ProtectError::NeedsIdentity => {
                "name the file of your private key, which `age-keygen` made, with `--identity`"
            }
            ProtectError::WrongPassphrase => {
                "it counts whether letters are small or capital, and so does every space"
            }
            ProtectError::WrongIdentity => "name another file with `--identity`",
            ProtectError::DamagedHeader => "download the file again",
            ProtectError::TooMuchWork(_) => "open it with `age -d` first",
            ProtectError::UnknownFormat => "open it with a newer `age -d` first",
            _ => return None,
        })
    }
}
