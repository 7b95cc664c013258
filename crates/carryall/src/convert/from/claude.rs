//! Claude's export: conversations, projects, memories and users, in one zip, in batch zips, or alone.
//!
//! What an element is, its keys say: the names of the files have changed, and an object stands where a list
//! stood. The export does not say which project a conversation belongs to, unless it is one of ours.

mod artifacts;
mod content;
mod message;

use carryall_format::encode::Unit;
use carryall_format::gap::GapCode;
use carryall_format::section::Section;
use serde_json::{Value, json};

use super::clean::Problems;
use super::detect::Shape;
use super::draft::Draft;
use super::error::FromError;
use super::fields::Fields;
use super::gather::{Bytes, Gathered, Talk};
use super::ids::made;
use super::tree::Said;
use super::{Element, Read, collection};

/// Stands where a message follows none.
const NO_PARENT: [&str; 2] = [
    "00000000-0000-4000-8000-000000000000",
    "00000000-0000-0000-0000-000000000000",
];

/// Reads it. People come first: a conversation says only whose it is.
pub fn read(read: &mut Read<'_>) -> Result<(), FromError> {
    let entries = read.entries();
    for is_about_conversations in [false, true] {
        for (place, entry) in &entries {
            let shape = read.shapes.get(place);
            let is_skipped = shape == Some(&Shape::ClaudeIndex)
                || (!read.bundle.is_single && !entry.is_json())
                || (shape == Some(&Shape::Claude)) != is_about_conversations;
            if !is_skipped {
                read.each(entry, element)?;
            }
        }
    }
    for (place, entry) in &entries {
        if !read.bundle.is_single && !entry.is_json() {
            let mut draft = Draft::new(
                Section::UploadedFiles,
                made(&["claude", "file", &entry.name]),
            );
            draft.set("name", Some(entry.base_name()));
            read.gathered.file(draft, Bytes::Entry(*place))?;
        }
    }
    Ok(())
}

fn element(gathered: &mut Gathered, element: Element) -> Result<(), FromError> {
    let has = |key: &str| element.fields.get(key).is_some();
    if element
        .fields
        .get("chat_messages")
        .is_some_and(Value::is_array)
    {
        return conversation(gathered, element.fields, element.problems);
    }
    if has("email_address") {
        user(gathered, element);
        return Ok(());
    }
    if has("conversations_memory") || has("project_memories") {
        return memory(gathered, element);
    }
    if has("prompt_template") || has("is_starter_project") || has("docs") {
        return project(gathered, element);
    }
    let id = element.fields.peek_text("uuid").map(str::to_owned);
    let value = Value::Object(element.fields.rest());
    gathered.other_of(
        &collection(&element.file),
        id.as_deref(),
        None,
        value,
        element.problems,
    )?;
    Ok(())
}

fn user(gathered: &mut Gathered, mut element: Element) {
    let fields = &mut element.fields;
    let id = fields
        .id("uuid")
        .unwrap_or_else(|| made(&["claude", "person"]));
    let mut account = Draft::new(Section::AccountSettings, id.as_str());
    account.set("email", fields.text("email_address"));
    account.set(
        "display_name",
        fields.text("full_name").filter(|name| !name.is_empty()),
    );
    account.note(element.problems.rest());
    account.keep(element.fields);
    gathered.accounts.insert(id, account);
}

fn project(gathered: &mut Gathered, mut element: Element) -> Result<(), FromError> {
    let fields = &mut element.fields;
    let id = fields.id("uuid").unwrap_or_default();
    let mut workspace = Draft::new(Section::Workspaces, id.as_str());
    workspace.set("name", fields.text("name"));
    let filled = |text: &String| !text.is_empty();
    workspace.set("description", fields.text("description").filter(filled));
    workspace.set(
        "project_instructions",
        fields.text("prompt_template").filter(filled),
    );
    workspace.set("is_default", fields.boolean("is_starter_project"));
    workspace.set(
        "is_shared",
        fields.boolean("is_private").map(|is_private| !is_private),
    );
    workspace.time("created_at", fields.take("created_at"), Unit::Seconds);
    workspace.time("updated_at", fields.take("updated_at"), Unit::Seconds);
    let docs = fields.list("docs");
    workspace.note(element.problems.rest());
    workspace.keep(element.fields);
    let id = gathered.add(workspace)?;
    for (place, doc) in docs.into_iter().enumerate() {
        let Some(mut doc) = Fields::of(doc) else {
            continue;
        };
        let doc_id = doc
            .id("uuid")
            .unwrap_or_else(|| made(&["doc", &id, &place.to_string()]));
        let mut draft = Draft::new(Section::UploadedFiles, doc_id);
        draft.set("workspace_id", Some(id.as_str()));
        draft.set("name", doc.text("filename"));
        draft.set("extracted_text", doc.text("content"));
        draft.time("created_at", doc.take("created_at"), Unit::Seconds);
        draft.keep(doc);
        gathered.file(
            draft,
            Bytes::Missing("the export has its text and not the file"),
        )?;
    }
    Ok(())
}

