//! What the tree keeps of each record.

use std::borrow::Cow;

use super::Walk;
use crate::section::Section;
use crate::trace::error::TraceError;
use crate::trace::find::WorkspaceName;
use crate::trace::selection::Belongings;
use crate::trace::tree::{Collection, FileLine, MemoryLine, ThreadLine, first_line, shortened};
use crate::verify::json::Json;
use crate::verify::keys::decoded;
use crate::verify::record::{Table, another};

/// Where the fields that matter stand in a section's table.
pub(super) struct Places {
    table: &'static Table,
    workspace: Option<usize>,
    thread: Option<usize>,
}

impl Places {
    pub fn of(section: Section) -> Places {
        let table = Table::of(section);
        Places {
            table,
            workspace: table.index_of("workspace_id"),
            thread: table.index_of("thread_id"),
        }
    }
}

impl Walk {
    /// Takes the record that a text is; after damage several may stand in one line.
    pub(super) fn records(
        &mut self,
        section: Section,
        places: &Places,
        text: &[u8],
    ) -> Result<(), TraceError> {
        let mut text = text;
        loop {
            let mut json = Json::new(text);
            if self.values.read(&mut json, places.table).is_err() {
                self.damaged_places += 1;
                return Ok(());
            }
            let (record, rest) = text.split_at(json.at);
            match section {
                Section::Workspaces => self.workspace(record),
                Section::Messages => self.message(record, places)?,
                _ => self.other_record(section, places, record)?,
            }
            let Some(at) = another(rest) else {
                self.damaged_places += u64::from(!rest.trim_ascii().is_empty());
                return Ok(());
            };
            text = &rest[at..];
        }
    }

    /// A record of which there are few: a struct is kept of each that belongs.
    fn other_record(
        &mut self,
        section: Section,
        places: &Places,
        text: &[u8],
    ) -> Result<(), TraceError> {
        let (id, workspace, thread) = (
            self.id(text, Some(0)),
            self.id(text, places.workspace),
            self.id(text, places.thread),
        );
        let record = Belongings {
            id: id.as_deref().unwrap_or_default(),
            workspace: workspace.as_deref(),
            thread: thread.as_deref(),
        };
        if !self.selection.holds(section, record) {
            return Ok(());
        }
        self.selection.add(section, record.id)?;
        let thread = record.thread.and_then(|id| self.selection.threads.get(id));
        let thread = thread.copied();
        match section {
            Section::Threads => self.thread(text, record.id),
            Section::UploadedFiles | Section::GeneratedDocuments => {
                self.file(section, text, thread);
            }
            Section::WorkspaceMemories => self.memory(text),
            _ => self.collection(text),
        }
        Ok(())
    }

    fn id<'a>(&self, text: &'a [u8], place: Option<usize>) -> Option<Cow<'a, [u8]>> {
        self.values.text(text, place?).map(decoded)
    }

    fn string(&self, section: Section, text: &[u8], name: &str) -> Option<String> {
        self.values.string(text, Table::of(section).index_of(name)?)
    }

    fn is_deleted(&self, section: Section, text: &[u8]) -> bool {
        self.string(section, text, "deleted_at").is_some()
    }

    fn workspace(&mut self, text: &[u8]) {
        let string = |name| self.string(Section::Workspaces, text, name);
        let workspace = WorkspaceName {
            id: string("id").unwrap_or_default(),
            name: string("name"),
            access: string("access"),
        };
        self.workspaces.push(workspace);
    }

    fn thread(&mut self, text: &[u8], id: &[u8]) {
        let string = |name| self.string(Section::Threads, text, name);
        let thread = ThreadLine {
            id: string("id").unwrap_or_default(),
            title: string("title").map(|title| shortened(&title)),
            access: string("access"),
            is_deleted: self.is_deleted(Section::Threads, text),
            ..ThreadLine::default()
        };
        let place = self.threads.len();
        self.selection.threads.insert(id.to_vec(), place);
        self.threads.push(thread);
    }

    fn message(&mut self, text: &[u8], places: &Places) -> Result<(), TraceError> {
        let id = self.id(text, places.thread).unwrap_or_default();
        let place = match &self.last_thread {
            Some((last, place)) if *last == *id => *place,
            _ => {
                let place = self.selection.threads.get(&*id).copied();
                self.last_thread = Some((id.into_owned(), place));
                place
            }
        };
        let Some(place) = place else { return Ok(()) };
        let id = self.id(text, Some(0)).unwrap_or_default();
        self.selection.add(Section::Messages, &id)?;
        let created_at = self.string(Section::Messages, text, "created_at");
        self.threads[place].message(created_at.as_deref());
        Ok(())
    }

    fn file(&mut self, section: Section, text: &[u8], thread: Option<usize>) {
        let string = |name| self.string(section, text, name);
        let size = Table::of(section).index_of("size_bytes");
        let size = size.and_then(|place| self.values.raw(text, place));
        let size = size.and_then(|size| std::str::from_utf8(size).ok()?.parse().ok());
        let name = string("name").or_else(|| string("title"));
        let line = FileLine {
            id: string("id").unwrap_or_default(),
            name: name.map(|name| shortened(&name)),
            size_bytes: size,
            thread_id: thread.map(|place| self.threads[place].id.clone()),
            is_deleted: self.is_deleted(section, text),
            thread,
        };
        match section {
            Section::UploadedFiles => self.files.push(line),
            _ => self.documents.push(line),
        }
    }

    fn memory(&mut self, text: &[u8]) {
        let section = Section::WorkspaceMemories;
        let content = self.string(section, text, "content").unwrap_or_default();
        self.memories.push(MemoryLine {
            id: self.string(section, text, "id").unwrap_or_default(),
            first_line: first_line(&content),
            is_deleted: self.is_deleted(section, text),
        });
    }

    fn collection(&mut self, text: &[u8]) {
        let collection = self.string(Section::OtherRecords, text, "collection");
        let collection = collection.unwrap_or_default();
        let mut known = self.other_records.iter_mut();
        match known.find(|known| known.collection == collection) {
            Some(known) => known.count += 1,
            None => self.other_records.push(Collection {
                collection,
                count: 1,
            }),
        }
    }
}
