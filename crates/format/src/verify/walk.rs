//! From record to record of one section: ids, references, tallies.
//!
//! Promises: a reference costs a look-up only where it differs from the one in the record before it, and
//! does not name that record.

use super::check::{Checked, Hasher, IdRow, pack};
use super::contents::Stated;
use super::keys::decoded;
use super::kinds::Strings;
use super::record::{Earlier, Table, Values};
use crate::read::Place;
use crate::section::{Kind, Section};

/// What is remembered from record to record of one section: references that need no look-up.
pub struct Walk<'a> {
    section: Section,
    pub ids: Vec<IdRow>,
    pub earlier: Earlier<'a>,
    /// Fields that refer, with what they refer to.
    refs: Vec<(usize, Section, bool)>,
    last_id: &'a [u8],
    /// Of each such field the last target, and its row, which counts how often it comes in a row.
    last_refs: Vec<(&'a [u8], Option<usize>)>,
    tally: super::tally::Walk,
}

impl<'a> Walk<'a> {
    pub fn new(section: Section, table: &Table) -> Walk<'a> {
        let fields = table.fields.iter().enumerate();
        let refs: Vec<_> = fields
            .filter_map(|(index, field)| match field.kind {
                Kind::Ref(to) => Some((index, to, false)),
                Kind::Refs(to) => Some((index, to, true)),
                _ => None,
            })
            .collect();
        Walk {
            section,
            ids: Vec::new(),
            earlier: Earlier::NONE,
            last_id: b"",
            last_refs: vec![(&b""[..], None); refs.len()],
            refs,
            tally: super::tally::Walk::new(section, table),
        }
    }

    /// Takes the next record.
    pub fn record(
        &mut self,
        text: &'a [u8],
        values: &Values,
        place: Place,
        hasher: &Hasher,
        checked: &mut Checked,
    ) {
        let id = match self.section {
            Section::FileContents | Section::AccountSettings => return,
            // That it has none was noted.
            _ => decoded(values.text(text, 0).unwrap_or_default()),
        };
        let id_hash = hasher.id(&id);
        if !id.is_empty() {
            let packed = pack(self.section, 0, place.line);
            self.ids.push([id_hash, place.offset, packed]);
        }
        for number in 0..self.refs.len() {
            self.reference(number, text, values, place, hasher, &id, checked);
        }
        let names = (!id.is_empty()).then_some(id_hash);
        self.tally.record(text, values, names, hasher, checked);
        // Nothing can name a record without an id.
        if self.section.has_contents() && !id.is_empty() {
            checked
                .stated
                .push(stated(self.section, text, values, place));
        }
        self.last_id = values.text(text, 0).unwrap_or_default();
    }

    /// Notes what a field refers to.
    #[expect(
        clippy::too_many_arguments,
        reason = "called once for each field of each record"
    )]
    #[inline]
    fn reference(
        &mut self,
        number: usize,
        text: &'a [u8],
        values: &Values,
        place: Place,
        hasher: &Hasher,
        id: &[u8],
        checked: &mut Checked,
    ) {
        let (index, to, is_list) = self.refs[number];
        let Some(raw) = values.raw(text, index).filter(|raw| raw[0] != b'n') else {
            return;
        };
        let field = Table::of(self.section).fields[index].name;
        let packed = pack(self.section, index, place.line);
        let row = |target: &[u8]| {
            let gap = hasher.gap("dangling_reference", self.section.name(), id, Some(field));
            (
                to,
                [hasher.id(&decoded(target)), gap, place.offset, packed, 1],
            )
        };
        if is_list {
            let all = Strings::of(raw).flatten();
            all.for_each(|target| checked.refs.push(row(target)));
        } else if let [b'"', target @ .., b'"'] = raw {
            // The record before: nothing to look up.
            if to == self.section && !target.is_empty() && target == self.last_id {
                return;
            }
            match &mut self.last_refs[number] {
                (last, Some(run)) if *last == target => checked.refs[*run].1[4] += 1,
                last => {
                    *last = (target, Some(checked.refs.len()));
                    checked.refs.push(row(target));
                }
            }
        }
    }

    /// Hands on what was still counted.
    pub fn finish(self, checked: &mut Checked) {
        self.tally.finish(checked);
    }
}

/// What a record says of its file.
fn stated(section: Section, text: &[u8], values: &Values, place: Place) -> Stated {
    let table = Table::of(section);
    let size = table
        .index_of("size_bytes")
        .and_then(|index| values.raw(text, index));
    let size = size.and_then(|raw| std::str::from_utf8(raw).ok()?.parse().ok());
    let sha256 = table
        .index_of("sha256")
        .and_then(|index| values.string(text, index));
    Stated {
        section,
        id: values.string(text, 0).unwrap_or_default(),
        size_bytes: size,
        sha256: sha256.map(|sha256| sha256.to_ascii_lowercase()),
        place,
    }
}
