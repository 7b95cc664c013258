//! The key that exports are signed with, and the list of those that did before.
//!
//! Both stand in one folder: `signing-key.pem`, readable by this program's user alone, and
//! `public-keys.json`, the document that everybody may have. The private key is read anew for each
//! export, so that a rotation needs no restart. Processes that share the folder agree by a lock on it; what
//! stands there is always whole, because files are replaced and never changed.

mod error;
mod private_file;

#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use carryall_format::sign::{KnownKey, KnownKeys, PublicKey, SigningKey};
use carryall_source::whole_file::WholeFile;

pub use self::error::KeysError;
pub use self::private_file::{open_to_others, read_signing_key};
use crate::clock::Clock;
use crate::random::Randomness;

const SIGNING_KEY: &str = "signing-key.pem";
const PUBLIC_KEYS: &str = "public-keys.json";
/// Empty; held while something is replaced.
const LOCK: &str = "lock";

/// The keys of one installation.
#[derive(Clone)]
pub struct Keys {
    folder: PathBuf,
    /// The key that configuration gives; the folder then holds public keys only.
    given: Option<SigningKey>,
    clock: Clock,
    random: Randomness,
}

impl Keys {
    /// The keys in this folder. Nothing is read or made yet.
    pub fn new(
        folder: PathBuf,
        given: Option<SigningKey>,
        clock: Clock,
        random: Randomness,
    ) -> Keys {
        Keys {
            folder,
            given,
            clock,
            random,
        }
    }

    /// Sees to it that there is a key to sign with and that its public half is listed. Of several
    /// processes that start at once one makes the key.
    pub fn prepare(&mut self) -> Result<(), KeysError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|source| self.unusable(source))?;
        // Absolute, so that a later change of directory cannot move it.
        self.folder = self
            .folder
            .canonicalize()
            .map_err(|source| self.unusable(source))?;
        let _lock = self.lock()?;
        let key = match self.signing_key() {
            Err(KeysError::NoSigningKey { .. }) => self.make_signing_key()?,
            found => found?,
        };
        self.list_as_signing(&key.public_key())
    }

    /// The key that signs now.
    pub fn signing_key(&self) -> Result<SigningKey, KeysError> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        let path = self.folder.join(SIGNING_KEY);
        match read_signing_key(&path) {
            Err(KeysError::Unreadable { source, .. }) if is_missing(&source) => {
                let folder = self.folder.clone();
                Err(KeysError::NoSigningKey { folder })
            }
            read => read,
        }
    }

    /// Every public key that is or was signed with, the one that signs now first.
    pub fn known(&self) -> Result<KnownKeys, KeysError> {
        let mut known = self.listed()?;
        if let Some(given) = &self.given {
            let key = given.public_key();
            if !known.keys().iter().any(|known| known.key == key) {
                known.put(key.into());
            }
        }
        if known.keys().is_empty() {
            let folder = self.folder.clone();
            return Err(KeysError::NoSigningKey { folder });
        }
        Ok(known)
    }

    /// Makes a new key to sign with. The old one's private half is removed, its public half stays listed.
    pub fn rotate(&mut self) -> Result<(), KeysError> {
        if self.given.is_some() {
            return Err(KeysError::Given);
        }
        let has_none = matches!(self.signing_key(), Err(KeysError::NoSigningKey { .. }));
        self.prepare()?;
        if has_none {
            return Ok(());
        }
        let _lock = self.lock()?;
        let key = SigningKey::from_seed(&self.random.seed());
        // Listed before it signs: nobody may meet a signature whose key is not published.
        let mut known = self.listed()?;
        known.put(self.signing_from_now(key.public_key()));
        self.write_list(&known)?;
        self.write(SIGNING_KEY, key.to_pem().as_bytes())?;
        self.list_as_signing(&key.public_key())
    }

    fn make_signing_key(&self) -> Result<SigningKey, KeysError> {
        let key = SigningKey::from_seed(&self.random.seed());
        self.write(SIGNING_KEY, key.to_pem().as_bytes())?;
        Ok(key)
    }

    /// Lists this key as the one that signs, and every other as retired. Mends what a process that died
    /// in between has left.
    fn list_as_signing(&self, signing: &PublicKey) -> Result<(), KeysError> {
        let before = self.listed()?;
        let mut after = KnownKeys::default();
        for known in before
            .keys()
            .iter()
            .rev()
            .filter(|known| known.key != *signing)
        {
            after.put(KnownKey {
                retired_at: known.retired_at.or_else(|| Some(self.clock.now())),
                ..known.clone()
            });
        }
        let same = before.keys().iter().find(|known| known.key == *signing);
        after.put(match same {
            Some(known) => KnownKey {
                retired_at: None,
                ..known.clone()
            },
            None => self.signing_from_now(signing.clone()),
        });
        if after == before {
            return Ok(());
        }
        tracing::info!(key = %signing.id(), "this key signs exports from now on");
        self.write_list(&after)
    }

    fn signing_from_now(&self, key: PublicKey) -> KnownKey {
        KnownKey {
            key,
            created_at: Some(self.clock.now()),
            retired_at: None,
        }
    }

    fn listed(&self) -> Result<KnownKeys, KeysError> {
        let path = self.folder.join(PUBLIC_KEYS);
        match fs::read_to_string(&path) {
            Ok(text) => {
                KnownKeys::parse(&text).map_err(|source| KeysError::NotAKey { path, source })
            }
            Err(error) if is_missing(&error) => Ok(KnownKeys::default()),
            Err(source) => Err(KeysError::Unreadable { path, source }),
        }
    }

    fn write_list(&self, known: &KnownKeys) -> Result<(), KeysError> {
        self.write(PUBLIC_KEYS, known.to_json().as_bytes())
    }

    /// Replaces a file of the folder, durably and as a whole.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), KeysError> {
        let replace = || -> io::Result<()> {
            let file = WholeFile::beside(&self.folder.join(name))?;
            let mut writer = file.writer()?;
            self.give_to_the_folders_owner(&writer)?;
            writer.write_all(bytes)?;
            file.publish()
        };
        replace().map_err(|source| self.unusable(source))
    }

    fn lock(&self) -> Result<File, KeysError> {
        let open = || -> io::Result<File> {
            let lock = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(self.folder.join(LOCK))?;
            self.give_to_the_folders_owner(&lock)?;
            lock.lock()?;
            Ok(lock)
        };
        open().map_err(|source| self.unusable(source))
    }

    /// A key that root has rotated must still be readable by the account that serves.
    fn give_to_the_folders_owner(&self, file: &File) -> io::Result<()> {
        let (folder, found) = (fs::metadata(&self.folder)?, file.metadata()?);
        if found.uid() == folder.uid() {
            return Ok(());
        }
        fchown(file, Some(folder.uid()), Some(folder.gid()))
    }

    fn unusable(&self, source: io::Error) -> KeysError {
        let path = self.folder.clone();
        KeysError::Folder { path, source }
    }
}

/// `carryall-keys` beside the ledger.
pub fn folder_beside(ledger: &Path) -> PathBuf {
    ledger.with_file_name("carryall-keys")
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}
