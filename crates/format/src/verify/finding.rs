//! What is wrong with a file, said so that a person can do something about it.

use std::collections::BTreeMap;

use crate::read::{Part, Place};

/// Whether a finding makes a file unsound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something is damaged, missing or contradicts the rest.
    Error,
    /// Good to know. The file is sound all the same.
    Note,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal, $severity:ident, $why:literal, $help:literal;)+) => {
        /// What kind of finding it is. Names are stable: scripts may rely on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, as docs/FORMAT.md lists them.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// The word for scripts.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)+ }
            }

            /// Whether it makes a file unsound.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)+ }
            }

            /// Why it matters.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self { $(Code::$variant => $why,)+ }
            }

            /// What to do.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Code::$variant => $help,)+ }
            }
        }
    };
}

codes! {
    /// Another file.
    NotAnExport, "not_an_export", Error,
        "nothing in it can be checked",
        "choose the file that the product gave you: its name ends in -export-YYYY-MM-DD.json";
    /// A version that this program cannot read.
    UnsupportedVersion, "unsupported_version", Error,
        "this program would misread it",
        "use a newer carryall";
    /// The end is missing.
    Truncated, "truncated", Error,
        "what stood after this place is not in the file",
        "the download did not finish: download the export again, or ask for a new one";
    /// Not JSON.
    InvalidJson, "invalid_json", Error,
        "a JSON reader stops here",
        "the file was damaged or edited: download the export again";
    /// Bytes that are no text.
    InvalidUtf8, "invalid_utf8", Error,
        "an export is UTF-8 throughout, so these bytes were damaged",
        "download the export again";
    /// A key twice in one object.
    DuplicateKey, "duplicate_key", Error,
        "readers differ on which of the two values counts (RFC 7493 section 2.3)",
        "an export never has this: the file was edited; download the export again";
    /// Half of a surrogate pair.
    LoneSurrogate, "lone_surrogate", Error,
        "it stands for no character (RFC 7493 section 2.1)",
        "an export never has this: the file was edited; download the export again";
    /// A code point that is never a character.
    Noncharacter, "noncharacter", Error,
        "it stands for no character (RFC 7493 section 2.1)",
        "an export never has this: the file was edited; download the export again";
    /// A number that readers would change.
    NumberOutOfRange, "number_out_of_range", Error,
        "readers round it to another number (RFC 7493 section 2.2)",
        "an export writes such numbers as strings: the file was edited; download the export again";
    /// Too many brackets.
    TooDeep, "too_deep", Error,
        "many readers give up on it",
        "an export never has this: the file was made or edited by somebody else";
    /// Too large to check.
    RecordTooLarge, "record_too_large", Error,
        "nothing after it was checked",
        "an export has no record of more than 1 GiB: download the export again";
    /// A key of the file that is not there.
    MissingSection, "missing_section", Error,
        "an export has all sections, empty ones too, so this one was taken out",
        "download the export again";
    /// Sections in another order.
    SectionOrder, "section_order", Error,
        "an export has its sections in one order",
        "the file was put together by hand: download the export again";
    /// A value of another kind.
    WrongKind, "wrong_kind", Error,
        "programs that read exports rely on the kinds in docs/FORMAT.md",
        "the file was edited: download the export again";
    /// A field that must be there.
    MissingField, "missing_field", Error,
        "programs that read exports rely on it",
        "the file was edited: download the export again";
    /// A field that the format does not have.
    UnknownField, "unknown_field", Error,
        "what the format does not name stands under `extra`",
        "the file was edited: download the export again";
    /// Two records with one id.
    DuplicateId, "duplicate_id", Error,
        "a reference to this id could mean either of them",
        "the file was edited, or put together from two: download the export again";
    /// A reference to nothing.
    UnresolvedReference, "unresolved_reference", Error,
        "the record that it names is not in the file, and no gap says why",
        "a record was taken out or an id changed: download the export again";
    /// Parts of a file out of sequence.
    ContentsParts, "contents_parts", Error,
        "the bytes of this file cannot be put together",
        "download the export again";
    /// Bytes that are no base64.
    ContentsBase64, "contents_base64", Error,
        "the bytes of this file cannot be read",
        "download the export again";
    /// Bytes that are not those that were exported.
    ContentsDigest, "contents_digest", Error,
        "the bytes of this file are not the ones that were exported",
        "download the export again";
    /// Bytes that are not those of the record, and no gap says so.
    ContentsDiffer, "contents_differ", Error,
        "the product states another size or digest for this file, and no gap says why",
        "download the export again; if it stays, tell the product's support";
    /// Numbers in the summary that are not those of the file.
    CountMismatch, "count_mismatch", Error,
        "records were added or taken out after the summary was written",
        "download the export again";
    /// A directory that points elsewhere.
    DirectoryMismatch, "directory_mismatch", Error,
        "viewers that jump to a section would land elsewhere",
        "the file was edited: download the export again";
    /// A digest that does not fit.
    DigestMismatch, "digest_mismatch", Error,
        "something in the file was changed after it was written",
        "do not rely on this copy: download the export again";
    /// The last line in another spelling.
    IntegritySpelling, "integrity_spelling", Error,
        "the last line has exactly one legal spelling, so it was changed after it was written",
        "download the export again";
    /// A signature that does not fit.
    BadSignature, "bad_signature", Error,
        "the file was not signed by this key, or was changed after it was signed",
        "do not rely on this copy: download the export again";
    /// No proven origin, where one was asked for.
    SignatureRequired, "signature_required", Error,
        "where the file comes from is not proven, and --require-signature asks for that",
        "ask the operator for a signed export and for its public keys";
    /// Written again by another program.
    Reformatted, "reformatted", Note,
        "another program wrote the file again (indented it, or put it in another order), so its digest and signature no longer apply; everything else was checked",
        "keep the file as it was downloaded, too: only that copy proves itself";
    /// Without a signature.
    Unsigned, "unsigned", Note,
        "intact, origin not proven: whoever edits a file can compute its digest anew",
        "where origin matters, ask the operator for a signed export";
    /// Signed by a key that is not known here.
    UnknownKey, "unknown_key", Note,
        "intact, origin not proven: the key that signed it is not among those given",
        "get the operator's public keys (/.well-known/carryall-keys.json) and pass them with --key";
    /// A later revision.
    NewerRevision, "newer_revision", Note,
        "it may have fields and sections that this program does not know; they were read and not judged",
        "use a newer carryall to check those, too";
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub code: Code,
    /// Where in the file.
    pub place: Option<Place>,
    /// In which key of the file.
    pub part: Option<Part>,
    /// In which record.
    pub id: Option<String>,
    /// In which field.
    pub field: Option<String>,
    /// What exactly.
    pub what: String,
}

