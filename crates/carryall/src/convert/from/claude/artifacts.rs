//! Artifacts of Claude: each version that a conversation makes of one is a document.

use std::collections::BTreeMap;

use carryall_format::section::Section;
use serde_json::{Value, json};

use super::super::draft::Draft;
use super::super::fields::Fields;
use super::super::gather::{Attached, Bytes, Talk};
use super::super::ids::made;

/// The artifacts of one conversation so far.
#[derive(Default)]
pub struct Artifacts(BTreeMap<String, Artifact>);

#[derive(Default)]
struct Artifact {
    version: u64,
    title: Option<String>,
    format: Option<String>,
    content: String,
}

impl Artifacts {
    /// Takes a block of a message; only those that make a version count.
    pub fn meet(&mut self, block: &Value, (thread, message): (&str, &str), talk: &mut Talk) {
        if block["type"] != "tool_use" || block["name"] != "artifacts" {
            return;
        }
        let Some(mut input) = Fields::of(block["input"].clone()) else {
            return;
        };
        let name = input.id("id").unwrap_or_default();
        let artifact = self.0.entry(name.clone()).or_default();
        let (old, new) = (input.text("old_str"), input.text("new_str"));
        let content = input.text("content").or_else(|| {
            let old =
                old.filter(|old| !old.is_empty() && artifact.content.contains(old.as_str()))?;
            Some(
                artifact
                    .content
                    .replacen(&old, new.as_deref().unwrap_or_default(), 1),
            )
        });
        // An edit of a text that is not there: the message has it as it was.
        let Some(content) = content else {
            return;
        };
        artifact.version += 1;
        artifact.title = input.text("title").or(artifact.title.take());
        let language = input.text("language").or_else(|| input.text("type"));
        artifact.format = language.or(artifact.format.take());
        artifact.content.clone_from(&content);
        let version = artifact.version.to_string();
        let id = input.id("version_uuid");
        let id = id.unwrap_or_else(|| made(&["artifact", thread, message, &name, &version]));
        let mut draft = Draft::new(Section::GeneratedDocuments, id);
        draft.set("name", artifact.title.as_deref());
        draft.set("title", artifact.title.as_deref());
        draft.set("format", artifact.format.as_deref());
        draft.set("version", Some(artifact.version));
        draft.set("content", Some(content));
        input.put("artifact_id", json!(name));
        draft.keep(input);
        talk.attached.push(Attached {
            draft,
            said: Some(talk.said.len()),
            bytes: Bytes::TextOnly,
        });
    }
}
