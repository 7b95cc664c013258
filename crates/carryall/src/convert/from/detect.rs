//! What a file of another product is, told from what stands in it and not from its name.
//!
//! Promises: nothing is guessed. What was found must be what the person says it is; anything else is named.

use std::collections::BTreeMap;

use serde_json::Value;

use super::bundle::Bundle;
use super::clean::clean;
use super::elements::Elements;
use super::error::FromError;

/// Elements that are looked at before a file is called something that is not known: the first ones may be
/// damaged.
const LOOKED_AT: usize = 50;

/// A product whose export is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Vendor {
    /// The zip of ChatGPT, or a `conversations.json` out of it
    Chatgpt,
    /// The zip of Claude, a folder with its batch zips, or a `conversations.json`
    Claude,
    /// The chat export of Open WebUI
    OpenWebui,
    /// One exported conversation of LibreChat, or a folder or zip of them
    Librechat,
    /// The exported chats of AnythingLLM: of an instance, or of one thread
    Anythingllm,
}

impl Vendor {
    /// As people type it.
    pub fn word(self) -> &'static str {
        match self {
            Vendor::Chatgpt => "chatgpt",
            Vendor::Claude => "claude",
            Vendor::OpenWebui => "open-webui",
            Vendor::Librechat => "librechat",
            Vendor::Anythingllm => "anythingllm",
        }
    }

    /// Its name.
    pub fn product(self) -> &'static str {
        match self {
            Vendor::Chatgpt => "ChatGPT",
            Vendor::Claude => "Claude",
            Vendor::OpenWebui => "Open WebUI",
            Vendor::Librechat => "LibreChat",
            Vendor::Anythingllm => "AnythingLLM",
        }
    }
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// `mapping` in each conversation.
    Chatgpt,
    /// The same in an object, under `conversations`.
    ChatgptWrapped,
    /// What stands beside them.
    ChatgptSide,
    /// `chat_messages` in each conversation.
    Claude,
    /// What stands beside them.
    ClaudeSide,
    /// A list of where the data is.
    ClaudeIndex,
    /// `chat` in each.
    OpenWebui,
    /// `messages` or `messagesTree` of one conversation.
    Librechat,
    /// Rows of `prompt` and `response`.
    AnythingllmRows,
    /// `workspace` and `messages` of one thread.
    AnythingllmThread,
    /// Lines of `messages` for training.
    AnythingllmLines,
    /// Rows of `instruction`, `input` and `output`.
    AnythingllmAlpaca,
    /// A Carryall file.
    Carryall,
    /// Another program's.
    Thunderbolt,
    /// Another program's.
    ChatbotUi,
}

impl Shape {
    /// Whose it is, if it can be read.
    pub fn vendor(self) -> Option<Vendor> {
        Some(match self {
            Shape::Chatgpt | Shape::ChatgptWrapped | Shape::ChatgptSide => Vendor::Chatgpt,
            Shape::Claude | Shape::ClaudeSide | Shape::ClaudeIndex => Vendor::Claude,
            Shape::OpenWebui => Vendor::OpenWebui,
            Shape::Librechat => Vendor::Librechat,
            Shape::AnythingllmRows
            | Shape::AnythingllmThread
            | Shape::AnythingllmLines
            | Shape::AnythingllmAlpaca => Vendor::Anythingllm,
            Shape::Carryall | Shape::Thunderbolt | Shape::ChatbotUi => return None,
        })
    }

    /// In plain words.
    pub fn what(self) -> &'static str {
        match self {
            Shape::Chatgpt | Shape::ChatgptWrapped | Shape::ChatgptSide => "an export of ChatGPT",
            Shape::Claude | Shape::ClaudeSide => "an export of Claude",
            Shape::ClaudeIndex => "the index of an export of Claude",
            Shape::OpenWebui => "a chat export of Open WebUI",
            Shape::Librechat => "a conversation exported by LibreChat",
            Shape::AnythingllmRows
            | Shape::AnythingllmThread
            | Shape::AnythingllmLines
            | Shape::AnythingllmAlpaca => "a chat export of AnythingLLM",
            Shape::Carryall => "a Carryall file",
            Shape::Thunderbolt => "an export of Thunderbolt",
            Shape::ChatbotUi => "an export of Chatbot UI",
        }
    }

    /// What `--from` calls it.
    pub fn word(self) -> Option<&'static str> {
        self.vendor().map(Vendor::word)
    }

    /// What to do with what cannot be read.
    pub fn advice(self) -> &'static str {
        match self {
            Shape::Carryall => {
                "it needs no conversion: `carryall verify` and `carryall view` take it"
            }
            _ => "this format is not read here; export from that program as JSON for another one",
        }
    }
}

/// What each entry is, by its place.
pub type Shapes = BTreeMap<usize, Shape>;

/// Looks at everything, and holds it against what the person says.
pub fn detect(bundle: &mut Bundle, asked: Vendor) -> Result<Shapes, FromError> {
    let mut shapes = Shapes::new();
    let mut seen = Vec::new();
    let mut has_only_empty_lists = true;
    for (place, entry) in bundle.entries.clone().into_iter().enumerate() {
        if !bundle.is_single && !entry.is_json() {
            continue;
        }
        let mut elements = Elements::of(bundle.read(&entry)?, &entry.name);
        let look = look(&mut elements)?;
        has_only_empty_lists &= matches!(look, Look::Nothing);
        match look {
            Look::Known(shape) => {
                shapes.insert(place, shape);
            }
            Look::Unknown(what) => seen.push(what),
            Look::Nothing => {}
        }
    }
    let index = shapes
        .values()
        .filter(|shape| **shape == Shape::ClaudeIndex)
        .count();
    if index > 0 && index == shapes.len() && asked == Vendor::Claude {
        let files = indexed_files(bundle, &shapes)?;
        return Err(FromError::OnlyTheIndex { files });
    }
    agree(&shapes, asked)?;
    if shapes.is_empty() && (!has_only_empty_lists || bundle.entries.is_empty()) {
        let seen = seen
            .pop()
            .unwrap_or_else(|| "there is no JSON in it".to_owned());
        return Err(FromError::Unknown { seen });
    }
    Ok(shapes)
}

