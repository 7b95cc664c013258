//! Chats that AnythingLLM exported: rows of an instance, lines for training, or one thread.
//!
//! A row is a prompt and its response, so it becomes two messages. Rows name no thread: those of one
//! workspace and one person are one conversation.

use std::collections::BTreeMap;

use carryall_format::encode::Unit;
use carryall_format::section::Section;
use serde_json::{Value, json};

use super::clean::Problems;
use super::draft::Draft;
use super::error::FromError;
use super::fields::Fields;
use super::gather::{Attached, Bytes, Gathered, Talk};
use super::ids::made;
use super::tree::Said;
use super::{Element, Read, data_address};

/// Conversations that grow row by row: workspace, person. What they hold is bounded by the file of one
/// instance's chats, which the product makes in memory, too.
type Growing = BTreeMap<(String, Option<String>), Talk>;

/// Reads it.
pub fn read(read: &mut Read<'_>) -> Result<(), FromError> {
    let mut growing = Growing::new();
    for (place, entry) in read.entries() {
        if read.shapes.contains_key(&place) || read.bundle.is_single {
            let mut number = 0;
            read.each(&entry, |gathered, element| {
                number += 1;
                take(gathered, element, number, &mut growing)
            })?;
        }
    }
    for ((workspace, _), talk) in growing {
        finish(read.gathered, talk, &workspace)?;
    }
    Ok(())
}

fn take(
    gathered: &mut Gathered,
    mut element: Element,
    number: usize,
    growing: &mut Growing,
) -> Result<(), FromError> {
    let fields = &mut element.fields;
    if fields.get("messages").is_some_and(Value::is_array) {
        return thread(gathered, element, number);
    }
    if fields.get("instruction").is_some() {
        for (old, new) in [
            ("instruction", "prompt"),
            ("output", "response"),
            ("input", "system"),
        ] {
            if let Some(value) = fields.take(old) {
                fields.put(new, value);
            }
        }
    }
    if fields.get("prompt").is_none() {
        let text = Value::Object(std::mem::take(fields).rest()).to_string();
        return gathered.unreadable(text.as_bytes(), &element.file, "it has no `prompt`");
    }
    let workspace = fields
        .text("workspace")
        .unwrap_or_else(|| "Unknown workspace".to_owned());
    let person = fields.id("username");
    let talk = growing
        .entry((workspace.clone(), person.clone()))
        .or_insert_with(|| {
            let who = person.clone().unwrap_or_default();
            empty(made(&["thread", &workspace, &who]), person)
        });
    row(talk, element.fields, element.problems, number);
    Ok(())
}

fn empty(id: String, owner: Option<String>) -> Talk {
    Talk {
        thread: Draft::new(Section::Threads, id),
        owner,
        said: Vec::new(),
        current: None,
        attached: Vec::new(),
    }
}

fn row(talk: &mut Talk, mut fields: Fields, mut problems: Problems, number: usize) {
    let id = fields.id("id").unwrap_or_else(|| number.to_string());
    let before = talk.said.last().map(|last| last.draft.id.clone());
    let stored = fields.take("sent_at");
    let mut prompt = Draft::new(Section::Messages, format!("{id}:prompt"));
    prompt.set("role", Some("user"));
    prompt.set("content", fields.text("prompt"));
    prompt.time("created_at", stored.clone(), Unit::Milliseconds);
    prompt.note(problems.below(&["prompt"]));
    for (place, one) in fields.list("attachments").into_iter().enumerate() {
        if let Some(one) = Fields::of(one) {
            let id = made(&["attachment", &talk.thread.id, &id, &place.to_string()]);
            talk.attached.push(attachment(one, talk.said.len(), id));
        }
    }
    let mut response = Draft::new(Section::Messages, format!("{id}:response"));
    response.set("role", Some("assistant"));
    response.set("content", fields.text("response"));
    response.time("created_at", stored, Unit::Milliseconds);
    // One time for both: what could not be read is told once.
    response.gaps.clear();
    fields.drop_if("rating", &json!("--"));
    response.set("feedback", fields.text("rating"));
    response.note(problems.rest());
    response.keep(fields);
    let parent = Some(prompt.id.clone());
    talk.said.push(Said {
        draft: prompt,
        parent: before,
    });
    talk.said.push(Said {
        draft: response,
        parent,
    });
}

