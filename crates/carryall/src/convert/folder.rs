//! Bytes of files, written beside what tells of them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carryall_format::section::Section;

use super::fields::{text, text_or_empty};
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
        let section = Section::named(text_or_empty(&record, "section"))
            .ok_or_else(|| anyhow!("the contents of a file name no section"))?;
        let id = text_or_empty(&record, "file_id");
        let facts = index
            .find_file(section, id)
            .ok_or_else(|| anyhow!("contents of the file `{id}`, which is not in the export"))?;
        let path = facts.path.as_ref().map(|path| self.folder.join(path));
        let path = path.ok_or_else(|| anyhow!("the file `{id}` has no place in the output"))?;
        let bytes = STANDARD.decode(text(&record, "base64").unwrap_or_default())?;
        if self.open.as_ref().is_none_or(|(open, _)| *open != path) {
            self.open = Some((path.clone(), create(&path)?));
        }
        if let Some((_, file)) = &mut self.open {
            file.write_all(&bytes)
                .with_context(|| path.display().to_string())?;
        }
        if record.get("last").and_then(serde_json::Value::as_bool) == Some(true) {
            self.open = None;
        }
        losses.wrote(Section::FileContents);
        Ok(())
    }
}

/// A new file, with the folders that it stands in.
pub fn create(path: &Path) -> anyhow::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    File::create_new(path).with_context(|| path.display().to_string())
}
