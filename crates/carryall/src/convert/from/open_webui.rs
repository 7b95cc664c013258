//! The chat export of Open WebUI: a list of chats, or one a line.
//!
//! Older ones have only a flat list of messages, newer ones a tree beside it. A chat names its folder by
//! id; the export does not say what the folder is called.

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

/// Reads it.
pub fn read(read: &mut Read<'_>) -> Result<(), FromError> {
    for (place, entry) in read.entries() {
        if read.shapes.contains_key(&place) || read.bundle.is_single {
            read.each(&entry, chat)?;
        }
    }
    Ok(())
}

fn chat(gathered: &mut Gathered, element: Element) -> Result<(), FromError> {
    let Element {
        file,
        mut fields,
        mut problems,
    } = element;
    let Some(mut chat) = fields.object("chat") else {
        let text = Value::Object(fields.rest()).to_string();
        return gathered.unreadable(text.as_bytes(), &file, "it has no `chat`");
    };
    let mut thread = thread(gathered, &mut fields, &mut chat)?;
    let mut history = chat.object("history").unwrap_or_default();
    let current = fields.id("current_message_id");
    let mut talk = Talk {
        thread: Draft::new(Section::Threads, ""),
        owner: fields.id("user_id"),
        said: Vec::new(),
        current: history.id("currentId").or(current),
        attached: Vec::new(),
    };
    let tree = history.object("messages").unwrap_or_default().rest();
    if tree.is_empty() {
        let mut before = None;
        for (place, one) in chat.list("messages").into_iter().enumerate() {
            let at = place.to_string();
            let id = one["id"]
                .as_str()
                .map_or_else(|| made(&["message", &thread.id, &at]), str::to_owned);
            let changed = Problems::of(problems.below(&["chat", "messages", &at]));
            add(one, &id, before.take(), &mut talk, changed);
            before = Some(id);
        }
    } else {
        drop_the_copy(&mut chat, &tree);
        for (id, one) in tree {
            let changed = Problems::of(problems.below(&["chat", "history", "messages", &id]));
            add(one, &id, None, &mut talk, changed);
        }
    }
    chat.put_back("history", history);
    fields.put_back("chat", chat);
    thread.note(problems.rest());
    thread.keep(fields);
    talk.thread = thread;
    gathered.talk(talk)
}

fn thread(
    gathered: &mut Gathered,
    fields: &mut Fields,
    chat: &mut Fields,
) -> Result<Draft, FromError> {
    let mut thread = Draft::new(Section::Threads, fields.id("id").unwrap_or_default());
    let title = fields.text("title");
    let inner = chat.text("title");
    if let Some(inner) = inner.filter(|inner| title.as_ref().is_some_and(|title| title != inner)) {
        chat.put("title", Value::String(inner));
    }
    thread.set("title", title);
    thread.time("created_at", fields.take("created_at"), Unit::Seconds);
    thread.time("updated_at", fields.take("updated_at"), Unit::Seconds);
    thread.set("archived", fields.boolean("archived"));
    thread.set("pinned", fields.boolean("pinned"));
    if let Some(folder) = fields.id("folder_id") {
        gathered.add_once(Draft::new(Section::Workspaces, folder.as_str()))?;
        thread.set("workspace_id", Some(folder));
    }
    chat.drop_if("id", &json!(thread.id));
    Ok(thread)
}

/// The flat list has the branch that is shown once more.
fn drop_the_copy(chat: &mut Fields, tree: &serde_json::Map<String, Value>) {
    let list = chat.list("messages");
    let is_copy = |one: &Value| one["id"].as_str().is_some_and(|id| tree.contains_key(id));
    if !list.iter().all(is_copy) {
        chat.put("messages", Value::Array(list));
    }
}

fn add(value: Value, id: &str, before: Option<String>, talk: &mut Talk, mut changed: Problems) {
    let Some(mut fields) = Fields::of(value) else {
        return;
    };
    let mut draft = Draft::new(Section::Messages, id);
    fields.drop_if("id", &json!(id));
    let parent = fields.id("parentId").or(before);
    // Whose child it is says it the other way round.
    fields.take("childrenIds");
    let role = fields.text("role");
    draft.set("role", role.as_deref());
    draft.set(
        "content",
        fields.text("content").filter(|text| !text.is_empty()),
    );
    let model = fields.text("model");
    if let Some(model) = &model {
        fields.drop_if("modelName", &json!(model));
    }
    draft.set("model", model);
    // Chats of early versions count milliseconds.
    let unit = match fields.get("timestamp").and_then(Value::as_i64) {
        Some(stored) if stored > 100_000_000_000 => Unit::Milliseconds,
        _ => Unit::Seconds,
    };
    draft.time("created_at", fields.take("timestamp"), unit);
    draft.set(
        "sources",
        Some(fields.list("sources")).filter(|list| !list.is_empty()),
    );
    draft.set("usage", fields.take("usage"));
    draft.set(
        "content_parts",
        Some(fields.list("output")).filter(|list| !list.is_empty()),
    );
    fields.drop_if("done", &json!(true));
    for (place, one) in fields.list("files").into_iter().enumerate() {
        if let Some(one) = Fields::of(one) {
            talk.attached.push(file(
                one,
                talk.said.len(),
                &made(&["file", id, &place.to_string()]),
            ));
        }
    }
    draft.note(changed.rest());
    draft.keep(fields);
    talk.said.push(Said { draft, parent });
}

fn file(mut fields: Fields, said: usize, id: &str) -> Attached {
    let mut inner = fields.object("file").unwrap_or_default();
    let own = fields.id("id").or_else(|| inner.id("id"));
    let mut draft = Draft::new(Section::UploadedFiles, own.as_deref().unwrap_or(id));
    draft.set(
        "name",
        fields.text("name").or_else(|| inner.text("filename")),
    );
    draft.set("size_bytes", fields.count("size"));
    draft.set("media_type", fields.text("content_type"));
    fields.drop_if("type", &json!("file"));
    let here = fields.peek_text("url").and_then(data_address);
    let bytes = match here {
        Some((media_type, bytes)) => {
            fields.take("url");
            draft.set("media_type", Some(media_type));
            Bytes::Here(bytes)
        }
        None => Bytes::Missing("the export names it and does not have it"),
    };
    fields.put_back("file", inner);
    draft.keep(fields);
    Attached {
        draft,
        said: Some(said),
        bytes,
    }
}
