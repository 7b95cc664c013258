//! The bucket of finished exports.
//!
//! A file is the object `KEY.sealed`, which is there when the store has all of it, and never before: that is
//! how S3 takes objects. One of several parts has a note beside it, `KEY.upload`, while they are sent;
//! whoever removes the key has the store forget them.

use std::io;

use carryall_bucket::{Bucket, ObjectAt, Upload};

use super::{is_key, wrong_size};

const WHOLE: &str = "sealed";
const NOTE: &str = "upload";

/// The bucket.
#[derive(Debug, Clone)]
pub struct InBucket {
    bucket: Bucket,
}

impl InBucket {
    /// Under the bucket's prefix, which is to be ours alone.
    pub fn new(bucket: Bucket) -> InBucket {
        InBucket { bucket }
    }

    /// Looks whether it is there and may be listed.
    pub fn look(&self) -> io::Result<()> {
        Ok(self.bucket.look()?)
    }

    /// Begins a file, over what an earlier try of the same attempt left.
    pub fn create(&self, key: &str, expected_bytes: u64) -> io::Result<Upload> {
        let (name, note) = (name(key, WHOLE), name(key, NOTE));
        self.bucket.undo_upload(&name, &note)?;
        Ok(self.bucket.upload(&name, &note, expected_bytes)?)
    }

    /// Makes it an object, and asks the store how long that is.
    pub fn finish(&self, key: &str, written: Upload, size_bytes: u64) -> io::Result<()> {
        written.finish()?;
        let found = self.bucket.size_bytes(&name(key, WHOLE))?;
        if found == size_bytes {
            Ok(())
        } else {
            Err(wrong_size(found, size_bytes))
        }
    }

    /// Opens a finished file.
    pub fn read(&self, key: &str) -> io::Result<ObjectAt> {
        Ok(self.bucket.open_at(&name(key, WHOLE))?)
    }

    /// Removes a file, and what was sent of one that nobody will finish.
    pub fn remove(&self, key: &str) -> io::Result<()> {
        let whole = name(key, WHOLE);
        self.bucket.undo_upload(&whole, &name(key, NOTE))?;
        Ok(self.bucket.remove(&whole)?)
    }

    /// Shows the key of every file here, some of them twice.
    pub fn each_key(&self, mut show: impl FnMut(&str)) -> io::Result<()> {
        self.bucket.each_name(|name| {
            if let Some((key, WHOLE | NOTE)) = name.split_once('.')
                && is_key(key)
            {
                show(key);
            }
        })?;
        Ok(())
    }
}

fn name(key: &str, state: &str) -> String {
    debug_assert!(is_key(key), "keys are made by this program");
    format!("{key}.{state}")
}
