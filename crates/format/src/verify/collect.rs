//! Puts together what was found in the pieces, in the order of the file.

use std::collections::{BTreeMap, HashSet};
use std::io;

use serde_json::Value;

use super::check::{Checked, Document, Hasher};
use super::contents::Contents;
use super::finding::{Code, Finding, Findings};
use super::links::Links;
use super::shape;
use super::tally::Checklist;
use crate::read::{Part, Place};
use crate::section::Section;

/// How many gaps are kept for the report; the others are counted.
const KEPT_GAPS: usize = 1000;

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

/// Everything that is known of the file so far.
pub struct Collected {
    pub findings: Findings,
    pub counts: BTreeMap<Part, u64>,
    pub links: Links,
    pub checklist: Checklist,
    pub contents: Contents,
    pub gaps: Gaps,
    /// Hashes of what gaps are about, with the field and without.
    pub excused: HashSet<u64>,
    pub export: Option<(Place, Value)>,
    pub summary: Option<(Place, Value)>,
    pub integrity: Option<(Place, Value, Vec<u8>)>,
    gap_schema: Value,
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
            excused: HashSet::new(),
            export: None,
            summary: None,
            integrity: None,
            gap_schema: shape::gap_schema(),
            hasher,
        }
    }

    /// Takes the next piece.
    pub fn add(&mut self, mut checked: Checked) -> io::Result<()> {
        self.links.add(&mut checked)?;
        self.findings.append(checked.findings);
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
        for part in &checked.contents {
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
            Part::Gaps => shape::gap_misfits(&self.gap_schema, &value),
            part => shape::misfits(part.name(), &value),
        };
        for misfit in misfits {
            let finding = Finding::new(Code::WrongKind, misfit.what).at(place);
            self.findings.push(finding.within(part).field(misfit.field));
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
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let gap = GapLine {
            code: text("code").unwrap_or_default(),
            section: text("section").unwrap_or_default(),
            id: text("id"),
            field: text("field"),
            reason: text("reason").unwrap_or_default(),
        };
        let id = gap.id.as_deref().unwrap_or_default();
        let field = gap.field.as_deref();
        for field in [field, None] {
            let hash = self
                .hasher
                .gap(&gap.code, &gap.section, id.as_bytes(), field);
            self.excused.insert(hash);
        }
        self.gaps.count += 1;
        *self.gaps.by_code.entry(gap.code.clone()).or_default() += 1;
        if self.gaps.first.len() < KEPT_GAPS {
            self.gaps.first.push(gap);
        }
    }

    /// Records of a section.
    pub fn count(&self, section: Section) -> u64 {
        self.counts
            .get(&Part::Section(section))
            .copied()
            .unwrap_or_default()
    }
}
