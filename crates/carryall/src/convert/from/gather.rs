//! What was read so far: conversations as they come, put where the new file will have them.
//!
//! Promises: every record that is given is written, or counted as another person's. Ids stay as they are
//! where they are free in their section; otherwise the new one is a UUIDv5 and the old one stands in
//! `extra`. In memory stand 8 bytes for each id, and a few hundred for each file.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::io;

use carryall_format::gap::GapCode;
use carryall_format::section::Section;
use serde_json::{Map, Value};

use super::clean::Problems;
use super::detect::Vendor;
use super::draft::Draft;
use super::error::FromError;
use super::ids::made;
use super::spool::{Blobs, Spool};
use super::tree::{Said, arrange};

/// Where the bytes of a file are.
pub enum Bytes {
    /// In an entry of what was handed out.
    Entry(usize),
    /// Here.
    Here(Vec<u8>),
    /// Nowhere, and why.
    Missing(&'static str),
    /// There is only a text, which the record has.
    TextOnly,
}

/// A file or document of a conversation.
pub struct Attached {
    pub draft: Draft,
    /// The place of its message in the conversation.
    pub said: Option<usize>,
    pub bytes: Bytes,
}

/// A conversation.
pub struct Talk {
    pub thread: Draft,
    /// Whose it is, if the export says.
    pub owner: Option<String>,
    pub said: Vec<Said>,
    /// The last message of the branch that the product shows.
    pub current: Option<String>,
    pub attached: Vec<Attached>,
}

/// Bytes that wait for their place.
pub struct Contents {
    pub section: Section,
    pub id: String,
    pub at: ContentsAt,
    pub stated_bytes: Option<u64>,
}

/// Where they wait.
pub enum ContentsAt {
    Entry(usize),
    Blob((u64, u64)),
}

/// All that was read.
pub struct Gathered {
    pub vendor: Vendor,
    pub spools: BTreeMap<Section, Spool>,
    pub gaps: Spool,
    pub blobs: Blobs,
    pub contents: Vec<Contents>,
    /// Who the export knows.
    pub accounts: BTreeMap<String, Draft>,
    /// Whose conversations were met, and how many.
    pub people: BTreeMap<String, u64>,
    /// Conversations and messages of others.
    pub left_out: (u64, u64),
    pub owner: Option<String>,
    /// Who `--person` names.
    pub asked: Option<String>,
    seen: BTreeMap<Section, HashSet<u64>>,
    hasher: RandomState,
}

impl Gathered {
    /// Nothing yet.
    pub fn new(vendor: Vendor, asked: Option<String>) -> Gathered {
        Gathered {
            vendor,
            spools: BTreeMap::new(),
            gaps: Spool::default(),
            blobs: Blobs::default(),
            contents: Vec::new(),
            accounts: BTreeMap::new(),
            people: BTreeMap::new(),
            left_out: (0, 0),
            owner: None,
            asked,
            seen: BTreeMap::new(),
            hasher: RandomState::new(),
        }
    }

    /// Takes a record that stands for itself.
    pub fn add(&mut self, mut draft: Draft) -> Result<String, FromError> {
        self.free_id(&mut draft, "");
        let id = draft.id.clone();
        self.keep(&draft)?;
        Ok(id)
    }

    /// Takes a record unless one of its id was taken.
    pub fn add_once(&mut self, draft: Draft) -> Result<(), FromError> {
        if !self.is_seen(draft.section, &draft.id) {
            self.add(draft)?;
        }
        Ok(())
    }

    /// Takes what the format has no section for.
    pub fn other(
        &mut self,
        collection: &str,
        id: Option<&str>,
        value: Value,
    ) -> Result<String, FromError> {
        self.other_of(collection, id, None, value, Problems::default())
    }

