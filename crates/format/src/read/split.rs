//! Cuts the input into pieces of whole records.

use std::io::{self, Read};
use std::sync::Arc;

use super::block::{Blocks, Buffer};
use super::structure::Partial;
use super::{
    Batch, Fault, Layout, MAX_RECORD_BYTES, Member, Outline, Part, Piece, Place, Slice, TOO_LARGE,
};

/// How much is read at a time: small enough for the second cache, where the next thread finds it.
const READ_BYTES: usize = 1 << 20;
/// How much is read first.
const FIRST_READ_BYTES: usize = 64 << 10;
/// After so many faults a file is no export that was damaged, but something else.
const MAX_FAULTS: usize = 100;
/// More keys than any later revision will have; each is remembered.
const MAX_MEMBERS: usize = 1000;

/// What may come next between values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    /// The brace that opens the document.
    Opening,
    /// The first key, or the end of an empty document.
    FirstKey,
    /// A key, after a comma.
    Key,
    /// The colon after a key.
    Colon,
    /// The value of a key.
    Value,
    /// The first element of a list, or its end.
    FirstElement,
    /// An element, after a comma.
    Element,
    /// What follows an element: a comma, or the end of the list.
    AfterElement,
    /// What follows the value of a key: a comma, or the end of the document.
    AfterValue,
    /// Nothing but space.
    End,
}

/// How the input is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// At line feeds, as it was written.
    Lines,
    /// The same, but after damage: what fits nowhere is passed over until a line fits.
    Recovering,
    /// At brackets.
    Structure,
}

/// What was found in the bytes of one piece so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub batches: Vec<Batch>,
    pub faults: Vec<Fault>,
    pub covered_bytes: Option<usize>,
}

/// Cuts the input into pieces. [`Splitter::next_piece`] until there is none, then
/// [`Splitter::outline`].
#[derive(Debug)]
pub struct Splitter<R> {
    input: R,
    blocks: Blocks,
    /// What was read and not yet given out.
    buffer: Buffer,
    /// Where the buffer starts.
    pub(super) place: Place,
    /// How much of the buffer is cut already.
    pub(super) done: usize,
    /// Lines before `done` in the buffer.
    pub(super) done_lines: u32,
    pub(super) mode: Mode,
    pub(super) expect: Expect,
    pub(super) partial: Option<Partial>,
    pub(super) found: Found,
    pub(super) members: Vec<Member>,
    /// How much of the buffer has no line feed behind `done`.
    pub(super) searched: usize,
    /// Where the first lines are as an export has them, a value that goes on over a line feed has lost its
    /// end.
    pub(super) layout: Layout,
    /// Whether the last key is a section's.
    pub(super) is_in_section: bool,
    max_record_bytes: usize,
    read_bytes: usize,
    faults: usize,
    pub(super) at_end: bool,
    has_stopped: bool,
}

impl<R: Read> Splitter<R> {
    /// Starts at the first byte.
    pub fn new(input: R) -> Splitter<R> {
        Splitter {
            input,
            blocks: Blocks::new(),
            buffer: Buffer::default(),
            place: Place { offset: 0, line: 1 },
            done: 0,
            done_lines: 0,
            mode: Mode::Lines,
            expect: Expect::Opening,
            partial: None,
            found: Found::default(),
            members: Vec::new(),
            searched: 0,
            layout: Layout::AsWritten,
            is_in_section: false,
            max_record_bytes: MAX_RECORD_BYTES,
            read_bytes: READ_BYTES,
            faults: 0,
            at_end: false,
            has_stopped: false,
        }
    }

    /// The same, for records of at most so many bytes.
    #[must_use]
    pub fn with_max_record_bytes(mut self, bytes: usize) -> Splitter<R> {
        self.max_record_bytes = bytes.min(MAX_RECORD_BYTES);
        self
    }

    /// The same, reading so many bytes at a time, at least 3. The pieces differ, and nothing else.
    #[must_use]
    pub fn with_read_bytes(mut self, bytes: usize) -> Splitter<R> {
        self.read_bytes = bytes.max(3);
        self
    }

