//! What the chat import of Open WebUI 0.12 takes: its own export, one list of chats.
//!
//! A chat is put under a tag with its workspace's name: folders have to be there before an import, and
//! are made by hand. The import gives chats new ids.

use std::fs::File;

use carryall_format::section::Section;
use serde_json::{Map, Value, json};

use super::conversation::Conversation;
use super::fields::{ids, text, text_or_empty, whole_seconds};
use super::list::JsonList;
use super::{Index, Item, Losses, Record, Target};

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
    "sources",
    "usage",
    "created_at",
];

pub struct OpenWebui {
    list: JsonList,
}

impl OpenWebui {
    pub fn new(out: File) -> anyhow::Result<OpenWebui> {
        Ok(OpenWebui {
            list: JsonList::new(out)?,
        })
    }
}

impl Target for OpenWebui {
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
        let children = talk.children();
        let mut messages = Map::new();
        let mut models: Vec<&str> = Vec::new();
        for record in &talk.messages {
            let id = text_or_empty(record, "id");
            let follow = children.get(&Some(id)).cloned().unwrap_or_default();
            messages.insert(id.to_owned(), message(record, &follow, index));
            if let Some(model) = text(record, "model")
                && !models.contains(&model)
            {
                models.push(model);
            }
            // The list of sources has a shape of its own there; what is no list cannot be shown.
            if record
                .get("sources")
                .is_some_and(|sources| !sources.is_null() && !sources.is_array())
            {
                losses.lost_field(Section::Messages, "sources");
            }
            losses.wrote_fields(Section::Messages, record, MESSAGE_FIELDS);
        }
        let workspace = text(thread, "workspace_id").and_then(|id| index.workspace_name(id));
        let (created, updated) = (
            whole_seconds(thread, "created_at"),
            whole_seconds(thread, "updated_at"),
        );
        let is = |field: &str| thread.get(field).and_then(Value::as_bool) == Some(true);
        self.list.push(&json!({
            "id": thread.get("id"),
            "title": text_or_empty(thread, "title"),
            "created_at": created,
            "updated_at": updated.or(created),
            "archived": is("archived"),
            "pinned": is("pinned"),
            "share_id": null,
            "folder_id": null,
            "meta": {"tags": workspace.into_iter().collect::<Vec<_>>()},
            "variables": {},
            "current_message_id": talk.current(),
            "chat": {
                "id": thread.get("id"),
                "title": text_or_empty(thread, "title"),
                "models": models,
                "params": {},
                "files": [],
                "tags": [],
                "timestamp": created.map(|seconds| seconds * 1000),
                "history": {"currentId": talk.current(), "messages": messages},
                "messages": [],
            },
        }))?;
        losses.wrote_fields(Section::Threads, thread, THREAD_FIELDS);
        Ok(())
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        self.list.finish()
    }
}

fn message(record: &Record, follow: &[&str], index: &Index) -> Value {
    let role = text(record, "role").unwrap_or("user");
    let files: Vec<_> = ids(record, "file_ids")
        .filter_map(|id| {
            let facts = index.find_file(Section::UploadedFiles, id)?;
            Some(json!({
                "type": "file", "id": id, "name": facts.name, "size": facts.size_bytes,
                "content_type": facts.media_type,
            }))
        })
        .collect();
    let mut message = json!({
        "id": record.get("id"),
        "parentId": text(record, "parent_id"),
        "childrenIds": follow,
        "role": role,
        // It takes NUL out without a word.
        "content": text_or_empty(record, "content"),
        "timestamp": whole_seconds(record, "created_at"),
    });
    if role == "assistant" {
        message["model"] = record.get("model").cloned().unwrap_or_default();
        message["modelName"] = message["model"].clone();
        message["done"] = true.into();
    }
    if !files.is_empty() {
        message["files"] = files.into();
    }
    for field in ["sources", "usage"] {
        if let Some(value @ (Value::Array(_) | Value::Object(_))) = record.get(field) {
            message[field] = value.clone();
        }
    }
    message
}