fn agree(shapes: &Shapes, asked: Vendor) -> Result<(), FromError> {
    let of_asked = shapes.values().find(|shape| shape.vendor() == Some(asked));
    let other = shapes.values().find(|shape| shape.vendor() != Some(asked));
    match (of_asked, other) {
        (_, None) => Ok(()),
        (None, Some(found)) => Err(FromError::Another {
            found: *found,
            asked: asked.word(),
        }),
        (Some(one), Some(other)) => Err(FromError::Mixed {
            one: *one,
            other: *other,
        }),
    }
}

enum Look {
    Known(Shape),
    Unknown(String),
    /// An empty list.
    Nothing,
}

fn look(elements: &mut Elements<impl std::io::Read>) -> Result<Look, FromError> {
    let mut first = None;
    for _ in 0..LOOKED_AT {
        let Some(text) = elements.next()? else {
            break;
        };
        let value = match clean(&text) {
            Ok((value, _)) => value,
            // Deeper than readers go; only one format does that, and its tree is laid flat.
            Err(_) if text.windows(14).any(|seen| seen == b"\"messagesTree\"") => {
                return Ok(Look::Known(Shape::Librechat));
            }
            Err(_) => {
                first.get_or_insert_with(|| "it is no JSON".to_owned());
                continue;
            }
        };
        if let Some(shape) = shape_of(&value, elements.is_list()) {
            return Ok(Look::Known(shape));
        }
        first.get_or_insert_with(|| described(&value, elements.is_list()));
    }
    Ok(match first {
        Some(what) => Look::Unknown(what),
        None if elements.is_list() => Look::Nothing,
        None => Look::Unknown("it is empty".to_owned()),
    })
}

fn shape_of(value: &Value, is_in_list: bool) -> Option<Shape> {
    let has = |key: &str| value.get(key).is_some();
    let is_text = |key: &str| value.get(key).is_some_and(Value::is_string);
    let is_list = |key: &str| value.get(key).is_some_and(Value::is_array);
    let is_object = |key: &str| value.get(key).is_some_and(Value::is_object);
    if value["format"] == "thunderbolt-export" {
        return Some(Shape::Thunderbolt);
    }
    if value["export"]["format"] == "carryall-export" {
        return Some(Shape::Carryall);
    }
    if is_list("data_files") && value["data_files"][0].get("export_url").is_some() {
        return Some(Shape::ClaudeIndex);
    }
    if is_list("chat_messages") {
        return Some(Shape::Claude);
    }
    if is_object("chat")
        && (value["chat"]["history"].is_object() || value["chat"]["messages"].is_array())
    {
        return Some(Shape::OpenWebui);
    }
    if is_object("mapping") {
        return Some(Shape::Chatgpt);
    }
    if has("conversationId") && (is_list("messagesTree") || is_list("messages")) {
        return Some(Shape::Librechat);
    }
    if !is_in_list && has("version") && is_list("history") {
        return Some(Shape::ChatbotUi);
    }
    if is_text("workspace") && is_list("messages") {
        return Some(Shape::AnythingllmThread);
    }
    if has("prompt") && has("response") {
        return Some(Shape::AnythingllmRows);
    }
    if is_text("instruction") && is_text("output") {
        return Some(Shape::AnythingllmAlpaca);
    }
    if !is_in_list && is_list("messages") && value["messages"][0].get("role").is_some() {
        return Some(Shape::AnythingllmLines);
    }
    if !is_in_list && is_list("conversations") && value["conversations"][0].get("mapping").is_some()
    {
        return Some(Shape::ChatgptWrapped);
    }
    side_of(value)
}

/// What stands beside the conversations, which an account without any has too.
fn side_of(value: &Value) -> Option<Shape> {
    let has = |key: &str| value.get(key).is_some();
    if has("chatgpt_plus_user") || has("gizmo_id") && has("moderation_results") {
        return Some(Shape::ChatgptSide);
    }
    let is_person = has("uuid") && has("full_name") && has("email_address");
    let is_project = has("uuid") && has("prompt_template");
    let is_memory = has("conversations_memory") || has("project_memories");
    (is_person || is_project || is_memory).then_some(Shape::ClaudeSide)
}

fn described(value: &Value, is_in_list: bool) -> String {
    let around = if is_in_list { "a list of " } else { "" };
    match value {
        Value::Object(members) => {
            let keys: Vec<_> = members
                .keys()
                .take(6)
                .map(|key| format!("`{key}`"))
                .collect();
            format!("it is {around}JSON with the keys {}", keys.join(", "))
        }
        _ => format!("it is {around}JSON without keys"),
    }
}

fn indexed_files(bundle: &mut Bundle, shapes: &Shapes) -> Result<usize, FromError> {
    let mut files = 0;
    for place in shapes.keys() {
        let entry = bundle.entries[*place].clone();
        let mut elements = Elements::of(bundle.read(&entry)?, &entry.name);
        while let Some(text) = elements.next()? {
            if let Ok((value, _)) = clean(&text) {
                files += value["data_files"].as_array().map_or(0, Vec::len);
            }
        }
    }
    Ok(files)
}