fn attachment(mut fields: Fields, said: usize, id: String) -> Attached {
    let mut draft = Draft::new(Section::UploadedFiles, id);
    draft.set("name", fields.text("name"));
    let address = ["image", "contentString"]
        .into_iter()
        .find_map(|key| Some((key, data_address(fields.peek_text(key)?)?)));
    let bytes = match address {
        Some((key, (media_type, bytes))) => {
            fields.take(key);
            draft.set("media_type", Some(media_type));
            Bytes::Here(bytes)
        }
        None => Bytes::Missing("the export names it and does not have it"),
    };
    draft.set("media_type", fields.text("mime"));
    draft.keep(fields);
    Attached {
        draft,
        said: Some(said),
        bytes,
    }
}

/// One thread, or one line for training: messages without ids and times.
fn thread(gathered: &mut Gathered, element: Element, number: usize) -> Result<(), FromError> {
    let Element {
        file,
        mut fields,
        mut problems,
    } = element;
    let workspace = fields.text("workspace").unwrap_or_default();
    let name = fields.text("thread");
    let label = name.clone().unwrap_or_default();
    let at = if workspace.is_empty() {
        format!("{file} {number}")
    } else {
        label
    };
    let mut talk = empty(made(&["thread", &workspace, &at]), None);
    talk.thread.set("title", name);
    for (place, one) in fields.list("messages").into_iter().enumerate() {
        let Some(mut one) = Fields::of(one) else {
            continue;
        };
        let place = place.to_string();
        let id = made(&["message", &talk.thread.id, &place]);
        let parent = talk.said.last().map(|last| last.draft.id.clone());
        let mut draft = Draft::new(Section::Messages, id.as_str());
        draft.set("role", one.text("role"));
        match one.take("content") {
            Some(Value::Array(blocks)) => blocks_of(blocks, &id, &mut draft, &mut talk),
            content => draft.set("content", content),
        }
        if let Some(thought) = one.text("reasoning") {
            let block = json!([{"type": "reasoning", "text": thought}]);
            draft.set("content_parts", Some(block));
        }
        draft.note(problems.below(&["messages", &place]));
        draft.keep(one);
        talk.said.push(Said { draft, parent });
    }
    talk.thread.note(problems.rest());
    talk.thread.keep(fields);
    finish(gathered, talk, &workspace)
}

/// Texts and images of a message of a line for training.
fn blocks_of(blocks: Vec<Value>, id: &str, draft: &mut Draft, talk: &mut Talk) {
    let texts: Vec<_> = blocks
        .iter()
        .filter_map(|block| block["text"].as_str())
        .collect();
    draft.set(
        "content",
        Some(texts.join("\n\n")).filter(|text| !text.is_empty()),
    );
    for (place, block) in blocks.into_iter().enumerate() {
        let is_file = block.get("image").is_some();
        if let Some(fields) = Fields::of(block).filter(|_| is_file) {
            let id = made(&["attachment", id, &place.to_string()]);
            talk.attached.push(attachment(fields, talk.said.len(), id));
        }
    }
}

/// Workspaces have names and no ids in these exports.
fn finish(gathered: &mut Gathered, mut talk: Talk, workspace: &str) -> Result<(), FromError> {
    if !workspace.is_empty() {
        let id = made(&["workspace", workspace]);
        talk.thread.set("workspace_id", Some(id.as_str()));
        let mut draft = Draft::new(Section::Workspaces, id);
        draft.set("name", Some(workspace));
        gathered.add_once(draft)?;
    }
    gathered.talk(talk)
}
