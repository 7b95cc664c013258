//! Bytes of files: each part for itself, then put together. Where a file begins, whoever decodes its bytes
//! hashes them at once; what follows waits for the part before it, and is hashed by who has time.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use base64::Engine as _;
use sha2::{Digest, Sha256};

use super::check::{Checked, Hasher};
use super::credits::Hold;
use super::finding::{Code, Finding, Findings, SHOWN_CHARS, shortened};
use super::hashing::{FileHash, Hashing};
use super::links::Excuses;
use super::record::{Table, Values};
use crate::read::{Block, Blocks, Buffer, Part, Place};
use crate::section::Section;
use crate::write::{PART_BYTES, hex};

/// One record of `file_contents`, decoded.
#[derive(Debug)]
pub struct ContentPart {
    section: Option<Section>,
    file_id: String,
    part: u64,
    is_last: bool,
    bytes: Bytes,
    size_bytes: Option<u64>,
    sha256: Option<String>,
    is_complete: Option<bool>,
    place: Place,
}

/// The bytes of one part.
#[derive(Debug)]
enum Bytes {
    /// The first of a file: how many, and the hash of them.
    First(usize, Sha256),
    /// What continues a file, and what is to be kept while it waits.
    Next(Block, Option<Hold>),
}

impl Default for Bytes {
    fn default() -> Bytes {
        Bytes::First(0, Sha256::new())
    }
}

impl Bytes {
    fn len(&self) -> usize {
        match self {
            Bytes::First(len, _) => *len,
            Bytes::Next(bytes, _) => bytes.len(),
        }
    }
}

impl ContentPart {
    /// Keeps something for as long as its bytes wait to be hashed.
    pub fn hold(&mut self, hold: &Hold) {
        if let Bytes::Next(_, held) = &mut self.bytes {
            *held = Some(Arc::clone(hold));
        }
    }
}

const CONTENTS: Part = Part::Section(Section::FileContents);

/// Takes one record apart. Its bytes go where those of an earlier one were.
pub fn part(text: &[u8], values: &Values, place: Place, blocks: &Blocks, checked: &mut Checked) {
    let table = Table::of(Section::FileContents);
    let raw = |name| values.raw(text, table.index_of(name)?);
    let string = |name| values.string(text, table.index_of(name)?);
    let number = |name| std::str::from_utf8(raw(name)?).ok()?.parse::<u64>().ok();
    let file_id = string("file_id").unwrap_or_default();
    let base64 = table
        .index_of("base64")
        .and_then(|index| values.text(text, index))
        .unwrap_or_default();
    let mut bytes = blocks.buffer();
    if let Err(what) = decode(base64, &mut bytes) {
        let finding = Finding::new(Code::ContentsBase64, what).at(place);
        let finding = finding.within(CONTENTS).of(Some(file_id.clone()));
        checked.findings.push(finding.field("base64"));
    }
    for name in ["part", "size_bytes"] {
        let is_there = raw(name).is_some_and(|raw| raw != b"null");
        if is_there && number(name).is_none() {
            let what = "a number that is not negative belongs here";
            let finding = Finding::new(Code::WrongKind, what).at(place);
            let finding = finding.within(CONTENTS).of(Some(file_id.clone()));
            checked.findings.push(finding.field(name));
        }
    }
    let bytes = blocks.block(bytes);
    // A missing number was noted as a missing field.
    let part = number("part").unwrap_or_default();
    checked.contents.push(ContentPart {
        section: string("section").and_then(|name| Section::named(&name)),
        file_id,
        part,
        is_last: raw("last") == Some(b"true"),
        bytes: if part == 0 {
            Bytes::First(bytes.len(), Sha256::new_with_prefix(&*bytes))
        } else {
            Bytes::Next(bytes, None)
        },
        size_bytes: number("size_bytes"),
        sha256: string("sha256"),
        is_complete: raw("complete").map(|raw| raw == b"true"),
        place,
    });
}

fn decode(text: &[u8], bytes: &mut Buffer) -> Result<(), String> {
    let engine = crate::encode::base64_engine();
    // A slash may be written with a backslash by another program; nothing else of base64 may. What is longer than a
    // part's base64 is no longer than that, or wrong.
    let text = if text.len() > 2 * PART_BYTES {
        super::keys::decoded(text)
    } else {
        Cow::Borrowed(text)
    };
    let room = bytes.room(text.len() / 4 * 3);
    let decoded = engine
        .decode_slice(&text, room)
        .or_else(|_| engine.decode_slice(super::keys::decoded(&text), room));
    let len = decoded.map_err(|error| {
        // The library's error names itself first.
        let error = error.to_string();
        let error = error.rsplit(": ").next().unwrap_or_default();
        format!("it is no base64: {}", error.to_lowercase())
    })?;
    bytes.keep(len);
    if len > PART_BYTES {
        return Err(format!("more than {PART_BYTES} bytes in one part"));
    }
    Ok(())
}

