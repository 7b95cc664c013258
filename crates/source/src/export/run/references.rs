//! Whether what a record refers to is part of the export, when it may not be written yet.

use carryall_format::IdSet;
use carryall_format::section::Section;
use carryall_format::write::Reference;

use super::{Run, read};
use crate::export::ExportError;
use crate::plan::EntryPlan;
use crate::record::as_text;
use crate::scope::Admission;
use crate::value::Value;

/// Ids of records, before they are written.
#[derive(Default)]
pub(super) struct Expected {
    included: IdSet,
    left_out: IdSet,
}

impl Expected {
    fn insert(&mut self, id: &[u8], admission: Admission) -> Result<(), ExportError> {
        let io = match admission {
            Admission::Included => self.included.insert(id),
            Admission::LeftOut => self.left_out.insert(id),
            Admission::OutOfScope => Ok(()),
        };
        io.map_err(|error| ExportError::Write(error.into()))
    }

    fn resolve(&mut self, id: &[u8]) -> Result<Reference, ExportError> {
        let wrap = |error: std::io::Error| ExportError::Write(error.into());
        Ok(if self.included.contains(id).map_err(wrap)? {
            Reference::Included
        } else if self.left_out.contains(id).map_err(wrap)? {
            Reference::LeftOut
        } else {
            Reference::Unknown
        })
    }
}

impl Run<'_> {
    /// Whether a record that another refers to is part of the export.
    pub(super) fn reference_to(
        &mut self,
        target: Section,
        id: &[u8],
    ) -> Result<Reference, ExportError> {
        if target == Section::Messages && self.section == Section::Messages {
            return Ok(self.thread.resolve(id));
        }
        if let Some(expected) = self.expected.get_mut(&target) {
            return expected.resolve(id);
        }
        if target == Section::Messages && self.section < target {
            return self.look_up_message(id);
        }
        Ok(self.writer.resolve(target, id)?)
    }

    /// Learns the ids of a section before it is written.
    pub(in crate::export) fn expect(&mut self, section: Section) -> Result<(), ExportError> {
        let plan = self.plan;
        let mut expected = Expected::default();
        for entry in plan.of(section) {
            let mut rows = self.snapshot.prepare_for(&read(entry), &entry.sql)?;
            rows.for_each(&[self.subject.key.value()], |row| {
                let admission = self.admit(entry, row)?;
                expected.insert(&as_text(row.value(entry.id)), admission)
            })?;
        }
        self.expected.insert(section, expected);
        Ok(())
    }

    /// Learns what threads point at from one statement: a server far away answers it as soon as any other.
    pub(super) fn expect_current_messages(&mut self) -> Result<(), ExportError> {
        let plan = self.plan;
        let messages = plan.of(Section::Messages).next();
        let find = messages.and_then(|entry| Some((entry, entry.find_message.as_ref()?)));
        // An export of one workspace has few threads of many.
        let (Some((entry, find)), None) = (find, &self.scope.workspace) else {
            return Ok(());
        };
        let mut expected = Expected::default();
        for sql in &find.pointed_at {
            // What a server does not compare is looked up; a connection that ended says so then.
            let Ok(mut rows) = self.snapshot.prepare_for(&read(entry), sql) else {
                continue;
            };
            rows.for_each(&[self.subject.key.value()], |row| {
                let thread = as_text(row.value(0));
                let admission = self.admit_found(entry, row.value(2), row.value(3));
                expected.insert(&pointer(&thread, &as_text(row.value(1))), admission)
            })?;
        }
        self.pointed_at = expected;
        Ok(())
    }

    /// Whether a message of a thread in the export stands in it, by its author and time.
    pub(super) fn admit_found(
        &self,
        entry: &EntryPlan,
        author: Value<'_>,
        time: Value<'_>,
    ) -> Admission {
        let is_own = author.is_null() || *as_text(author) == *self.subject_text;
        if is_own && self.scope.covers(entry.created_from(time)) {
            Admission::Included
        } else {
            Admission::LeftOut
        }
    }

    /// What a thread's `current_message_id` points at: its messages are not written yet.
    fn look_up_message(&mut self, id: &[u8]) -> Result<Reference, ExportError> {
        let plan = self.plan;
        let known = self.pointed_at.resolve(&pointer(&self.record, id))?;
        if known != Reference::Unknown {
            return Ok(known);
        }
        let Some(entry) = plan.of(Section::Messages).next() else {
            return Ok(Reference::Unknown);
        };
        let Some(find) = &entry.find_message else {
            return Ok(Reference::Unknown);
        };
        let sql = if self.scope.has_dates() {
            &find.sql_with_time
        } else {
            &find.sql
        };
        let mut found = match self.find_message.take() {
            Some(statement) => statement,
            None => self.snapshot.prepare_for(&read(entry), sql)?,
        };
        let mut reference = Reference::Unknown;
        let thread = std::mem::take(&mut self.record);
        let visited = found.for_few(&[Value::Text(&thread), Value::Text(id)], |row| {
            reference = match self.admit_found(entry, row.value(0), row.value(1)) {
                Admission::Included => Reference::Included,
                _ => Reference::LeftOut,
            };
            Ok::<(), ExportError>(())
        });
        self.record = thread;
        self.find_message = Some(found);
        visited?;
        Ok(reference)
    }
}

/// One id of both.
fn pointer(thread: &[u8], message: &[u8]) -> Vec<u8> {
    // No database has a zero in a text, and no two pairs the same bytes.
    [thread, b"\0", message].concat()
}
