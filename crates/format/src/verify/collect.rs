//! Puts together what was found in the pieces, in the order of the file.

use std::collections::BTreeMap;
use std::io;

use serde_json::Value;

use super::check::{Checked, Document, Hasher};
use super::contents::Contents;
use super::finding::{Code, Finding, Findings, shortened};
use super::links::{Excuses, Links};
use super::shape;
use super::tally::Checklist;
use crate::read::{Part, Place};
use crate::section::Section;

/// How many gaps are kept for the report; the others are counted.
const KEPT_GAPS: usize = 1000;
/// More codes than any later revision will have.
const KEPT_CODES: usize = 100;
/// How much of each text of a gap is kept.
const KEPT_CHARS: usize = 1000;

/// One gap, as the file has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GapLine {
    /// What happened.
    pub code: String,
    /// In which section.
    pub section: String,
    /// In which record.
    pub id: Option<String>,
    /// In which field.
    pub field: Option<String>,
    /// What it means, in plain words.
    pub reason: String,
}

impl GapLine {
    /// What an element of `gaps` says.
    pub(crate) fn of(value: &Value) -> GapLine {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        GapLine {
            code: text("code").unwrap_or_default(),
            section: text("section").unwrap_or_default(),
            id: text("id"),
            field: text("field"),
            reason: text("reason").unwrap_or_default(),
        }
    }

    /// The same, without what nobody reads to its end.
    fn shortened(self) -> GapLine {
        let short = |text: String| shortened(&text, KEPT_CHARS);
        GapLine {
            code: short(self.code),
            section: short(self.section),
            id: self.id.map(short),
            field: self.field.map(short),
            reason: short(self.reason),
        }
    }
}

/// The gaps of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Gaps {
    /// How many.
    pub count: u64,
    /// How many of each code.
    pub by_code: BTreeMap<String, u64>,
    /// The first 1,000.
    pub first: Vec<GapLine>,
}

impl Gaps {
    /// Takes the next one.
    pub(crate) fn add(&mut self, gap: GapLine) {
        self.count += 1;
        if let Some(count) = self.by_code.get_mut(&gap.code) {
            *count += 1;
        } else if self.by_code.len() < KEPT_CODES {
            let code = shortened(&gap.code, KEPT_CHARS);
            self.by_code.insert(code, 1);
        }
        if self.first.len() < KEPT_GAPS {
            self.first.push(gap.shortened());
        }
    }
}

/// Everything that is known of the file so far.
pub struct Collected {
    pub findings: Findings,
    /// Words that this revision does not have; a later one may.
    pub words: Findings,
    /// Whether records stand in one line that an export has in two.
    pub is_rewritten: bool,
    pub counts: BTreeMap<Part, u64>,
    pub links: Links,
    pub checklist: Checklist,
    pub contents: Contents,
    pub gaps: Gaps,
    pub excuses: Excuses,
    pub export: Option<(Place, Value)>,
    pub summary: Option<(Place, Value)>,
    pub integrity: Option<(Place, Value, Vec<u8>)>,
    pub hasher: Hasher,
}

impl Collected {
    pub fn new(hasher: Hasher) -> Collected {
        Collected {
            findings: Findings::default(),
            counts: BTreeMap::new(),
            links: Links::default(),
            checklist: Checklist::default(),
            contents: Contents::default(),
            gaps: Gaps::default(),
            excuses: Excuses::default(),
            words: Findings::default(),
            is_rewritten: false,
            export: None,
            summary: None,
            integrity: None,
            hasher,
        }
    }

    /// Takes the next piece.
    pub fn add(&mut self, mut checked: Checked) -> io::Result<()> {
        self.links.add(&mut checked)?;
        self.findings.append(checked.findings);
        self.is_rewritten |= checked.is_rewritten;
        for (part, count) in checked.counts {
            *self.counts.entry(part).or_default() += count;
        }
        checked
            .tallies
            .into_iter()
            .for_each(|tally| self.checklist.add(tally));
        for stated in checked.stated {
            self.contents.state(stated, &self.hasher);
        }
        for part in checked.contents {
            self.contents.add(part, &self.hasher, &mut self.findings);
        }
        checked
            .documents
            .into_iter()
            .for_each(|document| self.document(document));
        Ok(())
    }

    fn document(&mut self, document: Document) {
        let Document {
            part,
            place,
            value,
            line,
        } = document;
        let misfits = match part {
            Part::Gaps => shape::gap_misfits(&value),
            part => shape::misfits(part.name(), &value),
        };
        for misfit in misfits {
            let finding = Finding::new(Code::WrongKind, misfit.what).at(place);
            let finding = finding.within(part).field(misfit.field);
            if misfit.is_unknown_word {
                self.words.push(finding);
            } else {
                self.findings.push(finding);
            }
        }
        match part {
            Part::Export => self.export = Some((place, value)),
            Part::Gaps => self.gap(&value),
            Part::Summary => self.summary = Some((place, value)),
            Part::Integrity => self.integrity = Some((place, value, line)),
            Part::Section(_) | Part::Unknown => {}
        }
    }

    fn gap(&mut self, value: &Value) {
        let gap = GapLine::of(value);
        self.excuses.add(&gap, &self.hasher);
        self.gaps.add(gap);
    }

    /// Records of a section.
    pub fn count(&self, section: Section) -> u64 {
        self.counts
            .get(&Part::Section(section))
            .copied()
            .unwrap_or_default()
    }
}
