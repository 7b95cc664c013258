//! A bucket that files are restored into.
//!
//! Promises: an object is there when the store has all of it. That is before the rows are permanent, but no row names it,
//! and it goes again when they do not become so. What a killed import left has names that the next import of the same file
//! uses again. Where everything is only tried, nothing is sent.

use std::io::{self, Write as _};

use carryall_bucket::{Access, Address, Bucket, BucketError, Upload};

use super::failed;
use crate::import::error::ImportError;

/// Objects on their way.
#[derive(Debug)]
pub(in crate::import) struct InBucket {
    bucket: Bucket,
    dry_run: bool,
    open: Option<Upload>,
    /// What there is, or may be, newest last.
    written: Vec<String>,
}

impl InBucket {
    /// Looks whether the bucket is there.
    pub(super) fn open(
        address: &Address,
        access: &Access,
        dry_run: bool,
    ) -> Result<InBucket, ImportError> {
        let of_it = |error: BucketError| ImportError::Bucket {
            bucket: address.to_string(),
            cause: error,
        };
        let bucket = Bucket::new(address.clone(), access).map_err(of_it)?;
        bucket.look().map_err(of_it)?;
        Ok(InBucket {
            bucket,
            dry_run,
            open: None,
            written: Vec::new(),
        })
    }

    fn failed(&self, cause: BucketError) -> ImportError {
        ImportError::Bucket {
            bucket: self.bucket.address().to_string(),
            cause,
        }
    }

    /// Begins the object with this key.
    pub(super) fn begin(&mut self, key: &str) -> Result<(), ImportError> {
        self.publish()?;
        if self.dry_run {
            return Ok(());
        }
        let note = note(key);
        let begun = self.bucket.undo_upload(key, &note);
        let begun = begun.and_then(|()| self.bucket.upload(key, &note, 0));
        self.open = Some(begun.map_err(|cause| self.failed(cause))?);
        self.written.push(key.to_owned());
        Ok(())
    }

    /// More of the object that was begun last.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ImportError> {
        let written = self
            .open
            .as_mut()
            .map_or(Ok(()), |open| open.write_all(bytes));
        written.map_err(|cause: io::Error| failed(self.bucket.address().to_string(), cause))
    }

    /// Makes the last one an object.
    pub(super) fn publish(&mut self) -> Result<(), ImportError> {
        let finished = self.open.take().map_or(Ok(()), Upload::finish);
        finished.map_err(|cause| self.failed(cause))
    }

    /// The rows are there for good, and so are the files.
    pub(super) fn keep(mut self) {
        self.written.clear();
    }
}

impl Drop for InBucket {
    fn drop(&mut self) {
        self.open = None;
        // Whatever cannot be removed any more has a name that the next import of this file uses again.
        for key in self.written.iter().rev() {
            let _ = self.bucket.undo_upload(key, &note(key));
            let _ = self.bucket.remove(key);
        }
    }
}

/// Says how a large object that nobody will finish is undone.
fn note(key: &str) -> String {
    format!("{key}.upload")
}