/// What a record says of a file's bytes.
#[derive(Debug)]
pub struct Stated {
    pub section: Section,
    pub id: String,
    pub size_bytes: Option<u64>,
    pub sha256: Option<String>,
    pub place: Place,
}

/// The bytes of one file, as they were found.
#[derive(Debug)]
struct Found {
    section: Section,
    id: String,
    /// Hashes of the gaps `object_incomplete` and `object_changed` of this file.
    gaps: [u64; 2],
    size_bytes: u64,
    sha256: String,
    is_complete: bool,
    place: Place,
}

/// A file whose last part came.
#[derive(Debug)]
struct Ended {
    hash: Arc<FileHash>,
    /// What the last part says.
    stated: Option<String>,
    file_id: String,
    place: Place,
    /// Its key and what is known of it; none if it is in no section.
    found: Option<(u64, Found)>,
}

/// Puts the parts together. Some 100 bytes of memory for each file.
#[derive(Debug, Default)]
pub struct Contents {
    open: Option<Open>,
    hashing: Hashing,
    /// Not all of their bytes may be hashed yet.
    ended: VecDeque<Ended>,
    done: HashSet<u64>,
    found: Vec<(u64, Found)>,
    stated: HashMap<u64, Stated>,
    /// Bytes of all files.
    pub file_bytes: u64,
}

#[derive(Debug)]
struct Open {
    section: Option<Section>,
    file_id: String,
    next: u64,
    hash: Arc<FileHash>,
    size_bytes: u64,
    place: Place,
}

impl Contents {
    /// What waits to be hashed.
    pub fn hashing(&self) -> Hashing {
        self.hashing.clone()
    }

    /// Notes what a record says of its file.
    pub fn state(&mut self, mut stated: Stated, hasher: &Hasher) {
        let key = hasher.gap("", stated.section.name(), stated.id.as_bytes(), None);
        stated.id = shortened(&stated.id, SHOWN_CHARS);
        self.stated.insert(key, stated);
    }

    /// Takes the next part.
    pub fn add(&mut self, mut part: ContentPart, hasher: &Hasher, findings: &mut Findings) {
        let continues = self.open.as_ref().is_some_and(|open| {
            open.section == part.section && open.file_id == part.file_id && part.part > 0
        });
        if !continues {
            self.close(findings);
            self.open = Some(Open {
                section: part.section,
                file_id: part.file_id.clone(),
                next: 0,
                hash: Arc::default(),
                size_bytes: 0,
                place: part.place,
            });
        }
        let Some(open) = &mut self.open else { return };
        let wrong = |code, what: String| {
            let finding = Finding::new(code, what).at(part.place).within(CONTENTS);
            finding.of(Some(part.file_id.clone()))
        };
        if part.part != open.next {
            let what = format!("part {} stands where part {} belongs", part.part, open.next);
            findings.push(wrong(Code::ContentsParts, what).field("part"));
            open.next = part.part;
        }
        if !part.is_last && part.bytes.len() != PART_BYTES {
            let what = format!(
                "a part that is not the last has {} bytes, not {PART_BYTES}",
                part.bytes.len()
            );
            findings.push(wrong(Code::ContentsParts, what).field("base64"));
        }
        open.next += 1;
        open.size_bytes += part.bytes.len() as u64;
        self.file_bytes += part.bytes.len() as u64;
        match std::mem::take(&mut part.bytes) {
            // It continues nothing, so nothing was hashed before it.
            Bytes::First(_, hash) => open.hash = FileHash::begun(hash),
            Bytes::Next(bytes, hold) => self.hashing.add(&open.hash, bytes, hold),
        }
        if part.is_last {
            self.end(&part, hasher, findings);
        }
    }

