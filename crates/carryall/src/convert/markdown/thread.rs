//! One thread as a note.

use std::collections::BTreeSet;
use std::io::Write;

use carryall_format::section::Section;
use serde_json::Value;

use super::{comment, front_matter, link_to, one_line};
use crate::convert::Index;
use crate::convert::conversation::Conversation;
use crate::convert::fields::{Record, ids, text, text_or_empty};

/// Writes all of it, branches that the product does not show included.
pub fn write(note: &mut impl Write, talk: &Conversation, index: &Index) -> anyhow::Result<()> {
    let thread = &talk.thread;
    let mut facts = thread.clone();
    if let Some(name) = text(thread, "workspace_id").and_then(|id| index.workspace_name(id)) {
        facts.insert("workspace".to_owned(), name.into());
    }
    front_matter(note, &facts, &[])?;
    writeln!(
        note,
        "# {}\n",
        one_line(text(thread, "title").unwrap_or("Untitled"))
    )?;
    let shown = shown_branch(talk);
    for record in &talk.messages {
        let is_shown = shown.contains(text_or_empty(record, "id"));
        message(note, record, is_shown, index)?;
    }
    Ok(())
}

/// The messages from the first to the current one.
fn shown_branch(talk: &Conversation) -> BTreeSet<&str> {
    let parents: std::collections::BTreeMap<_, _> = talk
        .messages
        .iter()
        .map(|record| (text_or_empty(record, "id"), text(record, "parent_id")))
        .collect();
    let mut shown = BTreeSet::new();
    let mut next = talk.current();
    while let Some(id) = next
        && shown.insert(id)
    {
        next = parents.get(id).copied().flatten();
    }
    shown
}

fn message(
    note: &mut impl Write,
    record: &Record,
    is_shown: bool,
    index: &Index,
) -> anyhow::Result<()> {
    let who = match text(record, "role") {
        Some("user") => "You",
        Some("assistant") => "Assistant",
        Some("system") => "System",
        Some("tool") => "Tool",
        Some(other) => other,
        None => "Unknown",
    };
    let when = text(record, "created_at").map(|time| time.replace('T', " ").replace('Z', " UTC"));
    let branch = if is_shown { "" } else { " (another branch)" };
    let when = when.map(|when| format!(", {when}")).unwrap_or_default();
    writeln!(note, "## {}{when}{branch}\n", one_line(who))?;
    let content = record.get("content").and_then(Value::as_str);
    let mut rest = record.clone();
    rest.shift_remove("content");
    if let Some(content) = content {
        rest.insert("content_bytes".to_owned(), content.len().into());
    }
    comment(note, &rest, "")?;
    writeln!(note, "\n{}\n", content.unwrap_or_default())?;
    for (section, field) in [
        (Section::UploadedFiles, "file_ids"),
        (Section::GeneratedDocuments, "generated_document_ids"),
    ] {
        for facts in ids(record, field).filter_map(|id| index.find_file(section, id)) {
            // Notes lie in the folder of a workspace; a file may lie in another's.
            let path = facts.path.as_ref().map(|path| format!("../{path}"));
            writeln!(note, "- {}", link_to(&facts.name, path.as_deref()))?;
        }
    }
    Ok(writeln!(note)?)
}
