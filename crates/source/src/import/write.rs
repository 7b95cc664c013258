//! The other readings: rows, a batch at a time.

use carryall_format::original::Original;
use carryall_format::read::{Part, each_record};
use carryall_format::section::Section;
use serde_json::Value;

use super::columns::Origin;
use super::database::{Database, Refusal, Target};
use super::encode::{Making, Record, Row, at, id_of};
use super::error::ImportError;
use super::fates::parsed;
use super::files::Restored;
use super::ids::Fate;
use super::plan::{EntryPlan, Plan};
use super::report::Counting;
use super::values::{Cell, without_nul};

/// Records that are written at once.
const BATCH_ROWS: usize = 256;
const BATCH_BYTES: usize = 1 << 20;

/// Writes rows.
pub(super) struct Writing<'a> {
    plan: &'a Plan,
    database: &'a mut dyn Database,
    pub(super) making: &'a mut Making,
    pub(super) counting: &'a mut Counting,
    pub(super) files: Option<Restored>,
    /// Whether the file whose parts come now is restored.
    pub(super) restoring: bool,
    /// Records of one entry.
    batch: Vec<Record>,
    batch_bytes: usize,
    entry: usize,
    /// Whether a row refers to one of its own table that stands after it.
    has_begun_rows: bool,
}

