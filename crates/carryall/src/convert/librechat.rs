//! One file a conversation, as LibreChat's own export and import have it: flat, each message with its
//! parent.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use carryall_format::section::Section;
use serde::Serialize;
use serde_json::{Value, json};

use super::conversation::{Conversation, Converse};
use super::fields::{Raw, ids, is_true, spelled, text};
use super::folder::put_file;
use super::names::Names;
use super::{Index, Losses, Record, Target};

/// What stands where a message has no parent.
const NO_PARENT: &str = "00000000-0000-0000-0000-000000000000";
/// Kept beyond what every format of conversations keeps.
const ALSO_KEPT: &[&str] = &["ai_provider", "archived", "model", "updated_at"];

pub struct Librechat {
    folder: PathBuf,
}

impl Librechat {
    pub fn new(folder: &Path) -> Librechat {
        Librechat {
            folder: folder.to_owned(),
        }
    }
}

/// Where each conversation lies, by the place of the thread in the index.
struct Paths {
    folder: PathBuf,
    threads: Vec<String>,
}

impl Paths {
    fn of(folder: &Path, index: &Index) -> anyhow::Result<Paths> {
        let mut folders = Names::default();
        let mut folder_of: BTreeMap<String, String> = BTreeMap::new();
        let mut names: BTreeMap<String, Names> = BTreeMap::new();
        let mut threads = Vec::with_capacity(index.threads.len());
        for place in 0..index.threads.len() {
            let thread = index.thread(place)?;
            let workspace = text(&thread, "workspace_id");
            let folder = folder_of
                .entry(workspace.as_deref().unwrap_or_default().to_owned())
                .or_insert_with(|| {
                    let name = workspace.and_then(|id| index.workspace_name(&id));
                    folders.take(name.unwrap_or("Outside workspaces"), "Workspace")
                });
            let title = text(&thread, "title").unwrap_or(Cow::Borrowed("Untitled"));
            let names = names.entry(folder.clone()).or_default();
            let name = names.take(&format!("{title}.json"), "Untitled.json");
            threads.push(format!("{folder}/{name}"));
        }
        Ok(Paths {
            folder: folder.to_owned(),
            threads,
        })
    }
}

impl Target for Librechat {
    fn begin(&mut self, index: &Index) -> anyhow::Result<Option<Box<dyn Converse>>> {
        Ok(Some(Box::new(Paths::of(&self.folder, index)?)))
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        Ok(())
    }
}

impl Converse for Paths {
    fn converse(
        &self,
        talk: &Conversation<'_>,
        index: &Index,
        losses: &mut Losses,
        out: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let thread = &talk.thread;
        let messages: Vec<_> = talk
            .messages
            .iter()
            .map(|record| Message::of(record, index))
            .collect();
        for record in &talk.messages {
            losses.wrote_fields(Section::Messages, record, ALSO_KEPT);
            if !matches!(text(record, "role").as_deref(), Some("user" | "assistant")) {
                losses.lost_field(Section::Messages, "role");
            }
        }
        let workspace = text(thread, "workspace_id").and_then(|id| index.workspace_name(&id));
        let conversation = Chat {
            conversation_id: spelled(thread, "id"),
            endpoint: "openAI",
            title: spelled(thread, "title"),
            export_at: thread.raw("updated_at"),
            branches: true,
            recursive: false,
            created_at: thread.raw("created_at"),
            updated_at: thread.raw("updated_at"),
            tags: workspace.into_iter().collect(),
            is_archived: is_true(thread, "archived"),
            pinned: is_true(thread, "pinned"),
            current_message_id: talk.current(),
            options: json!({}),
            messages,
        };
        super::json(out, &conversation)?;
        put_file(&self.folder.join(&self.threads[talk.place]), out)?;
        losses.wrote_fields(Section::Threads, thread, ALSO_KEPT);
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the format has them")]
struct Chat<'a> {
    conversation_id: Raw<'a>,
    endpoint: &'static str,
    title: Raw<'a>,
    export_at: Option<Raw<'a>>,
    branches: bool,
    recursive: bool,
    created_at: Option<Raw<'a>>,
    updated_at: Option<Raw<'a>>,
    tags: Vec<&'a str>,
    is_archived: bool,
    pinned: bool,
    current_message_id: Option<Cow<'a, str>>,
    options: Value,
    messages: Vec<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(rename = "messageId")]
    id: Raw<'a>,
    parent_message_id: Cow<'a, str>,
    conversation_id: Raw<'a>,
    sender: &'static str,
    is_created_by_user: bool,
    /// Its import takes a text without the list of blocks that some of its own exports have beside it.
    text: Raw<'a>,
    model: Option<Raw<'a>>,
    endpoint: Option<Raw<'a>>,
    created_at: Option<Raw<'a>>,
    updated_at: Option<Raw<'a>>,
    error: bool,
    unfinished: bool,
    files: Vec<FileFacts<'a>>,
}

#[derive(Serialize)]
struct FileFacts<'a> {
    file_id: String,
    filename: &'a str,
    bytes: Option<u64>,
    r#type: Option<&'a str>,
}

impl<'a> Message<'a> {
    fn of(record: &Record<'a>, index: &'a Index) -> Message<'a> {
        let is_created_by_user = text(record, "role").as_deref() == Some("user");
        let files = ids(record, "file_ids").into_iter().filter_map(|id| {
            let facts = index.find_file(Section::UploadedFiles, &id)?;
            Some(FileFacts {
                file_id: id,
                filename: &facts.name,
                bytes: facts.size_bytes,
                r#type: facts.media_type.as_deref(),
            })
        });
        let created_at = record.given("created_at");
        Message {
            id: spelled(record, "id"),
            parent_message_id: text(record, "parent_id").unwrap_or(Cow::Borrowed(NO_PARENT)),
            conversation_id: spelled(record, "thread_id"),
            sender: if is_created_by_user {
                "User"
            } else {
                "Assistant"
            },
            is_created_by_user,
            text: spelled(record, "content"),
            model: record.given("model"),
            endpoint: record.given("ai_provider"),
            created_at,
            updated_at: record.given("updated_at").or(created_at),
            error: false,
            unfinished: false,
            files: files.collect(),
        }
    }
}
