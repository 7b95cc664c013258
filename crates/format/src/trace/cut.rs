//! Which records of a piece go into an extract, and how they are written.
//!
//! Promises: a record that is spelled as an export spells it goes over byte for byte, but for the
//! references that lead out of the extract. Each record comes with a proof that it belongs to the
//! workspace, which the writer checks again.

use super::error::TraceError;
use super::respell;
use super::selection::{Belongings, Selection};
use super::tree::Origin;
use crate::gap::{Gap, GapCode};
use crate::header::{Ground, Status};
use crate::read::{Part, Piece};
use crate::section::{Field, Kind, Section};
use crate::verify::GapLine;
use crate::verify::json::Json;
use crate::verify::keys::decoded;
use crate::verify::kinds::Strings;
use crate::verify::record::{Table, Values};
use crate::write::{Proof, Writer, Written};

/// An extract under way.
pub(super) struct Cut<'a> {
    writer: Writer,
    selection: &'a mut Selection,
    subject: Vec<u8>,
    values: Values,
}

impl<'a> Cut<'a> {
    pub fn new(writer: Writer, selection: &'a mut Selection, subject: &str) -> Cut<'a> {
        Cut {
            writer,
            selection,
            subject: subject.to_owned().into_bytes(),
            values: Values::new(),
        }
    }

    /// Writes what comes after the records.
    pub fn finish(self) -> Result<Written, TraceError> {
        Ok(self.writer.finish()?)
    }

    /// How sections without records stand, and what was left out, as far as the original says.
    pub fn take_over(
        &mut self,
        origin: &Origin,
        workspace: Option<&str>,
    ) -> Result<(), TraceError> {
        for section in Section::ALL {
            let stated = &origin.summary["sections"][section.name()]["status"];
            let status = match serde_json::from_value(stated.clone()) {
                _ if section.is_account_wide() => Status::OutOfScope,
                Ok(Status::Included) | Err(_) => Status::Empty,
                Ok(status) => status,
            };
            self.writer.set_status(section, status);
        }
        // An export of more counts what others made everywhere, and not in this workspace.
        if origin.header["scope"]["workspace_id"].as_str() != workspace {
            return Ok(());
        }
        let left_out = origin.summary["left_out"].as_array();
        for line in left_out.into_iter().flatten() {
            let text = |key: &str| line[key].as_str();
            let section = text("section").and_then(Section::named);
            let ground = text("ground").and_then(Ground::named);
            if let (Some(section), Some(ground), Some(what), Some(count)) =
                (section, ground, text("what"), line["count"].as_u64())
            {
                self.writer.leave_out(section, ground, what, None, count)?;
            }
        }
        Ok(())
    }

    /// Takes what these keys have in a piece.
    pub fn piece(&mut self, piece: &Piece, parts: &[Part]) -> Result<(), TraceError> {
        for batch in piece
            .batches
            .iter()
            .filter(|batch| parts.contains(&batch.part))
        {
            for slice in &batch.slices {
                let text = piece.bytes(*slice);
                match batch.part {
                    Part::Section(section) => self.record(section, text)?,
                    Part::Gaps => self.gap(text)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn record(&mut self, section: Section, text: &[u8]) -> Result<(), TraceError> {
        let table = Table::of(section);
        let mut json = Json::new(text);
        let read = self.values.read(&mut json, table);
        if read.is_err() || json.at < text.len() {
            return Err(TraceError::Changed);
        }
        if section == Section::FileContents {
            return self.contents(text, table);
        }
        let field = |name: &str| self.values.text(text, table.index_of(name)?).map(decoded);
        let (id, workspace, thread) = (field("id"), field("workspace_id"), field("thread_id"));
        let id = id.unwrap_or_default();
        let record = Belongings {
            id: &id,
            workspace: workspace.as_deref(),
            thread: thread.as_deref(),
        };
        if !self.selection.holds(section, record) {
            return Ok(());
        }
        let proof = match section {
            Section::Workspaces => Proof::Owner(&self.subject),
            _ => belongs_to(record, &self.selection.workspace),
        };
        let out = self.writer.begin_record(section, proof, &id)?;
        for (index, field) in table.fields.iter().enumerate() {
            if let Some(raw) = self.values.raw(text, index) {
                key(out, field.name);
                value(self.selection, section, &id, field, raw, out)?;
            }
        }
        if let Some(extra) = self.values.raw_extra(text) {
            key(out, "extra");
            respelled(out, extra)?;
        }
        Ok(self.writer.end_record()?)
    }

    /// One part of a file's bytes.
    fn contents(&mut self, text: &[u8], table: &'static Table) -> Result<(), TraceError> {
        let field = |name: &str| self.values.text(text, table.index_of(name)?).map(decoded);
        let named = |name: &str| field(name).ok_or(TraceError::Changed);
        let (section, id, base64) = (named("section")?, named("file_id")?, named("base64")?);
        let section = std::str::from_utf8(&section).ok().and_then(Section::named);
        let section = section.filter(|section| section.has_contents());
        let section = section.ok_or(TraceError::Changed)?;
        if !self.selection.has(section, &id)? {
            return Ok(());
        }
        let proof = Proof::Parent(section, &id);
        self.writer
            .begin_record(Section::FileContents, proof, &id)?;
        for (index, field) in table.fields.iter().enumerate() {
            let Some(raw) = self.values.raw(text, index) else {
                continue;
            };
            key(self.writer.buffer(), field.name);
            if field.name == "base64" {
                self.writer.copy_base64(&base64)?;
            } else {
                respelled(self.writer.buffer(), raw)?;
            }
        }
        Ok(self.writer.end_record()?)
    }

    fn gap(&mut self, text: &[u8]) -> Result<(), TraceError> {
        let gap = serde_json::from_slice(text).map_err(|_| TraceError::Changed)?;
        let gap = GapLine::of(&gap);
        if !self.selection.concerns(&gap)? {
            return Ok(());
        }
        let code = GapCode::named(&gap.code).ok_or(TraceError::Changed)?;
        if let (GapCode::DanglingReference, Some(id), Some(field)) = (code, &gap.id, &gap.field)
            && self.selection.was_taken_out(&gap.section, id, field)?
        {
            return Ok(());
        }
        Ok(self.writer.gap(Gap {
            code,
            section: Section::named(&gap.section).ok_or(TraceError::Changed)?,
            id: gap.id,
            field: gap.field,
            reason: gap.reason,
        })?)
    }
}

/// The workspace that a record names, or else its thread.
fn belongs_to<'a>(record: Belongings<'a>, own: &[u8]) -> Proof<'a> {
    match record.workspace {
        Some(workspace) if workspace == own => Proof::Parent(Section::Workspaces, workspace),
        _ => Proof::Parent(Section::Threads, record.thread.unwrap_or_default()),
    }
}

/// Appends a field's key, after a comma unless it is the first.
fn key(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends a value in the one spelling of an export.
fn respelled(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), TraceError> {
    // It was read before.
    respell::value(out, raw).map_err(|_| TraceError::Changed)
}

/// Appends the value of a field; references only as far as they stay within the extract.
fn value(
    selection: &mut Selection,
    section: Section,
    id: &[u8],
    field: &Field,
    raw: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), TraceError> {
    match (field.kind, raw) {
        (Kind::Ref(to), [b'"', target @ .., b'"']) => {
            let stays = selection.has(to, &decoded(target))?
                && !selection.is_dangling(section, id, field.name)?;
            if stays {
                respell::text(out, target);
            } else {
                selection.take_out(section, id, field.name)?;
                out.extend_from_slice(b"null");
            }
        }
        (Kind::Refs(to), [b'[', ..]) => {
            out.push(b'[');
            let mut is_first = true;
            for target in Strings::of(raw) {
                let target = target.ok_or(TraceError::Changed)?;
                if !selection.has(to, &decoded(target))? {
                    selection.take_out(section, id, field.name)?;
                    continue;
                }
                if !std::mem::take(&mut is_first) {
                    out.push(b',');
                }
                respell::text(out, target);
            }
            out.push(b']');
        }
        (Kind::Number, [b'-' | b'0'..=b'9', ..]) => respell::number(out, raw),
        _ => respelled(out, raw)?,
    }
    Ok(())
}
