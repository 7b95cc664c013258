//! One thread as a note.

use std::io::Write;

use carryall_format::section::Section;

use super::{comment, front_matter, link_to, one_line};
use crate::convert::Index;
use crate::convert::conversation::Conversation;
use crate::convert::fields::{Record, ids, string, text, text_or_empty, time, who};

/// Writes all of it, branches that the product does not show included.
pub fn write(note: &mut Vec<u8>, talk: &Conversation<'_>, index: &Index) -> anyhow::Result<()> {
    let thread = &talk.thread;
    let name = text(thread, "workspace_id").and_then(|id| index.workspace_name(&id));
    let name = name.map(serde_json::value::to_raw_value).transpose()?;
    let workspace = name.as_ref().map(|name| ("workspace", name.as_ref()));
    front_matter(note, thread.iter().chain(workspace));
    let title = text(thread, "title");
    writeln!(
        note,
        "# {}\n",
        one_line(title.as_deref().unwrap_or("Untitled"))
    )?;
    let shown = talk.shown_branch();
    for record in &talk.messages {
        let is_shown = shown.contains(&text_or_empty(record, "id"));
        message(note, record, is_shown, index)?;
    }
    Ok(())
}

fn message(
    note: &mut Vec<u8>,
    record: &Record<'_>,
    is_shown: bool,
    index: &Index,
) -> anyhow::Result<()> {
    let when = time(record, "created_at");
    let branch = if is_shown { "" } else { " (another branch)" };
    let when = when.map(|when| format!(", {when}")).unwrap_or_default();
    writeln!(note, "## {}{when}{branch}\n", one_line(&who(record)))?;
    let content = record.given("content").and_then(string);
    let rest = record.iter().filter(|(field, _)| *field != "content");
    comment(note, rest, content.as_ref().map(|content| content.len()));
    note.push(b'\n');
    note.extend_from_slice(content.unwrap_or_default().as_bytes());
    note.extend_from_slice(b"\n\n");
    for (section, field) in [
        (Section::UploadedFiles, "file_ids"),
        (Section::GeneratedDocuments, "generated_document_ids"),
    ] {
        for id in ids(record, field) {
            let Some(facts) = index.find_file(section, &id) else {
                continue;
            };
            // Notes lie in the folder of a workspace; a file may lie in another's.
            let path = facts.path.as_ref().map(|path| format!("../{path}"));
            writeln!(note, "- {}", link_to(&facts.name, path.as_deref()))?;
        }
    }
    Ok(writeln!(note)?)
}
