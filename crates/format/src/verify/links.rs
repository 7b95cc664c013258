//! Which ids stand twice, and which references name nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use super::check::{Checked, Hasher, IdRow, RefRow, unpack};
use super::collect::GapLine;
use super::finding::{Code, Finding, Findings};
use super::json::Json;
use super::record::{Table, Values};
use super::runs::Runs;
use crate::original::Original;
use crate::read::{Part, Place};
use crate::section::Section;

/// Ids and references of a whole file.
#[derive(Debug, Default)]
pub struct Links {
    ids: [Runs<3>; Section::ALL.len()],
    refs: [Runs<5>; Section::ALL.len()],
}

impl Links {
    /// Takes those of one piece.
    pub fn add(&mut self, checked: &mut Checked) -> io::Result<()> {
        for (section, rows) in checked.ids.drain(..) {
            self.ids[section as usize].extend(&rows)?;
        }
        for (to, row) in checked.refs.drain(..) {
            self.refs[to as usize].extend(&[row])?;
        }
        Ok(())
    }

    /// Compares them all. A file that was cut off has references to what is no longer in it.
    pub fn finish(
        self,
        excuses: &Excuses,
        is_cut_off: bool,
        records: &Records,
        findings: &mut Findings,
    ) -> io::Result<()> {
        let mut runs: BTreeMap<(Section, usize), (u64, RefRow, Section)> = BTreeMap::new();
        for ((section, ids), refs) in Section::ALL.into_iter().zip(self.ids).zip(self.refs) {
            let mut ids = ids.sorted()?;
            let mut refs = refs.sorted()?;
            let (mut id, mut reference) = (ids.next()?, refs.next()?);
            loop {
                // Both are in the order of their hashes.
                match (id, reference) {
                    (Some(known), named) if named.is_none_or(|named| known[0] < named[0]) => {
                        id = ids.next()?;
                        if id.is_some_and(|next| next[0] == known[0]) {
                            duplicate(section, id.unwrap_or(known), records, findings);
                        }
                    }
                    (_, Some(named)) => {
                        let resolves = id.is_some_and(|known| known[0] == named[0]);
                        if !resolves && !is_cut_off && !excuses.has(named[1]) {
                            unresolved(section, named, records, findings);
                        } else if !resolves && !is_cut_off {
                            let (from, field, _) = unpack(named[3]);
                            let run = runs.entry((from, field)).or_insert((0, named, section));
                            run.0 += named[4];
                            // The first of the file: hashes are keyed anew for each check, and so
                            // is their order.
                            if named[2] < run.1[2] {
                                (run.1, run.2) = (named, section);
                            }
                        }
                        reference = refs.next()?;
                    }
                    _ => break,
                }
            }
        }
        // Of records in a row with the same reference only the first was looked up.
        for ((section, field), (count, row, to)) in runs {
            if count > excuses.of_field(section, field) {
                unresolved(to, row, records, findings);
            }
        }
        Ok(())
    }
}

/// What the gaps of a file excuse.
#[derive(Debug, Default)]
pub struct Excuses {
    /// Hashes of what they are about, with the field and without.
    hashes: HashSet<u64>,
    /// How many references of a field name what the product no longer has.
    dangling: HashMap<(Section, usize), u64>,
}

impl Excuses {
    /// Takes a gap.
    pub fn add(&mut self, gap: &GapLine, hasher: &Hasher) {
        let id = gap.id.as_deref().unwrap_or_default().as_bytes();
        for field in [gap.field.as_deref(), None] {
            let hash = hasher.gap(&gap.code, &gap.section, id, field);
            self.hashes.insert(hash);
        }
        if gap.code == "dangling_reference"
            && let Some(section) = Section::named(&gap.section)
            && let Some(index) = gap
                .field
                .as_ref()
                .and_then(|name| Table::of(section).index_of(name))
        {
            *self.dangling.entry((section, index)).or_default() += 1;
        }
    }

    /// Whether a gap with this hash is there.
    pub fn has(&self, hash: u64) -> bool {
        self.hashes.contains(&hash)
    }

    fn of_field(&self, section: Section, field: usize) -> u64 {
        self.dangling
            .get(&(section, field))
            .copied()
            .unwrap_or_default()
    }
}

fn duplicate(section: Section, row: IdRow, records: &Records, findings: &mut Findings) {
    let (_, _, line) = unpack(row[2]);
    let place = Place {
        offset: row[1],
        line,
    };
    let finding = Finding::new(
        Code::DuplicateId,
        "another record of this section has the same id",
    );
    let finding = finding.at(place).within(Part::Section(section));
    let id = records.field(section, 0, place);
    findings.push(finding.of(id).field("id"));
}

fn unresolved(to: Section, row: RefRow, records: &Records, findings: &mut Findings) {
    let (section, field, line) = unpack(row[3]);
    let place = Place {
        offset: row[2],
        line,
    };
    let what = match records.field(section, field, place) {
        Some(id) => format!(
            "it names {id}, which is not among the ids of `{}`",
            to.name()
        ),
        None => format!("it names an id that is not among those of `{}`", to.name()),
    };
    let finding = Finding::new(Code::UnresolvedReference, what).at(place);
    let finding = finding.within(Part::Section(section));
    let id = records.field(section, 0, place);
    findings.push(finding.of(id).field(Table::of(section).fields[field].name));
}

/// Records that are read once more to be named; none of a pipe.
#[derive(Debug)]
pub struct Records(pub Option<Original>);

impl Records {
    /// What a field of the record at a place says.
    fn field(&self, section: Section, field: usize, place: Place) -> Option<String> {
        let file = self.0.as_ref()?;
        let mut text = vec![0; 64 << 10];
        loop {
            let read = file.fill_at(&mut text, place.offset).ok()?;
            let mut values = Values::new();
            let mut json = Json::new(&text[..read]);
            // What follows the record, or its missing end, is no matter: the ids stand before.
            let _ = values.read(&mut json, Table::of(section));
            let value = values.raw(&text[..read], field);
            if let Some(value) = value {
                return match value {
                    [b'"', ..] => values.string(&text[..read], field),
                    // A list of ids: which of them is told by looking.
                    list => Some(String::from_utf8_lossy(list).chars().take(200).collect()),
                };
            }
            if read < text.len() || text.len() > 16 << 20 {
                return None;
            }
            text.resize(text.len() * 4, 0);
        }
    }
}
