//! What is to be said about a field: it becomes a gap.

use carryall_format::encode;
use carryall_format::gap::GapCode;
use carryall_format::json::JsonIssues;

use crate::plan::FieldPlan;

/// Something to say about a field of the record at hand.
#[derive(Debug)]
pub(crate) struct Issue {
    pub(crate) code: GapCode,
    pub(crate) field: String,
    pub(crate) reason: String,
}

pub(super) fn note_json(met: &JsonIssues, field: &FieldPlan, issues: &mut Vec<Issue>) {
    note_text(met.text, field, issues);
    if met.number_as_string {
        let reason = "a number beyond 2^53 is written as a string, so that no reader rounds it";
        issues.push(issue(GapCode::NumberAsString, field, reason));
    }
    if met.not_finite {
        let reason = "a number that JSON cannot hold became null";
        issues.push(issue(GapCode::NotFinite, field, reason));
    }
    if met.duplicate_key {
        let reason = "an object had a key twice; the last one is kept, as JSON readers do";
        issues.push(issue(GapCode::InvalidJson, field, reason));
    }
    note_unmapped(met, field, issues);
}

pub(super) fn note_unmapped(met: &JsonIssues, field: &FieldPlan, issues: &mut Vec<Issue>) {
    for path in &met.unmapped {
        let reason = format!(
            "the product's data map does not name the key `{path}` yet, so it was not exported"
        );
        issues.push(issue(GapCode::UnmappedKey, field, reason));
    }
}

pub(super) fn note_text(met: encode::TextIssues, field: &FieldPlan, issues: &mut Vec<Issue>) {
    if met.invalid_utf8 {
        let reason = "bytes that are not UTF-8 became U+FFFD";
        issues.push(issue(GapCode::InvalidUtf8, field, reason));
    }
    if met.noncharacter {
        let reason = "a Unicode noncharacter became U+FFFD";
        issues.push(issue(GapCode::Noncharacter, field, reason));
    }
}

pub(super) fn issue(code: GapCode, field: &FieldPlan, reason: impl std::fmt::Display) -> Issue {
    Issue {
        code,
        field: field.name.clone(),
        reason: reason.to_string(),
    }
}
