//! Looks at one piece of the file. Runs on every core at once, and knows of no other piece.

use std::hash::{BuildHasher, RandomState};

use super::contents::{self, ContentPart, Stated};
use super::finding::{Code, Finding, Findings};
use super::json::{Json, TOO_DEEP};
use super::record::{Table, Values, another};
use super::tally::Tally;
use super::walk::Walk;
use crate::json_read::InvalidJson;
use crate::read::{Batch, Blocks, Part, Piece, Place, Slice};
use crate::section::Section;

/// The largest value outside the sections, in bytes. They are read whole, which takes many times that.
const MAX_DOCUMENT_BYTES: usize = 16 << 20;

/// An id: its hash, where its record stands.
pub type IdRow = [u64; 3];
/// A reference: the hash of what it names, the hash of the gap that would excuse it, where it stands, and
/// how many records in a row have the same.
pub type RefRow = [u64; 5];

/// Keyed hashes of ids, the same on every thread.
#[derive(Debug, Clone, Default)]
pub struct Hasher(RandomState);

impl Hasher {
    /// Of an id.
    #[inline]
    pub fn id(&self, id: &[u8]) -> u64 {
        self.0.hash_one(id)
    }

    /// Of what a gap is about.
    pub fn gap(&self, code: &str, section: &str, id: &[u8], field: Option<&str>) -> u64 {
        self.0.hash_one((code, section, id, field))
    }
}

/// Section, field and line in one number.
pub fn pack(section: Section, field: usize, line: u64) -> u64 {
    line << 16 | (section as u64) << 8 | field as u64
}

/// The other way.
pub fn unpack(packed: u64) -> (Section, usize, u64) {
    let section = Section::ALL[(packed >> 8 & 0xFF) as usize];
    (section, (packed & 0xFF) as usize, packed >> 16)
}

/// What was found in one piece.
#[derive(Debug, Default)]
pub struct Checked {
    pub findings: Findings,
    pub counts: Vec<(Part, u64)>,
    pub ids: Vec<(Section, Vec<IdRow>)>,
    pub refs: Vec<(Section, RefRow)>,
    pub tallies: Vec<Tally>,
    pub contents: Vec<ContentPart>,
    pub stated: Vec<Stated>,
    /// Values outside the sections, and each gap, for whoever puts the pieces together.
    pub documents: Vec<Document>,
    /// Whether records stand in one line that an export has in two.
    pub is_rewritten: bool,
}

/// A value outside the sections.
#[derive(Debug)]
pub struct Document {
    pub part: Part,
    pub place: Place,
    pub value: serde_json::Value,
    /// The line that it stands on, for the last one.
    pub line: Vec<u8>,
}

/// Checks pieces.
pub struct Checker {
    pub hasher: Hasher,
    values: Values,
    /// Where bytes of files are put.
    contents: Blocks,
}

impl Checker {
    pub fn new(hasher: Hasher) -> Checker {
        Checker {
            hasher,
            values: Values::new(),
            contents: Blocks::new(),
        }
    }

    /// Checks every record of a piece.
    pub fn check(&mut self, piece: &Piece) -> Checked {
        let mut checked = Checked::default();
        for fault in &piece.faults {
            let code = match fault.problem {
                crate::read::TOO_LARGE => Code::RecordTooLarge,
                crate::read::NO_EXPORT => Code::NotAnExport,
                _ => Code::InvalidJson,
            };
            let finding = Finding::new(code, fault.problem).at(fault.place);
            checked.findings.push(finding);
        }
        for batch in &piece.batches {
            self.batch(piece, batch, &mut checked);
        }
        checked
    }

    fn batch(&mut self, piece: &Piece, batch: &Batch, checked: &mut Checked) {
        let is_empty = |slice: &Slice| is_empty_object(piece.bytes(*slice));
        if batch.part == Part::Section(Section::AccountSettings)
            && batch.slices.iter().all(is_empty)
        {
            // A slice that says nothing about the account.
            return;
        }
        checked.counts.push((batch.part, batch.slices.len() as u64));
        match batch.part {
            Part::Section(section) => {
                let is_list = section.shape() == crate::section::Shape::List;
                if is_list != batch.is_list {
                    let what = if is_list {
                        "a list belongs here"
                    } else {
                        "an object belongs here"
                    };
                    let place = piece.place_of(batch.slices[0]);
                    let finding = Finding::new(Code::WrongKind, what).at(place);
                    checked.findings.push(finding.within(batch.part));
                }
                self.records(piece, batch, section, checked);
            }
            part => batch
                .slices
                .iter()
                .for_each(|slice| document(piece, part, *slice, checked)),
        }
    }

    fn records(&mut self, piece: &Piece, batch: &Batch, section: Section, checked: &mut Checked) {
        let table = Table::of(section);
        let mut walk = Walk::new(section, table);
        for slice in &batch.slices {
            let mut rest = (piece.bytes(*slice), piece.place_of(*slice));
            while let Some(next) = self.record(rest, section, &mut walk, checked) {
                rest = next;
            }
        }
        if !walk.ids.is_empty() {
            checked.ids.push((section, std::mem::take(&mut walk.ids)));
        }
        walk.finish(checked);
    }

