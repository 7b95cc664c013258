//! The shape of ChatGPT's `conversations.json`, as many importers read it.
//!
//! One node for the root, without a message; times in seconds, with a fraction. Where the format has no
//! field, a key of its metadata is used that readers pass over: the workspace of a conversation.

use std::borrow::Cow;
use std::collections::BTreeMap;

use carryall_format::section::Section;
use serde::Serialize;

use super::conversation::{Conversation, Converse};
use super::fields::{Raw, ids, is_true, seconds, spelled, text, text_or_empty};
use super::{Index, Losses, Record};

/// Kept beyond what every format of conversations keeps.
const ALSO_KEPT: &[&str] = &["archived", "model", "updated_at"];

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
        let root = root_id(thread);
        let mut mapping = BTreeMap::new();
        let first = children.get(&None).map_or(&[][..], Vec::as_slice);
        mapping.insert(Cow::Borrowed(root.as_str()), Node::root(&root, first));
        for record in &talk.messages {
            let id = text_or_empty(record, "id");
            let parent = text(record, "parent_id").unwrap_or(Cow::Borrowed(&root));
            let follow = children.get(&Some(id.clone()));
            let node = Node {
                id: id.clone(),
                message: Some(Message::of(record, index)),
                parent: Some(parent),
                children: follow.map_or(&[], Vec::as_slice),
            };
            mapping.insert(id, node);
            losses.wrote_fields(Section::Messages, record, ALSO_KEPT);
        }
        let workspace = text(thread, "workspace_id");
        let created = seconds(thread, "created_at");
        super::json(
            out,
            &Chat {
                id: spelled(thread, "id"),
                conversation_id: spelled(thread, "id"),
                title: thread.raw("title"),
                create_time: created,
                update_time: seconds(thread, "updated_at").or(created),
                mapping,
                current_node: talk.current().unwrap_or(Cow::Borrowed(&root)),
                conversation_template_id: thread.given("workspace_id"),
                workspace_name: workspace.and_then(|id| index.workspace_name(&id)),
                is_archived: is_true(thread, "archived"),
                is_starred: thread.given("pinned"),
                moderation_results: [],
                plugin_ids: None,
                safe_urls: [],
            },
        )?;
        losses.wrote_fields(Section::Threads, thread, ALSO_KEPT);
        Ok(())
    }
}

/// An id that no message of the thread has.
fn root_id(thread: &Record<'_>) -> String {
    format!("root-of-{}", text_or_empty(thread, "id"))
}

#[derive(Serialize)]
struct Chat<'a> {
    id: Raw<'a>,
    conversation_id: Raw<'a>,
    title: Option<Raw<'a>>,
    create_time: Option<f64>,
    update_time: Option<f64>,
    mapping: BTreeMap<Cow<'a, str>, Node<'a>>,
    current_node: Cow<'a, str>,
    conversation_template_id: Option<Raw<'a>>,
    workspace_name: Option<&'a str>,
    is_archived: bool,
    is_starred: Option<Raw<'a>>,
    moderation_results: [(); 0],
    plugin_ids: Option<()>,
    safe_urls: [(); 0],
}

#[derive(Serialize)]
struct Node<'a> {
    id: Cow<'a, str>,
    message: Option<Message<'a>>,
    parent: Option<Cow<'a, str>>,
    children: &'a [Cow<'a, str>],
}

impl<'a> Node<'a> {
    fn root(id: &'a str, children: &'a [Cow<'a, str>]) -> Node<'a> {
        Node {
            id: Cow::Borrowed(id),
            message: None,
            parent: None,
            children,
        }
    }
}

#[derive(Serialize)]
struct Message<'a> {
    id: Raw<'a>,
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
    role: Cow<'a, str>,
    name: Option<()>,
    metadata: Nothing,
}

/// An empty object.
#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Content<'a> {
    content_type: &'static str,
    parts: [Raw<'a>; 1],
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model_slug: Option<Raw<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment<'a>>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    id: String,
    name: &'a str,
    size: Option<u64>,
    mime_type: Option<&'a str>,
}

impl<'a> Message<'a> {
    fn of(record: &Record<'a>, index: &'a Index) -> Message<'a> {
        let attachments = ids(record, "file_ids").into_iter().filter_map(|id| {
            let facts = index.find_file(Section::UploadedFiles, &id)?;
            Some(Attachment {
                id,
                name: &facts.name,
                size: facts.size_bytes,
                mime_type: facts.media_type.as_deref(),
            })
        });
        let role = text(record, "role").unwrap_or(Cow::Borrowed("user"));
        Message {
            id: spelled(record, "id"),
            create_time: seconds(record, "created_at"),
            update_time: seconds(record, "updated_at"),
            content: Content {
                content_type: "text",
                parts: [spelled(record, "content")],
            },
            status: "finished_successfully",
            end_turn: role == "assistant",
            weight: 1.0,
            metadata: Metadata {
                model_slug: record.given("model"),
                attachments: attachments.collect(),
            },
            recipient: "all",
            author: Author {
                role,
                name: None,
                metadata: Nothing {},
            },
        }
    }
}
