//! What was found, and how it is printed.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::json;

/// What a finding asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing.
    Ok,
    /// A node runs, and would run better or safer otherwise.
    Advice,
    /// A node does not run, or does not do what it should.
    Fix,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// What it asks for.
    pub verdict: Verdict,
    /// How it is.
    pub found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(check: &'static str, found: impl Into<String>) -> Finding {
        Finding {
            check,
            verdict: Verdict::Ok,
            found: found.into(),
            fix: None,
        }
    }

    /// Could be better.
    pub fn advice(check: &'static str, found: impl Into<String>, fix: &str) -> Finding {
        Finding {
            verdict: Verdict::Advice,
            fix: Some(fix.to_owned()),
            ..Finding::ok(check, found)
        }
    }

    /// Has to be fixed.
    pub fn fix(check: &'static str, found: impl Into<String>, fix: &str) -> Finding {
        Finding {
            verdict: Verdict::Fix,
            ..Finding::advice(check, found, fix)
        }
    }

    /// An error of a command, which has its advice on a line of its own.
    pub fn failed(check: &'static str, error: &anyhow::Error) -> Finding {
        let text = format!("{error:#}");
        let (found, hint) = text.split_once("\nhint: ").unwrap_or((&text, ""));
        let fix = (!hint.is_empty()).then(|| hint.to_owned());
        Finding {
            verdict: Verdict::Fix,
            fix,
            ..Finding::ok(check, found)
        }
    }
}

/// For people: a line for each, and what to do below it.
pub fn as_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let word = match finding.verdict {
            Verdict::Ok => "ok",
            Verdict::Advice => "advice",
            Verdict::Fix => "FIX",
        };
        let found = finding.found.replace('\n', "\n                   ");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{word:<6}  {:<10} {found}", finding.check);
        if let Some(fix) = &finding.fix {
            let _ = writeln!(text, "                   -> {fix}");
        }
    }
    text
}

/// For programs.
pub fn as_json(findings: &[Finding]) -> serde_json::Result<String> {
    let is_well = findings.iter().all(|found| found.verdict != Verdict::Fix);
    let report = json!({ "well": is_well, "findings": findings });
    Ok(format!("{}\n", serde_json::to_string_pretty(&report)?))
}
