//! One message of ChatGPT, with the files and documents that it names.

use std::collections::BTreeSet;

use carryall_format::encode::Unit;
use carryall_format::section::Section;
use serde_json::{Value, json};

use super::super::draft::Draft;
use super::super::fields::Fields;
use super::super::gather::{Attached, Bytes, Talk};
use super::super::ids::made;
use super::content::{Pointer, read_content};
use super::drop_the_usual;
use super::files::Files;

/// The message of a node. Its files go to the conversation.
pub fn message(
    id: &str,
    mut fields: Fields,
    thread: &str,
    files: &mut Files,
    talk: &mut Talk,
) -> Draft {
    let mut draft = Draft::new(Section::Messages, id);
    fields.drop_if("id", &json!(id));
    let mut author = fields.object("author").unwrap_or_default();
    let role = author.text("role");
    draft.set("role", role.as_deref());
    fields.put_back("author", author);
    draft.time("created_at", fields.take("create_time"), Unit::Seconds);
    draft.time("updated_at", fields.take("update_time"), Unit::Seconds);
    let content = fields.take("content");
    let content = content.map(read_content).unwrap_or_default();
    draft.set("content", content.text.as_deref());
    draft.set("content_parts", content.parts);
    let mut metadata = fields.object("metadata").unwrap_or_default();
    draft.set("model", metadata.text("model_slug"));
    let is_persons = role.as_deref() == Some("user");
    let mut named = BTreeSet::new();
    for attachment in metadata.list("attachments") {
        if let Some(fields) = Fields::of(attachment) {
            attach(fields, files, talk, &mut named, (thread, id));
        }
    }
    for pointer in content.pointers {
        if named.insert(pointer.id.clone()) {
            point(&pointer, files, talk, is_persons);
        }
    }
    if let Some(canvas) = canvas(fields.peek_text("recipient"), content.text.as_deref()) {
        write_canvas(canvas, talk, (thread, id));
    }
    fields.put_back("metadata", metadata);
    drop_the_usual(&mut fields, role.as_deref());
    draft.keep(fields);
    draft
}

fn attach(
    mut fields: Fields,
    files: &mut Files,
    talk: &mut Talk,
    named: &mut BTreeSet<String>,
    (thread, message): (&str, &str),
) {
    let number = talk.attached.len().to_string();
    let id = fields
        .id("id")
        .unwrap_or_else(|| made(&["chatgpt", thread, message, &number]));
    named.insert(id.clone());
    let mut draft = Draft::new(Section::UploadedFiles, id.as_str());
    draft.set("name", fields.text("name"));
    draft.set("size_bytes", fields.count("size"));
    draft.set("media_type", fields.text("mime_type"));
    draft.keep(fields);
    talk.attached.push(Attached {
        bytes: files.bytes_of(&id),
        draft,
        said: Some(talk.said.len()),
    });
}

/// An image or a recording that a message shows: the person's own, or one that was made for them.
fn point(pointer: &Pointer, files: &mut Files, talk: &mut Talk, is_persons: bool) {
    let section = if is_persons {
        Section::UploadedFiles
    } else {
        Section::GeneratedDocuments
    };
    let mut draft = Draft::new(section, pointer.id.as_str());
    draft.set("name", files.name_of(&pointer.id));
    draft.set("size_bytes", pointer.size_bytes);
    talk.attached.push(Attached {
        bytes: files.bytes_of(&pointer.id),
        draft,
        said: Some(talk.said.len()),
    });
}

/// What a message makes a canvas of.
fn canvas(recipient: Option<&str>, text: Option<&str>) -> Option<Fields> {
    if recipient != Some("canmore.create_textdoc") {
        return None;
    }
    Fields::of(serde_json::from_str::<Value>(text?).ok()?)
}

fn write_canvas(mut fields: Fields, talk: &mut Talk, (thread, message): (&str, &str)) {
    let mut draft = Draft::new(
        Section::GeneratedDocuments,
        made(&["canvas", thread, message]),
    );
    let name = fields.text("name");
    draft.set("title", name.as_deref());
    draft.set("name", name);
    draft.set("format", fields.text("type"));
    draft.set("content", fields.text("content"));
    draft.keep(fields);
    talk.attached.push(Attached {
        draft,
        said: Some(talk.said.len()),
        bytes: Bytes::TextOnly,
    });
}
