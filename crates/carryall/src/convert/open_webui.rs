//! What the chat import of Open WebUI 0.12 takes: its own export, one list of chats.
//!
//! A chat is put under a tag with its workspace's name: folders have to be there before an import, and
//! are made by hand. The import gives chats new ids.

use std::fs::File;

use carryall_format::section::Section;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::conversation::Conversation;
use super::fields::{ids, text, text_or_empty, whole_seconds};
use super::list::JsonList;
use super::{Index, Losses, Record, Target};

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
    fn converse(
        &mut self,
        talk: &Conversation,
        index: &Index,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let thread = &talk.thread;
        let children = talk.children();
        let mut messages = Messages::default();
        let mut models: Vec<&str> = Vec::new();
        for record in &talk.messages {
            let id = text_or_empty(record, "id");
            let follow = children.get(&Some(id)).map_or(&[][..], Vec::as_slice);
            messages.0.push((id, Message::of(record, follow, index)));
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
        let title = text_or_empty(thread, "title");
        self.list.push(&Outer {
            id: text_or_empty(thread, "id"),
            title,
            created_at: created,
            updated_at: updated.or(created),
            archived: is("archived"),
            pinned: is("pinned"),
            share_id: None,
            folder_id: None,
            meta: json!({"tags": workspace.into_iter().collect::<Vec<_>>()}),
            variables: json!({}),
            current_message_id: talk.current(),
            chat: Chat {
                id: text_or_empty(thread, "id"),
                title,
                models,
                params: json!({}),
                files: [],
                tags: [],
                timestamp: created.map(|seconds| seconds * 1000),
                history: History {
                    current_id: talk.current(),
                    messages,
                },
                messages: [],
            },
        })?;
        losses.wrote_fields(Section::Threads, thread, THREAD_FIELDS);
        Ok(())
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        self.list.finish()
    }
}

#[derive(Serialize)]
struct Outer<'a> {
    id: &'a str,
    title: &'a str,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    archived: bool,
    pinned: bool,
    share_id: Option<()>,
    folder_id: Option<()>,
    meta: Value,
    variables: Value,
    current_message_id: Option<&'a str>,
    chat: Chat<'a>,
}

#[derive(Serialize)]
struct Chat<'a> {
    id: &'a str,
    title: &'a str,
    models: Vec<&'a str>,
    params: Value,
    files: [(); 0],
    tags: [(); 0],
    timestamp: Option<i64>,
    history: History<'a>,
    messages: [(); 0],
}

#[derive(Serialize)]
struct History<'a> {
    #[serde(rename = "currentId")]
    current_id: Option<&'a str>,
    messages: Messages<'a>,
}

/// An object, in the order of the conversation.
#[derive(Default)]
struct Messages<'a>(Vec<(&'a str, Message<'a>)>);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, message)| (id, message)))
    }
}

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    #[serde(rename = "parentId")]
    parent_id: Option<&'a str>,
    #[serde(rename = "childrenIds")]
    children_ids: &'a [&'a str],
    role: &'a str,
    content: &'a str,
    timestamp: Option<i64>,
    #[serde(flatten)]
    answer: Option<Answer<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<FileFacts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<&'a Value>,
}

#[derive(Serialize)]
struct Answer<'a> {
    model: Option<&'a str>,
    #[serde(rename = "modelName")]
    model_name: Option<&'a str>,
    done: bool,
}

#[derive(Serialize)]
struct FileFacts<'a> {
    r#type: &'static str,
    id: &'a str,
    name: &'a str,
    size: Option<u64>,
    content_type: Option<&'a str>,
}

impl<'a> Message<'a> {
    fn of(record: &'a Record, children_ids: &'a [&'a str], index: &'a Index) -> Message<'a> {
        let role = text(record, "role").unwrap_or("user");
        let model = text(record, "model");
        let files = ids(record, "file_ids").filter_map(|id| {
            let facts = index.find_file(Section::UploadedFiles, id)?;
            Some(FileFacts {
                r#type: "file",
                id,
                name: &facts.name,
                size: facts.size_bytes,
                content_type: facts.media_type.as_deref(),
            })
        });
        let structured = |field: &str| {
            let value = record.get(field)?;
            (value.is_array() || value.is_object()).then_some(value)
        };
        Message {
            id: text_or_empty(record, "id"),
            parent_id: text(record, "parent_id"),
            children_ids,
            role,
            // The import takes NUL out without a word.
            content: text_or_empty(record, "content"),
            timestamp: whole_seconds(record, "created_at"),
            // A model answers; where the product names one beside a question, it is kept there, too.
            answer: (role == "assistant" || model.is_some()).then_some(Answer {
                model,
                model_name: model,
                done: true,
            }),
            files: files.collect(),
            sources: structured("sources"),
            usage: structured("usage"),
        }
    }
}
