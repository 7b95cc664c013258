//! The report as a table for a terminal.

use std::fmt;

use super::{Finding, PlanVerdict, Report, Verdict};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} tables, {} columns",
            self.product, self.tables, self.columns
        )?;
        match self.json_values {
            Some(values) => writeln!(f, ", {values} JSON values read")?,
            None => writeln!(f)?,
        }
        let (blocking, notes): (Vec<_>, Vec<_>) =
            self.findings.iter().partition(|finding| finding.blocks);
        if blocking.is_empty() {
            writeln!(f, "Everything is accounted for.")?;
        } else {
            writeln!(f, "\n{} not accounted for:\n", things(blocking.len()))?;
            print_findings(f, &blocking)?;
        }
        if !notes.is_empty() {
            writeln!(f, "\n{} to know:\n", things(notes.len()))?;
            print_findings(f, &notes)?;
        }
        if !self.derived.is_empty() {
            writeln!(f, "\nNo entry needed:\n")?;
            for part in &self.derived {
                writeln!(f, "  {}: {}", part.name, part.why)?;
            }
        }
        if !self.plans.is_empty() {
            writeln!(f, "\nPlans:\n")?;
            self.plans.iter().try_for_each(|plan| print_plan(f, plan))?;
        }
        Ok(())
    }
}

fn things(count: usize) -> String {
    if count == 1 {
        "1 thing".to_owned()
    } else {
        format!("{count} things")
    }
}

/// Columns as wide as their longest text, each fix on a line of its own.
fn print_findings(f: &mut fmt::Formatter<'_>, findings: &[&Finding]) -> fmt::Result {
    let rows: Vec<[String; 4]> = findings.iter().map(|finding| row(finding)).collect();
    let head = ["TABLE", "COLUMN", "KEY", "WHAT"].map(str::to_owned);
    let mut widths = [0; 3];
    for row in std::iter::once(&head).chain(&rows) {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.chars().count());
        }
    }
    print_row(f, &head, widths)?;
    for (row, finding) in rows.iter().zip(findings) {
        print_row(f, row, widths)?;
        writeln!(f, "      fix: {}", finding.fix)?;
    }
    Ok(())
}

fn row(finding: &Finding) -> [String; 4] {
    let met = match (finding.count, finding.example) {
        (Some(count), Some(example)) => format!(" (in {count} values; {example})"),
        (Some(count), None) => format!(" (in {count} values)"),
        (None, _) => String::new(),
    };
    let what = format!("{}{met}", finding.problem);
    let or_dash = |text: &Option<String>| match text.as_deref() {
        None => "-".to_owned(),
        Some("") => "\"\"".to_owned(),
        Some(text) => text.to_owned(),
    };
    [
        finding.table.clone(),
        or_dash(&finding.column),
        or_dash(&finding.path),
        what,
    ]
}

fn print_row(f: &mut fmt::Formatter<'_>, row: &[String; 4], widths: [usize; 3]) -> fmt::Result {
    let [table, column, path, what] = row;
    let [first, second, third] = widths;
    writeln!(
        f,
        "  {table:first$}  {column:second$}  {path:third$}  {what}"
    )
}

fn print_plan(f: &mut fmt::Formatter<'_>, plan: &PlanVerdict) -> fmt::Result {
    let word = match plan.verdict {
        Verdict::Bounded => "ok",
        Verdict::Warned => "warning",
        Verdict::Refused => "REFUSED",
    };
    writeln!(f, "  {word}: {}", plan.purpose)?;
    for reason in &plan.reasons {
        writeln!(f, "      {reason}")?;
    }
    for line in &plan.lines {
        writeln!(f, "      | {line}")?;
    }
    Ok(())
}
