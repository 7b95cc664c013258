//! Where finished exports are kept: a folder, or a bucket of an S3 store.
//!
//! Both keep one promise, and pass one suite (`artifacts/contract.rs`): what can be read under a key is whole,
//! and what was begun and not finished can be removed by whoever comes next. Keys are random and made here,
//! one for each attempt; no name that a person gave comes near. All of it blocks.

mod bucket;
#[cfg(test)]
mod contract;
mod folder;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use carryall_bucket::{Bucket, ObjectAt, Upload};
use carryall_format::original::ReadAt;

use bucket::InBucket;
use folder::Folder;

/// The place.
#[derive(Debug, Clone)]
pub enum Artifacts {
    /// On a disk.
    Folder(Folder),
    /// At a store.
    Bucket(InBucket),
}

impl Artifacts {
    /// Opens the folder, and makes it when there is none.
    pub fn open(root: &Path) -> io::Result<Artifacts> {
        Folder::open(root).map(Artifacts::Folder)
    }

    /// In this bucket, under its prefix.
    pub fn within(bucket: Bucket) -> Artifacts {
        Artifacts::Bucket(InBucket::new(bucket))
    }

    /// Begins a file of about this size, over what an earlier try of the same attempt left.
    pub fn create(&self, key: &str, expected_bytes: u64) -> io::Result<Writing> {
        match self {
            Artifacts::Folder(folder) => folder.create(key).map(Writing::File),
            Artifacts::Bucket(bucket) => {
                let upload = bucket.create(key, expected_bytes)?;
                Ok(Writing::Upload(Box::new(upload)))
            }
        }
    }

    /// Makes a file of this size readable, durably.
    pub fn finish(&self, key: &str, written: Writing, size_bytes: u64) -> io::Result<()> {
        let found = written.size_bytes()?;
        if found != size_bytes {
            return Err(wrong_size(found, size_bytes));
        }
        match (self, written) {
            (Artifacts::Folder(folder), Writing::File(file)) => folder.finish(key, &file),
            (Artifacts::Bucket(bucket), Writing::Upload(upload)) => {
                bucket.finish(key, *upload, size_bytes)
            }
            _ => Err(io::Error::other("the file was begun in another place")),
        }
    }

    /// Opens a finished file.
    pub fn read(&self, key: &str) -> io::Result<Stored> {
        match self {
            Artifacts::Folder(folder) => folder.read(key).map(Stored::File),
            Artifacts::Bucket(bucket) => Ok(Stored::Object(Box::new(bucket.read(key)?))),
        }
    }

    /// Opens a file that a version before this one wrote in clear. There is none in a bucket.
    pub fn read_clear(&self, key: &str) -> io::Result<Stored> {
        match self {
            Artifacts::Folder(folder) => folder.read_clear(key).map(Stored::File),
            Artifacts::Bucket(_) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Removes a file, finished or not. One that is not there is removed already.
    pub fn remove(&self, key: &str) -> io::Result<()> {
        match self {
            Artifacts::Folder(folder) => folder.remove(key),
            Artifacts::Bucket(bucket) => bucket.remove(key),
        }
    }

    /// The keys of all files here, finished or not.
    pub fn keys(&self) -> io::Result<BTreeSet<String>> {
        let mut keys = BTreeSet::new();
        let add = |key: &str| {
            keys.insert(key.to_owned());
        };
        match self {
            Artifacts::Folder(folder) => folder.each_key(add)?,
            Artifacts::Bucket(bucket) => bucket.each_key(add)?,
        }
        Ok(keys)
    }

    /// Looks whether the place is still there.
    pub fn look(&self) -> io::Result<()> {
        match self {
            Artifacts::Folder(folder) => folder.free_bytes().map(drop),
            Artifacts::Bucket(bucket) => bucket.look(),
        }
    }

    /// Space that is left for files; none is known of a store.
    pub fn free_bytes(&self) -> io::Result<Option<u64>> {
        match self {
            Artifacts::Folder(folder) => folder.free_bytes().map(Some),
            Artifacts::Bucket(_) => Ok(None),
        }
    }

    /// Asks it on a thread that may block.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Artifacts) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let artifacts = self.clone();
        tokio::task::spawn_blocking(move || question(&artifacts))
            .await
            .unwrap_or_else(|panic| Err(io::Error::other(panic)))
    }
}

/// A file that is being written. Dropped before [`Artifacts::finish`], it is never readable.
#[derive(Debug)]
pub enum Writing {
    /// On a disk.
    File(File),
    /// At a store.
    Upload(Box<Upload>),
}

impl Writing {
    fn size_bytes(&self) -> io::Result<u64> {
        match self {
            Writing::File(file) => Ok(file.metadata()?.len()),
            Writing::Upload(upload) => Ok(upload.written_bytes()),
        }
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Writing::File(file) => file.write(bytes),
            Writing::Upload(upload) => upload.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A finished file, read at any place.
#[derive(Debug)]
pub enum Stored {
    /// On a disk.
    File(File),
    /// At a store.
    Object(Box<ObjectAt>),
}

impl Stored {
    /// How long it is.
    pub fn size_bytes(&self) -> io::Result<u64> {
        match self {
            Stored::File(file) => Ok(file.metadata()?.len()),
            Stored::Object(object) => Ok(object.size_bytes()),
        }
    }
}

impl ReadAt for Stored {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Stored::File(file) => ReadAt::read_at(file, buffer, offset),
            Stored::Object(object) => object.read_at(buffer, offset),
        }
    }
}

/// Never published: the bytes are not all there.
#[derive(Debug, thiserror::Error)]
#[error("{found} bytes were kept instead of {written}")]
pub struct WrongSize {
    found: u64,
    written: u64,
}

fn wrong_size(found: u64, written: u64) -> io::Error {
    io::Error::other(WrongSize { found, written })
}

/// Whether the bytes that were kept are not as many as were written.
pub fn is_wrong_size(error: &io::Error) -> bool {
    error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<WrongSize>())
        .is_some()
}

fn is_key(text: &str) -> bool {
    text.len() == 32
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
