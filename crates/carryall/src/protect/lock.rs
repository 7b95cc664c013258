//! What closes a file: the head of an age file, made before the file is, and its key.
//!
//! The head says who can open the file. It is all that a passphrase is needed for, so the passphrase
//! is forgotten as soon as there is a head. Each file gets a nonce of its own, so that one lock may
//! close a second try without the same key stream being used twice.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write};

use age::{Encryptor, Recipient, scrypt, x25519};
use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::chunks::{ChunkKey, ChunkWriter};
use super::{Passphrase, ProtectError};

/// How hard a passphrase is to try: 2^17 steps of scrypt, 128 MiB and some 0.3 s, as OWASP advises. age
/// itself takes as much as fills a second; what it costs here, everybody who asks may make us spend.
const WORK_FACTOR: u8 = 17;
const FILE_KEY_BYTES: usize = 16;
const NONCE_BYTES: usize = 16;

/// A lock. Whoever has it can open what it closed.
#[derive(Clone)]
pub struct Lock {
    head: Vec<u8>,
    file_key: Zeroizing<[u8; FILE_KEY_BYTES]>,
}

impl fmt::Debug for Lock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Lock(…)")
    }
}

impl Lock {
    /// Opened by this passphrase.
    pub fn with_passphrase(passphrase: &Passphrase) -> Result<Lock, ProtectError> {
        let mut recipient = scrypt::Recipient::new(passphrase.secret());
        recipient.set_work_factor(WORK_FACTOR);
        Lock::new(&[&recipient])
    }

    /// Opened by the private key of each of these.
    pub fn for_recipients(recipients: &[x25519::Recipient]) -> Result<Lock, ProtectError> {
        let recipients: Vec<&dyn Recipient> = recipients.iter().map(|one| one as _).collect();
        Lock::new(&recipients)
    }

    /// The head and the file's key: what has to be kept until the file is written.
    pub fn parts(&self) -> (&[u8], &[u8; FILE_KEY_BYTES]) {
        (&self.head, &self.file_key)
    }

    /// The lock that had these parts.
    pub fn of_parts(head: Vec<u8>, file_key: Zeroizing<[u8; FILE_KEY_BYTES]>) -> Lock {
        Lock { head, file_key }
    }

    fn new(recipients: &[&dyn Recipient]) -> Result<Lock, ProtectError> {
        let kept = OnceCell::new();
        let keeping: Vec<Keeping<'_>> = recipients
            .iter()
            .map(|recipient| Keeping {
                recipient: *recipient,
                kept: &kept,
            })
            .collect();
        let mut head = Vec::new();
        Encryptor::with_recipients(keeping.iter().map(|one| one as _))
            .map_err(|_| ProtectError::NotLocked)?
            .wrap_output(&mut head)
            .map_err(ProtectError::Io)?;
        // A nonce follows the head; each file gets one of its own instead.
        head.truncate(head.len() - NONCE_BYTES);
        let file_key = kept.into_inner().ok_or(ProtectError::NotLocked)?;
        Ok(Lock { head, file_key })
    }

    /// Begins a file. The nonce must be new for each.
    pub fn encrypt<W: Write>(
        &self,
        mut out: W,
        nonce: &[u8; NONCE_BYTES],
    ) -> io::Result<ChunkWriter<W>> {
        out.write_all(&self.head)?;
        out.write_all(nonce)?;
        let key = ChunkKey::of_age(&self.file_key, nonce);
        Ok(ChunkWriter::new(key, out))
    }
}

/// A recipient that remembers the key which it was given to wrap.
struct Keeping<'a> {
    recipient: &'a dyn Recipient,
    kept: &'a OnceCell<Zeroizing<[u8; FILE_KEY_BYTES]>>,
}

impl Recipient for Keeping<'_> {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), age::EncryptError> {
        self.kept
            .get_or_init(|| Zeroizing::new(*file_key.expose_secret()));
        self.recipient.wrap_file_key(file_key)
    }
}
