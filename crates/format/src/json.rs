//! A JSON column on its way into the file: key by key, in one pass over its text.
//!
//! Promises: what is written is minified I-JSON in the file's one spelling, at most 128 containers
//! deep, without duplicate keys; only values that the filter names are in it. On an error nothing is
//! written.
//!
//! What a filter does to the shape: an object or list is written if something in it is kept, or if it
//! is empty in the source and the filter names it or something below it. Otherwise its key is left
//! out. An element of a list of which nothing is kept stands as `{}`, `[]` or null while others of the
//! list are kept, so that positions and counts hold. The whole value is always written, if need be as
//! `{}`, `[]` or null. A path takes lists only where it says `[]`, except that a leaf may be a list of
//! scalars, or of such lists.

use std::collections::BTreeSet;

use crate::encode::MAX_SAFE_INTEGER;
pub use crate::json_keys::{KeyFilter, Rule};
use crate::json_keys::{Leaf, NodeId, WITHHOLD_ALL};
use crate::json_members::Members;
pub use crate::json_path::{JsonPath, PathError, Step};
pub use crate::json_read::InvalidJson;
use crate::json_read::{NumberKind, Reader};
pub use crate::json_visit::{JsonValue, for_each_leaf, values_at};
use crate::repair::TextIssues;

/// How many paths are remembered that no rule names.
pub const MAX_UNMAPPED: usize = 100;

/// What had to be changed in a JSON value, or left out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonIssues {
    /// Changes of text, in keys too. Half of a surrogate pair counts as text that is not UTF-8.
    pub text: TextIssues,
    /// An integer beyond +-2^53 became a string.
    pub number_as_string: bool,
    /// A number that is not finite, or not as a double, became null.
    pub not_finite: bool,
    /// A key stood twice in an object; the last value was taken, as every common reader does.
    pub duplicate_key: bool,
    /// Paths of values that no rule names, the first hundred met. A key that a `*` fits, and one that
    /// is data and not a name (a number, a UUID, an address, a long text), stands as `*`.
    pub unmapped: BTreeSet<String>,
}

impl JsonIssues {
    /// Whether nothing was changed and nothing was unmapped.
    pub fn is_empty(&self) -> bool {
        *self == JsonIssues::default()
    }
}

/// Appends what `filter` keeps of a JSON text, and adds what had to be changed to `issues`.
pub fn filter(
    out: &mut Vec<u8>,
    input: &[u8],
    filter: &KeyFilter,
    issues: &mut JsonIssues,
) -> Result<(), InvalidJson> {
    let start = out.len();
    let (members, trail) = (Members::default(), Vec::new());
    let mut pass = Pass {
        out,
        filter,
        issues: JsonIssues::default(),
        members,
        trail,
    };
    let result = Reader::new(input).whole(|reader| {
        let nothing = nothing_of(reader);
        if !pass.value(reader, filter.root())? {
            pass.out.extend_from_slice(nothing);
        }
        Ok(())
    });
    let met = pass.issues;
    match result {
        Ok(()) => issues.add(met),
        Err(_) => out.truncate(start),
    }
    result
}

impl JsonIssues {
    fn add(&mut self, other: JsonIssues) {
        self.text |= other.text;
        self.number_as_string |= other.number_as_string;
        self.not_finite |= other.not_finite;
        self.duplicate_key |= other.duplicate_key;
        for path in other.unmapped {
            self.add_unmapped(path);
        }
    }

    fn add_unmapped(&mut self, path: String) {
        if self.unmapped.len() < MAX_UNMAPPED {
            self.unmapped.insert(path);
        }
    }
}

