//! What the summary says, against what stands in the file.

use serde_json::Value;

use super::collect::Collected;
use super::finding::{Code, Finding, Findings};
use crate::read::{Layout, Outline, Part, Place};
use crate::section::Section;

/// Compares counts, states and places.
pub fn compare(collected: &Collected, outline: &Outline, findings: &mut Findings) {
    let Some((place, summary)) = &collected.summary else {
        return;
    };
    let place = *place;
    let mut total = 0;
    for section in Section::ALL {
        let line = &summary["sections"][section.name()];
        let count = collected.count(section);
        if section != Section::FileContents {
            total += count;
        }
        counted(section.name(), &line["count"], count, place, findings);
        let says_included = line["status"] == "included";
        if says_included != (count > 0) && line["status"].is_string() {
            let what = format!(
                "`{}` is said to be {}, and has {count} records",
                section.name(),
                line["status"]
            );
            findings.push(wrong(Code::CountMismatch, what, place));
        }
        if outline.layout == Layout::AsWritten {
            directory(section, line, outline, place, findings);
        }
    }
    let totals = &summary["totals"];
    counted("totals.records", &totals["records"], total, place, findings);
    let file_bytes = collected.contents.file_bytes;
    counted(
        "totals.file_bytes",
        &totals["file_bytes"],
        file_bytes,
        place,
        findings,
    );
    counted(
        "totals.gaps",
        &totals["gaps"],
        collected.gaps.count,
        place,
        findings,
    );
}

fn counted(name: &str, stated: &Value, count: u64, place: Place, findings: &mut Findings) {
    if let Some(stated) = stated.as_u64().filter(|stated| *stated != count) {
        let what = format!("`{name}`: the summary says {stated}, the file has {count}");
        findings.push(wrong(Code::CountMismatch, what, place));
    }
}

fn directory(
    section: Section,
    line: &Value,
    outline: &Outline,
    place: Place,
    findings: &mut Findings,
) {
    let members = &mut outline.members.iter();
    let Some(member) = members.find(|member| member.part == Part::Section(section)) else {
        return;
    };
    let stated = (line["offset"].as_u64(), line["length"].as_u64());
    let found = (Some(member.value_offset), member.value_bytes);
    if stated.0.is_some() && stated.1.is_some() && stated != found {
        let what = format!(
            "`{}` is said to start at byte {} and to have {} bytes; it starts at byte {} and has {}",
            section.name(),
            line["offset"],
            line["length"],
            member.value_offset,
            member.value_bytes.unwrap_or_default()
        );
        findings.push(wrong(Code::DirectoryMismatch, what, place));
    }
}

fn wrong(code: Code, what: String, place: Place) -> Finding {
    Finding::new(code, what).at(place).within(Part::Summary)
}