    fn end(&mut self, part: &ContentPart, hasher: &Hasher, findings: &mut Findings) {
        let Some(open) = self.open.take() else { return };
        let wrong = |code, what: String, field| {
            let finding = Finding::new(code, what).at(part.place).within(CONTENTS);
            finding.of(Some(part.file_id.clone())).field(field)
        };
        for (field, is_there) in [
            ("size_bytes", part.size_bytes.is_some()),
            ("sha256", part.sha256.is_some()),
            ("complete", part.is_complete.is_some()),
        ] {
            if !is_there {
                let what = "it is not there, on the last part of a file".to_owned();
                findings.push(wrong(Code::MissingField, what, field));
            }
        }
        if part.size_bytes.is_some_and(|size| size != open.size_bytes) {
            let what = format!("the parts hold {} bytes", open.size_bytes);
            findings.push(wrong(Code::ContentsDigest, what, "size_bytes"));
        }
        let mut found = None;
        if let Some(section) = open.section {
            let gap = |code| hasher.gap(code, section.name(), open.file_id.as_bytes(), None);
            let key = gap("");
            if !self.done.insert(key) {
                let what = "the bytes of this file stand in the file twice".to_owned();
                findings.push(wrong(Code::ContentsParts, what, "file_id"));
            }
            let file = Found {
                section,
                gaps: [gap("object_incomplete"), gap("object_changed")],
                id: shortened(&open.file_id, SHOWN_CHARS),
                size_bytes: open.size_bytes,
                sha256: String::new(),
                is_complete: part.is_complete.unwrap_or(true),
                place: part.place,
            };
            found = Some((key, file));
        } else {
            let what = "no section has this name".to_owned();
            findings.push(wrong(Code::UnresolvedReference, what, "section"));
        }
        self.ended.push_back(Ended {
            hash: open.hash,
            stated: part.sha256.clone(),
            file_id: open.file_id,
            place: part.place,
            found,
        });
        self.settle(findings);
    }

    /// Compares the hashes that are known by now.
    fn settle(&mut self, findings: &mut Findings) {
        while let Some(sha256) = self.ended.front().and_then(|ended| ended.hash.sha256()) {
            let Some(ended) = self.ended.pop_front() else {
                return;
            };
            let sha256 = hex(&sha256);
            if ended.stated.is_some_and(|stated| stated != sha256) {
                let what = format!("the parts have the SHA-256 {sha256}");
                let finding = Finding::new(Code::ContentsDigest, what).at(ended.place);
                let finding = finding.within(CONTENTS).of(Some(ended.file_id));
                findings.push(finding.field("sha256"));
            }
            self.found.extend(
                ended
                    .found
                    .map(|(key, found)| (key, Found { sha256, ..found })),
            );
        }
    }

    /// Compares what is left. Every part was taken.
    pub fn settle_all(&mut self, findings: &mut Findings) {
        while self.hashing.go_on() {}
        self.settle(findings);
    }

    /// Notes a file whose last part did not come.
    pub fn close(&mut self, findings: &mut Findings) {
        if let Some(open) = self.open.take() {
            let finding =
                Finding::new(Code::ContentsParts, "the last part of this file is missing");
            let finding = finding.at(open.place).within(CONTENTS);
            findings.push(finding.of(Some(open.file_id)));
        }
    }

    /// Holds the bytes against their records.
    pub fn finish(mut self, excuses: &Excuses, findings: &mut Findings) {
        self.close(findings);
        for (key, found) in &self.found {
            let wrong = |code, what: String| {
                let finding = Finding::new(code, what).at(found.place).within(CONTENTS);
                finding.of(Some(found.id.clone())).field("file_id")
            };
            let Some(stated) = self.stated.get(key) else {
                let what = format!("no record of `{}` has this id", found.section.name());
                findings.push(wrong(Code::UnresolvedReference, what));
                continue;
            };
            if !found.is_complete && !excuses.has(found.gaps[0]) {
                let what = "reading stopped before the end, and no gap says so".to_owned();
                findings.push(wrong(Code::ContentsDiffer, what));
            }
            let differs = stated
                .size_bytes
                .is_some_and(|size| size != found.size_bytes)
                || stated
                    .sha256
                    .as_ref()
                    .is_some_and(|sha| *sha != found.sha256);
            let is_excused = found.gaps.iter().any(|gap| excuses.has(*gap));
            if differs && !is_excused {
                let what = format!(
                    "{} bytes with SHA-256 {}, and the record says otherwise",
                    found.size_bytes, found.sha256
                );
                let finding = Finding::new(Code::ContentsDiffer, what).at(stated.place);
                let finding = finding.within(Part::Section(stated.section));
                findings.push(finding.of(Some(stated.id.clone())));
            }
        }
    }
}
