//! A folder that files are restored into.
//!
//! Promises: until the end a file has no name, so a killed import leaves none; then it gets its name just before the
//! rows become permanent, and loses it again when they do not. Nothing outside the folder is written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::failed;
use crate::import::error::ImportError;
use crate::whole_file::WholeFile;

/// Files on their way into the folder.
#[derive(Debug)]
pub(in crate::import) struct InFolder {
    folder: PathBuf,
    waiting: Vec<WholeFile>,
    open: Option<File>,
    /// What has its name already, newest last.
    published: Vec<PathBuf>,
    made_folders: Vec<PathBuf>,
}

impl InFolder {
    /// Looks whether the folder is there.
    pub(super) fn open(folder: &Path) -> Result<InFolder, ImportError> {
        let restored = InFolder {
            folder: folder.to_owned(),
            waiting: Vec::new(),
            open: None,
            published: Vec::new(),
            made_folders: Vec::new(),
        };
        raise_the_limit();
        match fs::metadata(folder) {
            Ok(found) if found.is_dir() => Ok(restored),
            Ok(_) => Err(restored.failed(io::Error::from(io::ErrorKind::NotADirectory))),
            Err(error) => Err(restored.failed(error)),
        }
    }

    fn failed(&self, cause: io::Error) -> ImportError {
        failed(self.folder.display().to_string(), cause)
    }

    /// Begins a file that will have this key.
    pub(super) fn begin(&mut self, key: &str) -> Result<(), ImportError> {
        let begun = WholeFile::in_folder(&self.folder, &self.folder.join(key)).and_then(|file| {
            let writer = file.writer()?;
            as_the_folder(&writer, &self.folder)?;
            Ok((file, writer))
        });
        let (file, writer) = begun.map_err(|error| self.failed(error))?;
        self.waiting.push(file);
        self.open = Some(writer);
        Ok(())
    }

    /// More of the file that was begun last.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ImportError> {
        let written = self
            .open
            .as_mut()
            .map_or(Ok(()), |file| file.write_all(bytes));
        written.map_err(|error| self.failed(error))
    }

    /// Gives every file its name.
    pub(super) fn publish(&mut self) -> Result<(), ImportError> {
        self.open = None;
        for file in std::mem::take(&mut self.waiting) {
            let path = file.destination().to_owned();
            let published = self.make_folder(&path).and_then(|()| file.publish());
            published.map_err(|error| self.failed(error))?;
            self.published.push(path);
        }
        Ok(())
    }

    /// The folders that a file lies in, as the folder of files is.
    fn make_folder(&mut self, file: &Path) -> io::Result<()> {
        let missing: Vec<PathBuf> = file
            .ancestors()
            .skip(1)
            .take_while(|folder| !folder.exists())
            .map(Path::to_owned)
            .collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(&folder)?;
            self.made_folders.push(folder.clone());
            let like = fs::metadata(&self.folder)?;
            fs::set_permissions(&folder, like.permissions())?;
            give(&File::open(&folder)?, &like)?;
        }
        Ok(())
    }

    /// The rows are there for good, and so are the files.
    pub(super) fn keep(mut self) {
        self.published.clear();
        self.made_folders.clear();
    }
}

impl Drop for InFolder {
    fn drop(&mut self) {
        // Whatever cannot be removed any more has a name that the next import of this file uses again.
        for path in self.published.iter().rev() {
            let _ = fs::remove_file(path);
        }
        for path in self.made_folders.iter().rev() {
            let _ = fs::remove_dir(path);
        }
    }
}

/// Whoever may read the folder may read the file: the product runs under an account of its own.
fn as_the_folder(file: &File, folder: &Path) -> io::Result<()> {
    let like = fs::metadata(folder)?;
    file.set_permissions(fs::Permissions::from_mode(0o600 | (like.mode() & 0o064)))?;
    give(file, &like)
}

/// Gives it to the folder's owner, which only root can.
fn give(file: &File, like: &fs::Metadata) -> io::Result<()> {
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::fchown(file, Some(like.uid()), Some(like.gid()))?;
    }
    Ok(())
}

/// A file without a name is open until it gets one.
fn raise_the_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where this is not allowed, many files end the import with an error of their own.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
}
