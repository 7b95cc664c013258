//! The shape of ChatGPT's `conversations.json`, as many importers read it.
//!
//! One node for the root, without a message; times in seconds, with a fraction. Where the format has no
//! field, a key of its metadata is used that readers pass over: the workspace of a conversation.

use std::collections::BTreeMap;
use std::fs::File;

use carryall_format::section::Section;
use serde::Serialize;
use serde_json::Value;

use super::conversation::Conversation;
use super::fields::{ids, seconds, text, text_or_empty};
use super::list::JsonList;
use super::{Index, Losses, Record, Target};

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
        let first = children.get(&None).map_or(&[][..], Vec::as_slice);
        mapping.insert(root.as_str(), Node::root(&root, first));
        for record in &talk.messages {
            let id = text_or_empty(record, "id");
            let node = Node {
                id,
                message: Some(Message::of(record, index)),
                parent: Some(text(record, "parent_id").unwrap_or(&root)),
                children: children.get(&Some(id)).map_or(&[], Vec::as_slice),
            };
            mapping.insert(id, node);
            losses.wrote_fields(Section::Messages, record, MESSAGE_FIELDS);
        }
        let id = text_or_empty(thread, "id");
        let workspace = text(thread, "workspace_id");
        let is = |field: &str| thread.get(field).and_then(Value::as_bool);
        let created = seconds(thread, "created_at");
        self.list.push(&Chat {
            id,
            conversation_id: id,
            title: thread.get("title"),
            create_time: created,
            update_time: seconds(thread, "updated_at").or(created),
            mapping,
            current_node: talk.current().unwrap_or(&root),
            conversation_template_id: workspace,
            workspace_name: workspace.and_then(|id| index.workspace_name(id)),
            is_archived: is("archived").unwrap_or(false),
            is_starred: is("pinned"),
            moderation_results: [],
            plugin_ids: None,
            safe_urls: [],
        })?;
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

#[derive(Serialize)]
struct Chat<'a> {
    id: &'a str,
    conversation_id: &'a str,
    title: Option<&'a Value>,
    create_time: Option<f64>,
    update_time: Option<f64>,
    mapping: BTreeMap<&'a str, Node<'a>>,
    current_node: &'a str,
    conversation_template_id: Option<&'a str>,
    workspace_name: Option<&'a str>,
    is_archived: bool,
    is_starred: Option<bool>,
    moderation_results: [(); 0],
    plugin_ids: Option<()>,
    safe_urls: [(); 0],
}

#[derive(Serialize)]
struct Node<'a> {
    id: &'a str,
    message: Option<Message<'a>>,
    parent: Option<&'a str>,
    children: &'a [&'a str],
}

impl<'a> Node<'a> {
    fn root(id: &'a str, children: &'a [&'a str]) -> Node<'a> {
        Node {
            id,
            message: None,
            parent: None,
            children,
        }
    }
}

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    author: Author<'a>,
    create_time: Option<f64>,
    update_time: Option<f64>,
    content: Content<'a>,
    status: &'static str,
    end_turn: bool,
    weight: f64,
    metadata: Metadata<'a>,
    recipient: &'static str,
}

#[derive(Serialize)]
struct Author<'a> {
    role: &'a str,
    name: Option<()>,
    metadata: Nothing,
}

/// An empty object.
#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Content<'a> {
    content_type: &'static str,
    parts: [&'a str; 1],
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model_slug: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment<'a>>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    id: &'a str,
    name: &'a str,
    size: Option<u64>,
    mime_type: Option<&'a str>,
}

impl<'a> Message<'a> {
    fn of(record: &'a Record, index: &'a Index) -> Message<'a> {
        let attachments = ids(record, "file_ids").filter_map(|id| {
            let facts = index.find_file(Section::UploadedFiles, id)?;
            Some(Attachment {
                id,
                name: &facts.name,
                size: facts.size_bytes,
                mime_type: facts.media_type.as_deref(),
            })
        });
        let role = text(record, "role").unwrap_or("user");
        Message {
            id: text_or_empty(record, "id"),
            author: Author {
                role,
                name: None,
                metadata: Nothing {},
            },
            create_time: seconds(record, "created_at"),
            update_time: seconds(record, "updated_at"),
            content: Content {
                content_type: "text",
                parts: [text_or_empty(record, "content")],
            },
            status: "finished_successfully",
            end_turn: role == "assistant",
            weight: 1.0,
            metadata: Metadata {
                model_slug: text(record, "model"),
                attachments: attachments.collect(),
            },
            recipient: "all",
        }
    }
}