/// What stands for a value of which nothing is kept.
fn nothing_of(reader: &Reader<'_>) -> &'static [u8] {
    match reader.peek() {
        b'{' => b"{}",
        b'[' => b"[]",
        _ => b"null",
    }
}

/// One pass over one value.
struct Pass<'p, 'i> {
    out: &'p mut Vec<u8>,
    filter: &'p KeyFilter,
    issues: JsonIssues,
    /// Members of the objects that are open.
    members: Members,
    /// Where the pass is, for the paths of what is unmapped.
    trail: Vec<TrailStep<'i>>,
}

/// A step on the way to where a pass is.
enum TrailStep<'i> {
    /// A key as the source writes it, with quotes.
    Key(&'i [u8]),
    AnyKey,
    Elements,
}

impl<'i> Pass<'_, 'i> {
    /// Reads one value and appends what is kept of it. Returns whether anything was appended.
    fn value(&mut self, reader: &mut Reader<'i>, id: NodeId) -> Result<bool, InvalidJson> {
        if id == WITHHOLD_ALL {
            return reader.skip().map(|()| false);
        }
        match reader.peek() {
            b'{' => self.object(reader, id),
            b'[' => self.list(reader, id),
            b'n' if self.keeps_leaf(self.filter.node(id).empty) => {
                self.out.extend_from_slice(reader.word()?);
                Ok(true)
            }
            b'n' => reader.word().map(|_| false),
            _ if self.keeps_leaf(self.filter.node(id).leaf) => self.scalar(reader).map(|()| true),
            _ => reader.skip().map(|()| false),
        }
    }

    /// Whether a leaf is kept; remembers its path if no rule names it.
    fn keeps_leaf(&mut self, leaf: Option<Leaf>) -> bool {
        if leaf.is_none() {
            let path = path_of(&self.trail);
            self.issues.add_unmapped(path.to_string());
        }
        leaf == Some(Leaf::Keep)
    }

    fn object(&mut self, reader: &mut Reader<'i>, id: NodeId) -> Result<bool, InvalidJson> {
        let start = self.out.len();
        self.out.push(b'{');
        let mut object = self.members.open();
        let has_members = reader.object(|reader| {
            let comma = self.out.len();
            if comma > start + 1 {
                self.out.push(b',');
            }
            let (key_start, key_in_source) = (self.out.len(), reader.position());
            let text_issues = reader.string_into(self.out)?;
            let key = key_start..self.out.len();
            let (child, is_name) = self.filter.child(id, &self.out[key.clone()]);
            let step = TrailStep::Key(reader.since(key_in_source));
            self.trail
                .push(if is_name { step } else { TrailStep::AnyKey });
            self.issues.duplicate_key |= self.members.drop_earlier(&mut object, self.out, &key);
            reader.colon()?;
            self.out.push(b':');
            if self.value(reader, child)? {
                self.issues.text |= text_issues;
                self.members.add(&mut object, self.out, comma, key);
            } else {
                self.out.truncate(comma);
            }
            self.trail.pop();
            Ok(())
        })?;
        let is_kept = self.members.close(&object, self.out, start + 1)
            || (!has_members && self.keeps_leaf(self.filter.node(id).empty));
        Ok(self.close(start, is_kept, b'}'))
    }

    fn list(&mut self, reader: &mut Reader<'i>, id: NodeId) -> Result<bool, InvalidJson> {
        let start = self.out.len();
        let elements = self.filter.node(id).elements;
        self.out.push(b'[');
        self.trail.push(TrailStep::Elements);
        let mut is_kept = false;
        let has_elements = reader.list(|reader| {
            if self.out.len() > start + 1 {
                self.out.push(b',');
            }
            let nothing = nothing_of(reader);
            if self.value(reader, elements)? {
                is_kept = true;
            } else {
                self.out.extend_from_slice(nothing);
            }
            Ok(())
        })?;
        self.trail.pop();
        is_kept = is_kept || (!has_elements && self.keeps_leaf(self.filter.node(id).empty));
        Ok(self.close(start, is_kept, b']'))
    }

    /// Ends a container that starts at `start`, or takes it back if nothing of it is kept.
    fn close(&mut self, start: usize, is_kept: bool, end: u8) -> bool {
        if is_kept {
            self.out.push(end);
        } else {
            self.out.truncate(start);
        }
        is_kept
    }

    fn scalar(&mut self, reader: &mut Reader<'i>) -> Result<(), InvalidJson> {
        match reader.peek() {
            b'"' => self.issues.text |= reader.string_into(self.out)?,
            b't' | b'f' => self.out.extend_from_slice(reader.word()?),
            _ => self.number(reader)?,
        }
        Ok(())
    }

    fn number(&mut self, reader: &mut Reader<'i>) -> Result<(), InvalidJson> {
        let number = reader.number()?;
        match number.kind {
            NumberKind::Integer if !is_safe_integer(number.text) => {
                self.issues.number_as_string = true;
                self.out.push(b'"');
                self.out.extend_from_slice(number.text);
                self.out.push(b'"');
            }
            NumberKind::Integer => self.out.extend_from_slice(number.text),
            NumberKind::Real if is_finite(number.text) => self.out.extend_from_slice(number.text),
            NumberKind::Real | NumberKind::NotFinite => {
                self.issues.not_finite = true;
                self.out.extend_from_slice(b"null");
            }
        }
        Ok(())
    }
}

fn is_safe_integer(text: &[u8]) -> bool {
    // 2^53 has 16 digits; what is shorter needs no look.
    text.len() < 16
        || std::str::from_utf8(text).is_ok_and(|text| {
            text.parse()
                .is_ok_and(|n: i64| n.unsigned_abs() <= MAX_SAFE_INTEGER)
        })
}

fn is_finite(text: &[u8]) -> bool {
    // Without an exponent it takes 309 digits to get beyond a double.
    (text.len() < 300 && !text.iter().any(|byte| byte | 0x20 == b'e'))
        || std::str::from_utf8(text).is_ok_and(|text| text.parse().is_ok_and(f64::is_finite))
}

fn path_of(trail: &[TrailStep<'_>]) -> JsonPath {
    let mut path = JsonPath::default();
    for step in trail {
        path.push(match step {
            // It was read before, so it reads again.
            TrailStep::Key(written) => {
                let key = Reader::new(written).string().unwrap_or_default();
                Step::generalised(&String::from_utf8_lossy(&key))
            }
            TrailStep::AnyKey => Step::AnyKey,
            TrailStep::Elements => Step::Elements,
        });
    }
    path
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "json_value_tests.rs"]
mod value_tests;
