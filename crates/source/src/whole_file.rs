//! A file that appears under its name when it is whole, and not before.
//!
//! It is written without any name (`O_TMPFILE`), so a killed process leaves nothing behind. File systems
//! without such files get a hidden name in the same folder instead. Readable by its owner alone.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

/// A file on its way to a name.
#[derive(Debug)]
pub struct WholeFile {
    file: File,
    /// Where a file system without nameless files keeps it; removed when dropped.
    hidden: Option<tempfile::TempPath>,
    destination: PathBuf,
}

impl WholeFile {
    /// A file that can become `destination`.
    ///
    /// # Errors
    /// Its folder cannot be written, or a folder has that name.
    pub fn beside(destination: &Path) -> io::Result<WholeFile> {
        if destination.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a folder",
            ));
        }
        WholeFile::in_folder(&folder_of(destination), destination)
    }

    /// The same; until it has its name it lies in this folder, which is in the same file system.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn in_folder(folder: &Path, destination: &Path) -> io::Result<WholeFile> {
        let mode = Mode::RUSR | Mode::WUSR;
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let destination = destination.to_owned();
        match rustix::fs::open(folder, flags, mode) {
            Ok(file) => {
                return Ok(WholeFile {
                    file: file.into(),
                    hidden: None,
                    destination,
                });
            }
            // The folder itself; the others may mean that there are no nameless files here.
            Err(error @ (Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::ROFS)) => {
                return Err(error.into());
            }
            Err(_) => {}
        }
        let (file, hidden) = tempfile::Builder::new()
            .prefix(".export-")
            .tempfile_in(folder)?
            .into_parts();
        Ok(WholeFile {
            file,
            hidden: Some(hidden),
            destination,
        })
    }

    /// Where it will be.
    #[must_use]
    pub fn destination(&self) -> &Path {
        &self.destination
    }

    /// A handle to write with.
    ///
    /// # Errors
    /// There are too many open files.
    pub fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Gives it its name, once every byte is on the disk. An older file of that name is replaced.
    ///
    /// # Errors
    /// It cannot be written to its end, or its folder is gone.
    pub fn publish(self) -> io::Result<()> {
        self.file.sync_all()?;
        match self.hidden {
            Some(hidden) => hidden
                .persist(&self.destination)
                .map_err(|error| error.error)?,
            None => link(&self.file, &self.destination)?,
        }
        File::open(folder_of(&self.destination))?.sync_all()
    }
}

/// A nameless file cannot replace another, so it gets a name beside it first.
fn link(file: &File, destination: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    let placed = rustix::fs::linkat(CWD, &open, CWD, destination, AtFlags::SYMLINK_FOLLOW);
    if placed != Err(rustix::io::Errno::EXIST) {
        return Ok(placed?);
    }
    let name =
        tempfile::Builder::new()
            .prefix(".export-")
            .make_in(folder_of(destination), |name| {
                Ok(rustix::fs::linkat(
                    CWD,
                    &open,
                    CWD,
                    name,
                    AtFlags::SYMLINK_FOLLOW,
                )?)
            })?;
    name.into_temp_path()
        .persist(destination)
        .map_err(|error| error.error)
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn nothing_stands_in_the_folder_before_the_file_is_whole_and_only_the_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.json");
        let file = WholeFile::beside(&path).unwrap();
        file.writer().unwrap().write_all(b"{}").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        file.publish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"{}");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn an_older_file_stays_until_the_new_one_is_whole_and_is_then_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.json");
        std::fs::write(&path, "old").unwrap();
        drop(WholeFile::beside(&path).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        let file = WholeFile::beside(&path).unwrap();
        file.writer().unwrap().write_all(b"new").unwrap();
        file.publish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(WholeFile::beside(&folder.path().join("no/such/export.json")).is_err());
        assert!(WholeFile::beside(folder.path()).is_err());
    }
}
