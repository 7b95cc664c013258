//! An export as files that other programs read.
//!
//! Promises: only a sound export is converted; each record of it is written, or counted as lost under the
//! name of its section; each field of a written record too. Memory is bounded by the largest thread, and
//! by a few hundred bytes for each workspace, thread and file.
//!
//! Formats of other programs are named here, and nowhere else in the program.

mod chatgpt;
mod claude;
mod conversation;
mod csv;
mod export;
mod fields;
mod folder;
mod format;
pub mod from;
mod html;
mod index;
mod jsonl;
mod layout;
mod librechat;
mod list;
mod losses;
mod markdown;
mod names;
mod open_webui;
mod parquet;
mod sqlite;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use carryall_format::original::Original;
use carryall_format::read::Part;
use carryall_format::section::Section;

use self::conversation::{Conversation, Conversations};
use self::export::Export;
pub use self::fields::Record;
pub use self::format::Format;
use self::index::Index;
pub use self::losses::Losses;

impl Format {
    fn file_target(self, out: File) -> anyhow::Result<Box<dyn Target>> {
        Ok(match self {
            Format::Jsonl => Box::new(jsonl::Jsonl::new(out)),
            Format::Chatgpt => Box::new(chatgpt::Chatgpt::new(out)?),
            _ => Box::new(open_webui::OpenWebui::new(out)?),
        })
    }

    fn folder_target(self, folder: &Path) -> anyhow::Result<Box<dyn Target>> {
        Ok(match self {
            Format::Csv => Box::new(csv::Csv::new(folder)?),
            Format::Markdown => Box::new(markdown::Markdown::new(folder)),
            Format::Parquet => Box::new(parquet::Parquet::new(folder)?),
            Format::Html => Box::new(html::Html::new(folder)),
            Format::Claude => Box::new(claude::Claude::new(folder)?),
            _ => Box::new(librechat::Librechat::new(folder)),
        })
    }
}

/// Where records go.
pub trait Target {
    /// A value of the export outside a conversation, in file order. Formats of conversations have no
    /// place for it.
    fn take(&mut self, item: &Item<'_>, _index: &Index, losses: &mut Losses) -> anyhow::Result<()> {
        if let Some(section) = item.section() {
            losses.lost(section);
        }
        Ok(())
    }

    /// What it has to be given.
    fn needs(&self) -> Needs {
        Needs::Conversations
    }

    /// A thread with all its messages.
    fn converse(
        &mut self,
        _talk: &Conversation<'_>,
        _index: &Index,
        _losses: &mut Losses,
    ) -> anyhow::Result<()> {
        Ok(())
    }

    /// Where the contents of files lie in the output, if they do.
    fn place_files(&self, _index: &mut Index) {}

    /// Everything was there.
    fn finish(&mut self, index: &Index, losses: &mut Losses) -> anyhow::Result<()>;
}

/// What a target has to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Each record, once.
    Records,
    /// The index before the first record.
    Index,
    /// That, and threads and messages as conversations.
    Conversations,
}

/// A record, or another value of the export.
pub struct Item<'a> {
    pub part: Part,
    /// As it stands in the file, without space around its parts.
    pub text: &'a [u8],
}

impl Item<'_> {
    /// Read.
    pub fn record(&self) -> serde_json::Result<Record<'_>> {
        Record::read(self.text)
    }

    /// The section, if it is personal data.
    pub fn section(&self) -> Option<Section> {
        match self.part {
            Part::Section(section) => Some(section),
            _ => None,
        }
    }
}

/// Converts a sound export into one file.
pub fn to_file(
    export: &Original,
    format: Format,
    out: File,
    advanced: &mut dyn FnMut(u64),
) -> anyhow::Result<Losses> {
    run(export, format.file_target(out)?, advanced)
}

/// Converts a sound export into a folder, which is there and empty.
pub fn to_folder(
    export: &Original,
    format: Format,
    folder: &Path,
    advanced: &mut dyn FnMut(u64),
) -> anyhow::Result<Losses> {
    run(export, format.folder_target(folder)?, advanced)
}

/// Converts a sound export into a database, at a path where nothing is yet.
pub fn to_database(
    export: &Original,
    path: &Path,
    advanced: &mut dyn FnMut(u64),
) -> anyhow::Result<Losses> {
    run(export, Box::new(sqlite::Sqlite::new(path)?), advanced)
}

fn run(
    original: &Original,
    mut target: Box<dyn Target>,
    advanced: &mut dyn FnMut(u64),
) -> anyhow::Result<Losses> {
    let export = Export::of(original);
    let mut losses = Losses::default();
    let mut index = Index::default();
    let needs = target.needs();
    if needs >= Needs::Index {
        export.each(&mut |item| index.add(item), advanced)?;
        target.place_files(&mut index);
    }
    let mut talks = Conversations::new(&index);
    let mut take = |item: &Item<'_>| -> anyhow::Result<()> {
        if let Some(section) = item.section() {
            losses.read(section);
        }
        let is_talk = matches!(
            item.part,
            Part::Section(Section::Threads | Section::Messages)
        );
        if needs < Needs::Conversations || !is_talk {
            return target.take(item, &index, &mut losses);
        }
        if item.part == Part::Section(Section::Messages)
            && let Some(talk) = talks.add(item.text)?
        {
            target.converse(&talk.read(&index)?, &index, &mut losses)?;
        }
        Ok(())
    };
    export.each(&mut take, advanced)?;
    for talk in talks.rest() {
        target.converse(&talk.read(&index)?, &index, &mut losses)?;
    }
    target.finish(&index, &mut losses)?;
    losses.check()?;
    Ok(losses)
}

/// Writes what JSON can say.
fn json(out: &mut impl Write, value: &impl serde::Serialize) -> anyhow::Result<()> {
    Ok(serde_json::to_writer(out, value)?)
}
