//! Bytes of files, written beside what tells of them, and texts that grow as records come.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carryall_format::section::Section;

use super::fields::{is_true, text_or_empty};
use super::{Index, Item, Losses};

/// Writes `file_contents` where the index says that each file lies.
pub struct Attachments {
    folder: PathBuf,
    open: Option<(PathBuf, File)>,
}

impl Attachments {
    pub fn new(folder: &Path) -> Attachments {
        Attachments {
            folder: folder.to_owned(),
            open: None,
        }
    }

    /// Takes one part.
    pub fn take(
        &mut self,
        item: &Item<'_>,
        index: &Index,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let record = item.record()?;
        let section = Section::named(&text_or_empty(&record, "section"))
            .ok_or_else(|| anyhow!("the contents of a file name no section"))?;
        let id = text_or_empty(&record, "file_id");
        let facts = index
            .find_file(section, &id)
            .ok_or_else(|| anyhow!("contents of the file `{id}`, which is not in the export"))?;
        let path = facts.path.as_ref().map(|path| self.folder.join(path));
        let path = path.ok_or_else(|| anyhow!("the file `{id}` has no place in the output"))?;
        let bytes = STANDARD.decode(text_or_empty(&record, "base64").as_bytes())?;
        if self.open.as_ref().is_none_or(|(open, _)| *open != path) {
            self.open = Some((path.clone(), create(&path)?));
        }
        if let Some((_, file)) = &mut self.open {
            file.write_all(&bytes)
                .with_context(|| path.display().to_string())?;
        }
        if is_true(&record, "last") {
            self.open = None;
        }
        losses.wrote(Section::FileContents);
        Ok(())
    }
}

/// Where pages are put.
pub trait Append {
    /// Writes at the end of a file, by its path in the folder.
    fn append(&mut self, path: &str, text: &[u8]) -> anyhow::Result<()>;
}

/// New files, one after the other.
pub struct Alone<'a> {
    folder: &'a Path,
    path: String,
    /// What the file will hold.
    text: &'a mut Vec<u8>,
}

impl<'a> Alone<'a> {
    /// `room` is empty, and is left so.
    pub fn new(folder: &'a Path, room: &'a mut Vec<u8>) -> Alone<'a> {
        Alone {
            folder,
            path: String::new(),
            text: room,
        }
    }

    /// Writes the last one.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        if self.path.is_empty() {
            return Ok(());
        }
        put_file(&self.folder.join(&self.path), self.text)
    }
}

impl Append for Alone<'_> {
    fn append(&mut self, path: &str, text: &[u8]) -> anyhow::Result<()> {
        if self.path != path {
            self.flush()?;
            path.clone_into(&mut self.path);
        }
        self.text.extend_from_slice(text);
        Ok(())
    }
}

/// How much of all growing files waits in memory.
const WAITING_BYTES: usize = 4 << 20;

/// Files that grow as records come: as many as there are workspaces, so that none is kept open.
pub struct Growing {
    folder: PathBuf,
    /// Path, what waits to be written to it, and whether the file is there.
    files: BTreeMap<String, (Vec<u8>, bool)>,
    waiting_bytes: usize,
}

impl Growing {
    pub fn new(folder: &Path) -> Growing {
        Growing {
            folder: folder.to_owned(),
            files: BTreeMap::new(),
            waiting_bytes: 0,
        }
    }

    /// Whether it was begun.
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Writes what waits.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        for (path, (waiting, is_there)) in &mut self.files {
            if waiting.is_empty() {
                continue;
            }
            let path = self.folder.join(path);
            let mut file = if *is_there {
                OpenOptions::new()
                    .append(true)
                    .open(&path)
                    .with_context(|| path.display().to_string())?
            } else {
                create(&path)?
            };
            file.write_all(waiting)
                .with_context(|| path.display().to_string())?;
            // Its room, too: there may be very many.
            *waiting = Vec::new();
            *is_there = true;
        }
        self.waiting_bytes = 0;
        Ok(())
    }
}

impl Append for Growing {
    fn append(&mut self, path: &str, text: &[u8]) -> anyhow::Result<()> {
        if !self.files.contains_key(path) {
            self.files.insert(path.to_owned(), (Vec::new(), false));
        }
        if let Some((waiting, _)) = self.files.get_mut(path) {
            waiting.extend_from_slice(text);
        }
        self.waiting_bytes += text.len();
        if self.waiting_bytes > WAITING_BYTES {
            self.flush()?;
        }
        Ok(())
    }
}

/// A new file, with the folders that it stands in.
pub fn create(path: &Path) -> anyhow::Result<File> {
    // Nearly always the folder is there.
    let mut created = File::create_new(path);
    if let Err(error) = &created
        && error.kind() == ErrorKind::NotFound
        && let Some(folder) = path.parent()
    {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        created = File::create_new(path);
    }
    created.with_context(|| path.display().to_string())
}

/// A new file with this text in it, which is taken out.
pub fn put_file(path: &Path, text: &mut Vec<u8>) -> anyhow::Result<()> {
    let written = create(path)?.write_all(text);
    text.clear();
    written.with_context(|| path.display().to_string())
}
