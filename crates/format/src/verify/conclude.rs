//! From everything that was found to one answer.

use std::collections::HashMap;
use std::io;
use std::ops::Range;

use serde::Serialize;
use serde_json::Value;

use super::collect::{Collected, Gaps};
use super::finding::{Code, Finding, Findings};
use super::links::Records;
use super::tally::WorkspaceCounts;
use super::threads::Ran;
use super::{Options, proof, summary};
use crate::header::{FORMAT, REVISION, VERSION};
use crate::read::{Layout, Member, Outline, Part, Place};
use crate::section::{Section, Shape};

pub use super::proof::{DigestAnswer, SignatureAnswer};

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing is wrong with it.
    Sound,
    /// Something is.
    Findings,
    /// It is no export, or none that this program can read.
    Unreadable,
}

/// What a file says of itself.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ExportFacts {
    /// `export.id`.
    pub id: Option<String>,
    /// `export.product`.
    pub product: Option<String>,
    /// `export.subject_id`.
    pub subject_id: Option<String>,
    /// `export.created_at`.
    pub created_at: Option<String>,
    /// `export.snapshot_at`.
    pub snapshot_at: Option<String>,
    /// `export.version`.
    pub version: Option<u64>,
    /// `export.revision`.
    pub revision: Option<u64>,
    /// `export.scope`.
    pub scope: Value,
}

/// One section of the report.
#[derive(Debug, Clone, Serialize)]
pub struct SectionCount {
    /// Its key.
    pub section: &'static str,
    /// Its status, as the summary has it.
    pub status: Option<String>,
    /// How many records were found.
    pub count: u64,
    /// Where its value stands, in bytes from the start of the file.
    #[serde(skip)]
    pub place: Option<Range<u64>>,
}

/// Everything that can be said of a file.
#[derive(Debug)]
pub struct Report {
    /// In one word.
    pub verdict: Verdict,
    /// What the file says of itself.
    pub export: ExportFacts,
    /// Size of the file in bytes.
    pub size_bytes: u64,
    /// What is wrong, and what is good to know.
    pub findings: Findings,
    /// What the product could not deliver, as the file says; none where the file ends before that.
    pub gaps: Option<Gaps>,
    /// What was left out on a ground, as the summary has it.
    pub left_out: Value,
    /// How much of what is in it.
    pub sections: Vec<SectionCount>,
    /// Bytes of all files in it.
    pub file_bytes: u64,
    /// The help page's checklist.
    pub workspaces: Vec<WorkspaceCounts>,
    /// What the digest says.
    pub digest: DigestAnswer,
    /// What the signature says.
    pub signature: SignatureAnswer,
}

/// Compares what only the whole file can tell, and sums up.
pub fn conclude(
    mut collected: Collected,
    ran: &Ran,
    records: &Records,
    options: &Options,
) -> io::Result<Report> {
    let outline = &ran.outline;
    let export = facts(&collected);
    let mut findings = std::mem::take(&mut collected.findings);
    let is_export = is_export(&collected, outline, &findings);
    let is_readable = is_export
        && export
            .version
            .is_none_or(|version| version == u64::from(VERSION));
    if is_export && !is_readable {
        findings = one(
            Code::UnsupportedVersion,
            format!("it is of version {}", export.version.unwrap_or_default()),
        );
    } else if !is_export && outline.size_bytes > 0 {
        let known = findings.has(Code::NotAnExport);
        findings = one(
            Code::NotAnExport,
            if known {
                crate::read::NO_EXPORT
            } else {
                "this is JSON, but no export"
            },
        );
    }
    let is_cut_off = !outline.is_complete && !outline.is_lost;
    let mut digest = DigestAnswer::NotChecked;
    let mut signature = SignatureAnswer::NotChecked;
    if is_readable || outline.size_bytes == 0 {
        if is_cut_off {
            truncated(outline, &mut findings);
        } else {
            members(outline, &mut findings);
            summary::compare(&collected, outline, &mut findings);
        }
        links(
            &mut collected,
            !outline.is_complete,
            records,
            options.threads.max(1),
            &mut findings,
        )?;
        newer(&export, &mut collected, outline, &mut findings);
        (digest, signature) = proof::judge(&collected, ran, &export, options, &mut findings);
    }
    let verdict = match (
        is_readable || outline.size_bytes == 0,
        findings.has_errors(),
    ) {
        (false, _) => Verdict::Unreadable,
        (true, true) => Verdict::Findings,
        (true, false) => Verdict::Sound,
    };
    Ok(report(
        verdict, export, collected, outline, findings, digest, signature,
    ))
}

fn report(
    verdict: Verdict,
    export: ExportFacts,
    mut collected: Collected,
    outline: &Outline,
    findings: Findings,
    digest: DigestAnswer,
    signature: SignatureAnswer,
) -> Report {
    let summary = collected
        .summary
        .take()
        .map(|(_, value)| value)
        .unwrap_or_default();
    let sections = Section::ALL.into_iter().map(|section| SectionCount {
        section: section.name(),
        status: summary["sections"][section.name()]["status"]
            .as_str()
            .map(str::to_owned),
        count: collected.count(section),
        place: outline
            .members
            .iter()
            .find(|member| member.part == Part::Section(section))
            .and_then(Member::place),
    });
    Report {
        verdict,
        export,
        size_bytes: outline.size_bytes,
        findings,
        sections: sections.collect(),
        gaps: outline
            .members
            .iter()
            .any(|member| member.part == Part::Gaps)
            .then_some(collected.gaps),
        left_out: summary["left_out"].clone(),
        file_bytes: collected.contents.file_bytes,
        workspaces: collected.checklist.finish(),
        digest,
        signature,
    }
}

