//! The file that `verify`, `trace` and `view` are given: an export, or an encrypted one.
//!
//! An encrypted one is known by its first bytes and not by its name, and deciphered while it is read:
//! nothing of it is kept on the disk.

use std::fs::File;
use std::io::{IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use carryall_format::original::Original;
use carryall_format::verify::Input;

use super::protecting::advised;
use crate::protect::open::{self, BEGINNING_BYTES, Opened, OpenedFile, Opener};
use crate::protect::{Passphrase, ProtectError, keys};

/// What opens an encrypted export.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct OpenArgs {
    /// A file with the private key that opens an encrypted export, as `age-keygen` makes it. May be given
    /// several times
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    identity: Vec<PathBuf>,
    /// A file whose only line is the passphrase of an encrypted export; without it, it is asked for
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// A file, opened.
pub struct Given {
    /// What is read.
    pub input: Input<Box<dyn Read + Send>>,
    /// How much there is to read; none of a pipe.
    pub size_bytes: Option<u64>,
    /// The file itself, as it lies on the disk.
    pub file: Option<File>,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
}

impl OpenArgs {
    /// Opens a file; - is standard input.
    pub fn open(&self, path: &Path) -> anyhow::Result<Given> {
        if path.as_os_str() == "-" {
            let input = std::io::stdin();
            if input.is_terminal() {
                bail!("standard input is a terminal: pipe an export in, or name a file");
            }
            return self.stream(Box::new(input), path);
        }
        let mut file = opened(path)?;
        if !file.metadata()?.is_file() {
            return self.stream(Box::new(file), path);
        }
        let mut beginning = Vec::new();
        (&file)
            .take(BEGINNING_BYTES as u64)
            .read_to_end(&mut beginning)
            .and_then(|_| file.rewind())
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let itself = file.try_clone()?;
        if !open::is_age(&beginning) {
            return Ok(Given {
                size_bytes: file.metadata().ok().map(|found| found.len()),
                input: Input::File(file.into()),
                file: Some(itself),
                is_encrypted: false,
            });
        }
        let file = OpenedFile::new(self.decipher(file, path)?).map_err(|error| {
            anyhow!("{}: {error}\nhint: download the file again", path.display())
        })?;
        Ok(Given {
            size_bytes: Some(file.size_bytes()),
            input: Input::File(Original::new(file)),
            file: Some(itself),
            is_encrypted: true,
        })
    }

    fn stream(&self, mut input: Box<dyn Read + Send>, path: &Path) -> anyhow::Result<Given> {
        let mut beginning = Vec::new();
        input
            .by_ref()
            .take(BEGINNING_BYTES as u64)
            .read_to_end(&mut beginning)
            .with_context(|| format!("{} cannot be read", name(path)))?;
        let is_encrypted = open::is_age(&beginning);
        let whole = std::io::Cursor::new(beginning).chain(input);
        let input: Box<dyn Read + Send> = if is_encrypted {
            Box::new(self.decipher(whole, path)?)
        } else {
            Box::new(whole)
        };
        Ok(Given {
            input: Input::Stream(input),
            size_bytes: None,
            file: None,
            is_encrypted,
        })
    }

    fn decipher<R: Read>(&self, input: R, path: &Path) -> anyhow::Result<Opened<R>> {
        open::open(input, |takes_passphrase| self.opener(takes_passphrase))
            .map_err(|error: ProtectError| advised(&name(path), &error))
    }

    fn opener(&self, takes_passphrase: bool) -> Result<Opener, ProtectError> {
        if !self.identity.is_empty() {
            let mut all = Vec::new();
            for path in &self.identity {
                all.append(&mut keys::identities_in(path)?);
            }
            return Ok(Opener::Identities(all));
        }
        let passphrase = match &self.passphrase_file {
            Some(path) => Passphrase::in_file(path)?,
            None if takes_passphrase => Passphrase::asked("Passphrase of the file: ")?,
            None => return Err(ProtectError::NeedsIdentity),
        };
        Ok(Opener::Passphrase(Passphrase::known(passphrase)))
    }
}

/// The file's name for people.
pub fn name(path: &Path) -> String {
    if path.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

fn opened(path: &Path) -> anyhow::Result<File> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    if file.metadata().is_ok_and(|found| found.is_dir()) {
        bail!("{} is a folder: name the export in it", path.display());
    }
    Ok(file)
}
