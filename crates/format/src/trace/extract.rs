//! Cuts one workspace out of an export: a file of its own, for one client.
//!
//! Promises: it has the records that an export of this workspace would have had, in the same bytes.
//! References that lead out of it are null, or missing in lists. It is cut only from a file that was
//! found sound, and names it.

use std::io::Write;

use serde_json::Value;

use super::cut::Cut;
use super::error::TraceError;
use super::read_through;
use super::tree::Trace;
use crate::header::{
    DerivedFrom, FORMAT, Generator, Header, REVISION, SchemaRef, ScopeHeader, VERSION,
};
use crate::original::{Original, Reading};
use crate::read::Part;
use crate::schema;
use crate::section::Section;
use crate::verify::{
    DigestAnswer, Finding, Input, Options, SectionCount, Severity, Verdict, verify,
};
use crate::write::{Writer, Written};

/// What the new file says of itself. Time and id are arguments, so that a test can hold them still.
#[derive(Debug, Clone, Copy)]
pub struct ExtractOrder<'a> {
    /// UUID v7.
    pub export_id: &'a str,
    /// RFC 3339.
    pub created_at: &'a str,
    /// Version of the program.
    pub generator_version: &'a str,
}

/// A file that was found sound.
#[derive(Debug)]
pub struct Sound {
    file: Original,
    /// Whether another program wrote it again, so that its digest no longer applies.
    pub is_rewritten: bool,
    sections: Vec<SectionCount>,
}

impl Sound {
    /// It, from its start.
    #[must_use]
    pub fn from_start(&self) -> Reading {
        self.file.from_start()
    }

    /// It, from its start, with no record in this section.
    #[must_use]
    pub fn without(&self, section: Section) -> Reading {
        let mut sections = self.sections.iter();
        let place = sections.find(|one| one.section == section.name());
        match place.and_then(|one| one.place.clone()) {
            // The brackets stay.
            Some(list) if list.end - list.start > 2 => {
                self.file.without(list.start + 1..list.end - 1)
            }
            _ => self.file.from_start(),
        }
    }
}

/// Checks a file as `verify` does.
pub fn require_sound(file: &Original, advanced: &mut dyn FnMut(u64)) -> Result<Sound, TraceError> {
    // The digest takes as long as a checker; more would only hold more of the file in memory.
    let options = Options {
        threads: 2,
        ..Options::default()
    };
    let report = verify(Input::file(file.clone()), &options, advanced)?;
    match report.verdict {
        Verdict::Sound => {}
        Verdict::Unreadable => return Err(TraceError::NotAnExport),
        Verdict::Findings => {
            let findings = report.findings.in_order();
            let is_error = |one: &&&Finding| one.code.severity() == Severity::Error;
            let first = findings.iter().find(is_error);
            let finding = first.map(|one| format!("{}: {}", one.code.name(), one.what));
            let finding = finding.unwrap_or_default();
            return Err(TraceError::NotSound { finding });
        }
    }
    let newer = report.export.revision.filter(|of| *of > REVISION.into());
    if let Some(revision) = newer {
        return Err(TraceError::NewerRevision { revision });
    }
    Ok(Sound {
        file: file.clone(),
        is_rewritten: report.digest == DigestAnswer::NotApplicable,
        sections: report.sections,
    })
}

/// Writes the extract of the workspace that was traced in this file. On an error `out` holds an
/// unfinished file, which the caller must not keep.
pub fn extract(
    sound: &Sound,
    trace: &mut Trace,
    order: &ExtractOrder<'_>,
    out: impl Write + Send + 'static,
    advanced: &mut dyn FnMut(u64),
) -> Result<Written, TraceError> {
    let header = header(trace, order).ok_or(TraceError::Changed)?;
    let scope = header.scope.workspace_id.as_deref();
    let writer = Writer::start(out, &header)?;
    let mut cut = Cut::new(writer, &mut trace.selection, &header.subject_id);
    cut.take_over(&trace.origin, scope)?;
    for parts in passes(&trace.origin.parts) {
        read_through(sound.file.from_start(), advanced, |piece| {
            cut.piece(piece, &parts)?;
            Ok(true)
        })?;
    }
    cut.finish()
}

/// Sections must be written in file order; one look is enough for those that stand in it.
fn passes(found: &[Part]) -> Vec<Vec<Part>> {
    let mut passes: Vec<Vec<Part>> = Vec::new();
    let mut last = found.len();
    for part in Part::in_order().filter(|part| may_be_cut(*part)) {
        let Some(place) = found.iter().position(|one| *one == part) else {
            continue;
        };
        match passes.last_mut() {
            Some(pass) if place > last => pass.push(part),
            _ => passes.push(vec![part]),
        }
        last = place;
    }
    passes
}

/// Whether records of this key can be of one workspace.
fn may_be_cut(part: Part) -> bool {
    match part {
        Part::Section(section) => !section.is_account_wide(),
        part => part == Part::Gaps,
    }
}

fn header(trace: &Trace, order: &ExtractOrder<'_>) -> Option<Header> {
    let original = &trace.origin.header;
    let text = |key: &str| original[key].as_str().map(str::to_owned);
    Some(Header {
        format: FORMAT,
        version: VERSION,
        revision: REVISION,
        schema: SchemaRef {
            sha256: schema::sha256(),
            location: "carryall schema".to_owned(),
        },
        id: order.export_id.to_owned(),
        product: text("product")?,
        subject_id: text("subject_id")?,
        created_at: order.created_at.to_owned(),
        snapshot_at: text("snapshot_at")?,
        generator: Generator {
            name: "carryall".to_owned(),
            version: order.generator_version.to_owned(),
        },
        locale: text("locale")?,
        scope: scope(trace)?,
        withheld: serde_json::from_value(original["withheld"].clone()).ok()?,
        processing: serde_json::from_value(original["processing"].clone()).ok()?,
    })
}

/// What the original was asked for, and of that one workspace.
fn scope(trace: &Trace) -> Option<ScopeHeader> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let original = &trace.origin.header;
    let scope = &original["scope"];
    let derived_from = DerivedFrom {
        export_id: text(&original["id"])?,
        sha256: text(&trace.origin.integrity["sha256"])?,
    };
    Some(ScopeHeader {
        workspace_id: Some(trace.workspace.id.clone()),
        since: text(&scope["since"]),
        until: text(&scope["until"]),
        file_contents: scope["file_contents"].as_bool()?,
        derived_from: Some(derived_from),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::Section;

    #[test]
    fn a_file_in_the_usual_order_is_read_once_and_any_other_as_often_as_it_takes() {
        let usual: Vec<Part> = Part::in_order().filter(|part| may_be_cut(*part)).collect();
        assert_eq!(passes(&usual), std::slice::from_ref(&usual));
        let mut sorted = usual.clone();
        sorted.sort_by_key(|part| part.name());
        let looks = passes(&sorted);
        assert_eq!(looks.len(), 6);
        assert_eq!(looks.concat(), usual);
        let backwards: Vec<Part> = usual.iter().rev().copied().collect();
        assert_eq!(passes(&backwards).len(), usual.len());
        let few = [
            Part::Section(Section::Threads),
            Part::Section(Section::Workspaces),
        ];
        assert_eq!(passes(&few).len(), 2);
    }
}
