//! Files in a folder. What leads out of it, or through a link, is not opened.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::FileError;

/// A folder of files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Folder {
    root: Arc<OwnedFd>,
    path: Arc<Path>,
}

impl Folder {
    /// Opens the folder, itself perhaps behind a link.
    pub fn open(root: &Path) -> Result<Folder, FileError> {
        Ok(Folder {
            root: Arc::new(open_root(root)?),
            path: root.into(),
        })
    }

    /// Whether its path leads to a folder still.
    pub fn look(&self) -> Result<(), FileError> {
        open_root(&self.path).map(drop)
    }

    /// Opens the file with this key, which was checked.
    pub fn open_file(&self, key: &str) -> Result<OpenFile, FileError> {
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
        Ok(OpenFile {
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
    pub(super) fn step_by_step(&self, key: &str) -> Result<OwnedFd, Errno> {
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

/// The folder itself, perhaps behind a link.
fn open_root(root: &Path) -> Result<OwnedFd, FileError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, root, flags, Mode::empty()).map_err(|error| FileError::Root {
        path: root.to_owned(),
        cause: error.into(),
    })
}

/// A file of the folder.
#[derive(Debug)]
pub struct OpenFile {
    /// Size when it was opened.
    pub size_bytes: u64,
    modified: Option<std::time::SystemTime>,
    file: File,
}

impl OpenFile {
    /// Whether size and time of change are still those of when it was opened.
    pub fn is_unchanged(&self) -> bool {
        self.file
            .metadata()
            .is_ok_and(|now| now.len() == self.size_bytes && now.modified().ok() == self.modified)
    }
}

impl Read for OpenFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}
