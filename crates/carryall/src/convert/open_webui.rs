//! What the chat import of Open WebUI 0.12 takes: its own export, one list of chats.
//!
//! A chat is put under a tag with its workspace's name: folders have to be there before an import, and
//! are made by hand. The import gives chats new ids.

use std::borrow::Cow;

use carryall_format::section::Section;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::conversation::{Conversation, Converse};
use super::fields::{Raw, ids, is_true, spelled, text, text_or_empty, whole_seconds};
use super::{Index, Losses, Record};

/// Kept beyond what every format of conversations keeps.
const ALSO_KEPT: &[&str] = &["archived", "model", "sources", "usage"];

/// Writes them as elements of the list.
#[derive(Clone, Copy)]
pub struct Chats;

impl Converse for Chats {
    fn converse(
        &self,
        talk: &Conversation<'_>,
        index: &Index,
        losses: &mut Losses,
        out: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let thread = &talk.thread;
        let children = talk.children();
        let mut messages = Messages::default();
        let mut models: Vec<Raw<'_>> = Vec::new();
        for record in &talk.messages {
            let id = text_or_empty(record, "id");
            let follow = children.get(&Some(id.clone()));
            let follow = follow.map_or(&[][..], Vec::as_slice);
            messages.0.push((id, Message::of(record, follow, index)));
            if let Some(model) = record.given("model")
                && !models.iter().any(|known| known.get() == model.get())
            {
                models.push(model);
            }
            // The list of sources has a shape of its own there; what is no list cannot be shown.
            if record
                .given("sources")
                .is_some_and(|sources| !sources.get().starts_with('['))
            {
                losses.lost_field(Section::Messages, "sources");
            }
            losses.wrote_fields(Section::Messages, record, ALSO_KEPT);
        }
        let workspace = text(thread, "workspace_id").and_then(|id| index.workspace_name(&id));
        let (created, updated) = (
            whole_seconds(thread, "created_at"),
            whole_seconds(thread, "updated_at"),
        );
        let (id, title) = (spelled(thread, "id"), spelled(thread, "title"));
        super::json(
            out,
            &Outer {
                id,
                title,
                created_at: created,
                updated_at: updated.or(created),
                archived: is_true(thread, "archived"),
                pinned: is_true(thread, "pinned"),
                share_id: None,
                folder_id: None,
                meta: json!({"tags": workspace.into_iter().collect::<Vec<_>>()}),
                variables: json!({}),
                current_message_id: talk.current(),
                chat: Chat {
                    id,
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
            },
        )?;
        losses.wrote_fields(Section::Threads, thread, ALSO_KEPT);
        Ok(())
    }
}

#[derive(Serialize)]
struct Outer<'a> {
    id: Raw<'a>,
    title: Raw<'a>,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    archived: bool,
    pinned: bool,
    share_id: Option<()>,
    folder_id: Option<()>,
    meta: Value,
    variables: Value,
    current_message_id: Option<Cow<'a, str>>,
    chat: Chat<'a>,
}

#[derive(Serialize)]
struct Chat<'a> {
    id: Raw<'a>,
    title: Raw<'a>,
    models: Vec<Raw<'a>>,
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
    current_id: Option<Cow<'a, str>>,
    messages: Messages<'a>,
}

/// An object, in the order of the conversation.
#[derive(Default)]
struct Messages<'a>(Vec<(Cow<'a, str>, Message<'a>)>);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, message)| (id, message)))
    }
}

#[derive(Serialize)]
struct Message<'a> {
    id: Raw<'a>,
    #[serde(rename = "parentId")]
    parent_id: Option<Raw<'a>>,
    #[serde(rename = "childrenIds")]
    children_ids: &'a [Cow<'a, str>],
    role: Cow<'a, str>,
    content: Raw<'a>,
    timestamp: Option<i64>,
    #[serde(flatten)]
    answer: Option<Answer<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<FileFacts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<Raw<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Raw<'a>>,
}

#[derive(Serialize)]
struct Answer<'a> {
    model: Option<Raw<'a>>,
    #[serde(rename = "modelName")]
    model_name: Option<Raw<'a>>,
    done: bool,
}

#[derive(Serialize)]
struct FileFacts<'a> {
    r#type: &'static str,
    id: String,
    name: &'a str,
    size: Option<u64>,
    content_type: Option<&'a str>,
}

impl<'a> Message<'a> {
    fn of(record: &Record<'a>, children_ids: &'a [Cow<'a, str>], index: &'a Index) -> Message<'a> {
        let role = text(record, "role").unwrap_or(Cow::Borrowed("user"));
        let model = record.given("model");
        let files = ids(record, "file_ids").into_iter().filter_map(|id| {
            let facts = index.find_file(Section::UploadedFiles, &id)?;
            Some(FileFacts {
                r#type: "file",
                id,
                name: &facts.name,
                size: facts.size_bytes,
                content_type: facts.media_type.as_deref(),
            })
        });
        let structured = |field: &str| {
            let value = record.raw(field)?;
            value.get().starts_with(['[', '{']).then_some(value)
        };
        Message {
            id: spelled(record, "id"),
            parent_id: record.given("parent_id"),
            children_ids,
            // The import takes NUL out without a word.
            content: spelled(record, "content"),
            timestamp: whole_seconds(record, "created_at"),
            // A model answers; where the product names one beside a question, it is kept there, too.
            answer: (role == "assistant" || model.is_some()).then_some(Answer {
                model,
                model_name: model,
                done: true,
            }),
            role,
            files: files.collect(),
            sources: structured("sources"),
            usage: structured("usage"),
        }
    }
}
