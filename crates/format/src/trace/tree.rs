//! What is known of one workspace: ids, names and counts, and no text of a message.

use serde::Serialize;
use serde_json::Value;

use super::find::WorkspaceName;
use super::selection::Selection;
use crate::read::Part;
use crate::verify::{ExportFacts, Gaps};

/// Names and first lines are kept up to so many characters: they are for looking at.
const SHOWN_CHARACTERS: usize = 200;

/// The tree of one workspace.
#[derive(Debug, Serialize)]
pub struct Trace {
    /// What the file says of itself.
    pub export: ExportFacts,
    /// The workspace.
    pub workspace: WorkspaceName,
    /// Its threads, in the order of the file.
    pub threads: Vec<ThreadLine>,
    /// Uploaded files of the workspace and its threads.
    pub files: Vec<FileLine>,
    /// Generated documents, likewise.
    pub documents: Vec<FileLine>,
    /// Its memories.
    pub memories: Vec<MemoryLine>,
    /// Everything else that names it or one of its threads.
    pub other_records: Vec<Collection>,
    /// What the product could not deliver of these records.
    pub gaps: Gaps,
    /// Places where the file is damaged, so that something may be missing here.
    pub damaged_places: u64,
    /// Whether the file ends before its end.
    pub is_cut_off: bool,
    #[serde(skip)]
    pub(super) origin: Origin,
    #[serde(skip)]
    pub(super) selection: Selection,
}

/// What an extract takes over from the file that it is cut from.
#[derive(Debug, Default)]
pub(super) struct Origin {
    /// `export`.
    pub header: Value,
    /// `summary`.
    pub summary: Value,
    /// `integrity`.
    pub integrity: Value,
    /// The keys in the order of the file.
    pub parts: Vec<Part>,
}

/// One conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ThreadLine {
    /// Its id.
    pub id: String,
    /// Its title, up to 200 characters.
    pub title: Option<String>,
    /// `own`, or `shared`: somebody else's.
    pub access: Option<String>,
    /// Whether the person deleted it; the product still holds it.
    pub is_deleted: bool,
    /// How many messages of it stand in the file.
    pub messages: u64,
    /// When the earliest of them was made.
    pub first_message_at: Option<String>,
    /// When the latest of them was made.
    pub last_message_at: Option<String>,
}

/// One file or document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileLine {
    /// Its id.
    pub id: String,
    /// Its name, or else its title, up to 200 characters.
    pub name: Option<String>,
    /// Its size in bytes, as the product states it.
    pub size_bytes: Option<u64>,
    /// The thread of this workspace that it belongs to.
    pub thread_id: Option<String>,
    /// Whether the person deleted it; the product still holds it.
    pub is_deleted: bool,
    /// The place of its thread in [`Trace::threads`].
    #[serde(skip)]
    pub thread: Option<usize>,
}

/// One memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemoryLine {
    /// Its id.
    pub id: String,
    /// The first line of it that says something, up to 200 characters.
    pub first_line: String,
    /// Whether the person deleted it; the product still holds it.
    pub is_deleted: bool,
}

/// Records of one collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Collection {
    /// The product's word for what they are.
    pub collection: String,
    /// How many.
    pub count: u64,
}

impl Trace {
    /// Messages of all threads.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.threads.iter().map(|thread| thread.messages).sum()
    }

    /// Records of all other collections.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.other_records.iter().map(|one| one.count).sum()
    }

    /// Whether something may be missing.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.damaged_places > 0 || self.is_cut_off
    }
}

impl ThreadLine {
    /// Counts a message.
    pub(super) fn message(&mut self, created_at: Option<&str>) {
        self.messages += 1;
        let Some(time) = created_at else { return };
        // With the `Z`, a whole second would come after its own fractions.
        let moment = |time: &str| time.trim_end_matches('Z').to_owned();
        let (first, last) = (&mut self.first_message_at, &mut self.last_message_at);
        if first
            .as_ref()
            .is_none_or(|first| moment(time) < moment(first))
        {
            *first = Some(time.to_owned());
        }
        if last.as_ref().is_none_or(|last| moment(time) > moment(last)) {
            *last = Some(time.to_owned());
        }
    }
}

/// A name as it is kept.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The first line that says something.
pub(super) fn first_line(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty());
    shortened(line.unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_s_dates_are_its_earliest_and_latest_whatever_order_messages_come_in() {
        let mut thread = ThreadLine::default();
        for time in [
            "2026-01-02T00:00:00.500Z",
            "2026-01-02T00:00:00Z",
            "2026-01-03T00:00:00Z",
            "2026-01-03T00:00:00.001Z",
        ] {
            thread.message(Some(time));
        }
        thread.message(None);
        assert_eq!(thread.messages, 5);
        assert_eq!(
            thread.first_message_at.as_deref(),
            Some("2026-01-02T00:00:00Z")
        );
        assert_eq!(
            thread.last_message_at.as_deref(),
            Some("2026-01-03T00:00:00.001Z")
        );
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = "é".repeat(201);
        assert_eq!(shortened(&long), format!("{}…", "é".repeat(200)));
        assert_eq!(first_line("\n \n  - a fact \r\nmore"), "- a fact");
        assert_eq!(first_line(""), "");
    }
}
