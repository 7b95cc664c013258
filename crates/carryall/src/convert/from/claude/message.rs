//! One message of Claude, with its attachments.

use carryall_format::encode::Unit;
use carryall_format::section::Section;
use serde_json::{Value, json};

use super::super::draft::Draft;
use super::super::fields::Fields;
use super::super::gather::{Attached, Bytes, Talk};
use super::super::ids::made;
use super::artifacts::Artifacts;
use super::content::read_content;

/// The message. Its files and documents go to the conversation.
pub fn message(
    mut fields: Fields,
    place: usize,
    thread: &str,
    talk: &mut Talk,
    artifacts: &mut Artifacts,
) -> Draft {
    let place = place.to_string();
    let id = fields
        .id("uuid")
        .unwrap_or_else(|| made(&["message", thread, &place]));
    let mut draft = Draft::new(Section::Messages, id.as_str());
    let role = fields.text("sender").map(|sender| match sender.as_str() {
        "human" => "user".to_owned(),
        _ => sender,
    });
    draft.set("role", role);
    draft.set("model", fields.text("model"));
    let created = fields.take("created_at");
    let content = read_content(&mut fields, created.as_ref());
    draft.time("created_at", created, Unit::Seconds);
    draft.time("updated_at", fields.take("updated_at"), Unit::Seconds);
    draft.set("content", content.text);
    draft.set("content_parts", content.parts);
    for block in &content.blocks {
        artifacts.meet(block, (thread, &id), talk);
    }
    let attachments = fields.list("attachments");
    let names: Vec<_> = attachments
        .iter()
        .map(|one| one["file_name"].clone())
        .collect();
    for (place, one) in attachments.into_iter().enumerate() {
        if let Some(one) = Fields::of(one) {
            talk.attached.push(attachment(
                one,
                talk.said.len(),
                &made(&["attachment", thread, &id, &place.to_string()]),
            ));
        }
    }
    for (place, one) in fields.list("files").into_iter().enumerate() {
        let Some(one) = Fields::of(one) else {
            continue;
        };
        // Named twice, once with its text.
        let is_known = one.get("file_uuid").is_none()
            && one
                .get("file_name")
                .is_some_and(|name| names.contains(name));
        if !is_known {
            let id = made(&["file", thread, &id, &place.to_string()]);
            talk.attached.push(file(one, talk.said.len(), &id));
        }
    }
    draft.keep(fields);
    draft
}

/// A file of which the export has the text: pasted, or taken out of it.
fn attachment(mut fields: Fields, said: usize, id: &str) -> Attached {
    let mut draft = Draft::new(
        Section::UploadedFiles,
        fields.id("id").as_deref().unwrap_or(id),
    );
    draft.set("name", fields.text("file_name"));
    draft.set("size_bytes", fields.count("file_size"));
    let text = fields.text("extracted_content");
    let kind = fields.peek_text("file_type").unwrap_or_default().to_owned();
    let is_text =
        ["", "txt", "md", "csv", "json"].contains(&kind.as_str()) || kind.starts_with("text/");
    let bytes = match &text {
        Some(_) if is_text => Bytes::TextOnly,
        Some(_) => Bytes::Missing("the export has its text and not the file"),
        None => Bytes::Missing("the export has its name and not the file"),
    };
    draft.set("extracted_text", text);
    if kind.contains('/') {
        draft.set("media_type", fields.text("file_type"));
    }
    draft.keep(fields);
    Attached {
        draft,
        said: Some(said),
        bytes,
    }
}

fn file(mut fields: Fields, said: usize, id: &str) -> Attached {
    let mut draft = Draft::new(
        Section::UploadedFiles,
        fields.id("file_uuid").as_deref().unwrap_or(id),
    );
    draft.set("name", fields.text("file_name"));
    fields.drop_if("file_kind", &json!(null));
    draft.set("created_at", None::<Value>);
    draft.keep(fields);
    Attached {
        draft,
        said: Some(said),
        bytes: Bytes::Missing("the export has its name and not the file"),
    }
}
