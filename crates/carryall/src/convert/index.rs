//! What has to be known of an export before its conversations are written.

use std::collections::BTreeMap;

use carryall_format::read::Part;
use carryall_format::section::Section;

use super::Item;
use super::fields::{Record, number, text, text_or_empty};

/// Facts of a file, by which a message tells of it.
#[derive(Debug, Clone, Default)]
pub struct FileFacts {
    pub name: String,
    pub media_type: Option<String>,
    pub size_bytes: Option<u64>,
    pub workspace_id: Option<String>,
    /// Whether its bytes are in the export.
    pub has_contents: bool,
    /// Where its bytes lie in the output, if they do.
    pub path: Option<String>,
}

/// As much of a part of a file as has to be known.
#[derive(serde::Deserialize)]
struct ContentsOf<'a> {
    #[serde(borrow)]
    section: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    file_id: std::borrow::Cow<'a, str>,
}

/// Workspaces, threads and files, as they stand in the export.
#[derive(Debug, Default)]
pub struct Index {
    export: Box<[u8]>,
    account: Box<[u8]>,
    pub workspaces: BTreeMap<String, Workspace>,
    /// In file order.
    pub threads: Vec<Box<[u8]>>,
    pub thread_places: BTreeMap<String, usize>,
    pub files: BTreeMap<(Section, String), FileFacts>,
}

/// A workspace.
#[derive(Debug)]
pub struct Workspace {
    name: Option<String>,
    record: Box<[u8]>,
}

impl Index {
    /// Notes one value.
    pub fn add(&mut self, item: &Item<'_>) -> anyhow::Result<()> {
        match item.part {
            Part::Export => self.export = item.text.into(),
            Part::Section(Section::AccountSettings) => self.account = item.text.into(),
            Part::Section(Section::Workspaces) => {
                let record = item.record()?;
                let workspace = Workspace {
                    name: text(&record, "name").map(Into::into),
                    record: item.text.into(),
                };
                let id = text_or_empty(&record, "id").into_owned();
                self.workspaces.insert(id, workspace);
            }
            Part::Section(Section::Threads) => {
                let id = text_or_empty(&item.record()?, "id").into_owned();
                self.thread_places.insert(id, self.threads.len());
                self.threads.push(item.text.into());
            }
            Part::Section(section @ (Section::UploadedFiles | Section::GeneratedDocuments)) => {
                self.file(section, &item.record()?);
            }
            Part::Section(Section::FileContents) => self.contents(item.text)?,
            _ => {}
        }
        Ok(())
    }

    fn contents(&mut self, text: &[u8]) -> anyhow::Result<()> {
        let part: ContentsOf<'_> = serde_json::from_slice(text)?;
        let section = Section::named(&part.section);
        let key = section.map(|section| (section, part.file_id.into_owned()));
        if let Some(facts) = key.and_then(|key| self.files.get_mut(&key)) {
            facts.has_contents = true;
        }
        Ok(())
    }

    fn file(&mut self, section: Section, record: &Record<'_>) {
        let owned = |field| text(record, field).map(Into::into);
        let facts = FileFacts {
            name: owned("name").or_else(|| owned("title")).unwrap_or_default(),
            media_type: owned("media_type"),
            size_bytes: number(record, "size_bytes"),
            workspace_id: owned("workspace_id"),
            has_contents: false,
            path: None,
        };
        let id = text_or_empty(record, "id").into_owned();
        self.files.insert((section, id), facts);
    }

    /// The `export` object.
    pub fn export(&self) -> serde_json::Result<Record<'_>> {
        read_or_none(&self.export)
    }

    /// The account.
    pub fn account(&self) -> serde_json::Result<Record<'_>> {
        read_or_none(&self.account)
    }

    /// A thread, by its place.
    pub fn thread(&self, place: usize) -> serde_json::Result<Record<'_>> {
        Record::read(&self.threads[place])
    }

    /// A workspace.
    pub fn workspace(&self, id: &str) -> Option<serde_json::Result<Record<'_>>> {
        let workspace = self.workspaces.get(id)?;
        Some(Record::read(&workspace.record))
    }

    /// A workspace's name.
    pub fn workspace_name(&self, id: &str) -> Option<&str> {
        self.workspaces.get(id)?.name.as_deref()
    }

    /// A file.
    pub fn find_file(&self, section: Section, id: &str) -> Option<&FileFacts> {
        self.files.get(&(section, id.to_owned()))
    }
}

fn read_or_none(text: &[u8]) -> serde_json::Result<Record<'_>> {
    if text.is_empty() {
        return Ok(Record::default());
    }
    Record::read(text)
}
