//! Walks the sections in file order and turns admitted rows into records.

mod range;
mod references;
mod selection;

use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant};

use carryall_format::gap::{Gap, GapCode};
use carryall_format::header::Header;
use carryall_format::section::Section;
use carryall_format::write::{Reference, Writer, Written};

pub(super) use self::range::Range;
use self::references::Expected;
use super::messages::ThreadAtHand;
use super::{ExportError, ExportOrder, Progress};
use crate::coverage::UnmappedColumn;
use crate::error::SourceError;
use crate::files::FileStore;
use crate::plan::{Dependencies, Encode, EntryPlan, FieldPlan, Plan};
use crate::record::{self, Earlier, Issue, Surroundings, as_text};
use crate::scope::{Admission, Scope};
use crate::snapshot::{Row, Snapshot, Statement};
use crate::subject::Subject;

/// How often somebody is told how far it is, in records.
const REPORT_EVERY: u64 = 256;

/// An export under way.
pub(super) struct Run<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) plan: &'a Plan,
    pub(super) scope: &'a Scope,
    pub(super) subject: &'a Subject,
    pub(super) files: Option<&'a FileStore>,
    pub(super) writer: Writer,
    pub(super) thread: ThreadAtHand,
    /// Which threads have a message of the dates that were asked for.
    pub(super) range: Range<'a>,
    /// The same moment again, for others that read meanwhile.
    pub(super) others: Vec<Snapshot>,
    /// When to stop, and how long that is from the start.
    pub(super) limit: Option<(Instant, Duration)>,
    progress: &'a dyn Progress,
    subject_text: Vec<u8>,
    issues: Vec<Issue>,
    /// None before the first record, and while one is written.
    earlier: Option<Box<Earlier>>,
    scratch: Vec<u8>,
    section: Section,
    records: u64,
    /// The record being encoded.
    record: Vec<u8>,
    /// It goes straight to the file, and not to where it waits for others.
    is_writing: bool,
    /// Ids of sections that stand later in the file than references to them.
    expected: HashMap<Section, Expected>,
    people: HashMap<Vec<u8>, usize>,
    find_message: Option<Statement<'a>>,
    /// Threads, each with the message that it points at, as far as they were asked for together.
    pointed_at: Expected,
}

