//! One file a conversation, as LibreChat's own export and import have it: flat, each message with its
//! parent.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use carryall_format::section::Section;
use serde::Serialize;
use serde_json::{Value, json};

use super::conversation::Conversation;
use super::fields::{ids, text, text_or_empty};
use super::folder::create;
use super::names::Names;
use super::{Index, Losses, Record, Target};

/// What stands where a message has no parent.
const NO_PARENT: &str = "00000000-0000-0000-0000-000000000000";
const THREAD_FIELDS: &[&str] = &[
    "id",
    "workspace_id",
    "title",
    "current_message_id",
    "archived",
    "pinned",
    "created_at",
    "updated_at",
];
const MESSAGE_FIELDS: &[&str] = &[
    "id",
    "thread_id",
    "parent_id",
    "role",
    "content",
    "file_ids",
    "model",
    "ai_provider",
    "created_at",
    "updated_at",
];

pub struct Librechat {
    folder: PathBuf,
    names: BTreeMap<String, Names>,
    folders: Names,
    folder_of: BTreeMap<String, String>,
}

impl Librechat {
    pub fn new(folder: &Path) -> Librechat {
        Librechat {
            folder: folder.to_owned(),
            names: BTreeMap::new(),
            folders: Names::default(),
            folder_of: BTreeMap::new(),
        }
    }

    fn path(&mut self, thread: &Record, index: &Index) -> PathBuf {
        let workspace = text(thread, "workspace_id");
        let folders = &mut self.folders;
        let folder = self
            .folder_of
            .entry(workspace.unwrap_or_default().to_owned())
            .or_insert_with(|| {
                let name = workspace.and_then(|id| index.workspace_name(id));
                folders.take(name.unwrap_or("Outside workspaces"), "Workspace")
            });
        let title = format!("{}.json", text(thread, "title").unwrap_or("Untitled"));
        let name = self
            .names
            .entry(folder.clone())
            .or_default()
            .take(&title, "Untitled.json");
        self.folder.join(folder).join(name)
    }
}

impl Target for Librechat {
    fn converse(
        &mut self,
        talk: &Conversation,
        index: &Index,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let thread = &talk.thread;
        let messages: Vec<_> = talk
            .messages
            .iter()
            .map(|record| Message::of(record, index))
            .collect();
        for record in &talk.messages {
            losses.wrote_fields(Section::Messages, record, MESSAGE_FIELDS);
            if !matches!(text(record, "role"), Some("user" | "assistant")) {
                losses.lost_field(Section::Messages, "role");
            }
        }
        let workspace = text(thread, "workspace_id").and_then(|id| index.workspace_name(id));
        let is = |field: &str| thread.get(field).and_then(Value::as_bool) == Some(true);
        let conversation = Chat {
            conversation_id: text_or_empty(thread, "id"),
            endpoint: "openAI",
            title: text_or_empty(thread, "title"),
            export_at: text(thread, "updated_at"),
            branches: true,
            recursive: false,
            created_at: text(thread, "created_at"),
            updated_at: text(thread, "updated_at"),
            tags: workspace.into_iter().collect(),
            is_archived: is("archived"),
            pinned: is("pinned"),
            current_message_id: talk.current(),
            options: json!({}),
            messages,
        };
        let mut out = BufWriter::new(create(&self.path(thread, index))?);
        super::json(&mut out, &conversation)?;
        out.flush()?;
        losses.wrote_fields(Section::Threads, thread, THREAD_FIELDS);
        Ok(())
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the format has them")]
struct Chat<'a> {
    conversation_id: &'a str,
    endpoint: &'static str,
    title: &'a str,
    export_at: Option<&'a str>,
    branches: bool,
    recursive: bool,
    created_at: Option<&'a str>,
    updated_at: Option<&'a str>,
    tags: Vec<&'a str>,
    is_archived: bool,
    pinned: bool,
    current_message_id: Option<&'a str>,
    options: Value,
    messages: Vec<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(rename = "messageId")]
    id: &'a str,
    parent_message_id: &'a str,
    conversation_id: &'a str,
    sender: &'static str,
    is_created_by_user: bool,
    text: &'a str,
    content: [Block<'a>; 1],
    model: Option<&'a str>,
    endpoint: Option<&'a str>,
    created_at: Option<&'a str>,
    updated_at: Option<&'a str>,
    error: bool,
    unfinished: bool,
    files: Vec<FileFacts<'a>>,
}

#[derive(Serialize)]
struct Block<'a> {
    r#type: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct FileFacts<'a> {
    file_id: &'a str,
    filename: &'a str,
    bytes: Option<u64>,
    r#type: Option<&'a str>,
}

impl<'a> Message<'a> {
    fn of(record: &'a Record, index: &'a Index) -> Message<'a> {
        let is_created_by_user = text(record, "role") == Some("user");
        let content = text_or_empty(record, "content");
        let files = ids(record, "file_ids").filter_map(|id| {
            let facts = index.find_file(Section::UploadedFiles, id)?;
            Some(FileFacts {
                file_id: id,
                filename: &facts.name,
                bytes: facts.size_bytes,
                r#type: facts.media_type.as_deref(),
            })
        });
        let created_at = text(record, "created_at");
        Message {
            id: text_or_empty(record, "id"),
            parent_message_id: text(record, "parent_id").unwrap_or(NO_PARENT),
            conversation_id: text_or_empty(record, "thread_id"),
            sender: if is_created_by_user {
                "User"
            } else {
                "Assistant"
            },
            is_created_by_user,
            text: content,
            content: [Block {
                r#type: "text",
                text: content,
            }],
            model: text(record, "model"),
            endpoint: text(record, "ai_provider"),
            created_at,
            updated_at: text(record, "updated_at").or(created_at),
            error: false,
            unfinished: false,
            files: files.collect(),
        }
    }
}
