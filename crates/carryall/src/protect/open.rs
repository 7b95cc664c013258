//! Opens files of the age format, whoever made them, in binary and in armor.
//!
//! Promises: constant memory, nothing deciphered is kept on the disk, and what was changed or cut off
//! is an error when it is reached, never a shorter file.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use age::armor::ArmoredReader;
use age::stream::StreamReader;
use age::{DecryptError, Decryptor, Identity, scrypt, x25519};
use carryall_format::original::ReadAt;

use super::{Passphrase, ProtectError};

/// How files of the format begin, and how their armor does.
const BEGINNINGS: [&[u8]; 2] = [
    b"age-encryption.org/",
    b"-----BEGIN AGE ENCRYPTED FILE-----",
];
/// As much as must be looked at to know such a file.
pub const BEGINNING_BYTES: usize = 64;
/// A head that is longer is none: it would have to be held in memory. Room for 6,000 keys.
const LONGEST_HEAD: u64 = 1 << 20;
/// 2^20 steps take 1 GiB and some seconds; stock `age` asks for 2^18.
const MOST_WORK: u8 = 20;

/// Whether a file that begins so is of the age format.
pub fn is_age(beginning: &[u8]) -> bool {
    // Mail programs put empty lines before the armor.
    let text = beginning.trim_ascii_start();
    BEGINNINGS.iter().any(|known| text.starts_with(known))
}

/// What opens a file.
pub enum Opener {
    /// A passphrase.
    Passphrase(Passphrase),
    /// Private keys.
    Identities(Vec<x25519::Identity>),
}

/// The stream of an opened file.
pub struct Opened<R: Read> {
    reader: StreamReader<ArmoredReader<BufReader<Limited<R>>>>,
}

impl<R: Read> fmt::Debug for Opened<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Opened(…)")
    }
}

/// Opens a file. `opener` hears whether a passphrase is what it takes.
pub fn open<R: Read, E: From<ProtectError>>(
    input: R,
    opener: impl FnOnce(bool) -> Result<Opener, E>,
) -> Result<Opened<R>, E> {
    let left = Arc::new(AtomicU64::new(LONGEST_HEAD));
    let limited = Limited {
        input,
        left: Arc::clone(&left),
    };
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(limited))
        .map_err(|error| meaning(error, false))?;
    let takes_passphrase = decryptor.is_scrypt();
    let opener = opener(takes_passphrase)?;
    left.store(u64::MAX, Ordering::Relaxed);
    let reader = match &opener {
        Opener::Passphrase(_) if !takes_passphrase => Err(ProtectError::NeedsIdentity)?,
        Opener::Identities(_) if takes_passphrase => Err(ProtectError::NeedsPassphrase)?,
        Opener::Passphrase(passphrase) => {
            let mut identity = scrypt::Identity::new(passphrase.secret());
            identity.set_max_work_factor(MOST_WORK);
            decryptor.decrypt(std::iter::once(&identity as &dyn Identity))
        }
        Opener::Identities(keys) => decryptor.decrypt(keys.iter().map(|key| key as &dyn Identity)),
    };
    let reader = reader.map_err(|error| meaning(error, takes_passphrase))?;
    Ok(Opened { reader })
}

fn meaning(error: DecryptError, takes_passphrase: bool) -> ProtectError {
    match error {
        DecryptError::DecryptionFailed | DecryptError::NoMatchingKeys if takes_passphrase => {
            ProtectError::WrongPassphrase
        }
        DecryptError::NoMatchingKeys => ProtectError::WrongIdentity,
        DecryptError::ExcessiveWork { required, .. } => ProtectError::TooMuchWork(required),
        DecryptError::UnknownFormat => ProtectError::UnknownFormat,
        DecryptError::Io(error) if !is_of_the_file(&error) => ProtectError::Io(error),
        _ => ProtectError::DamagedHeader,
    }
}

/// Whether the bytes are to blame, and not the disk.
fn is_of_the_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer).map_err(damaged)
    }
}

/// The library says little; what it means is said here.
fn damaged(error: io::Error) -> io::Error {
    let what = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the encrypted file was cut off",
        io::ErrorKind::InvalidData => "the encrypted file was changed or is damaged",
        _ => return error,
    };
    io::Error::new(error.kind(), what)
}

/// An opened file, read at any place.
#[derive(Debug)]
pub struct OpenedFile {
    /// The file, and where its next byte comes from.
    reading: Mutex<(Opened<File>, u64)>,
    size_bytes: u64,
}

impl OpenedFile {
    /// Looks at the end of the file too, so one that was cut off is known at once.
    pub fn new(mut opened: Opened<File>) -> io::Result<OpenedFile> {
        let size_bytes = opened.reader.seek(SeekFrom::End(0)).map_err(damaged)?;
        opened.reader.seek(SeekFrom::Start(0)).map_err(damaged)?;
        Ok(OpenedFile {
            reading: Mutex::new((opened, 0)),
            size_bytes,
        })
    }

    /// How long it is, opened.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

impl ReadAt for OpenedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let (opened, next) = &mut *reading;
        if *next != offset {
            if offset >= self.size_bytes {
                return Ok(0);
            }
            opened
                .reader
                .seek(SeekFrom::Start(offset))
                .map_err(damaged)?;
            *next = offset;
        }
        let read = opened.read(buffer)?;
        *next += read as u64;
        Ok(read)
    }
}

/// Gives so many bytes and no more, until the head was read.
struct Limited<R> {
    input: R,
    left: Arc<AtomicU64>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == u64::MAX {
            return self.input.read(buffer);
        }
        let most = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let read = self.input.read(&mut buffer[..most])?;
        self.left.store(left - read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: Seek> Seek for Limited<R> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.input.seek(place)
    }
}
