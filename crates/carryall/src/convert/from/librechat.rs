//! Conversations that LibreChat exported, one a file: flat, or each message with its answers inside it.
//!
//! A nested one is as deep as the conversation is long, deeper than JSON readers go; it is laid flat before
//! it is read.

use carryall_format::encode::Unit;
use carryall_format::section::Section;
use serde_json::{Value, json};

use super::clean::{Problems, clean};
use super::draft::Draft;
use super::elements::Elements;
use super::error::FromError;
use super::fields::Fields;
use super::gather::{Attached, Bytes, Gathered, Talk};
use super::ids::made;
use super::tree::Said;
use super::{Read, raw};

/// Stands where a message follows none.
const NO_PARENT: &str = "00000000-0000-0000-0000-000000000000";

/// Reads it.
pub fn read(read: &mut Read<'_>) -> Result<(), FromError> {
    for (place, entry) in read.entries() {
        if !read.shapes.contains_key(&place) && !read.bundle.is_single {
            continue;
        }
        let mut elements = Elements::of(read.bundle.read(&entry)?, &entry.name);
        while let Some(text) = elements.next()? {
            conversation(read.gathered, &text, entry.base_name())?;
        }
    }
    Ok(())
}

/// The messages as texts, each with the place of the one that it stands in.
fn taken_apart(text: &[u8]) -> (Vec<u8>, Vec<raw::Node>) {
    let mut rest = vec![b'{'];
    let mut nodes = Vec::new();
    for (key, value) in raw::members(text) {
        if matches!(key, b"\"messages\"" | b"\"messagesTree\"") && value.first() == Some(&b'[') {
            nodes.extend(raw::tree(value, b"\"children\""));
            continue;
        }
        if rest.len() > 1 {
            rest.push(b',');
        }
        rest.extend_from_slice(key);
        rest.push(b':');
        rest.extend_from_slice(value);
    }
    rest.push(b'}');
    (rest, nodes)
}

fn conversation(gathered: &mut Gathered, text: &[u8], file: &str) -> Result<(), FromError> {
    let (rest, nodes) = taken_apart(text);
    let (mut fields, mut problems) = match clean(&rest) {
        Ok((Value::Object(members), problems)) => (Fields::from(members), problems),
        _ => return gathered.unreadable(text, file, "it is no JSON object"),
    };
    let mut thread = thread(&mut fields);
    let mut talk = Talk {
        thread: Draft::new(Section::Threads, ""),
        owner: None,
        said: Vec::new(),
        current: fields.id("currentMessageId"),
        attached: Vec::new(),
    };
    let mut ids: Vec<Option<String>> = Vec::new();
    for (place, node) in nodes.into_iter().enumerate() {
        let around = node.parent.and_then(|parent| ids[parent].clone());
        let Ok((Value::Object(members), changed)) = clean(&node.text) else {
            ids.push(around);
            gathered.unreadable(&node.text, file, "a message of it is no JSON object")?;
            continue;
        };
        let said = message(
            members.into(),
            place,
            around,
            &thread.id,
            &mut talk,
            changed,
        );
        ids.push(Some(said.draft.id.clone()));
        talk.said.push(said);
    }
    thread.note(problems.rest());
    thread.keep(fields);
    talk.thread = thread;
    gathered.talk(talk)
}

fn thread(fields: &mut Fields) -> Draft {
    let mut thread = Draft::new(
        Section::Threads,
        fields.id("conversationId").unwrap_or_default(),
    );
    thread.set(
        "title",
        fields.text("title").filter(|title| !title.is_empty()),
    );
    thread.time("created_at", fields.take("createdAt"), Unit::Milliseconds);
    thread.time("updated_at", fields.take("updatedAt"), Unit::Milliseconds);
    thread.set("archived", fields.boolean("isArchived"));
    thread.set("pinned", fields.boolean("pinned"));
    thread
}

fn message(
    mut fields: Fields,
    place: usize,
    around: Option<String>,
    thread: &str,
    talk: &mut Talk,
    mut changed: Problems,
) -> Said {
    let id = fields.id("messageId");
    let id = id.unwrap_or_else(|| made(&["message", thread, &place.to_string()]));
    let mut draft = Draft::new(Section::Messages, id.as_str());
    let parent = fields
        .id("parentMessageId")
        .filter(|parent| parent != NO_PARENT);
    fields.drop_if("conversationId", &json!(thread));
    let is_persons = fields.boolean("isCreatedByUser");
    let is_user = is_persons.unwrap_or_else(|| fields.peek_text("sender") == Some("User"));
    draft.set("role", Some(if is_user { "user" } else { "assistant" }));
    fields.drop_if("sender", &json!(if is_user { "User" } else { "Assistant" }));
    content(&mut fields, &mut draft);
    draft.set("model", fields.text("model"));
    draft.set("ai_provider", fields.text("endpoint"));
    draft.set("feedback", fields.take("feedback"));
    draft.time("created_at", fields.take("createdAt"), Unit::Milliseconds);
    draft.time("updated_at", fields.take("updatedAt"), Unit::Milliseconds);
    fields.drop_if("error", &json!(false));
    fields.drop_if("unfinished", &json!(false));
    for key in ["files", "attachments"] {
        for (place, one) in fields.list(key).into_iter().enumerate() {
            if let Some(one) = Fields::of(one) {
                let id = made(&[key, thread, &id, &place.to_string()]);
                talk.attached.push(file(one, talk.said.len(), &id));
            }
        }
    }
    draft.note(changed.rest());
    draft.keep(fields);
    Said {
        draft,
        parent: parent.or(around),
    }
}

/// A text, or blocks of which some are texts.
fn content(fields: &mut Fields, draft: &mut Draft) {
    let blocks = fields.list("content");
    let text = fields.text("text").unwrap_or_default();
    let texts: Vec<_> = blocks
        .iter()
        .filter(|block| block["type"] == "text")
        .filter_map(|block| {
            block["text"]
                .as_str()
                .or_else(|| block["text"]["value"].as_str())
        })
        .collect();
    let said = if text.is_empty() {
        texts.join("\n\n")
    } else {
        text
    };
    let is_copy = match &blocks[..] {
        [] => true,
        [one] => *one == json!({"type": "text", "text": said}),
        _ => false,
    };
    draft.set("content_parts", (!is_copy).then_some(blocks));
    draft.set("content", Some(said).filter(|text| !text.is_empty()));
}

fn file(mut fields: Fields, said: usize, id: &str) -> Attached {
    let own = fields.id("file_id");
    let mut draft = Draft::new(Section::UploadedFiles, own.as_deref().unwrap_or(id));
    draft.set("name", fields.text("filename"));
    draft.set("size_bytes", fields.count("bytes"));
    draft.set("media_type", fields.text("type"));
    draft.set("extracted_text", fields.text("text"));
    draft.keep(fields);
    Attached {
        draft,
        said: Some(said),
        bytes: Bytes::Missing("the export names it and does not have it"),
    }
}