    /// The same, of a conversation, with what was changed in it.
    pub fn other_of(
        &mut self,
        collection: &str,
        id: Option<&str>,
        thread: Option<&str>,
        value: Value,
        mut problems: Problems,
    ) -> Result<String, FromError> {
        let text = value.to_string();
        let id = id.map_or_else(|| made(&[collection, &text]), str::to_owned);
        let mut draft = Draft::new(Section::OtherRecords, format!("{collection}:{id}"));
        draft.set("collection", Some(collection));
        draft.set("thread_id", thread);
        draft.note(problems.rest());
        draft.extra = match value {
            Value::Object(members) => members,
            value => Map::from_iter([("value".to_owned(), value)]),
        };
        self.add(draft)
    }

    /// Takes a conversation that is none: as it stands, with the reason.
    pub fn unreadable(&mut self, text: &[u8], name: &str, problem: &str) -> Result<(), FromError> {
        let text = String::from_utf8_lossy(text);
        let value = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into()));
        let id = self.other("unreadable_conversations", None, value)?;
        let mut gone = Draft::new(Section::OtherRecords, id);
        let reason =
            format!("a conversation in {name} cannot be read: {problem}; it stands here as it is");
        gone.gap(GapCode::InvalidJson, None, reason);
        self.note_gaps(&gone)
    }

    /// Whether something is the person's, by what the export says of its owner.
    pub fn is_theirs(&mut self, owner: Option<&str>) -> bool {
        let Some(owner) = owner else {
            return true;
        };
        *self.people.entry(owner.to_owned()).or_default() += 1;
        match &self.asked {
            Some(asked) if !self.is_called(owner, asked) => false,
            Some(_) => {
                self.owner = Some(owner.to_owned());
                true
            }
            None => self.owner.get_or_insert_with(|| owner.to_owned()) == owner,
        }
    }

    fn is_called(&self, owner: &str, asked: &str) -> bool {
        let account = self.accounts.get(owner);
        let is_named = |field| account.and_then(|one| one.text(field)) == Some(asked);
        owner == asked || is_named("email") || is_named("display_name")
    }

    /// Takes a conversation.
    pub fn talk(&mut self, mut talk: Talk) -> Result<(), FromError> {
        if !self.is_theirs(talk.owner.as_deref()) {
            self.left_out.0 += 1;
            self.left_out.1 += talk.said.len() as u64;
            return Ok(());
        }
        self.free_id(&mut talk.thread, "");
        let thread = talk.thread.id.clone();
        self.free_message_ids(&mut talk, &thread);
        self.attach(&mut talk, &thread)?;
        let arranged = arrange(&mut talk.said);
        if arranged.inherited > 0 {
            let reason = format!(
                "{} of its messages state no time; each has that of the message that it follows",
                arranged.inherited
            );
            talk.thread.gap(GapCode::BadTimestamp, None, reason);
        }
        set_current(&mut talk);
        self.keep(&talk.thread)?;
        let mut said: Vec<_> = talk.said.into_iter().map(Some).collect();
        for place in arranged.order {
            if let Some(mut one) = said[place].take() {
                one.draft.set("thread_id", Some(thread.as_str()));
                self.keep(&one.draft)?;
            }
        }
        Ok(())
    }

    /// Two messages may have one id, in one conversation or in two: a conversation that was branched off
    /// another has its messages.
    fn free_message_ids(&mut self, talk: &mut Talk, thread: &str) {
        let mut new_ids: BTreeMap<String, String> = BTreeMap::new();
        for one in &mut talk.said {
            let old = one.draft.id.clone();
            self.free_id(&mut one.draft, thread);
            // Who follows it means the first of this id.
            new_ids.entry(old).or_insert_with(|| one.draft.id.clone());
        }
        let renew = |id: &mut Option<String>| {
            if let Some(new) = id.as_ref().and_then(|id| new_ids.get(id)) {
                *id = Some(new.clone());
            }
        };
        for one in &mut talk.said {
            renew(&mut one.parent);
        }
        renew(&mut talk.current);
    }

    fn attach(&mut self, talk: &mut Talk, thread: &str) -> Result<(), FromError> {
        for mut one in std::mem::take(&mut talk.attached) {
            let field = match one.draft.section {
                Section::GeneratedDocuments => "generated_document_ids",
                _ => "file_ids",
            };
            one.draft.set("thread_id", Some(thread));
            let workspace = talk.thread.fields.get("workspace_id").cloned();
            one.draft.set("workspace_id", workspace);
            let said = one.said.and_then(|place| talk.said.get_mut(place));
            if let Some(said) = said {
                one.draft.set("message_id", Some(said.draft.id.as_str()));
                let ids = said
                    .draft
                    .fields
                    .entry(field)
                    .or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(ids) = ids {
                    ids.push(Value::String(one.draft.id.clone()));
                }
            }
            // The same file, sent again.
            if !self.is_seen(one.draft.section, &one.draft.id) {
                self.file(one.draft, one.bytes)?;
            }
        }
        Ok(())
    }

    /// Takes a file or a document, with its bytes.
    pub fn file(&mut self, mut draft: Draft, bytes: Bytes) -> Result<(), FromError> {
        self.free_id(&mut draft, "");
        let at = match bytes {
            Bytes::Entry(place) => Some(ContentsAt::Entry(place)),
            Bytes::Here(bytes) => {
                let place = self.blobs.push(&bytes)?;
                Some(ContentsAt::Blob(place))
            }
            Bytes::Missing(reason) => {
                draft.gap(GapCode::MissingObject, None, reason);
                None
            }
            Bytes::TextOnly => None,
        };
        if let Some(at) = at {
            self.contents.push(Contents {
                section: draft.section,
                id: draft.id.clone(),
                at,
                stated_bytes: draft.fields.get("size_bytes").and_then(Value::as_u64),
            });
        }
        self.keep(&draft)
    }

    /// Gives it an id that no other record of its section has.
    fn free_id(&mut self, draft: &mut Draft, within: &str) {
        let seen = self.seen.entry(draft.section).or_default();
        if !draft.id.is_empty() && seen.insert(self.hasher.hash_one(&draft.id)) {
            return;
        }
        let old = draft.id.clone();
        for number in 1_u64.. {
            let words = [draft.section.name(), within, &old, &number.to_string()];
            draft.id = made(&words);
            if seen.insert(self.hasher.hash_one(&draft.id)) {
                break;
            }
        }
        if !old.is_empty() {
            draft
                .extra
                .insert("original_id".to_owned(), Value::String(old));
        }
    }

    fn is_seen(&self, section: Section, id: &str) -> bool {
        let hash = self.hasher.hash_one(id);
        self.seen
            .get(&section)
            .is_some_and(|seen| seen.contains(&hash))
    }

    fn keep(&mut self, draft: &Draft) -> Result<(), FromError> {
        self.note_gaps(draft)?;
        let refers_to = match draft.section {
            Section::Messages | Section::OtherRecords => draft.text("thread_id"),
            _ => draft.text("workspace_id"),
        };
        let refers_to = refers_to.unwrap_or_default().as_bytes();
        let spool = self.spools.entry(draft.section).or_default();
        let body = draft.body().map_err(io::Error::from)?;
        Ok(spool.push(draft.id.as_bytes(), refers_to, &body)?)
    }

    /// Notes the gaps of a record.
    pub fn note_gaps(&mut self, draft: &Draft) -> Result<(), FromError> {
        for gap in &draft.gaps {
            let line = (
                gap.code.name(),
                draft.section.name(),
                &gap.field,
                &gap.reason,
            );
            let line = serde_json::to_vec(&line).map_err(io::Error::from)?;
            self.gaps.push(draft.id.as_bytes(), b"", &line)?;
        }
        Ok(())
    }
}

fn set_current(talk: &mut Talk) {
    let Some(current) = talk.current.take() else {
        return;
    };
    if !talk.said.iter().any(|one| one.draft.id == current) {
        let reason = format!("the message {current} is not in the export");
        let field = Some("current_message_id");
        talk.thread.gap(GapCode::DanglingReference, field, reason);
    }
    talk.thread.set("current_message_id", Some(current));
}
