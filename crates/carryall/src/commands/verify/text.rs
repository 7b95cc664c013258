//! The report for people.

use std::io::{self, Write};

use carryall_format::verify::{
    DigestAnswer, Finding, Options, Report, Severity, SignatureAnswer, Verdict,
};

use crate::commands::plain::plain;
use crate::web::words;

/// How many gaps are shown; the file has all of them.
const SHOWN_GAPS: usize = 20;

/// Prints it.
pub fn print(
    out: &mut (impl Write + ?Sized),
    name: &str,
    report: &Report,
    options: &Options,
) -> io::Result<()> {
    let name = &plain(name);
    for finding in report.findings.in_order() {
        print_finding(out, name, finding)?;
    }
    not_shown(out, report)?;
    heading(out, name, report)?;
    if report.verdict == Verdict::Unreadable {
        return Ok(());
    }
    proofs(out, report, options)?;
    gaps(out, report)?;
    sections(out, report)?;
    checklist(out, report)
}

fn print_finding(out: &mut (impl Write + ?Sized), name: &str, finding: &Finding) -> io::Result<()> {
    let level = match finding.code.severity() {
        Severity::Error => "error",
        Severity::Note => "note",
    };
    writeln!(
        out,
        "{level}[{}]: {}",
        finding.code.name(),
        plain(&finding.what)
    )?;
    let mut place = Vec::new();
    if let Some(part) = finding.part {
        place.push(part.name().to_owned());
    }
    if let Some(id) = &finding.id {
        place.push(format!("id {}", plain(id)));
    }
    if let Some(field) = finding.field.as_ref().filter(|field| !field.is_empty()) {
        place.push(format!("field {}", plain(field)));
    }
    let mut line = format!("  --> {name}");
    if let Some(at) = finding.place {
        line = format!("{line}:{} (byte {})", at.line, at.offset);
    }
    if !place.is_empty() {
        line = format!("{line} {}", place.join(", "));
    }
    if finding.place.is_some() || !place.is_empty() {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "   = why: {}", finding.code.why())?;
    writeln!(out, "   = help: {}\n", finding.code.help())
}

fn not_shown(out: &mut (impl Write + ?Sized), report: &Report) -> io::Result<()> {
    let shown = report.findings.in_order();
    for (code, count) in report.findings.counts() {
        let shown = shown.iter().filter(|one| one.code == *code).count() as u64;
        if *count > shown {
            let more = words::count(count - shown);
            writeln!(out, "{more} more of {}\n", code.name())?;
        }
    }
    Ok(())
}

fn heading(out: &mut (impl Write + ?Sized), name: &str, report: &Report) -> io::Result<()> {
    let errors = report.findings.counts().iter();
    let errors = errors.filter(|(code, _)| code.severity() == Severity::Error);
    let count: u64 = errors.map(|(_, count)| count).sum();
    match report.verdict {
        Verdict::Sound => writeln!(out, "{name} is sound")?,
        Verdict::Findings => {
            let findings = words::count_of(count, "finding", "findings");
            writeln!(out, "{name} is not sound: {findings}")?;
        }
        Verdict::Unreadable => return writeln!(out, "{name} cannot be read as an export"),
    }
    let facts = &report.export;
    let said = |text: &Option<String>| plain(text.as_deref().unwrap_or("?"));
    writeln!(
        out,
        "  {}, data of {}, {}",
        said(&facts.product),
        said(&facts.snapshot_at),
        words::size(report.size_bytes)
    )?;
    writeln!(out, "  export {}", said(&facts.id))?;
    if let Some(from) = facts.scope["derived_from"].as_object() {
        let id = from.get("export_id").and_then(|id| id.as_str());
        let id = plain(id.unwrap_or("?"));
        writeln!(
            out,
            "  an extract of one workspace, cut from the export {id}"
        )?;
    } else if let Some(workspace) = facts.scope["workspace_id"].as_str() {
        writeln!(out, "  one workspace only: {}", plain(workspace))?;
    }
    for (word, key) in [("from", "since"), ("before", "until")] {
        if let Some(time) = facts.scope[key].as_str() {
            writeln!(out, "  messages {word} {}", plain(time))?;
        }
    }
    Ok(())
}

