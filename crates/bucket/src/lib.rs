//! A bucket of an S3 store, for code that blocks: objects are read, written and removed by name.
//!
//! Promises: a name is an object's key as it is, nothing being decoded or cleaned; an object is read and
//! written in constant memory; what was begun and not finished can be found and undone by whoever comes
//! next; a store that is away for a moment is asked again, and one that stays away is an error that says
//! so. No error holds the name of an object: names of files are personal data.
//!
//! The library beneath is asynchronous. It runs on one thread that belongs to the bucket.

mod access;
mod address;
mod bridge;
mod bucket;
mod error;
mod object;
mod upload;

#[cfg(feature = "server")]
pub mod server;

pub use access::{Access, Encryption, Keys};
pub use address::Address;
pub use bucket::Bucket;
pub use error::BucketError;
pub use object::{Object, ObjectAt};
pub use upload::Upload;
