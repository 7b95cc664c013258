//! How much stands in which workspace, for the help page's checklist.

use std::collections::HashMap;

use super::check::{Checked, Hasher};
use super::finding::{SHOWN_CHARS, shortened};
use super::keys::decoded;
use super::record::{Table, Values};
use crate::section::Section;

/// What one record adds.
#[derive(Debug)]
pub enum Tally {
    /// A workspace.
    Workspace {
        hash: u64,
        id: String,
        name: Option<String>,
        is_shared: bool,
    },
    /// A thread, and the workspace that it names.
    Thread { hash: u64, workspace: Option<u64> },
    /// Messages of one thread.
    Messages { thread: u64, count: u64 },
    /// A file, document or memory.
    Other {
        section: Section,
        workspace: Option<u64>,
        thread: Option<u64>,
    },
}

/// Makes tallies of the records of one section.
pub struct Walk {
    section: Section,
    workspace: Option<usize>,
    thread: Option<usize>,
    last_thread: Option<(Vec<u8>, u64, u64)>,
}

impl Walk {
    pub fn new(section: Section, table: &Table) -> Walk {
        Walk {
            section,
            workspace: table.index_of("workspace_id"),
            thread: table.index_of("thread_id"),
            last_thread: None,
        }
    }

    /// Counts a record. It has no hash where it has no id.
    pub fn record(
        &mut self,
        text: &[u8],
        values: &Values,
        id_hash: Option<u64>,
        hasher: &Hasher,
        checked: &mut Checked,
    ) {
        let hash_of = |index: Option<usize>| {
            let id = values.text(text, index?)?;
            Some(hasher.id(&decoded(id)))
        };
        let tally = match (self.section, id_hash) {
            (Section::Messages, _) => return self.message(text, values, hasher, checked),
            // Without an id nothing can be in them, and a line for each would outgrow the file.
            (Section::Workspaces, Some(hash)) => workspace(text, values, hash),
            (Section::Threads, Some(hash)) => Tally::Thread {
                hash,
                workspace: hash_of(self.workspace),
            },
            (
                Section::UploadedFiles | Section::GeneratedDocuments | Section::WorkspaceMemories,
                _,
            ) => Tally::Other {
                section: self.section,
                workspace: hash_of(self.workspace),
                thread: hash_of(self.thread),
            },
            _ => return,
        };
        checked.tallies.push(tally);
    }

    /// Messages of a thread stand together, so most need no look-up.
    fn message(&mut self, text: &[u8], values: &Values, hasher: &Hasher, checked: &mut Checked) {
        let thread = self.thread.and_then(|index| values.text(text, index));
        let thread = thread.unwrap_or_default();
        match &mut self.last_thread {
            Some((last, _, count)) if last == thread => *count += 1,
            _ => {
                self.flush(checked);
                let hash = hasher.id(&decoded(thread));
                self.last_thread = Some((thread.to_vec(), hash, 1));
            }
        }
    }

    fn flush(&mut self, checked: &mut Checked) {
        if let Some((_, thread, count)) = self.last_thread.take() {
            checked.tallies.push(Tally::Messages { thread, count });
        }
    }

    pub fn finish(mut self, checked: &mut Checked) {
        self.flush(checked);
    }
}

fn workspace(text: &[u8], values: &Values, hash: u64) -> Tally {
    let table = Table::of(Section::Workspaces);
    let string = |name| {
        let text = values.string(text, table.index_of(name)?)?;
        Some(shortened(&text, SHOWN_CHARS))
    };
    Tally::Workspace {
        hash,
        id: string("id").unwrap_or_default(),
        name: string("name"),
        is_shared: string("access").is_some_and(|access| access == "shared"),
    }
}

/// One line of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct WorkspaceCounts {
    /// Its id; null for what stands outside workspaces.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is somebody else's, shared with the person.
    pub is_shared: bool,
    /// Threads in it.
    pub threads: u64,
    /// Messages in these threads.
    pub messages: u64,
    /// Workspace memories.
    pub memories: u64,
    /// Uploaded files that name the workspace, or one of its threads.
    pub files: u64,
    /// Generated documents, likewise.
    pub documents: u64,
}

#[derive(Debug, Default)]
struct Within {
    workspace: Option<u64>,
    is_met: bool,
    messages: u64,
    files: u64,
    documents: u64,
}

/// All tallies of a file. Some 60 bytes of memory for each thread and workspace.
#[derive(Debug, Default)]
pub struct Checklist {
    lines: Vec<WorkspaceCounts>,
    line_of: HashMap<u64, usize>,
    threads: HashMap<u64, Within>,
    /// By the hash of a workspace that was not met yet.
    direct: HashMap<Option<u64>, WorkspaceCounts>,
}

impl Checklist {
    /// Takes what one record adds.
    pub fn add(&mut self, tally: Tally) {
        match tally {
            Tally::Workspace {
                hash,
                id,
                name,
                is_shared,
            } => {
                self.line_of.insert(hash, self.lines.len());
                self.lines.push(WorkspaceCounts {
                    id: Some(id),
                    name,
                    is_shared,
                    ..WorkspaceCounts::default()
                });
            }
            Tally::Thread { hash, workspace } => {
                let thread = self.threads.entry(hash).or_default();
                thread.workspace = workspace;
                thread.is_met = true;
            }
            Tally::Messages { thread, count } => {
                self.threads.entry(thread).or_default().messages += count;
            }
            Tally::Other {
                section,
                workspace,
                thread: Some(thread),
            } if workspace.is_none() => {
                let thread = self.threads.entry(thread).or_default();
                match section {
                    Section::UploadedFiles => thread.files += 1,
                    _ => thread.documents += 1,
                }
            }
            Tally::Other {
                section, workspace, ..
            } => {
                let line = self.direct.entry(workspace).or_default();
                match section {
                    Section::UploadedFiles => line.files += 1,
                    Section::GeneratedDocuments => line.documents += 1,
                    _ => line.memories += 1,
                }
            }
        }
    }

    /// The lines: each workspace in the order of the file, then what stands outside workspaces, if
    /// anything does.
    pub fn finish(mut self) -> Vec<WorkspaceCounts> {
        let outside = self.lines.len();
        self.lines.push(WorkspaceCounts::default());
        let (line_of, lines) = (&self.line_of, &mut self.lines);
        let line = |workspace: Option<u64>| {
            let known = workspace.and_then(|hash| line_of.get(&hash).copied());
            known.unwrap_or(outside)
        };
        for thread in self.threads.values() {
            let line = &mut lines[line(thread.workspace)];
            line.threads += u64::from(thread.is_met);
            line.messages += thread.messages;
            line.files += thread.files;
            line.documents += thread.documents;
        }
        for (workspace, counts) in &self.direct {
            let line = &mut lines[line(*workspace)];
            line.memories += counts.memories;
            line.files += counts.files;
            line.documents += counts.documents;
        }
        if self.lines[outside] == WorkspaceCounts::default() {
            self.lines.pop();
        }
        self.lines
    }
}
