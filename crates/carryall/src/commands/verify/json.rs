//! The report for scripts: one JSON object.

use std::io::{self, Write};

use carryall_format::verify::{Finding, Report, Severity};
use serde_json::{Value, json};

/// Prints it, ending in a line feed.
pub fn print(out: &mut (impl Write + ?Sized), name: &str, report: &Report) -> io::Result<()> {
    let (notes, errors): (Vec<_>, Vec<_>) = report
        .findings
        .in_order()
        .into_iter()
        .partition(|one| one.code.severity() == Severity::Note);
    let counts = report.findings.counts().iter();
    let counts = counts.map(|(code, count)| (code.name().to_owned(), json!(count)));
    let sections = report.sections.iter().map(|section| {
        let line = json!({ "status": section.status, "count": section.count });
        (section.section.to_owned(), line)
    });
    let report = json!({
        "file": name,
        "verdict": report.verdict,
        "size_bytes": report.size_bytes,
        "export": report.export,
        "digest": report.digest,
        "signature": report.signature,
        "findings": errors.into_iter().map(finding).collect::<Vec<_>>(),
        "notes": notes.into_iter().map(finding).collect::<Vec<_>>(),
        "counts_by_code": counts.collect::<serde_json::Map<_, _>>(),
        "gaps": report.gaps,
        "left_out": report.left_out,
        "sections": sections.collect::<serde_json::Map<_, _>>(),
        "file_bytes": report.file_bytes,
        "workspaces": report.workspaces,
    });
    writeln!(out, "{report:#}")
}

fn finding(finding: &Finding) -> Value {
    json!({
        "code": finding.code.name(),
        "what": finding.what,
        "section": finding.part.map(carryall_format::read::Part::name),
        "id": finding.id,
        "field": finding.field,
        "line": finding.place.map(|place| place.line),
        "offset": finding.place.map(|place| place.offset),
        "why": finding.code.why(),
        "help": finding.code.help(),
    })
}
