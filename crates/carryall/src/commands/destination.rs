//! Where a command writes a file: under its name only when it is whole.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use anyhow::anyhow;
use carryall_source::whole_file::WholeFile;

/// Has a file written, and gives it its name when it is whole and not before. `flag` is where the person
/// named it. A device or a pipe is written to as it is.
pub fn write_whole<T>(
    path: &Path,
    flag: &str,
    write: impl FnOnce(File) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let unwritable = |error: std::io::Error| {
        anyhow!(
            "{} cannot be written: {error}\nhint: name a file after `{flag}`, in a folder that exists and that this account can write",
            path.display()
        )
    };
    if is_device(path) {
        let device = std::fs::OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(unwritable)?;
        return write(device);
    }
    let file = WholeFile::beside(path).map_err(unwritable)?;
    let written = write(file.writer().map_err(unwritable)?)?;
    file.publish().map_err(unwritable)?;
    Ok(written)
}

/// Standard output, as it is: the standard library's own looks through everything for the end of a line.
pub fn standard_output() -> std::io::Result<File> {
    Ok(std::io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// Whether what is written there is gone, and cannot be written again.
pub fn is_device(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| {
        let kind = found.file_type();
        kind.is_char_device() || kind.is_fifo()
    })
}
