//! Why a file could not be delivered, in words that name it.

use std::io;
use std::path::PathBuf;

use carryall_bucket::BucketError;
use rustix::io::Errno;

/// A file could not be delivered.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The folder of files itself.
    #[error("open the folder of files {}: {cause}", .path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The bucket of files itself, or its store.
    #[error("read the files in {bucket}: {cause}")]
    Bucket {
        /// Its address.
        bucket: String,
        /// Why.
        cause: BucketError,
    },
    /// Nothing there.
    #[error("read the file `{key}`: there is none")]
    Missing {
        /// Its key.
        key: String,
    },
    /// There, but not for this account.
    #[error("read the file `{key}`: permission denied")]
    Denied {
        /// Its key.
        key: String,
    },
    /// A folder, a socket, a device.
    #[error("read the file `{key}`: it is not a file")]
    NotAFile {
        /// Its key.
        key: String,
    },
    /// The key leads out of the root, or through a link, which might.
    #[error("read the file `{key}`: it is not inside the place of files, or is a link")]
    Outside {
        /// Its key.
        key: String,
    },
    /// No file can have this name.
    #[error("read the file `{key}`: {why}")]
    Invalid {
        /// Its key.
        key: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The disk or the file system failed.
    #[error("read the file `{key}`: {cause}")]
    Read {
        /// Its key.
        key: String,
        /// Why.
        cause: io::Error,
    },
}

impl FileError {
    /// Advice for who runs the program.
    pub fn hint(&self) -> Option<String> {
        match self {
            FileError::Root { .. } => Some("check the path after `--files`".to_owned()),
            FileError::Bucket { cause, .. } => cause.hint().map(str::to_owned),
            FileError::Denied { .. } => {
                Some("let this account read the product's files".to_owned())
            }
            FileError::Outside { .. } => {
                Some("check `content` in the data map; links are not followed".to_owned())
            }
            _ => None,
        }
    }

    /// What the kernel's answer means.
    pub(super) fn refused(key: &str, error: Errno) -> Self {
        let key = key.to_owned();
        match error {
            Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG => FileError::Missing { key },
            Errno::ACCESS | Errno::PERM => FileError::Denied { key },
            Errno::LOOP | Errno::XDEV => FileError::Outside { key },
            Errno::ISDIR | Errno::NXIO | Errno::NODEV => FileError::NotAFile { key },
            other => FileError::Read {
                key,
                cause: other.into(),
            },
        }
    }
}
