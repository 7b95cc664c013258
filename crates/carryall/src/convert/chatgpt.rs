//! The shape of ChatGPT's `conversations.json`, as many importers read it.
//!
//! One node for the root, without a message; times in seconds, with a fraction. Where the format has no
//! field, a key of its metadata is used that readers pass over: the workspace of a conversation.

use std::collections::BTreeMap;
use std::fs::File;

use carryall_format::section::Section;
use serde_json::{Value, json};

use super::conversation::Conversation;
use super::fields::{ids, seconds, text, text_or_empty};
use super::list::JsonList;
use super::{Index, Item, Losses, Record, Target};

const THREAD_FIELDS: &[&str] = &[
    "id",
    "title",
    "workspace_id",
    "current_message_id",
    "created_at",
    "updated_at",
    "archived",
    "pinned",
];
const MESSAGE_FIELDS: &[&str] = &[
    "id",
    "thread_id",
    "parent_id",
    "role",
    "content",
    "file_ids",
    "model",
    "created_at",
    "updated_at",
];

pub struct Chatgpt {
    list: JsonList,
}

impl Chatgpt {
    pub fn new(out: File) -> anyhow::Result<Chatgpt> {
        Ok(Chatgpt {
            list: JsonList::new(out)?,
        })
    }
}

impl Target for Chatgpt {
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
        let root = root_id(thread);
        let mut mapping = BTreeMap::new();
        let first = children.get(&None).cloned().unwrap_or_default();
        mapping.insert(
            root.as_str(),
            json!({"id": root, "message": null, "parent": null, "children": first}),
        );
        for record in &talk.messages {
            let id = text_or_empty(record, "id");
            let node = json!({
                "id": id,
                "message": message(record, index),
                "parent": text(record, "parent_id").unwrap_or(&root),
                "children": children.get(&Some(id)).cloned().unwrap_or_default(),
            });
            mapping.insert(id, node);
            losses.wrote_fields(Section::Messages, record, MESSAGE_FIELDS);
        }
        let id = text_or_empty(thread, "id");
        let workspace = text(thread, "workspace_id");
        self.list.push(&json!({
            "id": id,
            "conversation_id": id,
            "title": thread.get("title"),
            "create_time": seconds(thread, "created_at"),
            "update_time": seconds(thread, "updated_at").or(seconds(thread, "created_at")),
            "mapping": mapping,
            "current_node": talk.current().unwrap_or(&root),
            "conversation_template_id": workspace,
            "workspace_name": workspace.and_then(|id| index.workspace_name(id)),
            "is_archived": thread.get("archived").and_then(Value::as_bool).unwrap_or(false),
            "is_starred": thread.get("pinned").and_then(Value::as_bool),
            "moderation_results": [],
            "plugin_ids": null,
            "safe_urls": [],
        }))?;
        losses.wrote_fields(Section::Threads, thread, THREAD_FIELDS);
        Ok(())
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        self.list.finish()
    }
}

/// An id that no message of the thread has.
fn root_id(thread: &Record) -> String {
    format!("root-of-{}", text_or_empty(thread, "id"))
}

fn message(record: &Record, index: &Index) -> Value {
    let attachments: Vec<_> = ids(record, "file_ids")
        .filter_map(|id| {
            let facts = index.find_file(Section::UploadedFiles, id)?;
            Some(json!({
                "id": id, "name": facts.name, "size": facts.size_bytes, "mime_type": facts.media_type,
            }))
        })
        .collect();
    let role = text(record, "role").unwrap_or("user");
    let mut metadata = json!({});
    if let Some(model) = text(record, "model") {
        metadata["model_slug"] = model.into();
    }
    if !attachments.is_empty() {
        metadata["attachments"] = attachments.into();
    }
    json!({
        "id": record.get("id"),
        "author": {"role": role, "name": null, "metadata": {}},
        "create_time": seconds(record, "created_at"),
        "update_time": seconds(record, "updated_at"),
        "content": {"content_type": "text", "parts": [text_or_empty(record, "content")]},
        "status": "finished_successfully",
        "end_turn": role == "assistant",
        "weight": 1.0,
        "metadata": metadata,
        "recipient": "all",
    })
}
