//! Bytes of files, back where the product keeps them: in a folder, or in a bucket.
//!
//! Promises: an import that fails leaves none, and one whose rows become permanent leaves all. Nothing outside the place is
//! written.

mod bucket;
mod folder;

use std::io;

use self::bucket::InBucket;
use self::folder::InFolder;
use super::error::ImportError;
use crate::files::FilePlace;

/// Files on their way into their place.
#[derive(Debug)]
pub(super) enum Restored {
    Folder(InFolder),
    Bucket(InBucket),
}

impl Restored {
    /// Looks whether the place is there. `dry_run`: nothing will be published.
    pub(super) fn into_place(place: &FilePlace, dry_run: bool) -> Result<Restored, ImportError> {
        Ok(match place {
            FilePlace::Folder(folder) => Restored::Folder(InFolder::open(folder)?),
            FilePlace::Bucket(address, access) => {
                Restored::Bucket(InBucket::open(address, access, dry_run)?)
            }
        })
    }

    /// Begins a file that will have this key.
    pub(super) fn begin(&mut self, key: &str) -> Result<(), ImportError> {
        match self {
            Restored::Folder(folder) => folder.begin(key),
            Restored::Bucket(bucket) => bucket.begin(key),
        }
    }

    /// More of the file that was begun last.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ImportError> {
        match self {
            Restored::Folder(folder) => folder.write(bytes),
            Restored::Bucket(bucket) => bucket.write(bytes),
        }
    }

    /// Gives every file its name.
    pub(super) fn publish(&mut self) -> Result<(), ImportError> {
        match self {
            Restored::Folder(folder) => folder.publish(),
            Restored::Bucket(bucket) => bucket.publish(),
        }
    }

    /// The rows are there for good, and so are the files. Dropped otherwise, they go again.
    pub(super) fn keep(self) {
        match self {
            Restored::Folder(folder) => folder.keep(),
            Restored::Bucket(bucket) => bucket.keep(),
        }
    }
}

fn failed(place: String, cause: io::Error) -> ImportError {
    if cause.kind() == io::ErrorKind::StorageFull {
        return ImportError::NoRoom {
            purpose: "write a file".to_owned(),
            place,
        };
    }
    ImportError::File { place, cause }
}
