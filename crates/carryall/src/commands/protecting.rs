//! Flags that have a file encrypted, and the file that is written then.
//!
//! What closes the file is made before anything is written: a flag that cannot be followed ends the
//! command, and never leaves a file that anybody can read.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};

use crate::protect::chunks::ChunkWriter;
use crate::protect::handed::{Handed, Hashed};
use crate::protect::{Lock, Passphrase, ProtectError, keys};
use crate::random::Randomness;

/// Public keys to encrypt to.
#[derive(Debug, Clone, clap::Args)]
pub struct RecipientArgs {
    /// Encrypt the file to this public key (age1…), so that only the private key opens it. May be given
    /// several times; each of the private keys opens it then
    #[arg(long, value_name = "KEY")]
    recipient: Vec<String>,
    /// Encrypt the file to the public keys in this file, one a line
    #[arg(long, value_name = "FILE")]
    recipients_file: Vec<PathBuf>,
}

impl RecipientArgs {
    /// Whether there is any.
    pub fn is_given(&self) -> bool {
        !self.recipient.is_empty() || !self.recipients_file.is_empty()
    }

    /// What closes the file; none when nothing asks for it.
    pub fn lock(&self) -> Result<Option<Lock>, ProtectError> {
        if !self.is_given() {
            return Ok(None);
        }
        let mut all = Vec::new();
        for text in &self.recipient {
            all.push(keys::recipient(text)?);
        }
        for path in &self.recipients_file {
            all.append(&mut keys::recipients_in(path)?);
        }
        Lock::for_recipients(&all).map(Some)
    }
}

/// How the file is encrypted, if at all.
#[derive(Debug, Clone, clap::Args)]
pub struct ProtectArgs {
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Encrypt the file with the passphrase that is this file's only line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recipient", "recipients_file"])]
    passphrase_file: Option<PathBuf>,
    /// Encrypt the file with a passphrase that is asked for
    #[arg(long, conflicts_with_all = ["recipient", "recipients_file", "passphrase_file"])]
    passphrase: bool,
}

impl ProtectArgs {
    /// What closes the file; none when no flag asks for it.
    pub fn lock(&self, out: &Path) -> anyhow::Result<Option<Lock>> {
        let passphrase = match &self.passphrase_file {
            Some(path) => Some(Passphrase::in_file(path)),
            None if self.passphrase => Some(Passphrase::asked_twice()),
            None => None,
        };
        let lock = match passphrase {
            Some(text) => text
                .and_then(Passphrase::strong)
                .and_then(|passphrase| Lock::with_passphrase(&passphrase))
                .map(Some),
            None => self.recipients.lock(),
        };
        or_refuse(lock, out)
    }
}

/// The lock, or none; a file whose name says that it is encrypted must have one.
pub fn or_refuse(
    lock: Result<Option<Lock>, ProtectError>,
    out: &Path,
) -> anyhow::Result<Option<Lock>> {
    let lock =
        lock.map_err(|error| advised("the file cannot be encrypted, so none was written", &error))?;
    if lock.is_none() && out.extension().is_some_and(|extension| extension == "age") {
        bail!(
            "{} has the name of an encrypted file, and nothing says with what to encrypt it\nhint: add a passphrase or a `--recipient`, or name the file without .age",
            out.display()
        );
    }
    Ok(lock)
}

/// The error with what it is about and its advice.
pub fn advised(about: &str, error: &ProtectError) -> anyhow::Error {
    let hint = error.hint().map(|hint| format!("\nhint: {hint}"));
    anyhow!("{about}: {error}{}", hint.unwrap_or_default())
}

/// Writes to `out`, encrypted. The answer is what was written: its size and its SHA-256.
pub fn write_encrypted<W: Write + Send + 'static, T>(
    lock: &Lock,
    out: W,
    write: impl FnOnce(Handed<ChunkWriter<Hashed<W>>>) -> anyhow::Result<T>,
) -> anyhow::Result<(T, u64, [u8; 32])> {
    let nonce = Randomness::system().nonce();
    let out = Handed::new(lock.encrypt(Hashed::new(out), &nonce)?);
    let written = write(out.other())?;
    let (_, size_bytes, sha256) = out.take()?.finish()?.finish();
    Ok((written, size_bytes, sha256))
}