fn proofs(out: &mut (impl Write + ?Sized), report: &Report, options: &Options) -> io::Result<()> {
    let digest = match report.digest {
        DigestAnswer::Fits => "fits: nothing was changed since the file was written",
        DigestAnswer::Differs => "differs: the file was changed after it was written",
        DigestAnswer::NotApplicable => "no longer applies: another program wrote the file again",
        DigestAnswer::NotChecked if !options.digest => "not checked (--no-digest)",
        DigestAnswer::NotChecked => "could not be checked",
    };
    writeln!(out, "\nDigest     {digest}")?;
    let signature = match &report.signature {
        SignatureAnswer::Good { key_id } => {
            format!("good: made over this file by the key {key_id}, which you gave")
        }
        SignatureAnswer::Unsigned => "none: intact, origin not proven".to_owned(),
        SignatureAnswer::UnknownKey { key_id } => {
            format!("by the key {key_id}, which is not known here: intact, origin not proven")
        }
        SignatureAnswer::Bad { key_id } => {
            format!("bad: not made over this file by the key {key_id}")
        }
        SignatureAnswer::NotApplicable => "does not apply to the file as it is".to_owned(),
        SignatureAnswer::NotChecked => "not checked".to_owned(),
    };
    writeln!(out, "Signature  {signature}")
}

fn gaps(out: &mut (impl Write + ?Sized), report: &Report) -> io::Result<()> {
    let Some(gaps) = &report.gaps else {
        return writeln!(
            out,
            "Gaps       not known: the file has no such list any more"
        );
    };
    if gaps.count == 0 {
        return writeln!(
            out,
            "Gaps       none: the product delivered everything as it was"
        );
    }
    let count = words::count_of(gaps.count, "thing", "things");
    writeln!(
        out,
        "Gaps       {count} that the product could not deliver as it was; this is no damage:"
    )?;
    for gap in gaps.first.iter().take(SHOWN_GAPS) {
        let place = [
            Some(gap.section.as_str()),
            gap.id.as_deref(),
            gap.field.as_deref(),
        ];
        let place: Vec<_> = place.into_iter().flatten().map(plain).collect();
        writeln!(
            out,
            "  {} in {}: {}",
            plain(&gap.code),
            place.join(", "),
            plain(&gap.reason)
        )?;
    }
    if gaps.count > SHOWN_GAPS as u64 {
        let more = words::count(gaps.count - SHOWN_GAPS as u64);
        writeln!(out, "  and {more} more, in the file under `gaps`")?;
    }
    Ok(())
}

fn sections(out: &mut (impl Write + ?Sized), report: &Report) -> io::Result<()> {
    writeln!(out, "\nIn the file")?;
    for section in &report.sections {
        let status = match section.status.as_deref() {
            Some("out_of_scope") => " (not asked for)",
            Some("unavailable") => " (the product has none)",
            _ => "",
        };
        writeln!(
            out,
            "  {:>11}  {}{status}",
            words::count(section.count),
            section.section
        )?;
    }
    if report.file_bytes > 0 {
        writeln!(
            out,
            "  {:>11}  of files, each held against its SHA-256",
            words::size(report.file_bytes)
        )?;
    }
    Ok(())
}

fn checklist(out: &mut (impl Write + ?Sized), report: &Report) -> io::Result<()> {
    writeln!(
        out,
        "\nYour workspaces: check that those that you expect are here"
    )?;
    let line = |cells: [&str; 5]| {
        let [threads, messages, memories, files, documents] = cells;
        format!("  {threads:>8} {messages:>9} {memories:>9} {files:>7} {documents:>10}  ")
    };
    let head = line(["threads", "messages", "memories", "files", "documents"]);
    writeln!(out, "{head}workspace")?;
    for workspace in &report.workspaces {
        let counts = [
            workspace.threads,
            workspace.messages,
            workspace.memories,
            workspace.files,
            workspace.documents,
        ];
        let cells = counts.map(words::count);
        let cells = line([&cells[0], &cells[1], &cells[2], &cells[3], &cells[4]]);
        let name = match (&workspace.name, &workspace.id) {
            (Some(name), Some(id)) => format!("{} ({})", plain(name), plain(id)),
            (None, Some(id)) => plain(id),
            _ => "outside workspaces".to_owned(),
        };
        let shared = if workspace.is_shared {
            ", shared with you"
        } else {
            ""
        };
        writeln!(out, "{cells}{name}{shared}")?;
    }
    Ok(())
}