fn one(code: Code, what: impl Into<String>) -> Findings {
    let mut findings = Findings::default();
    findings.push(Finding::new(code, what));
    findings
}

fn facts(collected: &Collected) -> ExportFacts {
    let Some((_, export)) = &collected.export else {
        return ExportFacts::default();
    };
    ExportFacts::of(export)
}

impl ExportFacts {
    /// What an `export` object says.
    pub(crate) fn of(export: &Value) -> ExportFacts {
        let text = |key: &str| export[key].as_str().map(str::to_owned);
        ExportFacts {
            id: text("id"),
            product: text("product"),
            subject_id: text("subject_id"),
            created_at: text("created_at"),
            snapshot_at: text("snapshot_at"),
            version: export["version"].as_u64(),
            revision: export["revision"].as_u64(),
            scope: export["scope"].clone(),
        }
    }
}

/// Whether it says so, or at least looks like one that was damaged.
fn is_export(collected: &Collected, outline: &Outline, findings: &Findings) -> bool {
    let says_so = collected
        .export
        .as_ref()
        .is_some_and(|(_, export)| export["format"] == FORMAT);
    let known = outline
        .members
        .iter()
        .filter(|member| member.part != Part::Unknown);
    let is_cut_in_the_header = outline.members.is_empty()
        && !outline.is_complete
        && outline.size_bytes > 0
        && !findings.has(Code::NotAnExport);
    says_so || known.count() >= 3 || starts_like_one(outline) || is_cut_in_the_header
}

/// A download that stopped within the header.
fn starts_like_one(outline: &Outline) -> bool {
    !outline.is_complete
        && outline
            .members
            .first()
            .is_some_and(|member| member.part == Part::Export)
}

fn truncated(outline: &Outline, findings: &mut Findings) {
    let what = if outline.size_bytes == 0 {
        "the file is empty".to_owned()
    } else {
        let last = outline.members.last();
        let within = last.map_or("its first line", |member| member.name.as_str());
        format!("the file ends in the middle, within `{within}`")
    };
    let place = Place {
        offset: outline.size_bytes,
        line: outline.lines,
    };
    findings.push(Finding::new(Code::Truncated, what).at(place));
}

/// Which keys the file has, and in which order.
fn members(outline: &Outline, findings: &mut Findings) {
    let mut first: HashMap<&str, &Member> = HashMap::new();
    let mut last_rank = 0;
    let ranks: HashMap<Part, usize> = Part::in_order().zip(1..).collect();
    for member in &outline.members {
        if first.insert(&member.name, member).is_some() {
            let what = format!("`{}` stands in the file twice", shorten(&member.name));
            findings.push(Finding::new(Code::DuplicateKey, what).at(member.key));
        }
        let Some(&rank) = ranks.get(&member.part) else {
            let what = format!("this revision has no section `{}`", shorten(&member.name));
            findings.push(Finding::new(Code::UnknownField, what).at(member.key));
            continue;
        };
        if rank < last_rank && outline.layout == Layout::AsWritten {
            let what = format!("`{}` stands after what it belongs before", member.name);
            findings.push(Finding::new(Code::SectionOrder, what).at(member.key));
        }
        last_rank = rank;
    }
    // Behind damage nobody knows what was there.
    let missing = Part::in_order().filter(|part| !first.contains_key(part.name()));
    for part in missing.filter(|_| !outline.is_lost) {
        let what = format!("`{}` is not in the file", part.name());
        findings.push(Finding::new(Code::MissingSection, what).within(part));
    }
    for member in &outline.members {
        // A list with a record in it was looked at with its records.
        let must_be_list = match member.part {
            Part::Section(section) => section.shape() == Shape::List,
            part => part == Part::Gaps,
        };
        if member.part != Part::Unknown && must_be_list != member.is_list {
            let what = if must_be_list {
                "a list belongs here"
            } else {
                "an object belongs here"
            };
            findings.push(
                Finding::new(Code::WrongKind, what)
                    .at(member.key)
                    .within(member.part),
            );
        }
    }
}

fn shorten(name: &str) -> String {
    name.chars().take(80).collect()
}

fn links(
    collected: &mut Collected,
    is_cut_off: bool,
    records: &Records,
    threads: usize,
    findings: &mut Findings,
) -> io::Result<()> {
    collected.contents.settle_all(findings);
    let excuses = std::mem::take(&mut collected.excuses);
    let links = std::mem::take(&mut collected.links);
    links.finish(&excuses, is_cut_off, records, threads, findings)?;
    if is_cut_off {
        return Ok(());
    }
    let file_bytes = collected.contents.file_bytes;
    std::mem::take(&mut collected.contents).finish(&excuses, findings);
    collected.contents.file_bytes = file_bytes;
    Ok(())
}

/// A file of a later revision may have what this one does not know.
fn newer(
    export: &ExportFacts,
    collected: &mut Collected,
    outline: &Outline,
    findings: &mut Findings,
) {
    let revision = export.revision.unwrap_or_default();
    if revision <= REVISION.into() {
        return findings.append(std::mem::take(&mut collected.words));
    }
    findings.forgive(Code::UnknownField);
    let unknown = outline
        .members
        .iter()
        .filter(|member| member.part == Part::Unknown);
    let names: Vec<_> = unknown
        .map(|member| format!("`{}`", shorten(&member.name)))
        .collect();
    let mut what = format!("the file is of revision {revision}, this program knows {REVISION}");
    if !names.is_empty() {
        what = format!(
            "{what}; sections that were not judged: {}",
            names.join(", ")
        );
    }
    findings.push(Finding::new(Code::NewerRevision, what));
}
