//! Reads an export file from front to back, record by record, in constant memory.
//!
//! Promises: every byte of the input is looked at once; memory is bounded by the largest record and
//! not by the file. A file as it was written is cut at its line feeds, at the speed of memory. One
//! that another program wrote again (indented, in one line, in another order) is cut at its
//! brackets instead. Whether a record itself is well-formed is for whoever takes it to find out.
//! Damage between records is a [`Fault`], after which reading goes on with the next line.

mod block;
mod lines;
mod records;
mod split;
mod structure;

use std::ops::Range;

pub use self::block::Block;
pub(crate) use self::block::{Blocks, Buffer};
pub use self::records::{Visit, each_record};
pub use self::split::Splitter;
use crate::section::Section;

/// The largest record that is read, in bytes: no database hands out a larger value than 1 GB.
pub const MAX_RECORD_BYTES: usize = 1 << 30;

/// What is wrong with a text that has nothing to do with exports.
pub const NO_EXPORT: &str = "this is no JSON object, so it is no export";
/// What is wrong with a file that has a larger record than is read.
pub const TOO_LARGE: &str = "a record larger than this reader takes";

/// Where something stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Bytes before it.
    pub offset: u64,
    /// Its line, counted from 1.
    pub line: u64,
}

/// What a key of the file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// What is known before the first row.
    Export,
    /// Personal data.
    Section(Section),
    /// What could not be delivered as it was.
    Gaps,
    /// Counts and the directory.
    Summary,
    /// Digest and signature.
    Integrity,
    /// A key of a later revision.
    Unknown,
}

impl Part {
    /// The part with this key.
    #[must_use]
    pub fn named(name: &str) -> Part {
        match name {
            "export" => Part::Export,
            "gaps" => Part::Gaps,
            "summary" => Part::Summary,
            "integrity" => Part::Integrity,
            _ => Section::named(name).map_or(Part::Unknown, Part::Section),
        }
    }

    /// Every part that a file of this version has, in order.
    pub fn in_order() -> impl Iterator<Item = Part> {
        std::iter::once(Part::Export)
            .chain(Section::ALL.into_iter().map(Part::Section))
            .chain([Part::Gaps, Part::Summary, Part::Integrity])
    }

    /// The key in the file; `?` of one that is unknown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Export => "export",
            Part::Section(section) => section.name(),
            Part::Gaps => "gaps",
            Part::Summary => "summary",
            Part::Integrity => "integrity",
            Part::Unknown => "?",
        }
    }
}

/// One key of the file.
#[derive(Debug, Clone)]
pub struct Member {
    /// The key.
    pub name: String,
    /// What it holds.
    pub part: Part,
    /// Where the key stands.
    pub key: Place,
    /// Where the value starts, in bytes from the start of the file.
    pub value_offset: u64,
    /// Bytes of the value, once its end was met.
    pub value_bytes: Option<u64>,
    /// Whether the value is a list.
    pub is_list: bool,
}

impl Member {
    /// Where its value stands, in bytes from the start of the file.
    #[must_use]
    pub fn place(&self) -> Option<Range<u64>> {
        let bytes = self.value_bytes?;
        Some(self.value_offset..self.value_offset + bytes)
    }
}

/// One record, or another value, within a block.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    start: u32,
    end: u32,
    /// Lines before it in the block.
    line: u32,
}

/// Records of one key that stand in one block.
#[derive(Debug)]
pub struct Batch {
    /// Which key.
    pub part: Part,
    /// Whether they are elements of a list; otherwise there is one, the value of the key.
    pub is_list: bool,
    /// The records.
    pub slices: Vec<Slice>,
}

/// What stands between records where something else belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub problem: &'static str,
    /// Whether nothing after this could be read.
    pub is_last: bool,
}

/// A stretch of the file: a block, and what stands in it.
#[derive(Debug)]
pub struct Piece {
    /// The bytes.
    pub block: std::sync::Arc<Block>,
    /// Where they start.
    pub place: Place,
    /// The records in them, in order.
    pub batches: Vec<Batch>,
    /// What is wrong between them.
    pub faults: Vec<Fault>,
    /// How many of the bytes stand before the last line, so that the digest covers them.
    pub covered_bytes: usize,
}

impl Piece {
    /// The bytes of a record.
    #[must_use]
    pub fn bytes(&self, slice: Slice) -> &[u8] {
        &self.block[slice.start as usize..slice.end as usize]
    }

    /// Where a record stands.
    #[must_use]
    pub fn place_of(&self, slice: Slice) -> Place {
        Place {
            offset: self.place.offset + u64::from(slice.start),
            line: self.place.line + u64::from(slice.line),
        }
    }
}

/// How a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Every line is where an export has it.
    AsWritten,
    /// The first lines are, and one further on is not: something was changed in the file.
    Changed,
    /// Not even the first lines are: another program wrote the file again.
    WrittenAgain,
}

/// How a file ended, and what was in it.
#[derive(Debug)]
pub struct Outline {
    /// Its keys, in the order met.
    pub members: Vec<Member>,
    /// Whether the end of the document was met.
    pub is_complete: bool,
    /// Whether damage was met behind which nothing could be read.
    pub is_lost: bool,
    /// Whether every line was where an export has it.
    pub layout: Layout,
    /// Bytes that were read: all of the file, unless damage made an end before.
    pub size_bytes: u64,
    /// Lines that were begun.
    pub lines: u64,
}

#[cfg(test)]
mod tests;
