//! Messages, thread by thread, in conversation order.
//!
//! Within a thread they come by time. A message that comes before the one it follows waits for it, so
//! that no reader meets a child before its parent.

mod thread;

use std::thread::available_parallelism;

use carryall_format::gap::GapCode;
use carryall_format::section::Section;
use carryall_format::write::Reference;

pub(super) use self::thread::ThreadAtHand;
use self::thread::Waiting;
use super::ExportError;
use super::run::{Run, read, refers_to};
use crate::plan::EntryPlan;
use crate::read_ahead::{Met, Nested, ReadAhead};
use crate::record::{self, Issue, as_text};
use crate::scope::Admission;
use crate::snapshot::Row;
use crate::streams::{self, Joined};
use crate::value::Value;

/// With more processors each thread has its own.
fn has_none_to_spare() -> bool {
    available_parallelism().is_ok_and(|count| count.get() <= 2)
}

impl Run<'_> {
    pub(super) fn write_messages(&mut self) -> Result<(), ExportError> {
        let plan = self.plan;
        let Some(entry) = plan.of(Section::Messages).next() else {
            return Ok(());
        };
        for section in [Section::UploadedFiles, Section::GeneratedDocuments] {
            if refers_to(&entry.fields, section) {
                self.expect(section)?;
            }
        }
        let statements = plan.of(Section::Threads).map(|threads| Nested {
            purpose: read(entry),
            outer: threads.ids_sql.clone(),
            inner: entry.sql.clone(),
        });
        let subject = self.subject;
        let key = subject.key.value();
        let mut others = std::mem::take(&mut self.others);
        // Where most threads are skipped, a reader would not know.
        if self.scope.workspace.is_some() || self.range.is_small() {
            return self.write_in_turn(entry, statements);
        }
        if self.snapshot.can_stream()
            && let Some(inner) = entry.for_each_thread.as_deref()
            && let Some(numbered) = plan.numbered_threads()
        {
            let all: Vec<_> = std::iter::once(self.snapshot).chain(&others).collect();
            let purpose = read(entry);
            // The server stops when the socket is full, and with one connection there is no other to work meanwhile.
            if all.len() == 1 && has_none_to_spare() {
                self.writer.give_way();
            }
            return numbered.into_iter().try_for_each(|outer| {
                let mut meet = meeting(entry);
                let joined = Joined {
                    purpose: &purpose,
                    outer,
                    inner,
                };
                streams::for_each(&all, &joined, key, |met| meet(self, met))
            });
        }
        match others.pop() {
            Some(other) => {
                let mut meet = meeting(entry);
                let helper = has_none_to_spare().then(|| self.writer.helper());
                ReadAhead::start(other, statements.collect(), key, helper)?
                    .for_each(|met| meet(self, met))
            }
            None => self.write_in_turn(entry, statements),
        }
    }

    fn write_in_turn(
        &mut self,
        entry: &EntryPlan,
        statements: impl Iterator<Item = Nested>,
    ) -> Result<(), ExportError> {
        for nested in statements {
            let mut ids = self.snapshot.prepare_for(&nested.purpose, &nested.outer)?;
            let mut messages = self.snapshot.prepare_for(&nested.purpose, &nested.inner)?;
            ids.for_each(&[self.subject.key.value()], |thread| {
                if self.start_thread(thread.value(0))? {
                    messages.for_each(&[thread.value(0)], |row| self.meet_message(entry, row))?;
                    self.end_thread(entry)?;
                }
                Ok::<(), ExportError>(())
            })?;
        }
        Ok(())
    }

    /// Whether the thread is part of this export.
    fn start_thread(&mut self, id: Value<'_>) -> Result<bool, ExportError> {
        self.thread.start();
        Ok(self.writer.resolve(Section::Threads, &as_text(id))? == Reference::Included)
    }

    fn meet_message(&mut self, entry: &EntryPlan, row: &Row<'_>) -> Result<(), ExportError> {
        let id = as_text(row.value(entry.id));
        match self.admit(entry, row)? {
            Admission::Included => {}
            Admission::LeftOut => {
                self.leave_out(entry, row, &id)?;
                return self.pass_over(entry, &id);
            }
            Admission::OutOfScope => return self.pass_over(entry, &id),
        }
        let parent = entry.text_of(entry.places.parent, row);
        if let Some(parent) = parent
            && self.thread.resolve(&parent) == Reference::Unknown
        {
            return self.hold_message(entry, row, &id, parent.into_owned());
        }
        self.write_record(entry, row, &id)?;
        self.written_message(entry, &id)
    }

    /// Notes a message that is not exported, and lets go what waited for it.
    fn pass_over(&mut self, entry: &EntryPlan, id: &[u8]) -> Result<(), ExportError> {
        self.thread.not_here.insert(id.to_vec());
        for waiting in self.thread.waiting.remove(id).unwrap_or_default() {
            self.write_waiting(entry, waiting, false)?;
        }
        Ok(())
    }

    /// Notes a message that is exported, and lets go what waited for it.
    fn written_message(&mut self, entry: &EntryPlan, id: &[u8]) -> Result<(), ExportError> {
        self.thread.note_written(id);
        if !self.thread.waiting.is_empty() {
            for waiting in self.thread.waiting.remove(id).unwrap_or_default() {
                self.write_waiting(entry, waiting, true)?;
            }
        }
        Ok(())
    }

    fn hold_message(
        &mut self,
        entry: &EntryPlan,
        row: &Row<'_>,
        id: &[u8],
        parent_id: Vec<u8>,
    ) -> Result<(), ExportError> {
        let mut fields = Vec::new();
        let mut issues = Vec::new();
        let mut parent = 0..0;
        self.thread.is_waiting = true;
        for field in &entry.fields {
            let one = std::slice::from_ref(field);
            record::encode_fields(&mut fields, one, row, self, &mut issues)?;
            if field.name == "parent_id" {
                let mut value = Vec::new();
                record::encode_field(&mut value, field, row, self, &mut Vec::new())?;
                parent = fields.len() - value.len()..fields.len();
            }
        }
        if !entry.extra.is_empty() {
            fields.extend_from_slice(b",\"extra\":{");
            record::encode_fields(&mut fields, &entry.extra, row, self, &mut issues)?;
            fields.push(b'}');
        }
        for field in &entry.audited {
            record::audit(field, row, &mut Vec::new(), &mut issues);
        }
        self.thread.is_waiting = false;
        let order = self.thread.held_count;
        self.thread.held_count += 1;
        let owner = as_text(row.value(entry.whose.column())).into_owned();
        let waiting = Waiting {
            id: id.to_vec(),
            owner,
            fields,
            parent,
            issues,
            order,
        };
        self.thread
            .waiting
            .entry(parent_id)
            .or_default()
            .push(waiting);
        Ok(())
    }

    /// Writes a message that has waited; its parent is named when it stands in the file.
    fn write_waiting(
        &mut self,
        entry: &EntryPlan,
        waiting: Waiting,
        has_parent: bool,
    ) -> Result<(), ExportError> {
        let Waiting {
            id,
            owner,
            mut fields,
            parent,
            issues,
            ..
        } = waiting;
        if !has_parent {
            fields.splice(parent, *b"null");
        }
        let out = self
            .writer
            .begin_record(entry.section, entry.whose.proof(&owner), &id)?;
        out.extend_from_slice(&fields);
        self.writer.end_record()?;
        for issue in issues {
            self.writer
                .field_gap(issue.code, entry.section, &id, &issue.field, issue.reason)?;
        }
        self.written_message(entry, &id)
    }

    /// What still waits at the end waits for something that does not exist, or for itself.
    fn end_thread(&mut self, entry: &EntryPlan) -> Result<(), ExportError> {
        loop {
            if let Some(parent) = self.thread.missing_parent() {
                for waiting in self.thread.waiting.remove(&parent).unwrap_or_default() {
                    self.write_orphan(entry, waiting, false)?;
                }
            } else if let Some(waiting) = self.thread.take_from_circle() {
                self.write_orphan(entry, waiting, true)?;
            } else {
                return Ok(());
            }
        }
    }

    fn write_orphan(
        &mut self,
        entry: &EntryPlan,
        mut waiting: Waiting,
        is_circle: bool,
    ) -> Result<(), ExportError> {
        let is_slice = self.scope.is_slice();
        if is_circle || !is_slice {
            let reason = if is_circle {
                "the messages of this thread follow each other in a circle, which is cut here"
            } else {
                "the product no longer has the message that this one follows"
            };
            waiting.issues.push(Issue {
                code: GapCode::DanglingReference,
                field: "parent_id".to_owned(),
                reason: reason.to_owned(),
            });
        }
        self.write_waiting(entry, waiting, !is_circle && !is_slice)
    }
}

/// What comes of threads and messages that were read ahead.
fn meeting(entry: &EntryPlan) -> impl FnMut(&mut Run<'_>, Met<'_>) -> Result<(), ExportError> {
    let mut is_wanted = false;
    move |run, met| {
        match met {
            Met::Outer(thread) => is_wanted = run.start_thread(thread)?,
            Met::Inner(row) if is_wanted => run.meet_message(entry, row)?,
            Met::End if is_wanted => run.end_thread(entry)?,
            Met::Inner(_) | Met::End => {}
        }
        Ok(())
    }
}
