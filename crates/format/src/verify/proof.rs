//! What the last line proves: that nothing was changed, and where the file comes from.

use serde::Serialize;

use super::Options;
use super::collect::Collected;
use super::conclude::ExportFacts;
use super::finding::{Code, Finding, Findings};
use super::threads::Ran;
use crate::read::{Layout, Part, Place};
use crate::sign::{Integrity, SignatureCheck};
use crate::write::hex;

/// What the digest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestAnswer {
    /// Not one byte was changed.
    Fits,
    /// Something was changed.
    Differs,
    /// Another program wrote the file again, so it no longer applies.
    NotApplicable,
    /// It was not asked for, or there is none.
    NotChecked,
}

/// What the signature says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum SignatureAnswer {
    /// Made by a key that is known here.
    Good {
        /// Which.
        key_id: String,
    },
    /// There is none: intact, origin not proven.
    Unsigned,
    /// Made by a key that is not known here: intact, origin not proven.
    UnknownKey {
        /// Which it says.
        key_id: String,
    },
    /// Not made by the key that it names, or not over this file.
    Bad {
        /// Which it says.
        key_id: String,
    },
    /// Another program wrote the file again, or it was changed, so it no longer applies.
    NotApplicable,
    /// It was not looked at, or there is no last line.
    NotChecked,
}

/// Judges the last line.
pub fn judge(
    collected: &Collected,
    ran: &Ran,
    export: &ExportFacts,
    options: &Options,
    findings: &mut Findings,
) -> (DigestAnswer, SignatureAnswer) {
    let answers = answers(collected, ran, export, options, findings);
    if options.require_signature && !matches!(answers.1, SignatureAnswer::Good { .. }) {
        let what = "the file has no signature that a known key made over it as it is";
        findings.push(Finding::new(Code::SignatureRequired, what));
    }
    answers
}

fn answers(
    collected: &Collected,
    ran: &Ran,
    export: &ExportFacts,
    options: &Options,
    findings: &mut Findings,
) -> (DigestAnswer, SignatureAnswer) {
    let nothing = (DigestAnswer::NotChecked, SignatureAnswer::NotChecked);
    let Some((place, _, line)) = &collected.integrity else {
        return nothing;
    };
    if ran.outline.layout != Layout::AsWritten {
        return rewritten(*place, ran.outline.layout, findings);
    }
    let Some(integrity) = Integrity::of_line(line) else {
        let what = "the last line is not spelled as an export spells it";
        findings.push(at(Code::IntegritySpelling, what, *place));
        return nothing;
    };
    let Some(sha256) = ran.sha256.map(|digest| hex(&digest)) else {
        return nothing;
    };
    if sha256 != integrity.sha256 {
        let what = format!("everything before the last line has the SHA-256 {sha256}");
        findings.push(at(Code::DigestMismatch, what, *place));
        return (DigestAnswer::Differs, SignatureAnswer::NotApplicable);
    }
    let id = export.id.as_deref().unwrap_or_default();
    (
        DigestAnswer::Fits,
        signature(&integrity, id, *place, options, findings),
    )
}

/// A file that is whole but laid out in another way was written again by another program; one that is
/// damaged besides was changed.
fn rewritten(
    place: Place,
    layout: Layout,
    findings: &mut Findings,
) -> (DigestAnswer, SignatureAnswer) {
    if findings.has_errors() || layout == Layout::Changed {
        let what = "the file is not laid out as it was written";
        findings.push(at(Code::DigestMismatch, what, place));
        return (DigestAnswer::Differs, SignatureAnswer::NotApplicable);
    }
    findings.push(Finding::new(
        Code::Reformatted,
        "the file is not laid out as it was written",
    ));
    (DigestAnswer::NotApplicable, SignatureAnswer::NotApplicable)
}

fn signature(
    integrity: &Integrity,
    export_id: &str,
    place: Place,
    options: &Options,
    findings: &mut Findings,
) -> SignatureAnswer {
    let Some(signature) = &integrity.signature else {
        findings.push(Finding::new(Code::Unsigned, "the file is not signed"));
        return SignatureAnswer::Unsigned;
    };
    let key_id = signature.key_id().to_string();
    match options.keys.check(&integrity.sha256, export_id, signature) {
        SignatureCheck::Good(_) => SignatureAnswer::Good { key_id },
        SignatureCheck::UnknownKey
            if options
                .keys
                .has_signed(&integrity.sha256, export_id, signature) =>
        {
            let what = format!("a known key signed the file, and it is not called {key_id}");
            findings.push(at(Code::BadSignature, &what, place));
            SignatureAnswer::Bad { key_id }
        }
        SignatureCheck::UnknownKey => {
            let what = format!("the file is signed by the key {key_id}");
            findings.push(Finding::new(Code::UnknownKey, what));
            SignatureAnswer::UnknownKey { key_id }
        }
        SignatureCheck::Bad => {
            let what = format!("the signature was not made over this file by the key {key_id}");
            findings.push(at(Code::BadSignature, &what, place));
            SignatureAnswer::Bad { key_id }
        }
    }
}

fn at(code: Code, what: impl Into<String>, place: Place) -> Finding {
    Finding::new(code, what).at(place).within(Part::Integrity)
}
