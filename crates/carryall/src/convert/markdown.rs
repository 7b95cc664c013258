//! Notes: a folder a workspace, one note a thread, attachments beside.
//!
//! Promises: nothing is lost. What a note does not show stands in its front matter, in a comment before each
//! message, or as JSON in the notes about the account and its files. A message's text is not touched;
//! `content_bytes` in its comment says where it ends, so that no text can look like the next message.

mod thread;

use std::borrow::Cow;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carryall_format::read::Part;
use carryall_format::section::Section;

use super::conversation::{Conversation, Converse};
use super::fields::{Raw, Record, text, text_or_empty};
use super::folder::{Append as _, Attachments, Growing, put_file};
use super::index::FileFacts;
use super::layout::{Layout, place_files};
use super::{Index, Item, Losses, Target};

pub struct Markdown {
    folder: PathBuf,
    layout: Option<Arc<Layout>>,
    /// Notes about workspaces, the account and what belongs to it.
    notes: Growing,
    attachments: Attachments,
}

impl Markdown {
    pub fn new(folder: &Path) -> Markdown {
        Markdown {
            folder: folder.to_owned(),
            layout: None,
            notes: Growing::new(folder),
            attachments: Attachments::new(folder),
        }
    }

    fn about(&self, workspace_id: Option<&str>) -> anyhow::Result<String> {
        let layout = self.layout.as_ref();
        let layout = layout.ok_or_else(|| anyhow::anyhow!("no layout"))?;
        Ok(layout.about(workspace_id))
    }

    /// Adds to the note of this path, which begins with a heading.
    fn add(&mut self, path: &str, heading: &str, text: &[u8]) -> anyhow::Result<()> {
        if !self.notes.has(path) {
            let heading = format!("# {}\n\n", one_line(heading));
            self.notes.append(path, heading.as_bytes())?;
        }
        self.notes.append(path, text)
    }

    /// A record that is no text to read: as it is.
    fn as_json(
        &mut self,
        title: &str,
        record: &[u8],
        file: Option<&FileFacts>,
    ) -> anyhow::Result<()> {
        let mut text = Vec::new();
        if let Some(facts) = file {
            writeln!(text, "## {}\n", link_to(&facts.name, facts.path.as_deref()))?;
        }
        text.extend_from_slice(b"```json\n");
        text.extend_from_slice(record);
        text.extend_from_slice(b"\n```\n\n");
        self.add(&format!("{title}.md"), title, &text)
    }

    fn workspace(&mut self, record: &Record<'_>) -> anyhow::Result<()> {
        let path = self.about(text(record, "id").as_deref())?;
        let mut note = Vec::new();
        let below = ["project_instructions", "description"];
        front_matter(
            &mut note,
            record.iter().filter(|(field, _)| !below.contains(field)),
        );
        writeln!(note, "# {}\n", one_line(&text_or_empty(record, "name")))?;
        for (heading, field) in [
            ("Description", "description"),
            ("Project instructions", "project_instructions"),
        ] {
            if let Some(words) = text(record, field) {
                writeln!(note, "## {heading}\n\n{words}\n")?;
            }
        }
        self.notes.append(&path, &note)
    }

    fn memory(&mut self, path: &str, heading: &str, record: &Record<'_>) -> anyhow::Result<()> {
        let mut text = Vec::new();
        memory(&mut text, record);
        self.add(path, heading, &text)
    }
}

impl Target for Markdown {
    fn place_files(&self, index: &mut Index) {
        place_files(index, str::to_owned);
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
                return self.as_json(title, item.text, None);
            }
        };
        let record = item.record()?;
        match section {
            Section::Workspaces => self.workspace(&record)?,
            Section::WorkspaceMemories => {
                let path = self.about(text(&record, "workspace_id").as_deref())?;
                self.memory(&path, "Workspace", &record)?;
            }
            Section::UserMemories => self.memory("Memories.md", "Memories", &record)?,
            section => {
                let facts = index.find_file(section, &text_or_empty(&record, "id"));
                self.as_json(title_of(section), item.text, facts)?;
            }
        }
        losses.wrote(section);
        Ok(())
    }

    fn begin(&mut self, index: &Index) -> anyhow::Result<Option<Box<dyn Converse>>> {
        let layout = Arc::new(Layout::of(index, "About this workspace", ".md")?);
        self.layout = Some(layout.clone());
        let folder = self.folder.clone();
        Ok(Some(Box::new(Threads { folder, layout })))
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        self.notes.flush()
    }
}

/// Writes each into a note of its own.
struct Threads {
    folder: PathBuf,
    layout: Arc<Layout>,
}

impl Converse for Threads {
    fn converse(
        &self,
        talk: &Conversation<'_>,
        index: &Index,
        losses: &mut Losses,
        out: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        thread::write(out, talk, index)?;
        put_file(&self.folder.join(self.layout.thread(talk.place)), out)?;
        losses.wrote(Section::Threads);
        for _ in &talk.messages {
            losses.wrote(Section::Messages);
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
fn memory(note: &mut Vec<u8>, record: &Record<'_>) {
    let words = text_or_empty(record, "content").replace('\n', "\n  ");
    note.extend_from_slice(b"- ");
    note.extend_from_slice(words.as_bytes());
    note.extend_from_slice(b"\n  ");
    comment(note, record.iter(), None);
}

/// Fields as a comment that the page does not show, and how many bytes of text follow it.
fn comment<'r>(
    note: &mut Vec<u8>,
    fields: impl Iterator<Item = (&'r str, Raw<'r>)>,
    content_bytes: Option<usize>,
) {
    note.extend_from_slice(b"<!-- {");
    for (place, (field, value)) in fields.enumerate() {
        note.extend_from_slice(if place > 0 { b",\"" } else { b"\"" });
        note.extend_from_slice(field.as_bytes());
        note.extend_from_slice(b"\":");
        // `>` could end the comment.
        let mut pieces = value.get().split('>');
        note.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
        for piece in pieces {
            note.extend_from_slice(b"\\u003e");
            note.extend_from_slice(piece.as_bytes());
        }
    }
    if let Some(bytes) = content_bytes {
        note.extend_from_slice(b",\"content_bytes\":");
        note.extend_from_slice(bytes.to_string().as_bytes());
    }
    note.extend_from_slice(b"} -->\n");
}

/// YAML 1.2 takes JSON values as they are.
fn front_matter<'r>(note: &mut Vec<u8>, fields: impl Iterator<Item = (&'r str, Raw<'r>)>) {
    note.extend_from_slice(b"---\n");
    for (field, value) in fields {
        note.extend_from_slice(field.as_bytes());
        note.extend_from_slice(b": ");
        note.extend_from_slice(yaml(value.get()).as_bytes());
        note.push(b'\n');
    }
    note.extend_from_slice(b"---\n\n");
}

/// JSON, but for the line ends that YAML knows and JSON does not escape.
fn yaml(value: &str) -> Cow<'_, str> {
    let special = |letter| matches!(letter, '\u{7F}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if !value.contains(special) {
        return value.into();
    }
    let escaped = value.replace('\u{85}', "\\u0085");
    let escaped = escaped.replace('\u{2028}', "\\u2028");
    let escaped = escaped.replace('\u{2029}', "\\u2029");
    escaped.replace('\u{7F}', "\\u007f").into()
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
