//! What has to be known of an export before its conversations are written.

use std::collections::BTreeMap;

use carryall_format::read::Part;
use carryall_format::section::Section;

use super::Item;
use super::fields::{Record, text, text_or_empty};

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

/// Workspaces, threads and files.
#[derive(Debug, Default)]
pub struct Index {
    pub about: BTreeMap<&'static str, Record>,
    pub account: Record,
    pub workspaces: BTreeMap<String, Record>,
    /// In file order.
    pub threads: Vec<Box<[u8]>>,
    pub thread_places: BTreeMap<String, usize>,
    pub files: BTreeMap<(Section, String), FileFacts>,
}

impl Index {
    /// Notes one value.
    pub fn add(&mut self, item: &Item<'_>) -> anyhow::Result<()> {
        match item.part {
            Part::Export => {
                self.about.insert("export", item.record()?);
            }
            Part::Section(Section::AccountSettings) => self.account = item.record()?,
            Part::Section(Section::Workspaces) => {
                let record = item.record()?;
                let id = text_or_empty(&record, "id").to_owned();
                self.workspaces.insert(id, record);
            }
            Part::Section(Section::Threads) => {
                let record = item.record()?;
                let id = text_or_empty(&record, "id").to_owned();
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

    fn file(&mut self, section: Section, record: &Record) {
        let owned = |field| text(record, field).map(str::to_owned);
        let facts = FileFacts {
            name: owned("name").or_else(|| owned("title")).unwrap_or_default(),
            media_type: owned("media_type"),
            size_bytes: record.get("size_bytes").and_then(serde_json::Value::as_u64),
            workspace_id: owned("workspace_id"),
            has_contents: false,
            path: None,
        };
        let id = text_or_empty(record, "id").to_owned();
        self.files.insert((section, id), facts);
    }

    /// A workspace's name.
    pub fn workspace_name(&self, id: &str) -> Option<&str> {
        text(self.workspaces.get(id)?, "name")
    }

    /// A file.
    pub fn find_file(&self, section: Section, id: &str) -> Option<&FileFacts> {
        self.files.get(&(section, id.to_owned()))
    }
}
