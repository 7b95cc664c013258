//! The product's files: bytes under a storage key.
//!
//! Promises: nothing outside the root is ever opened, whatever a key says and whatever links lie
//! about; a name that a person gave is found as it is, nothing in it being decoded or cleaned.

mod error;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

pub use self::error::FileError;
use crate::data_map::Content;

/// A folder of files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FileStore {
    root: Arc<OwnedFd>,
}

impl FileStore {
    /// Opens the folder, itself perhaps behind a link.
    pub fn local(root: &Path) -> Result<FileStore, FileError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::openat(CWD, root, flags, Mode::empty()) {
            Ok(root) => Ok(FileStore {
                root: Arc::new(root),
            }),
            Err(error) => Err(FileError::Root {
                path: root.to_owned(),
                cause: error.into(),
            }),
        }
    }

    /// Opens the file with this key: its path under the root.
    pub fn open(&self, key: &str) -> Result<StoredFile, FileError> {
        check(key)?;
        let file = self
            .beneath(key)
            .map_err(|error| FileError::refused(key, error))?;
        let file = File::from(file);
        let found = file.metadata().map_err(|cause| FileError::Read {
            key: key.to_owned(),
            cause,
        })?;
        if !found.is_file() {
            return Err(FileError::NotAFile {
                key: key.to_owned(),
            });
        }
        Ok(StoredFile {
            size_bytes: found.len(),
            modified: found.modified().ok(),
            file,
        })
    }

    /// One call of the kernel where it has that, which no change of the folders can trick.
    #[cfg(target_os = "linux")]
    fn beneath(&self, key: &str) -> Result<OwnedFd, Errno> {
        use rustix::fs::ResolveFlags;
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        // EAGAIN: a folder was being renamed at this moment.
        for _ in 0..16 {
            match rustix::fs::openat2(&self.root, key, FILE, Mode::empty(), resolve) {
                // Older kernels do not have it, and some containers refuse it.
                Err(Errno::NOSYS | Errno::PERM) => break,
                Err(Errno::AGAIN) => {}
                end => return end,
            }
        }
        self.step_by_step(key)
    }

    #[cfg(not(target_os = "linux"))]
    fn beneath(&self, key: &str) -> Result<OwnedFd, Errno> {
        self.step_by_step(key)
    }

    /// Folder by folder; each is opened in the one before, and none through a link.
    fn step_by_step(&self, key: &str) -> Result<OwnedFd, Errno> {
        let path = Path::new(OsStr::from_bytes(key.as_bytes()));
        let mut names = path.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        let mut name = names.next().ok_or(Errno::ISDIR)?;
        let mut folder: Option<OwnedFd> = None;
        for next in names {
            let inside = folder.as_ref().unwrap_or(&self.root);
            folder = Some(open_folder(inside, name)?);
            name = next;
        }
        rustix::fs::openat(
            folder.as_ref().unwrap_or(&self.root),
            name,
            FILE,
            Mode::empty(),
        )
    }
}

/// Not blocking: a pipe without a writer must not hold an export up.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

fn open_folder(inside: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    let error = match rustix::fs::openat(inside, name, FOLDER, Mode::empty()) {
        Ok(folder) => return Ok(folder),
        Err(error) => error,
    };
    let found = rustix::fs::statat(inside, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let is_link = FileType::from_raw_mode(found.st_mode) == FileType::Symlink;
    Err(if is_link { Errno::LOOP } else { error })
}

/// Refuses keys that cannot name a file under the root, before the file system is asked.
fn check(key: &str) -> Result<(), FileError> {
    let invalid = |why| {
        Err(FileError::Invalid {
            key: key.to_owned(),
            why,
        })
    };
    if key.is_empty() {
        return invalid("the key is empty");
    }
    if key.contains('\0') {
        return invalid("the key holds a NUL character");
    }
    if key.starts_with('/') || key.split('/').any(|part| part == "..") {
        return Err(FileError::Outside {
            key: key.to_owned(),
        });
    }
    Ok(())
}

/// A file that is open to be read once, from its start.
#[derive(Debug)]
pub struct StoredFile {
    size_bytes: u64,
    modified: Option<std::time::SystemTime>,
    file: File,
}

impl StoredFile {
    /// Size when it was opened.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Whether size and time of change are still those of when it was opened: ask after the last
    /// byte.
    pub fn is_unchanged(&self) -> bool {
        self.file
            .metadata()
            .is_ok_and(|now| now.len() == self.size_bytes && now.modified().ok() == self.modified)
    }
}

impl Read for StoredFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

/// The key under which the store has a file, from what the product's column holds. `None` when the
/// column holds nothing.
pub fn object_key(content: &Content, raw: &str) -> Option<String> {
    let key = match content.after.as_deref() {
        Some("last_slash") => raw.rsplit('/').next().unwrap_or(raw),
        _ => content
            .strip_prefix
            .iter()
            .find_map(|prefix| raw.strip_prefix(prefix.as_str()))
            .unwrap_or(raw),
    };
    (!raw.is_empty()).then(|| key.to_owned())
}

#[cfg(test)]
mod tests;