fn memory(gathered: &mut Gathered, mut element: Element) -> Result<(), FromError> {
    let fields = &mut element.fields;
    let owner = fields.id("account_uuid");
    if !gathered.is_theirs(owner.as_deref()) {
        return Ok(());
    }
    let mut problems = Problems::of(element.problems.rest());
    for (place, text) in facts(fields.text("conversations_memory"))
        .into_iter()
        .enumerate()
    {
        let id = made(&["memory", "", &place.to_string(), &text]);
        let mut draft = Draft::new(Section::UserMemories, id);
        draft.set("content", Some(text));
        draft.note(problems.below(&["conversations_memory"]));
        gathered.add(draft)?;
    }
    let of_projects = fields.object("project_memories").unwrap_or_default();
    for (project, text) in of_projects.rest() {
        let changed = problems.below(&["project_memories", &project]);
        let text = match text {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let mut changed = Some(changed);
        for (place, text) in facts(Some(text)).into_iter().enumerate() {
            let id = made(&["memory", &project, &place.to_string(), &text]);
            let mut draft = Draft::new(Section::WorkspaceMemories, id);
            draft.set("workspace_id", Some(project.as_str()));
            draft.set("content", Some(text));
            draft.note(changed.take().unwrap_or_default());
            gathered.add(draft)?;
        }
    }
    let rest = std::mem::take(fields).rest();
    if !rest.is_empty() || !problems.is_empty() {
        let rest = Value::Object(rest);
        gathered.other_of("memories", owner.as_deref(), None, rest, problems)?;
    }
    Ok(())
}

/// One text of everything that is remembered. Where all of it is one flat list, each point is a fact.
fn facts(text: Option<String>) -> Vec<String> {
    let text = text.filter(|text| !text.trim().is_empty());
    let Some(text) = text else {
        return Vec::new();
    };
    let is_list = text.starts_with("- ")
        && text
            .lines()
            .all(|line| line.starts_with("- ") || line.starts_with("  ") || line.is_empty());
    if !is_list {
        return vec![text];
    }
    let body = text.strip_suffix('\n').unwrap_or(&text);
    let points = format!("\n{body}");
    let points = points.split("\n- ").skip(1);
    points.map(|point| point.replace("\n  ", "\n")).collect()
}

fn conversation(
    gathered: &mut Gathered,
    mut fields: Fields,
    mut problems: Problems,
) -> Result<(), FromError> {
    let mut thread = Draft::new(Section::Threads, fields.id("uuid").unwrap_or_default());
    thread.set("title", fields.text("name"));
    thread.time("created_at", fields.take("created_at"), Unit::Seconds);
    thread.time("updated_at", fields.take("updated_at"), Unit::Seconds);
    thread.set("pinned", fields.boolean("is_starred"));
    let project = fields
        .object("project")
        .and_then(|mut project| project.id("uuid"));
    thread.set("workspace_id", fields.id("project_uuid").or(project));
    let owner = fields
        .object("account")
        .and_then(|mut account| account.id("uuid"));
    let mut talk = Talk {
        thread: Draft::new(Section::Threads, ""),
        owner,
        said: Vec::new(),
        current: fields.id("current_leaf_message_uuid"),
        attached: Vec::new(),
    };
    let messages = fields.list("chat_messages");
    let is_tree = messages
        .iter()
        .any(|one| one.get("parent_message_uuid").is_some());
    let mut artifacts = artifacts::Artifacts::default();
    for (place, one) in messages.into_iter().enumerate() {
        let Some(mut one) = Fields::of(one) else {
            thread.gap(
                GapCode::InvalidJson,
                Some("chat_messages"),
                "a message is no object",
            );
            continue;
        };
        let named = one.id("parent_message_uuid");
        let before = talk.said.last().map(|last: &Said| last.draft.id.clone());
        let parent = if is_tree { named } else { before };
        let parent = parent.filter(|id| !NO_PARENT.contains(&id.as_str()));
        one.drop_if("parent_message_uuid", &json!(null));
        let mut draft = message::message(one, place, &thread.id, &mut talk, &mut artifacts);
        draft.note(problems.below(&["chat_messages", &place.to_string()]));
        talk.said.push(Said { draft, parent });
    }
    thread.note(problems.rest());
    thread.keep(fields);
    talk.thread = thread;
    gathered.talk(talk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_list_is_a_fact_a_point_and_any_other_text_is_one() {
        let list = facts(Some("- one\n- two\n  lines\n".to_owned()));
        assert_eq!(list, ["one", "two\nlines"]);
        let text = "**Work**\n\n- one\n- two\n".to_owned();
        assert_eq!(facts(Some(text.clone())), [text]);
        assert!(facts(Some(String::new())).is_empty() && facts(None).is_empty());
    }
}
