//! ChatGPT's export: `conversations.json`, or shards of it, and what stands beside.
//!
//! A conversation is a tree of nodes; some have no message, and what follows them follows the message
//! before. Layouts old and new are read alike, because nothing of them is a contract.

mod content;
mod files;
mod message;

use std::collections::BTreeMap;

use carryall_format::encode::Unit;
use carryall_format::gap::GapCode;
use carryall_format::section::Section;
use serde_json::{Value, json};

use self::files::Files;
use super::clean::Problems;
use super::detect::Shape;
use super::draft::Draft;
use super::error::FromError;
use super::fields::Fields;
use super::gather::{Gathered, Talk};
use super::tree::Said;
use super::{Element, Read, collection};

/// Reads it.
pub fn read(read: &mut Read<'_>) -> Result<(), FromError> {
    let entries = read.entries();
    let mut files = Files::of(&entries);
    let mut settings = None;
    for (place, entry) in &entries {
        match read.shapes.get(place) {
            Some(Shape::Chatgpt | Shape::ChatgptWrapped) => {
                read.each(entry, |gathered, element| {
                    conversations(gathered, element, &mut files)
                })?;
            }
            _ if !entry.is_json() => {}
            _ => read.each(entry, |gathered, element| {
                beside(gathered, element, &mut settings)
            })?,
        }
    }
    if let Some(settings) = settings {
        settle(read.gathered, settings);
    }
    files.rest(read.gathered)
}

/// Settings belong to the account, whichever of the two was read first.
fn settle(gathered: &mut Gathered, settings: Fields) {
    let id = gathered.accounts.keys().next().cloned();
    let id = id.unwrap_or_else(|| super::ids::made(&["chatgpt", "person"]));
    let account = gathered
        .accounts
        .entry(id.clone())
        .or_insert_with(|| Draft::new(Section::AccountSettings, id));
    account
        .extra
        .insert("user_settings".to_owned(), Value::Object(settings.rest()));
}

fn conversations(
    gathered: &mut Gathered,
    mut element: Element,
    files: &mut Files,
) -> Result<(), FromError> {
    if element
        .fields
        .get("mapping")
        .is_none_or(|mapping| !mapping.is_object())
        && element
            .fields
            .get("conversations")
            .is_some_and(Value::is_array)
    {
        for (place, one) in element.fields.list("conversations").into_iter().enumerate() {
            let mut problems = Problems::of(
                element
                    .problems
                    .below(&["conversations", &place.to_string()]),
            );
            match Fields::of(one) {
                Some(fields) => {
                    conversation(gathered, fields, &mut problems, files, &element.file)?;
                }
                None => gathered.unreadable(b"null", &element.file, "it is no object")?,
            }
        }
        let rest = element.fields.rest();
        if !rest.is_empty() {
            gathered.other("about_the_export", None, Value::Object(rest))?;
        }
        return Ok(());
    }
    conversation(
        gathered,
        element.fields,
        &mut element.problems,
        files,
        &element.file,
    )
}

fn conversation(
    gathered: &mut Gathered,
    mut fields: Fields,
    problems: &mut Problems,
    files: &mut Files,
    file: &str,
) -> Result<(), FromError> {
    let Some(mapping) = fields.object("mapping") else {
        let text = Value::Object(fields.rest()).to_string();
        return gathered.unreadable(text.as_bytes(), file, "it has no `mapping`");
    };
    let mut thread = thread(gathered, &mut fields)?;
    let current = fields.id("current_node");
    let mut talk = Talk {
        thread: Draft::new(Section::Threads, ""),
        owner: None,
        said: Vec::new(),
        current: None,
        attached: Vec::new(),
    };
    let nodes = nodes(mapping, &mut thread);
    let parents = parents(&nodes);
    talk.current = current.map(|id| with_message(&nodes, &parents, &id).unwrap_or(id));
    for (id, node) in &nodes {
        let Some(text) = node.get("message").cloned().and_then(Fields::of) else {
            continue;
        };
        let mut draft = message::message(id, text, &thread.id, files, &mut talk);
        draft.note(problems.below(&["mapping", id]));
        let parent = parents.get(id).cloned().flatten();
        let parent = parent.and_then(|parent| {
            if nodes.contains_key(&parent) {
                with_message(&nodes, &parents, &parent)
            } else {
                Some(parent)
            }
        });
        talk.said.push(Said { draft, parent });
    }
    thread.note(problems.rest());
    thread.keep(fields);
    talk.thread = thread;
    gathered.talk(talk)
}