impl<'a> Run<'a> {
    pub(super) fn start(
        snapshot: &'a Snapshot,
        plan: &'a Plan,
        order: &ExportOrder<'a>,
        files: Option<&'a FileStore>,
        out: impl Write + Send + 'static,
        header: &Header,
        progress: &'a dyn Progress,
    ) -> Result<Run<'a>, ExportError> {
        if files.is_none() && order.scope.file_contents && plan.needs_file_store() {
            return Err(ExportError::NoFileStore);
        }
        let mut writer = Writer::start(out, header)?;
        if let Some(key) = order.signing_key {
            writer.sign_with(key.clone());
        }
        Ok(Run {
            snapshot,
            plan,
            scope: order.scope,
            subject: order.subject,
            files,
            writer,
            thread: ThreadAtHand::default(),
            range: Range::default(),
            others: Vec::new(),
            limit: None,
            progress,
            subject_text: order.subject.key.as_str().to_owned().into_bytes(),
            issues: Vec::new(),
            earlier: None,
            scratch: Vec::new(),
            section: Section::AccountSettings,
            records: 0,
            record: Vec::new(),
            is_writing: false,
            expected: HashMap::new(),
            people: HashMap::new(),
            find_message: None,
            pointed_at: Expected::default(),
        })
    }

    pub(super) fn write_sections(&mut self) -> Result<(), ExportError> {
        for section in Section::ALL {
            self.section = section;
            self.records = 0;
            self.progress.section(section);
            let is_in_scope = self.scope.covers_section(section);
            let status = section.status_when(self.plan.has(section), is_in_scope);
            self.writer.set_status(section, status);
            if !is_in_scope {
                continue;
            }
            match section {
                Section::AccountSettings => self.write_account()?,
                Section::Messages => self.write_messages()?,
                Section::FileContents => self.write_file_contents()?,
                _ => self.write_list(section)?,
            }
            self.report();
        }
        self.count_left_out()
    }

    pub(super) fn finish(self) -> Result<Written, ExportError> {
        Ok(self.writer.finish()?)
    }

    /// A column that a newer version of the product has: no reason to refuse, but never silent.
    pub(super) fn note_unmapped_column(
        &mut self,
        unmapped: &UnmappedColumn,
    ) -> Result<(), ExportError> {
        let section = unmapped.section.unwrap_or(Section::OtherRecords);
        let name = format!("{}.{}", unmapped.table, unmapped.column);
        Ok(self.writer.gap(Gap {
            code: GapCode::UnmappedColumn,
            section,
            id: None,
            reason: format!("the product's data map does not name the column `{name}` yet, so it was not exported"),
            field: Some(name),
        })?)
    }

    fn write_list(&mut self, section: Section) -> Result<(), ExportError> {
        match section {
            Section::Workspaces => self.expect(section)?,
            Section::Threads => {
                self.expect_range()?;
                self.expect_current_messages()?;
            }
            _ => {}
        }
        let plan = self.plan;
        for entry in plan.of(section) {
            let mut rows = self.snapshot.prepare_for(&read(entry), &entry.in_order)?;
            rows.for_each(&[self.subject.key.value()], |row| {
                self.write_row(entry, row)
            })?;
        }
        if section == Section::Workspaces
            && let Some(id) = &self.scope.workspace
            && self.writer.resolve(section, id.as_bytes())? != Reference::Included
        {
            return Err(ExportError::UnknownWorkspace { id: id.clone() });
        }
        Ok(())
    }

    fn write_row(&mut self, entry: &EntryPlan, row: &Row<'_>) -> Result<(), ExportError> {
        let id = as_text(row.value(entry.id));
        match self.admit(entry, row)? {
            Admission::Included => self.write_record(entry, row, &id),
            Admission::LeftOut => self.leave_out(entry, row, &id),
            Admission::OutOfScope => Ok(()),
        }
    }

    /// Writes one record with its proof of ownership, and then what is to be said about it.
    pub(super) fn write_record(
        &mut self,
        entry: &EntryPlan,
        row: &Row<'_>,
        id: &[u8],
    ) -> Result<(), ExportError> {
        self.record.clear();
        self.record.extend_from_slice(id);
        let owner = as_text(row.value(entry.whose.column()));
        self.writer
            .begin_record(entry.section, entry.whose.proof(&owner), id)?;
        // The buffer is taken out, so that resolving a reference may look into the writer.
        let mut out = std::mem::take(self.writer.buffer());
        let mut earlier = self.earlier.take().unwrap_or_default();
        earlier.begin(row, self);
        self.is_writing = true;
        let encoded = self.encode_row(&mut out, entry, row, &mut earlier);
        self.is_writing = false;
        *self.writer.buffer() = out;
        encoded?;
        for (field, columns) in entry.audited.iter().zip(&entry.depends.audited) {
            if !earlier.has_same(*columns) {
                record::audit(field, row, &mut self.scratch, &mut self.issues);
            }
        }
        earlier.end(self, &self.issues);
        self.earlier = Some(earlier);
        self.writer.end_record()?;
        self.flush_issues(entry.section, id)?;
        self.count_record(entry)
    }

    /// Appends fields and `extra`.
    pub(super) fn encode_row(
        &mut self,
        out: &mut Vec<u8>,
        entry: &EntryPlan,
        row: &Row<'_>,
        earlier: &mut Earlier,
    ) -> Result<(), ExportError> {
        let mut issues = std::mem::take(&mut self.issues);
        let Dependencies { fields, extra, .. } = &entry.depends;
        earlier.encode_fields(out, (&entry.fields, fields), row, self, &mut issues)?;
        if !entry.extra.is_empty() {
            out.extend_from_slice(b",\"extra\":{");
            earlier.encode_fields(out, (&entry.extra, extra), row, self, &mut issues)?;
            out.push(b'}');
        }
        self.issues = issues;
        Ok(())
    }

    /// Counts the record that was just written.
    fn count_record(&mut self, entry: &EntryPlan) -> Result<(), ExportError> {
        self.records += 1;
        if self.records.is_multiple_of(REPORT_EVERY) {
            self.report();
            if self.progress.is_cancelled() {
                return Err(ExportError::Cancelled);
            }
            self.check_time(entry)?;
        }
        Ok(())
    }

    /// A server's connection ends by itself; a file is held by whoever reads it.
    fn check_time(&self, entry: &EntryPlan) -> Result<(), ExportError> {
        match self.limit {
            Some((until, limit)) if Instant::now() >= until => {
                let purpose = read(entry);
                Err(SourceError::TooLong { purpose, limit }.into())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn flush_issues(&mut self, section: Section, id: &[u8]) -> Result<(), ExportError> {
        for Issue {
            code,
            field,
            reason,
        } in self.issues.drain(..)
        {
            self.writer.field_gap(code, section, id, &field, reason)?;
        }
        Ok(())
    }

    pub(super) fn report(&self) {
        self.progress
            .advanced(self.records, self.writer.written_bytes());
    }

    pub(super) fn progress(&self) -> &'a dyn Progress {
        self.progress
    }

    pub(super) fn count_contents(&mut self) {
        self.records += 1;
        self.report();
    }

    pub(super) fn add_issues(&mut self, issues: Vec<Issue>) {
        self.issues.extend(issues);
    }
}

impl Surroundings for Run<'_> {
    type Error = ExportError;

    fn resolve(&mut self, target: Section, id: &[u8]) -> Result<Reference, ExportError> {
        self.reference_to(target, id)
    }

    fn is_slice(&self) -> bool {
        self.scope.is_slice()
    }

    /// Numbered in the order met: says nothing about who it is, and is the same in every run.
    fn person(&mut self, id: &[u8]) -> Vec<u8> {
        if id == self.subject_text {
            return id.to_vec();
        }
        let next = self.people.len() + 1;
        let number = *self.people.entry(id.to_vec()).or_insert(next);
        format!("person-{number}").into_bytes()
    }

    fn make_room(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        if self.is_writing {
            self.writer.send_part(out)?;
        }
        Ok(())
    }

    fn sent_bytes(&self) -> u64 {
        self.writer.sent_bytes()
    }
}

/// Whether messages refer to files or documents, which stand after them.
pub(super) fn refers_to(fields: &[FieldPlan], section: Section) -> bool {
    fields.iter().any(|field| {
        matches!(field.encode, Encode::References(of) | Encode::Reference(of) if of == section)
    })
}

/// What reading an entry is called in an error.
pub(super) fn read(entry: &EntryPlan) -> String {
    format!("read {}", entry.purpose)
}
