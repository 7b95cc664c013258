//! Which rows were asked for, and which of them are somebody else's.

use carryall_format::header::Ground;
use carryall_format::section::Section;
use carryall_format::write::Reference;

use super::Run;
use crate::export::ExportError;
use crate::plan::EntryPlan;
use crate::record::as_text;
use crate::scope::Admission;
use crate::snapshot::Row;
use crate::value::Value;

impl Run<'_> {
    /// Counts a row that somebody else wrote. It too must belong where the person may look, or the
    /// count would be of rows that are none of their business.
    pub(in crate::export) fn leave_out(
        &mut self,
        entry: &EntryPlan,
        row: &Row<'_>,
        id: &[u8],
    ) -> Result<(), ExportError> {
        let owner = as_text(row.value(entry.whose.column()));
        self.writer
            .check(entry.section, entry.whose.proof(&owner))?;
        let what = written_by_others(entry.section);
        Ok(self
            .writer
            .leave_out(entry.section, Ground::RightsOfOthers, what, Some(id), 1)?)
    }

    /// Whether a row was asked for, and if so, whether somebody else wrote it.
    pub(in crate::export) fn admit(
        &mut self,
        entry: &EntryPlan,
        row: &Row<'_>,
    ) -> Result<Admission, ExportError> {
        let is_asked_for =
            self.is_asked_for_by_workspace(entry, row)? && self.is_asked_for_by_date(entry, row)?;
        if !is_asked_for {
            return Ok(Admission::OutOfScope);
        }
        let author = entry.author.map_or(Value::Null, |place| row.value(place));
        let is_own = author.is_null() || *as_text(author) == *self.subject_text;
        Ok(if is_own {
            Admission::Included
        } else {
            Admission::LeftOut
        })
    }

    fn is_asked_for_by_workspace(
        &mut self,
        entry: &EntryPlan,
        row: &Row<'_>,
    ) -> Result<bool, ExportError> {
        let Some(wanted) = self.scope.workspace.as_deref().map(str::as_bytes) else {
            return Ok(true);
        };
        if entry.section == Section::Workspaces {
            return Ok(*as_text(row.value(entry.id)) == *wanted);
        }
        if entry.section == Section::Messages {
            return Ok(true);
        }
        if entry
            .text_of(entry.places.workspace, row)
            .is_some_and(|id| *id == *wanted)
        {
            return Ok(true);
        }
        match entry.text_of(entry.places.thread, row) {
            Some(thread) => {
                Ok(self.writer.resolve(Section::Threads, &thread)? == Reference::Included)
            }
            None => Ok(false),
        }
    }

    fn is_asked_for_by_date(
        &mut self,
        entry: &EntryPlan,
        row: &Row<'_>,
    ) -> Result<bool, ExportError> {
        if !self.scope.has_dates() {
            return Ok(true);
        }
        match entry.section {
            Section::Threads => self.has_message_in_range(row.value(entry.id)),
            Section::Messages | Section::UploadedFiles | Section::GeneratedDocuments => {
                Ok(self.scope.covers(entry.created_at(row)))
            }
            Section::OtherRecords => match entry.text_of(entry.places.thread, row) {
                Some(thread) => {
                    Ok(self.writer.resolve(Section::Threads, &thread)? == Reference::Included)
                }
                None => Ok(true),
            },
            _ => Ok(true),
        }
    }

    pub(super) fn count_left_out(&mut self) -> Result<(), ExportError> {
        if self.scope.is_slice() {
            return Ok(());
        }
        let plan = self.plan;
        for left_out in &plan.left_out {
            let mut rows = self
                .snapshot
                .prepare_for("count what is left out", &left_out.sql)?;
            rows.for_each(&[self.subject.key.value()], |row| {
                if let Value::Integer(count) = row.value(0) {
                    let count = u64::try_from(count).unwrap_or(0);
                    let (section, ground) = (left_out.section, left_out.ground);
                    self.writer
                        .leave_out(section, ground, &left_out.what, None, count)?;
                }
                Ok::<(), ExportError>(())
            })?;
        }
        Ok(())
    }
}

fn written_by_others(section: Section) -> &'static str {
    match section {
        Section::Messages => "messages that other people wrote in shared threads",
        Section::UploadedFiles => "files that other people uploaded to shared workspaces",
        Section::GeneratedDocuments => "documents made for other people in shared workspaces",
        Section::WorkspaceMemories => "memories that other people added to shared workspaces",
        Section::Threads => "threads that other people started in shared workspaces",
        _ => "records that other people made in what is shared with you",
    }
}