impl<'a> Writing<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        database: &'a mut dyn Database,
        making: &'a mut Making,
        counting: &'a mut Counting,
        files: Option<Restored>,
    ) -> Writing<'a> {
        Writing {
            plan,
            database,
            making,
            counting,
            files,
            restoring: false,
            batch: Vec::new(),
            batch_bytes: 0,
            entry: 0,
            has_begun_rows: false,
        }
    }

    /// The files, on their way.
    pub(super) fn into_files(self) -> Option<Restored> {
        self.files
    }

    /// Every row, and every file behind the last of them.
    pub(super) fn everything(
        &mut self,
        file: &Original,
        advanced: &mut dyn FnMut(u64),
    ) -> Result<(), ImportError> {
        for pass in 0..self.plan.passes {
            let is_last = pass + 1 == self.plan.passes;
            each_record(
                file.from_start(),
                &mut |part, text| match part {
                    Part::Section(Section::FileContents) if is_last && self.files.is_some() => {
                        self.contents(text)
                    }
                    Part::Section(Section::FileContents) => Ok(()),
                    Part::Section(section) => self.record(pass, section, text),
                    _ => Ok(()),
                },
                advanced,
            )?;
            self.flush()?;
            self.made_for_each(pass, file, advanced)?;
        }
        self.set_later(file, advanced)
    }

    fn is_written_in(&self, pass: usize, section: Section) -> bool {
        let mut entries = self.plan.entries.iter();
        entries.any(|entry| entry.section == section && entry.pass == pass)
    }

    fn record(&mut self, pass: usize, section: Section, text: &[u8]) -> Result<(), ImportError> {
        if !self.is_written_in(pass, section) {
            return Ok(());
        }
        let record: Record = parsed(text)?;
        if section == Section::AccountSettings {
            for index in 0..self.plan.entries.len() {
                let entry = &self.plan.entries[index];
                let says = |path| at(&record, path).is_some_and(|value| !value.is_null());
                let mut paths = entry.columns.iter().filter_map(|column| column.from.path());
                if entry.section == section && entry.pass == pass && paths.any(says) {
                    self.counting.of(&entry.label()).read += 1;
                    self.add(index, record.clone(), text.len())?;
                }
            }
            return Ok(());
        }
        let Some(index) = self.plan.entry_for(section, &record) else {
            return Ok(());
        };
        let fate = self.making.ids.fate(section, id_of(&record));
        if self.plan.entries[index].pass == pass && fate.is_some_and(Fate::is_new) {
            self.add(index, record, text.len())?;
        }
        Ok(())
    }

    fn add(&mut self, entry: usize, record: Record, bytes: usize) -> Result<(), ImportError> {
        let is_full = self.batch.len() >= BATCH_ROWS || self.batch_bytes + bytes > BATCH_BYTES;
        if is_full || entry != self.entry {
            self.flush()?;
        }
        self.entry = entry;
        self.batch_bytes += bytes;
        self.batch.push(record);
        Ok(())
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> Result<(), ImportError> {
        let mut records = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if records.is_empty() {
            return Ok(());
        }
        let entry = &self.plan.entries[self.entry];
        for record in &mut records {
            self.complete(entry, record);
        }
        if !self.write(entry, &records)? {
            // One of them breaks a rule of the table: each for itself, in the same order.
            for record in records.chunks(1) {
                self.write(entry, record)?;
            }
        }
        Ok(())
    }

    /// What the file says elsewhere, or the database cannot hold.
    fn complete(&mut self, entry: &EntryPlan, record: &mut Record) {
        let contents = (entry.section, id_of(record).to_owned());
        if let Some(contents) = self.making.contents.get(&contents) {
            for (name, value) in [
                ("size_bytes", Value::from(contents.size_bytes)),
                ("sha256", Value::from(contents.sha256.as_str())),
            ] {
                if record.get(name).is_none_or(Value::is_null) && contents.is_complete {
                    record.insert(name.to_owned(), value);
                }
            }
        }
        if self.database.holds_nul() {
            return;
        }
        let mut met = false;
        // An id with U+0000 got another one already.
        for (_, value) in record.iter_mut().filter(|(name, _)| *name != "id") {
            met |= without_nul(value);
        }
        if met {
            let reason = "U+0000 became U+FFFD: this database holds none in a text";
            self.counting.without_place(&entry.label(), reason, false);
        }
    }

    /// Writes these records; whether none of them was refused. One alone that is refused is noted.
    fn write(&mut self, entry: &EntryPlan, records: &[Record]) -> Result<bool, ImportError> {
        let mut rows: Vec<(&Record, Row)> = Vec::new();
        let mut cells: Vec<Vec<Cell>> = Vec::new();
        for record in records {
            match self.making.row(entry, record) {
                Ok(mut row) => {
                    cells.push(self.first_cells(entry, record, std::mem::take(&mut row.cells)));
                    rows.push((record, row));
                }
                Err(_) if records.len() > 1 => return Ok(self.took_back(entry, records)),
                Err(reason) => self.refused(entry, record, reason),
            }
        }
        if cells.is_empty() {
            return Ok(true);
        }
        let target = Target {
            table: &entry.table,
            columns: &entry.columns,
            may_be_there: entry.id.is_none(),
        };
        match self.database.insert(target, &cells) {
            Ok(added) => {
                let there = rows.len() as u64 - added;
                let counts = self.counting.of(&entry.label());
                counts.added += added;
                counts.kept += there;
                for (record, row) in rows {
                    self.noted(entry, record, row);
                }
                Ok(true)
            }
            Err(Refusal::Rule(_)) if records.len() > 1 => Ok(self.took_back(entry, records)),
            Err(Refusal::Rule(reason)) => {
                self.refused(entry, &records[0], &reason);
                Ok(true)
            }
            Err(Refusal::Failed(error)) => Err(error),
        }
    }

    /// The row as it is added, beside those before it: what refers to a row of the same table that is not there yet comes
    /// later.
    fn first_cells(
        &mut self,
        entry: &EntryPlan,
        record: &Record,
        mut cells: Vec<Cell>,
    ) -> Vec<Cell> {
        let ids = &mut self.making.ids;
        let mut is_whole = true;
        for (column, cell) in entry.columns.iter().zip(&mut cells) {
            if let (Origin::Ref(path, section), true) = (&column.from, column.is_later)
                && !cell.is_null()
                && let Some(id) = at(record, path).and_then(Value::as_str)
                && !ids.is_there(*section, id)
            {
                *cell = Cell::Null;
                is_whole = false;
            }
        }
        if entry.id.is_some() {
            ids.wrote(entry.section, id_of(record), is_whole);
        }
        self.has_begun_rows |= !is_whole;
        cells
    }

    /// None of these rows was taken: false.
    fn took_back(&mut self, entry: &EntryPlan, records: &[Record]) -> bool {
        for record in records {
            self.making.ids.took_back(entry.section, id_of(record));
        }
        false
    }

    fn noted(&mut self, entry: &EntryPlan, record: &Record, row: Row) {
        let label = entry.label();
        let id = id_of(record);
        if entry.id.is_some() && self.making.ids.fate(entry.section, id) == Some(Fate::Remapped) {
            self.counting.of(&label).remapped += 1;
        }
        for (field, reason, by_rule) in row.notes {
            self.counting
                .without_place(&format!("{label}.{field}"), reason, by_rule);
        }
        if row.file_key.is_some()
            && let Some(contents) = self
                .making
                .contents
                .get_mut(&(entry.section, id.to_owned()))
        {
            contents.key = row.file_key;
        }
    }

    fn refused(&mut self, entry: &EntryPlan, record: &Record, reason: &str) {
        self.counting.not_imported(&entry.label(), reason, false);
        let id = id_of(record);
        if entry.section == Section::Messages {
            let before = record.get("parent_id").and_then(Value::as_str);
            self.making.ids.pass_over(id, before.map(str::to_owned));
        } else {
            self.making.ids.set(entry.section, id, Fate::Nothing);
        }
    }

    /// Rows that the product keeps for each record of another section, unless the file had one.
    fn made_for_each(
        &mut self,
        pass: usize,
        file: &Original,
        advanced: &mut dyn FnMut(u64),
    ) -> Result<(), ImportError> {
        for (index, entry) in self.plan.entries.iter().enumerate() {
            let Some(of) = entry.for_each.filter(|_| entry.pass == pass) else {
                continue;
            };
            let kept = self.counting.of(&entry.label()).kept;
            let field = match of {
                Section::Workspaces => "workspace_id",
                Section::Threads => "thread_id",
                _ => "message_id",
            };
            each_record(
                file.from_start(),
                &mut |part, text| {
                    if part != Part::Section(of) {
                        return Ok(());
                    }
                    let record: Record = parsed(text)?;
                    let fate = self.making.ids.fate(of, id_of(&record));
                    if !fate.is_some_and(Fate::is_new) {
                        return Ok(());
                    }
                    let mut made = Record::new();
                    for (name, value) in [(field, "id"), ("created_at", "created_at")] {
                        let value = record.get(value).cloned();
                        made.insert(name.to_owned(), value.unwrap_or_default());
                    }
                    self.add(index, made, text.len())
                },
                advanced,
            )?;
            self.flush()?;
            // Those that the file has a row for.
            self.counting.of(&entry.label()).kept = kept;
        }
        Ok(())
    }

    /// References to rows of the same table, which may stand after the row.
    fn set_later(
        &mut self,
        file: &Original,
        advanced: &mut dyn FnMut(u64),
    ) -> Result<(), ImportError> {
        if !self.has_begun_rows {
            return Ok(());
        }
        let plan = self.plan;
        let has_later = |entry: &EntryPlan| entry.columns.iter().any(|column| column.is_later);
        each_record(
            file.from_start(),
            &mut |part, text| {
                let Part::Section(section) = part else {
                    return Ok(());
                };
                let mut of_section = plan.entries.iter().filter(|entry| entry.section == section);
                if !of_section.any(has_later) {
                    return Ok(());
                }
                let record: Record = parsed(text)?;
                let is_begun = self.making.ids.is_begun(section, id_of(&record));
                match plan.entry_for(section, &record) {
                    Some(index) if is_begun => self.refer(&plan.entries[index], &record),
                    _ => Ok(()),
                }
            },
            advanced,
        )
    }

    fn refer(&mut self, entry: &EntryPlan, record: &Record) -> Result<(), ImportError> {
        let (Some(place), Ok(row)) = (entry.id, self.making.row(entry, record)) else {
            return Ok(());
        };
        for (column, cell) in entry.columns.iter().zip(&row.cells) {
            if !column.is_later || cell.is_null() {
                continue;
            }
            let id = (&entry.columns[place], &row.cells[place]);
            match self.database.update(&entry.table, id, (column, cell)) {
                Ok(()) => {}
                Err(Refusal::Rule(reason)) => {
                    let what = format!("{}.{}", entry.label(), column.name);
                    self.counting.without_place(&what, &reason, false);
                }
                Err(Refusal::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }
}
