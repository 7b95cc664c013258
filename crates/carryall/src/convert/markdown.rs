//! Notes: a folder a workspace, one note a thread, attachments beside.
//!
//! Promises: nothing is lost. What a note does not show stands in its front matter, in a comment before each
//! message, or as JSON in the notes about the account and its files. A message's text is not touched;
//! `content_bytes` in its comment says where it ends, so that no text can look like the next message.

mod layout;
mod thread;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use carryall_format::read::Part;
use carryall_format::section::Section;
use serde_json::Value;

use self::layout::{Layout, place_files};
use super::conversation::Conversation;
use super::fields::{Record, text, text_or_empty};
use super::folder::{Attachments, create};
use super::index::FileFacts;
use super::{Index, Item, Losses, Target};

pub struct Markdown {
    folder: PathBuf,
    layout: Option<Layout>,
    /// Notes that grow as records come: title, note.
    notes: BTreeMap<String, BufWriter<File>>,
    attachments: Attachments,
}

impl Markdown {
    pub fn new(folder: &Path) -> Markdown {
        Markdown {
            folder: folder.to_owned(),
            layout: None,
            notes: BTreeMap::new(),
            attachments: Attachments::new(folder),
        }
    }

    fn layout<'l>(layout: &'l mut Option<Layout>, index: &Index) -> &'l mut Layout {
        layout.get_or_insert_with(|| Layout::of(index))
    }

    /// The note of this path, begun with a heading when it is new.
    fn note(&mut self, path: &str, heading: &str) -> anyhow::Result<&mut BufWriter<File>> {
        if !self.notes.contains_key(path) {
            let mut note = BufWriter::new(create(&self.folder.join(path))?);
            writeln!(note, "# {}\n", one_line(heading))?;
            self.notes.insert(path.to_owned(), note);
        }
        self.notes
            .get_mut(path)
            .ok_or_else(|| anyhow::anyhow!("the note {path} is gone"))
    }

    /// A record that is no text to read: as it is.
    fn as_json(
        &mut self,
        title: &str,
        record: &Record,
        file: Option<&FileFacts>,
    ) -> anyhow::Result<()> {
        let note = self.note(&format!("{title}.md"), title)?;
        if let Some(facts) = file {
            writeln!(note, "## {}\n", link_to(&facts.name, facts.path.as_deref()))?;
        }
        Ok(writeln!(
            note,
            "```json\n{}\n```\n",
            serde_json::to_string(record)?
        )?)
    }

    fn workspace(&mut self, record: &Record, index: &Index) -> anyhow::Result<()> {
        let layout = Self::layout(&mut self.layout, index);
        let path = layout.workspace_note(text_or_empty(record, "id"));
        let mut note = create(&self.folder.join(&path))?;
        front_matter(&mut note, record, &["project_instructions", "description"])?;
        writeln!(note, "# {}\n", one_line(text_or_empty(record, "name")))?;
        for (heading, field) in [
            ("Description", "description"),
            ("Project instructions", "project_instructions"),
        ] {
            if let Some(words) = text(record, field) {
                writeln!(note, "## {heading}\n\n{words}\n")?;
            }
        }
        self.notes.insert(path, BufWriter::new(note));
        Ok(())
    }

    fn workspace_memory(&mut self, record: &Record, index: &Index) -> anyhow::Result<()> {
        let layout = Self::layout(&mut self.layout, index);
        let path = layout.workspace_note(text_or_empty(record, "workspace_id"));
        memory(self.note(&path, "Workspace")?, record)
    }
}

impl Target for Markdown {
    fn place_files(&self, index: &mut Index) {
        place_files(index);
    }

    fn take(&mut self, item: &Item<'_>, index: &Index, losses: &mut Losses) -> anyhow::Result<()> {
        let section = match item.part {
            Part::Section(Section::FileContents) => {
                return self.attachments.take(item, index, losses);
            }
            Part::Section(section) => section,
            part => {
                let title = match part {
                    Part::Gaps => "What could not be delivered",
                    _ => "About this export",
                };
                return self.as_json(title, &item.record()?, None);
            }
        };
        let record = item.record()?;
        match section {
            Section::Workspaces => self.workspace(&record, index)?,
            Section::WorkspaceMemories => self.workspace_memory(&record, index)?,
            Section::UserMemories => memory(self.note("Memories.md", "Memories")?, &record)?,
            section => {
                let facts = index.find_file(section, text_or_empty(&record, "id"));
                self.as_json(title_of(section), &record, facts)?;
            }
        }
        losses.wrote(section);
        Ok(())
    }

    fn converse(
        &mut self,
        talk: &Conversation,
        index: &Index,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let path = Self::layout(&mut self.layout, index).thread_note(&talk.thread);
        let mut note = BufWriter::new(create(&self.folder.join(path))?);
        thread::write(&mut note, talk, index)?;
        note.flush()?;
        losses.wrote(Section::Threads);
        for _ in &talk.messages {
            losses.wrote(Section::Messages);
        }
        Ok(())
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        for note in self.notes.values_mut() {
            note.flush()?;
        }
        Ok(())
    }
}

fn title_of(section: Section) -> &'static str {
    match section {
        Section::AccountSettings => "Account",
        Section::UploadedFiles => "Uploaded files",
        Section::GeneratedDocuments => "Generated documents",
        Section::Subscriptions => "Subscription",
        _ => "Other records",
    }
}

/// A fact, and what else is known of it.
fn memory(note: &mut impl Write, record: &Record) -> anyhow::Result<()> {
    let words = text_or_empty(record, "content").replace('\n', "\n  ");
    writeln!(note, "- {words}")?;
    comment(note, record, "  ")
}

/// A record as a comment that the page does not show.
fn comment(
    note: &mut impl Write,
    record: &impl serde::Serialize,
    indent: &str,
) -> anyhow::Result<()> {
    // `>` could end the comment.
    let json = serde_json::to_string(record)?.replace('>', "\\u003e");
    Ok(writeln!(note, "{indent}<!-- {json} -->")?)
}

/// YAML 1.2 takes JSON values as they are.
fn front_matter(
    note: &mut impl Write,
    record: &Record,
    shown_below: &[&str],
) -> anyhow::Result<()> {
    writeln!(note, "---")?;
    for (field, value) in record {
        if !shown_below.contains(&field.as_str()) {
            writeln!(note, "{field}: {}", yaml(value))?;
        }
    }
    Ok(writeln!(note, "---\n")?)
}

/// JSON, but for the line ends that YAML knows and JSON does not escape.
fn yaml(value: &Value) -> String {
    value
        .to_string()
        .replace('\u{85}', "\\u0085")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
        .replace('\u{7F}', "\\u007f")
}

/// A heading is one line, and no comment: it would hide what follows.
fn one_line(words: &str) -> String {
    let words: Vec<_> = words.split_whitespace().collect();
    words.join(" ").replace('<', "&lt;")
}

/// A link to a file, whatever its name; its name alone where the export does not have its bytes.
fn link_to(name: &str, path: Option<&str>) -> String {
    let mut name = one_line(name);
    for special in ['\\', '[', ']'] {
        name = name.replace(special, &format!("\\{special}"));
    }
    match path {
        Some(path) => format!("[{name}](<{path}>)"),
        None => format!("{name} (not in the export)"),
    }
}