    /// Checks the record that a text starts with. Returns another one that stands in the same line, where
    /// an export as it was written has none.
    fn record<'a>(
        &mut self,
        (text, place): (&'a [u8], Place),
        section: Section,
        walk: &mut Walk<'a>,
        checked: &mut Checked,
    ) -> Option<(&'a [u8], Place)> {
        let mut json = Json::new(text);
        let table = Table::of(section);
        let mut read = self.values.read_after(&walk.earlier, &mut json, table);
        let (text, rest) = text.split_at(json.at);
        let mut next = None;
        if read.is_ok() && !rest.is_empty() {
            next = another(rest);
            if next.is_none() {
                read = json.fail("text after the record");
            }
        }
        if read.is_err() || !json.flaws.is_empty() || !self.values.faults.is_empty() {
            self.note(&json, read.as_ref().err(), section, place, checked);
        } else {
            walk.earlier.add(text, self.values.found());
        }
        if section == Section::FileContents {
            contents::part(text, &self.values, place, &self.contents, checked);
        }
        walk.record(text, &self.values, place, &self.hasher, checked);
        let at = next? + text.len();
        checked.is_rewritten = true;
        if let Some((_, count)) = checked.counts.last_mut() {
            *count += 1;
        }
        Some((&json.input[at..], within(json.input, place, at)))
    }

    #[cold]
    fn note(
        &self,
        json: &Json<'_>,
        error: Option<&InvalidJson>,
        section: Section,
        place: Place,
        checked: &mut Checked,
    ) {
        let (part, text) = (Part::Section(section), json.input);
        let id = (section != Section::FileContents)
            .then(|| self.values.string(text, 0))
            .flatten();
        note_json(json, error, part, id.as_deref(), place, checked);
        for fault in &self.values.faults {
            let finding = Finding::new(fault.code, fault.what.clone())
                .at(within(text, place, fault.at))
                .within(part)
                .of(id.clone());
            checked.findings.push(finding.field(fault.field.clone()));
        }
    }
}

/// Notes why a text is not JSON, or not such that every reader reads it alike.
fn note_json(
    json: &Json<'_>,
    error: Option<&InvalidJson>,
    part: Part,
    id: Option<&str>,
    place: Place,
    checked: &mut Checked,
) {
    if let Some(error) = error {
        let code = if error.problem == TOO_DEEP {
            Code::TooDeep
        } else {
            Code::InvalidJson
        };
        let finding = Finding::new(code, error.problem).at(within(json.input, place, error.offset));
        checked
            .findings
            .push(finding.within(part).of(id.map(str::to_owned)));
    }
    for flaw in &json.flaws {
        let finding = Finding::new(flaw.code, flaw.what.clone())
            .at(within(json.input, place, flaw.at))
            .within(part)
            .of(id.map(str::to_owned));
        checked.findings.push(finding);
    }
}

fn is_empty_object(text: &[u8]) -> bool {
    let within = text
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"));
    within.is_some_and(|within| within.iter().copied().all(is_space))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// A place within a record.
fn within(text: &[u8], place: Place, at: usize) -> Place {
    let before = &text[..at.min(text.len())];
    Place {
        offset: place.offset + before.len() as u64,
        line: place.line + memchr::memchr_iter(b'\n', before).count() as u64,
    }
}

/// A value outside the sections: small, so it is read whole.
fn document(piece: &Piece, part: Part, slice: Slice, checked: &mut Checked) {
    let (text, place) = (piece.bytes(slice), piece.place_of(slice));
    let mut json = Json::new(text);
    let read = json.whole(Json::value);
    note_json(&json, read.as_ref().err(), part, None, place, checked);
    if part == Part::Unknown || read.is_err() {
        return;
    }
    if text.len() > MAX_DOCUMENT_BYTES {
        let what = "it has more than 16 MiB, and an export has some KB here";
        let finding = Finding::new(Code::WrongKind, what).at(place);
        checked.findings.push(finding.within(part));
        return;
    }
    let Ok(value) = serde_json::from_slice(text) else {
        // It is JSON, and reads at most 127 levels; what else it does not take was noted as a flaw.
        if json.flaws.is_empty() {
            let what = "more than 127 containers inside one another";
            let finding = Finding::new(Code::TooDeep, what).at(place);
            checked.findings.push(finding.within(part));
        }
        return;
    };
    let rest = &piece.block[piece.covered_bytes..];
    let line = match memchr::memchr(b'\n', rest) {
        Some(end) => &rest[..=end],
        None => rest,
    };
    let line = if part == Part::Integrity { line } else { &[] };
    checked.documents.push(Document {
        part,
        place,
        value,
        line: line.to_vec(),
    });
}
