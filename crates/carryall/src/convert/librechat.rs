//! One file a conversation, as LibreChat's own export and import have it: flat, each message with its
//! parent.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use carryall_format::section::Section;
use serde_json::{Value, json};

use super::conversation::Conversation;
use super::fields::{ids, text, text_or_empty};
use super::folder::create;
use super::names::Names;
use super::{Index, Item, Losses, Record, Target};

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
    fn take(&mut self, item: &Item<'_>, _index: &Index, losses: &mut Losses) -> anyhow::Result<()> {
        if let Some(section) = item.section() {
            losses.lost(section);
        }
        Ok(())
    }

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
            .map(|record| message(record, index))
            .collect();
        for record in &talk.messages {
            losses.wrote_fields(Section::Messages, record, MESSAGE_FIELDS);
            if !matches!(text(record, "role"), Some("user" | "assistant")) {
                losses.lost_field(Section::Messages, "role");
            }
        }
        let workspace = text(thread, "workspace_id").and_then(|id| index.workspace_name(id));
        let is = |field: &str| thread.get(field).and_then(Value::as_bool) == Some(true);
        let conversation = json!({
            "conversationId": thread.get("id"),
            "endpoint": "openAI",
            "title": text_or_empty(thread, "title"),
            "exportAt": text(thread, "updated_at"),
            "branches": true,
            "recursive": false,
            "createdAt": text(thread, "created_at"),
            "updatedAt": text(thread, "updated_at"),
            "tags": workspace.into_iter().collect::<Vec<_>>(),
            "isArchived": is("archived"),
            "pinned": is("pinned"),
            "currentMessageId": talk.current(),
            "options": {},
            "messages": messages,
        });
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

fn message(record: &Record, index: &Index) -> Value {
    let is_person = text(record, "role") == Some("user");
    let content = text_or_empty(record, "content");
    let files: Vec<_> = ids(record, "file_ids")
        .filter_map(|id| {
            let facts = index.find_file(Section::UploadedFiles, id)?;
            Some(json!({
                "file_id": id, "filename": facts.name, "bytes": facts.size_bytes,
                "type": facts.media_type,
            }))
        })
        .collect();
    json!({
        "messageId": record.get("id"),
        "parentMessageId": text(record, "parent_id").unwrap_or(NO_PARENT),
        "conversationId": record.get("thread_id"),
        "sender": if is_person { "User" } else { "Assistant" },
        "isCreatedByUser": is_person,
        "text": content,
        "content": [{"type": "text", "text": content}],
        "model": text(record, "model"),
        "endpoint": text(record, "ai_provider"),
        "createdAt": text(record, "created_at"),
        "updatedAt": text(record, "updated_at").or(text(record, "created_at")),
        "error": false,
        "unfinished": false,
        "files": files,
    })
}