    /// The next piece; none at the end, and after damage that nothing can be read behind.
    pub fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        if self.has_ended() {
            return Ok(None);
        }
        loop {
            self.read_more()?;
            let buffer = std::mem::take(&mut self.buffer);
            self.cut(&buffer);
            self.buffer = buffer;
            if self.at_end || self.has_stopped {
                return Ok(Some(self.give_out_the_last()));
            }
            if self.done > 0 {
                return Ok(Some(self.give_out()));
            }
            if self.buffer.len() > self.max_record_bytes {
                self.fault(0, TOO_LARGE, true);
            }
        }
    }

    /// Whether every piece was handed out.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_stopped || (self.at_end && self.buffer.is_empty())
    }

    /// What was in the file. Call it when there are no more pieces.
    #[must_use]
    pub fn outline(self) -> Outline {
        Outline {
            is_complete: self.expect == Expect::End && !self.has_stopped,
            is_lost: self.has_stopped || self.mode == Mode::Recovering,
            layout: self.layout,
            members: self.members,
            lines: self.place.line,
            size_bytes: self.place.offset + self.buffer.len() as u64,
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        // Most files are small: they need no room for a whole block.
        let count = if self.place.offset == 0 && self.buffer.is_empty() {
            self.read_bytes.min(FIRST_READ_BYTES)
        } else {
            self.read_bytes
        };
        let read = self.buffer.read_from(&mut self.input, count)?;
        self.at_end = read < count;
        Ok(())
    }

    /// Cuts what is in the buffer as far as it goes.
    fn cut(&mut self, buffer: &[u8]) {
        if self.place.offset == 0 && self.done == 0 && buffer.starts_with(b"\xEF\xBB\xBF") {
            // A byte order mark, as some editors add it: RFC 8259 section 8.1 lets readers ignore it.
            self.done = 3;
            self.leave_lines();
        }
        while self.done < buffer.len() && !self.has_stopped {
            let goes_on = match self.mode {
                Mode::Lines | Mode::Recovering => self.cut_lines(buffer),
                Mode::Structure => self.cut_structure(buffer),
            };
            if !goes_on {
                break;
            }
        }
    }

    /// Cuts at brackets from here on.
    pub(super) fn leave_lines(&mut self) {
        self.mode = Mode::Structure;
        if self.layout == Layout::AsWritten {
            self.layout = if self.members.is_empty() {
                Layout::WrittenAgain
            } else {
                Layout::Changed
            };
        }
    }

    /// Hands out all there is. What is left in it is no whole record, unless only the line feed at the
    /// very end is missing.
    fn give_out_the_last(&mut self) -> Piece {
        if self.mode != Mode::Structure && self.done < self.buffer.len() && !self.has_stopped {
            let buffer = std::mem::take(&mut self.buffer);
            let fits = self.line(&buffer[self.done..], self.done);
            if !fits && self.mode == Mode::Lines {
                self.leave_lines();
                self.cut_structure(&buffer);
            }
            self.buffer = buffer;
        }
        self.partial = None;
        self.done = self.buffer.len();
        self.give_out()
    }

    /// Hands out everything up to `done`; the rest is the start of the next piece.
    fn give_out(&mut self) -> Piece {
        let mut rest = self.blocks.buffer();
        self.buffer.split_into(self.done, &mut rest);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        let found = std::mem::take(&mut self.found);
        let place = self.place;
        self.place.offset += self.done as u64;
        self.place.line += u64::from(self.done_lines);
        if let Some(partial) = &mut self.partial {
            partial.rebase(self.done);
        }
        (self.done, self.done_lines) = (0, 0);
        self.searched = self.searched.saturating_sub(bytes.len());
        let covered = self.layout == Layout::AsWritten && self.expect != Expect::End;
        Piece {
            covered_bytes: found
                .covered_bytes
                .unwrap_or(if covered { bytes.len() } else { 0 }),
            block: Arc::new(self.blocks.block(bytes)),
            place,
            batches: found.batches,
            faults: found.faults,
        }
    }

    /// Notes what is wrong at a byte of the buffer.
    pub(super) fn fault(&mut self, at: usize, problem: &'static str, is_last: bool) {
        self.faults += 1;
        let is_last = is_last || self.faults >= MAX_FAULTS;
        self.has_stopped |= is_last;
        self.found.faults.push(Fault {
            place: self.place_of(at, self.done_lines),
            problem,
            is_last,
        });
    }

    pub(super) fn place_of(&self, at: usize, line: u32) -> Place {
        Place {
            offset: self.place.offset + at as u64,
            line: self.place.line + u64::from(line),
        }
    }

    /// Notes a record, or the value of a key.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "no block is larger than 4 GiB: see MAX_RECORD_BYTES"
    )]
    pub(super) fn push(&mut self, start: usize, end: usize, line: u32) {
        let Some(member) = self.members.last() else {
            return;
        };
        let (part, is_list) = (member.part, member.is_list);
        let slice = Slice {
            start: start as u32,
            end: end as u32,
            line,
        };
        match self.found.batches.last_mut() {
            Some(batch) if batch.part == part && is_list && batch.is_list => {
                batch.slices.push(slice);
            }
            _ => self.found.batches.push(Batch {
                part,
                is_list,
                slices: vec![slice],
            }),
        }
    }

    /// Notes a key.
    pub(super) fn begin_member(&mut self, name: &str, at: usize, line: u32) {
        if self.members.len() == MAX_MEMBERS {
            self.fault(at, "more keys than any export has", true);
            return;
        }
        self.is_in_section = matches!(Part::named(name), Part::Section(_));
        self.members.push(Member {
            name: name.to_owned(),
            part: Part::named(name),
            key: self.place_of(at, line),
            value_offset: 0,
            value_bytes: None,
            is_list: false,
        });
    }

    /// Notes where the value of the last key starts.
    pub(super) fn begin_value(&mut self, at: usize, is_list: bool) {
        let offset = self.place.offset + at as u64;
        if let Some(member) = self.members.last_mut() {
            member.value_offset = offset;
            member.is_list = is_list;
        }
    }

    /// Notes where the value of the last key ends.
    pub(super) fn end_value(&mut self, at: usize) {
        let end = self.place.offset + at as u64;
        if let Some(member) = self.members.last_mut() {
            member.value_bytes = Some(end - member.value_offset);
        }
    }
}
