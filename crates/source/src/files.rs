//! The product's files: bytes under a storage key, in a folder or in a bucket of an S3 store.
//!
//! Promises: nothing outside the root is ever opened, whatever a key says and whatever links lie
//! about; a name that a person gave is found as it is, nothing in it being decoded or cleaned; a file is
//! read in constant memory, and all of its bytes are of one version, or it is known that they are not. A
//! place that does not answer is told from a file that is not there.

mod bucket;
mod error;
mod folder;

use std::io::{self, Read};
use std::path::PathBuf;

use carryall_bucket::{Access, Address, Bucket, Object};

use self::folder::{Folder, OpenFile};

pub use self::error::FileError;
use crate::data_map::Content;

/// Where a product's files are.
#[derive(Debug, Clone)]
pub enum FilePlace {
    /// A folder; a key is a path beneath it.
    Folder(PathBuf),
    /// A bucket; a key stands behind its prefix.
    Bucket(Address, Box<Access>),
}

/// A product's files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FileStore(Store);

#[derive(Debug, Clone)]
enum Store {
    Folder(Folder),
    Bucket(Bucket),
}

impl FileStore {
    /// Opens the place, to see that it can be read.
    pub fn open_place(place: &FilePlace) -> Result<FileStore, FileError> {
        let store = match place {
            FilePlace::Folder(root) => Store::Folder(Folder::open(root)?),
            FilePlace::Bucket(address, access) => Store::Bucket(bucket::open(address, access)?),
        };
        Ok(FileStore(store))
    }

    /// Looks whether the place is still there.
    pub fn look(&self) -> Result<(), FileError> {
        match &self.0 {
            Store::Folder(folder) => folder.look(),
            Store::Bucket(bucket) => bucket::look(bucket),
        }
    }

    /// Opens the file with this key: its path under the root.
    pub fn open(&self, key: &str) -> Result<StoredFile, FileError> {
        check(key)?;
        match &self.0 {
            Store::Folder(folder) => folder.open_file(key).map(Opened::File),
            Store::Bucket(bucket) => bucket::open_file(bucket, key).map(Opened::Object),
        }
        .map(StoredFile)
    }
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
pub struct StoredFile(Opened);

#[derive(Debug)]
enum Opened {
    File(OpenFile),
    Object(Object),
}

impl StoredFile {
    /// Size when it was opened.
    pub fn size_bytes(&self) -> u64 {
        match &self.0 {
            Opened::File(file) => file.size_bytes,
            Opened::Object(object) => object.size_bytes(),
        }
    }

    /// Whether it is the file that was opened, still: ask after the last byte. What is read of an object is
    /// of one version in any case.
    pub fn is_unchanged(&self) -> bool {
        match &self.0 {
            Opened::File(file) => file.is_unchanged(),
            Opened::Object(_) => true,
        }
    }

    /// Why reading ended early, when that says nothing about the file: its store went away.
    #[must_use]
    pub fn store_failure(&self) -> Option<FileError> {
        match &self.0 {
            Opened::File(_) => None,
            Opened::Object(object) => bucket::failure_of_the_store(object),
        }
    }
}

impl Read for StoredFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Opened::File(file) => file.read(buffer),
            Opened::Object(object) => object.read(buffer),
        }
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
mod contract;
#[cfg(test)]
mod tests;