fn thread(gathered: &mut Gathered, fields: &mut Fields) -> Result<Draft, FromError> {
    let id = fields.id("conversation_id");
    let other = fields.id("id");
    let mut thread = Draft::new(
        Section::Threads,
        id.clone().or(other.clone()).unwrap_or_default(),
    );
    if let Some(other) = other.filter(|other| id.as_ref().is_some_and(|id| id != other)) {
        fields.put("id", Value::String(other));
    }
    thread.set("title", fields.text("title"));
    thread.time("created_at", fields.take("create_time"), Unit::Seconds);
    thread.time("updated_at", fields.take("update_time"), Unit::Seconds);
    thread.set("archived", fields.boolean("is_archived"));
    thread.set("pinned", fields.boolean("is_starred"));
    // A conversation with a GPT names that there; one in a project names the project.
    if fields.peek_text("gizmo_type") != Some("gpt")
        && let Some(project) = fields.id("conversation_template_id")
    {
        let mut workspace = Draft::new(Section::Workspaces, project.as_str());
        workspace.set("name", fields.text("workspace_name"));
        gathered.add_once(workspace)?;
        thread.set("workspace_id", Some(project));
    }
    Ok(thread)
}

type Nodes = BTreeMap<String, Fields>;

fn nodes(mapping: Fields, thread: &mut Draft) -> Nodes {
    let mut nodes = Nodes::new();
    let mut others = serde_json::Map::new();
    for (id, node) in mapping.rest() {
        match Fields::of(node.clone()) {
            Some(node) => {
                nodes.insert(id, node);
            }
            None => {
                others.insert(id, node);
            }
        }
    }
    if !others.is_empty() {
        let reason = "nodes of the conversation are no objects; they stand under `extra`";
        thread.gap(GapCode::InvalidJson, Some("mapping"), reason);
        thread
            .extra
            .insert("mapping".to_owned(), Value::Object(others));
    }
    nodes
}

/// Which node each follows: what it says itself, or else whose child it is.
fn parents(nodes: &Nodes) -> BTreeMap<String, Option<String>> {
    let mut children_of = BTreeMap::new();
    for (id, node) in nodes {
        let children = node.get("children").and_then(Value::as_array);
        for child in children.into_iter().flatten().filter_map(Value::as_str) {
            children_of.entry(child).or_insert(id.as_str());
        }
    }
    let parent = |(id, node): (&String, &Fields)| {
        let said = node.peek_text("parent");
        let parent = said.or_else(|| match node.get("parent") {
            None => children_of.get(id.as_str()).copied(),
            Some(_) => None,
        });
        (id.clone(), parent.map(str::to_owned))
    };
    nodes.iter().map(parent).collect()
}

/// The node itself, or the nearest before it that has a message.
fn with_message(
    nodes: &Nodes,
    parents: &BTreeMap<String, Option<String>>,
    id: &str,
) -> Option<String> {
    let mut at = Some(id.to_owned());
    // A circle of nodes without messages has no message.
    for _ in 0..=nodes.len() {
        let id = at?;
        let has_message = nodes.get(&id)?.get("message").is_some_and(Value::is_object);
        if has_message {
            return Some(id);
        }
        at = parents.get(&id).cloned().flatten();
    }
    None
}

/// What stands beside the conversations.
fn beside(
    gathered: &mut Gathered,
    mut element: Element,
    settings: &mut Option<Fields>,
) -> Result<(), FromError> {
    let fields = &mut element.fields;
    match element.file.as_str() {
        "user.json" => {
            let id = fields
                .id("id")
                .unwrap_or_else(|| super::ids::made(&["chatgpt", "person"]));
            let mut account = Draft::new(Section::AccountSettings, id.as_str());
            account.set("email", fields.text("email"));
            account.set("display_name", fields.text("name"));
            account.note(element.problems.rest());
            account.keep(element.fields);
            gathered.accounts.insert(id, account);
        }
        "user_settings.json" => *settings = Some(element.fields),
        name => {
            let id = fields.peek_text("id").map(str::to_owned);
            let thread = fields.peek_text("conversation_id").map(str::to_owned);
            let value = Value::Object(element.fields.rest());
            gathered.other_of(
                &collection(name),
                id.as_deref(),
                thread.as_deref(),
                value,
                element.problems,
            )?;
        }
    }
    Ok(())
}

/// What is always so says nothing.
fn drop_the_usual(fields: &mut Fields, role: Option<&str>) {
    fields.drop_if("status", &json!("finished_successfully"));
    fields.drop_if("weight", &json!(1.0));
    fields.drop_if("weight", &json!(1));
    fields.drop_if("recipient", &json!("all"));
    fields.drop_if("end_turn", &json!(role == Some("assistant")));
}
