//! Files in a bucket of an S3 store.
//!
//! A key that the store holds against us is a file's own fault only when it is about that file: a wrong
//! access key, a bucket that is not there and a store that is away are errors of the whole export.

use carryall_bucket::{Access, Address, Bucket, BucketError, Object};

use super::FileError;

/// Opens the bucket and looks into it.
pub fn open(address: &Address, access: &Access) -> Result<Bucket, FileError> {
    let bucket = Bucket::new(address.clone(), access).map_err(|cause| FileError::Bucket {
        bucket: address.to_string(),
        cause,
    })?;
    look(&bucket)?;
    Ok(bucket)
}

/// Whether it is there and may be listed; without that right a missing object looks like a denied one.
pub fn look(bucket: &Bucket) -> Result<(), FileError> {
    bucket.look().map_err(|cause| of_the_store(bucket, cause))
}

/// Opens the file with this key, which was checked.
pub fn open_file(bucket: &Bucket, key: &str) -> Result<Object, FileError> {
    let key = || key.to_owned();
    bucket.open(&key()).map_err(|error| match error {
        BucketError::Missing => FileError::Missing { key: key() },
        BucketError::Name { why } => FileError::Invalid { key: key(), why },
        error if error.is_of_the_store() => of_the_store(bucket, error),
        BucketError::Denied { .. } => FileError::Denied { key: key() },
        error => FileError::Read {
            key: key(),
            cause: error.into(),
        },
    })
}

/// Why reading ended early, unless that is about the object.
pub fn failure_of_the_store(object: &Object) -> Option<FileError> {
    let failure = object.failure()?.clone();
    let of_the_store = failure.is_of_the_store();
    of_the_store.then(|| self::of_the_store(object.bucket(), failure))
}

fn of_the_store(bucket: &Bucket, cause: BucketError) -> FileError {
    FileError::Bucket {
        bucket: bucket.address().to_string(),
        cause,
    }
}
