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
mod working;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use carryall_format::read::Part;
use carryall_format::section::Section;
use carryall_format::trace::Sound;

use self::conversation::{Conversations, Converse};
use self::export::each;
pub use self::fields::Record;
pub use self::format::Format;
use self::index::Index;
use self::list::ListOf;
pub use self::losses::Losses;
use self::working::Workers;

impl Format {
    fn file_target(self, out: File) -> anyhow::Result<Box<dyn Target>> {
        Ok(match self {
            Format::Jsonl => Box::new(jsonl::Jsonl::new(out)),
            Format::Chatgpt => Box::new(ListOf::new(out, chatgpt::Chats)?),
            _ => Box::new(ListOf::new(out, open_webui::Chats)?),
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

    /// Whether it has to know the index before the first value.
    fn needs_index(&self) -> bool {
        true
    }

    /// Where the contents of files lie in the output, if they do.
    fn place_files(&self, _index: &mut Index) {}

    /// How conversations are written. Where there is nothing, threads and messages are values like others.
    /// Asked once, before the first value.
    fn begin(&mut self, _index: &Index) -> anyhow::Result<Option<Box<dyn Converse>>> {
        Ok(None)
    }

    /// What the next conversation became.
    fn put(&mut self, _conversation: &[u8]) -> anyhow::Result<()> {
        Ok(())
    }

    /// Everything was there.
    fn finish(&mut self, index: &Index, losses: &mut Losses) -> anyhow::Result<()>;
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
    export: &Sound,
    format: Format,
    out: File,
    advanced: &mut dyn FnMut(u64),
) -> anyhow::Result<Losses> {
    run(export, format.file_target(out)?, advanced)
}

/// Converts a sound export into a folder, which is there and empty.
pub fn to_folder(
    export: &Sound,
    format: Format,
    folder: &Path,
    advanced: &mut dyn FnMut(u64),
) -> anyhow::Result<Losses> {
    run(export, format.folder_target(folder)?, advanced)
}

/// Converts a sound export into a database, at a path where nothing is yet.
pub fn to_database(
    export: &Sound,
    path: &Path,
    advanced: &mut dyn FnMut(u64),
) -> anyhow::Result<Losses> {
    run(export, Box::new(sqlite::Sqlite::new(path)?), advanced)
}

fn run(
    export: &Sound,
    mut target: Box<dyn Target>,
    advanced: &mut dyn FnMut(u64),
) -> anyhow::Result<Losses> {
    let mut index = Index::default();
    if target.needs_index() {
        // Messages are most of it, and the index has nothing of them.
        let rest = export.without(Section::Messages);
        each(rest, &mut |item| index.add(item), advanced)?;
        target.place_files(&mut index);
    }
    let writer = target.begin(&index)?;
    let mut losses = if let Some(writer) = &writer {
        std::thread::scope(|scope| {
            let workers = Workers::start(scope, &**writer, &index);
            converse(export, &mut *target, &index, workers, advanced)
        })?
    } else {
        let mut losses = Losses::default();
        let mut take = |item: &Item<'_>| give(&mut *target, item, &index, &mut losses);
        each(export.from_start(), &mut take, advanced)?;
        losses
    };
    target.finish(&index, &mut losses)?;
    losses.check()?;
    Ok(losses)
}

fn give(
    target: &mut dyn Target,
    item: &Item<'_>,
    index: &Index,
    losses: &mut Losses,
) -> anyhow::Result<()> {
    if let Some(section) = item.section() {
        losses.read(section);
    }
    target.take(item, index, losses)
}

/// Threads and messages as conversations, everything else as it is.
fn converse(
    export: &Sound,
    target: &mut dyn Target,
    index: &Index,
    mut workers: Workers<'_>,
    advanced: &mut dyn FnMut(u64),
) -> anyhow::Result<Losses> {
    let mut losses = Losses::default();
    let mut talks = Conversations::new(index);
    let mut take = |item: &Item<'_>| match item.section() {
        Some(Section::Threads) => {
            losses.read(Section::Threads);
            Ok(())
        }
        Some(Section::Messages) => {
            losses.read(Section::Messages);
            match talks.add(item.text, || workers.room())? {
                Some(talk) => workers.write(talk, target),
                None => Ok(()),
            }
        }
        _ => give(target, item, index, &mut losses),
    };
    each(export.from_start(), &mut take, advanced)?;
    for talk in talks.rest() {
        workers.write(talk, target)?;
    }
    losses.add(workers.finish(target)?);
    Ok(losses)
}

/// Writes what JSON can say.
fn json(out: &mut impl Write, value: &impl serde::Serialize) -> anyhow::Result<()> {
    Ok(serde_json::to_writer(out, value)?)
}
