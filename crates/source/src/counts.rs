//! How much a person has, counted through the data map, so that a page can be held against the file.

mod groups;

use std::collections::{BTreeMap, HashMap};

use carryall_format::header::Ground;
use carryall_format::section::Section;

use crate::data_map::DataMap;
use crate::error::SourceError;
use crate::export::ExportError;
use crate::plan::{EntryPlan, Plan};
use crate::record::as_text;
use crate::snapshot::Snapshot;
use crate::subject::Subject;
use groups::{Group, Groups, some_text, whole};

/// What an export of everything would hold.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Records of each section.
    pub sections: BTreeMap<Section, u64>,
    /// The person's workspaces, in the order of the export.
    pub workspaces: Vec<WorkspaceCounts>,
    /// What stands in no workspace.
    pub outside_workspaces: WorkspaceCounts,
    /// What other people wrote, and so stays.
    pub left_out: Vec<LeftOutCount>,
    /// About how large the file will be without the bytes of files.
    pub estimated_bytes: u64,
    /// Bytes of the files themselves, as the product states them.
    pub file_bytes: u64,
}

/// What stands in one workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkspaceCounts {
    /// `workspaces.id`
    pub id: String,
    /// `workspaces.name`
    pub name: Option<String>,
    /// Whether it is somebody else's.
    pub shared: bool,
    /// Threads.
    pub threads: u64,
    /// Messages in them.
    pub messages: u64,
    /// Files uploaded to it.
    pub uploaded_files: u64,
    /// Documents made in it.
    pub generated_documents: u64,
    /// Memories of it.
    pub workspace_memories: u64,
}

/// Records that stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutCount {
    /// Where they would stand.
    pub section: Section,
    /// Why they do not.
    pub ground: Ground,
    /// What they are; empty for records of other authors.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// Field names, quotes and commas around a record's values, in bytes; as the demo's exports have it.
const RECORD_OVERHEAD_BYTES: u64 = 240;

/// Counts what one person has.
pub fn count(snapshot: &Snapshot, map: &DataMap, subject: &Subject) -> Result<Counts, ExportError> {
    let plan = Plan::new(map, &snapshot.catalog()?)?;
    let mut tally = Tally {
        snapshot,
        subject,
        counts: Counts::default(),
        threads: HashMap::new(),
    };
    for entry in plan.of(Section::Workspaces) {
        tally.list_workspaces(entry)?;
    }
    for section in Section::ALL {
        for entry in plan.of(section) {
            tally.count_entry(entry)?;
        }
    }
    // `account_settings` is one object, however many entries feed it.
    if let Some(count) = tally.counts.sections.get_mut(&Section::AccountSettings) {
        *count = (*count).min(1);
    }
    for left_out in &plan.left_out {
        let count = tally.single_number(&left_out.sql)?;
        tally.leave_out(left_out.section, left_out.ground, &left_out.what, count);
    }
    Ok(tally.counts)
}

struct Tally<'a> {
    snapshot: &'a Snapshot,
    subject: &'a Subject,
    counts: Counts,
    /// The workspace of each thread.
    threads: HashMap<Vec<u8>, Option<usize>>,
}

impl Counts {
    /// About how large an export of everything will be, in bytes. Base64 turns 3 bytes into 4.
    #[must_use]
    pub fn estimated_file_bytes(&self, file_contents: bool) -> u64 {
        let contents = if file_contents {
            self.file_bytes.div_ceil(3) * 4
        } else {
            0
        };
        self.estimated_bytes + contents
    }
}

impl Tally<'_> {
    fn list_workspaces(&mut self, entry: &EntryPlan) -> Result<(), SourceError> {
        let place = |name: &str| entry.fields.iter().position(|field| field.name == name);
        let (name, access) = (place("name"), place("access"));
        self.snapshot
            .prepare(&entry.in_order)?
            .for_each(&[self.subject.key.value()], |row| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let is_shared = access.is_some_and(|place| {
                    entry.constant_of(place) == Some("shared")
                        || entry
                            .text_of(Some(place), row)
                            .is_some_and(|access| *access == *b"shared")
                });
                self.counts.workspaces.push(WorkspaceCounts {
                    id: text(&as_text(row.value(entry.id))),
                    name: entry.text_of(name, row).map(|name| text(&name)),
                    shared: is_shared,
                    ..WorkspaceCounts::default()
                });
                Ok(())
            })
    }

    fn count_entry(&mut self, entry: &EntryPlan) -> Result<(), SourceError> {
        let sql = groups::sql(&entry.count);
        let mut groups = Groups::default();
        self.snapshot
            .prepare_for(&format!("count {}", entry.purpose), &sql)?
            .for_each(&[self.subject.key.value()], |row| {
                groups.add(row);
                Ok::<(), SourceError>(())
            })?;
        if entry.section == Section::Threads {
            self.remember_threads(entry)?;
        }
        for group in groups {
            self.add(entry.section, &group);
        }
        self.counts.sections.entry(entry.section).or_insert(0);
        Ok(())
    }

    fn remember_threads(&mut self, entry: &EntryPlan) -> Result<(), SourceError> {
        let workspace = entry.count.workspace.as_deref().unwrap_or("NULL");
        let sql = format!(
            "SELECT {}, {workspace} {}",
            entry.count.id, entry.count.from_where
        );
        self.snapshot
            .prepare(&sql)?
            .for_each(&[self.subject.key.value()], |row| {
                let workspace = some_text(row.value(1)).and_then(|id| self.workspace(&id));
                self.threads
                    .insert(as_text(row.value(0)).into_owned(), workspace);
                Ok(())
            })
    }

    fn workspace(&self, id: &[u8]) -> Option<usize> {
        self.counts
            .workspaces
            .iter()
            .position(|workspace| workspace.id.as_bytes() == id)
    }

    fn add(&mut self, section: Section, group: &Group) {
        *self.counts.sections.entry(section).or_insert(0) += group.own;
        self.counts.estimated_bytes += group.bytes + group.own * RECORD_OVERHEAD_BYTES;
        self.counts.file_bytes += group.file_bytes;
        self.leave_out(section, Ground::RightsOfOthers, "", group.others);
        let by_thread = || {
            self.threads
                .get(group.place.thread.as_deref()?)
                .copied()
                .flatten()
        };
        let workspace = group
            .place
            .workspace
            .as_deref()
            .and_then(|id| self.workspace(id))
            .or_else(by_thread);
        let counts = match workspace {
            Some(place) => &mut self.counts.workspaces[place],
            None => &mut self.counts.outside_workspaces,
        };
        match section {
            Section::Threads => counts.threads += group.own,
            Section::Messages => counts.messages += group.own,
            Section::UploadedFiles => counts.uploaded_files += group.own,
            Section::GeneratedDocuments => counts.generated_documents += group.own,
            Section::WorkspaceMemories => counts.workspace_memories += group.own,
            _ => {}
        }
    }

    fn leave_out(&mut self, section: Section, ground: Ground, what: &str, count: u64) {
        if count > 0 {
            self.counts.left_out.push(LeftOutCount {
                section,
                ground,
                what: what.to_owned(),
                count,
            });
        }
    }

    fn single_number(&self, sql: &str) -> Result<u64, SourceError> {
        let mut count = 0;
        self.snapshot
            .prepare_for("count what is left out", sql)?
            .for_each(&[self.subject.key.value()], |row| {
                count = whole(row.value(0));
                Ok::<(), SourceError>(())
            })?;
        Ok(count)
    }
}
