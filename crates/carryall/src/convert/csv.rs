//! One table a section, as RFC 4180 has it: CRLF, quotes doubled, UTF-8 with the mark that spreadsheets
//! need to see it.
//!
//! Promises: no cell is taken for a formula (OWASP, CSV Injection), and each can be read back: an apostrophe
//! stands before a text that starts with a character that could begin a formula, or with an apostrophe. An
//! empty cell is null; an empty text is a pair of quotes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use carryall_format::read::Part;
use carryall_format::section::Section;
use serde_json::value::RawValue;

use super::fields::{Raw, string, text_or_empty};
use super::folder::{Attachments, create};
use super::names::Names;
use super::{Index, Item, Losses, Record, Target, json};

pub struct Csv {
    folder: PathBuf,
    tables: BTreeMap<&'static str, Table>,
    about: BTreeMap<&'static str, Box<RawValue>>,
    attachments: Attachments,
}

struct Table {
    out: BufWriter<File>,
    columns: Vec<&'static str>,
}

impl Csv {
    pub fn new(folder: &Path) -> anyhow::Result<Csv> {
        let mut tables = BTreeMap::new();
        for section in Section::ALL {
            if section == Section::FileContents {
                continue;
            }
            let mut columns: Vec<_> = section.fields().iter().map(|field| field.name).collect();
            columns.push("extra");
            tables.insert(section.name(), Table::new(folder, section.name(), columns)?);
        }
        let columns = ["code", "section", "id", "field", "reason"].to_vec();
        tables.insert("gaps", Table::new(folder, "gaps", columns)?);
        Ok(Csv {
            folder: folder.to_owned(),
            tables,
            about: BTreeMap::new(),
            attachments: Attachments::new(folder),
        })
    }
}

impl Target for Csv {
    fn place_files(&self, index: &mut Index) {
        let mut names = Names::default();
        for facts in index.files.values_mut().filter(|facts| facts.has_contents) {
            facts.path = Some(format!("files/{}", names.take(&facts.name, "file")));
        }
    }

    fn take(&mut self, item: &Item<'_>, index: &Index, losses: &mut Losses) -> anyhow::Result<()> {
        if item.part == Part::Section(Section::FileContents) {
            return self.attachments.take(item, index, losses);
        }
        if let Some(table) = self.tables.get_mut(item.part.name()) {
            let record = item.record()?;
            table.row(&record)?;
            let facts = item.section().filter(|section| section.has_contents());
            if let Some(section) = facts {
                // Beside the record's own columns: where its bytes are.
                let facts = index.find_file(section, &text_or_empty(&record, "id"));
                table.file(facts.and_then(|facts| facts.path.as_deref()))?;
            }
            table.out.write_all(b"\r\n")?;
        } else {
            let value = serde_json::from_slice(item.text)?;
            self.about.insert(item.part.name(), value);
        }
        if let Some(section) = item.section() {
            losses.wrote(section);
        }
        Ok(())
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        for table in self.tables.values_mut() {
            table.out.flush()?;
        }
        let mut out = create(&self.folder.join("about.json"))?;
        json(&mut out, &self.about)?;
        Ok(out.write_all(b"\n")?)
    }
}

impl Table {
    fn new(folder: &Path, name: &str, columns: Vec<&'static str>) -> anyhow::Result<Table> {
        let path = folder.join(format!("{name}.csv"));
        let mut out = BufWriter::with_capacity(1 << 18, create(&path)?);
        out.write_all("\u{FEFF}".as_bytes())?;
        out.write_all(columns.join(",").as_bytes())?;
        if Section::named(name).is_some_and(Section::has_contents) {
            out.write_all(b",file")?;
        }
        out.write_all(b"\r\n")?;
        Ok(Table { out, columns })
    }

    fn row(&mut self, record: &Record<'_>) -> anyhow::Result<()> {
        // Fields come in the order of the columns, unless another program has changed that.
        let mut rest = record.iter().peekable();
        let mut written = 0;
        for (place, column) in self.columns.iter().enumerate() {
            if place > 0 {
                self.out.write_all(b",")?;
            }
            let value = match rest.next_if(|(field, _)| field == column) {
                Some((_, value)) => Some(value),
                None => record.raw(column),
            };
            written += usize::from(value.is_some());
            if let Some(value) = value {
                write_cell(&mut self.out, value)?;
            }
        }
        anyhow::ensure!(
            written == record.iter().len(),
            "the export has a field that this version of Carryall does not know: {:?}",
            record
                .iter()
                .find(|(field, _)| !self.columns.contains(field))
        );
        Ok(())
    }

    fn file(&mut self, path: Option<&str>) -> std::io::Result<()> {
        self.out.write_all(b",")?;
        path.map_or(Ok(()), |path| {
            cell(&mut self.out, path, starts_a_formula(path))
        })
    }
}

/// What spreadsheets calculate, and what would be read back as something else.
fn starts_a_formula(text: &str) -> bool {
    text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\0', '\'', '＝', '＋', '－', '＠',
    ])
}

fn write_cell(out: &mut impl Write, value: Raw<'_>) -> std::io::Result<()> {
    match value.get().as_bytes()[0] {
        b'n' => Ok(()),
        b'"' => {
            let text = string(value).unwrap_or_default();
            cell(out, &text, starts_a_formula(&text))
        }
        b'[' | b'{' => cell(out, value.get(), false),
        _ => out.write_all(value.get().as_bytes()),
    }
}

fn cell(out: &mut impl Write, text: &str, is_guarded: bool) -> std::io::Result<()> {
    out.write_all(if is_guarded { b"\"'" } else { b"\"" })?;
    let mut rest = text.as_bytes();
    while let Some(quote) = memchr::memchr(b'"', rest) {
        // The quote itself, and once more.
        out.write_all(&rest[..=quote])?;
        out.write_all(b"\"")?;
        rest = &rest[quote + 1..];
    }
    out.write_all(rest)?;
    out.write_all(b"\"")
}
