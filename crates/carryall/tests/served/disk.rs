//! A disk that a test may fill.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk of its own for a test that fills it: a tmpfs, which only root may mount.
pub struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    pub fn of_mebibytes(size: usize) -> Disk {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={size}m,mode=0700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "carryall-test"])
            .arg(folder.path())
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "a test that fills a disk needs one of its own: run it as root, who may mount a tmpfs"
        );
        Disk { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all of its room.
    pub fn fill(&self) {
        let mut filler = std::fs::File::create(self.filler()).expect("a file");
        let zeros = vec![0; 1 << 16];
        let full = std::iter::repeat(()).find_map(|()| filler.write_all(&zeros).err());
        let full = full.map(|error| error.kind());
        assert_eq!(full, Some(std::io::ErrorKind::StorageFull));
    }

    /// Gives it back.
    pub fn empty(&self) {
        std::fs::remove_file(self.filler()).expect("removes");
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Processes that still have a file open keep nobody up.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
