//! One Parquet file a section, with typed columns, for programs that calculate with tables.
//!
//! Promises: nothing is lost but what a type cannot hold, and that is counted. Memory is bounded by a group of
//! rows of each section, [`GROUP_BYTES`] and a record.

mod column;
mod compact;
mod file;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use carryall_format::section::{Kind, Section};

use self::column::{Column, Type};
use self::file::TableFile;
use super::fields::Raw;
use super::folder::create;
use super::{Index, Item, Losses, Record, Target, json};

/// Rows are put out when they are as large together.
const GROUP_BYTES: usize = 4 << 20;

pub struct Parquet {
    folder: PathBuf,
    /// By the name of the part.
    tables: BTreeMap<&'static str, Table>,
    about: BTreeMap<&'static str, Box<serde_json::value::RawValue>>,
}

struct Table {
    /// Names of the fields, in the order of the columns.
    fields: Vec<&'static str>,
    columns: Vec<Column>,
    file: TableFile,
}

impl Parquet {
    pub fn new(folder: &Path) -> anyhow::Result<Parquet> {
        let mut tables = BTreeMap::new();
        for section in Section::ALL {
            let fields = section.fields().iter();
            let fields = fields.map(|field| (field.name, type_of(field.name, field.kind)));
            let fields = fields.chain([("extra", Type::Json)]).collect();
            tables.insert(section.name(), Table::new(folder, section.name(), fields)?);
        }
        let gaps = ["code", "section", "id", "field", "reason"];
        let gaps = gaps.map(|name| (name, Type::Text)).to_vec();
        tables.insert("gaps", Table::new(folder, "gaps", gaps)?);
        Ok(Parquet {
            folder: folder.to_owned(),
            tables,
            about: BTreeMap::new(),
        })
    }
}

fn type_of(name: &str, kind: Kind) -> Type {
    match kind {
        _ if name == "base64" => Type::Bytes,
        Kind::Boolean => Type::Boolean,
        Kind::Integer => Type::Integer,
        Kind::Number => Type::Number,
        Kind::Timestamp => Type::Time,
        Kind::Json | Kind::Refs(_) => Type::Json,
        _ => Type::Text,
    }
}

impl Table {
    fn new(folder: &Path, name: &str, fields: Vec<(&'static str, Type)>) -> anyhow::Result<Table> {
        let file = TableFile::begin(create(&folder.join(format!("{name}.parquet")))?)?;
        let column = |(name, kind): &(&'static str, Type)| match *name {
            "base64" => Column::new("bytes", *kind),
            name => Column::new(name, *kind),
        };
        Ok(Table {
            columns: fields.iter().map(column).collect(),
            fields: fields.into_iter().map(|(name, _)| name).collect(),
            file,
        })
    }

    /// Adds a row. Returns the fields whose column cannot hold what they say.
    fn row(&mut self, record: &Record<'_>) -> anyhow::Result<Vec<&'static str>> {
        // Fields come in the order of the columns, unless another program has changed that.
        let mut rest = record.iter().peekable();
        let (mut written, mut unheld) = (0, Vec::new());
        for (field, column) in self.fields.iter().zip(&mut self.columns) {
            let value: Option<Raw<'_>> = match rest.next_if(|(name, _)| name == field) {
                Some((_, value)) => Some(value),
                None => record.raw(field),
            };
            written += usize::from(value.is_some());
            if !column.push(value) {
                unheld.push(*field);
            }
        }
        anyhow::ensure!(
            written == record.iter().len(),
            "the export has a field that this version of Carryall does not know: {:?}",
            record.iter().find(|(name, _)| !self.fields.contains(name))
        );
        if self.columns.iter().map(Column::size_bytes).sum::<usize>() > GROUP_BYTES {
            self.file.group(&mut self.columns)?;
        }
        Ok(unheld)
    }
}

impl Target for Parquet {
    fn needs_index(&self) -> bool {
        false
    }

    fn take(&mut self, item: &Item<'_>, _index: &Index, losses: &mut Losses) -> anyhow::Result<()> {
        let Some(table) = self.tables.get_mut(item.part.name()) else {
            let value = serde_json::from_slice(item.text)?;
            self.about.insert(item.part.name(), value);
            return Ok(());
        };
        let unheld = table.row(&item.record()?)?;
        if let Some(section) = item.section() {
            losses.wrote(section);
            for field in unheld {
                losses.lost_field(section, field);
            }
        }
        Ok(())
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        for table in self.tables.values_mut() {
            table.file.group(&mut table.columns)?;
            table.file.end(&table.columns)?;
        }
        let mut out = create(&self.folder.join("about.json"))?;
        json(&mut out, &self.about)?;
        Ok(out.write_all(b"\n")?)
    }
}