impl Finding {
    /// A finding about the file as a whole.
    #[must_use]
    pub fn new(code: Code, what: impl Into<String>) -> Finding {
        Finding {
            code,
            place: None,
            part: None,
            id: None,
            field: None,
            what: shortened(&what.into(), SHOWN_CHARS),
        }
    }

    /// Where it stands among the others.
    fn rank(&self) -> (u64, Code) {
        let offset = self.place.map_or(u64::MAX, |place| place.offset);
        (offset, self.code)
    }

    /// The same, at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Finding {
        self.place = Some(place);
        self
    }

    /// The same, in a part of the file.
    #[must_use]
    pub fn within(mut self, part: Part) -> Finding {
        self.part = Some(part);
        self
    }

    /// The same, in a record.
    #[must_use]
    pub fn of(mut self, id: Option<String>) -> Finding {
        self.id = id.map(|id| shortened(&id, SHOWN_CHARS));
        self
    }

    /// The same, in a field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Finding {
        self.field = Some(shortened(&field.into(), SHOWN_CHARS));
        self
    }
}

/// How much of a text from the file a report shows.
pub const SHOWN_CHARS: usize = 300;

/// A text, cut off where nobody reads it any more.
pub fn shortened(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// How many findings of one code are kept; the others are counted.
const KEPT_OF_EACH: usize = 50;

/// Findings in the order of the file, in constant memory.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    kept: Vec<Finding>,
    counts: BTreeMap<Code, u64>,
}

impl Findings {
    /// Notes one. Of each code the first in the file are kept, in whatever order they come.
    pub fn push(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.code).or_default();
        *count += 1;
        if *count <= KEPT_OF_EACH as u64 {
            self.kept.push(finding);
            return;
        }
        let same = self.kept.iter_mut().filter(|one| one.code == finding.code);
        if let Some(last) = same.max_by_key(|one| one.rank())
            && finding.rank() < last.rank()
        {
            *last = finding;
        }
    }

    /// Whether one at this place would be kept, and needs its words; if not, it is counted.
    pub(super) fn wants(&mut self, code: Code, place: Place) -> bool {
        let count = self.counts.get(&code).copied().unwrap_or_default();
        let mut same = self.kept.iter().filter(|one| one.code == code);
        let is_wanted =
            count < KEPT_OF_EACH as u64 || same.any(|one| (place.offset, code) < one.rank());
        if !is_wanted {
            *self.counts.entry(code).or_default() += 1;
        }
        is_wanted
    }

    /// Takes those of another part of the file.
    pub fn append(&mut self, other: Findings) {
        let mut others = other.counts;
        for one in other.kept {
            if let Some(count) = others.get_mut(&one.code) {
                *count -= 1;
            }
            self.push(one);
        }
        // After those that are kept: whoever counts more than are kept has no room for one.
        for (code, count) in others {
            *self.counts.entry(code).or_default() += count;
        }
    }

    /// The first of each code, in the order of the file.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Finding> {
        let mut all: Vec<_> = self.kept.iter().collect();
        all.sort_by_key(|one| one.rank());
        all
    }

    /// How many of each code.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<Code, u64> {
        &self.counts
    }

    /// Whether one of this code was met.
    #[must_use]
    pub fn has(&self, code: Code) -> bool {
        self.counts.contains_key(&code)
    }

    /// Whether any makes the file unsound.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.counts
            .keys()
            .any(|code| code.severity() == Severity::Error)
    }

    /// Takes away what turned out to be no error in a file of a later revision.
    pub(super) fn forgive(&mut self, code: Code) {
        self.counts.remove(&code);
        self.kept.retain(|one| one.code != code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_thousand_are_kept_however_they_are_put_together() {
        let place = |offset| Place { offset, line: 1 };
        let finding = |offset| Finding::new(Code::DuplicateId, "twice").at(place(offset));
        let (mut whole, mut late) = (Findings::default(), Findings::default());
        for offset in (0..1_000).rev() {
            if late.wants(Code::DuplicateId, place(offset)) {
                late.push(finding(offset));
            }
            let mut one = Findings::default();
            one.push(finding(2_000 + offset));
            whole.append(one);
        }
        let mut between = Findings::default();
        between.append(late);
        whole.append(between);
        assert_eq!(whole.counts()[&Code::DuplicateId], 2_000);
        let kept: Vec<_> = whole.in_order().iter().map(|one| one.rank().0).collect();
        assert_eq!(kept, (0..50).collect::<Vec<_>>());
    }
}
