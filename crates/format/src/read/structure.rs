//! Cutting at brackets: a file that another program wrote again.
//!
//! Only what stands between values is judged here. A value ends where its brackets close; whether it
//! is well-formed is for whoever takes it to find out.

use std::io::Read;

use super::Layout;
use super::lines::is_telling;
use super::split::{Expect, Mode, Splitter};
use crate::json_read::Reader;
use crate::repair::is_noncharacter;

/// How much of the next line shows what it is.
const TELLING_BYTES: usize = 64;

/// A value whose end has not been met yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Partial {
    start: usize,
    line: u32,
    /// How far it was looked at.
    at: usize,
    depth: u32,
    in_string: bool,
}

impl Partial {
    fn begin(start: usize, line: u32) -> Partial {
        Partial {
            start,
            line,
            at: start,
            depth: 0,
            in_string: false,
        }
    }

    /// The buffer now starts `cut` bytes later.
    pub(super) fn rebase(&mut self, cut: usize) {
        self.start -= cut;
        self.at -= cut;
        self.line = 0;
    }

    /// Looks on for the end of the value, and returns it. Before the end of the input, a number may
    /// go on with the next byte that is read. A line feed within a string is none that JSON has; whether
    /// another one can be within a value, `is_damage` says.
    fn end(
        &mut self,
        buffer: &[u8],
        is_damage: impl Fn(usize) -> Option<bool>,
    ) -> Result<Option<usize>, (usize, &'static str)> {
        while self.at < buffer.len() {
            if self.in_string {
                match self.string_end(buffer)? {
                    true if self.depth == 0 => return Ok(Some(self.at)),
                    true => continue,
                    false => break,
                }
            }
            match buffer[self.at] {
                b'\n' if self.depth > 0 => match is_damage(self.at) {
                    Some(true) => return Err((self.at, "a record without its end")),
                    Some(false) => {}
                    None => break,
                },
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth == 0 => return Ok(Some(self.at)),
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Ok(Some(self.at + 1));
                    }
                }
                b',' | b' ' | b'\n' | b'\r' | b'\t' if self.depth == 0 => {
                    return Ok(Some(self.at));
                }
                _ => {}
            }
            self.at += 1;
        }
        Ok(None)
    }

    /// Goes on to the end of a string. Returns whether it was met.
    fn string_end(&mut self, buffer: &[u8]) -> Result<bool, (usize, &'static str)> {
        while let Some(len) = memchr::memchr3(b'"', b'\\', b'\n', &buffer[self.at..]) {
            self.at += len;
            match buffer[self.at] {
                b'\\' if self.at + 1 == buffer.len() => return Ok(false),
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    self.in_string = false;
                    return Ok(true);
                }
                _ => return Err((self.at, "a line feed within a string")),
            }
        }
        self.at = buffer.len();
        Ok(false)
    }
}

/// Whether a text is one value, as far as its brackets tell.
pub(super) fn is_one_value(text: &[u8]) -> bool {
    if matches!(text, [] | [b',' | b':' | b']' | b'}', ..]) {
        return false;
    }
    let mut partial = Partial::begin(0, 0);
    match partial.end(text, |_| Some(false)) {
        Ok(Some(end)) => end == text.len(),
        Ok(None) => partial.depth == 0 && !partial.in_string,
        Err(_) => false,
    }
}

impl<R: Read> Splitter<R> {
    /// Cuts as far as the buffer goes. Returns `false` when more input is needed.
    pub(super) fn cut_structure(&mut self, buffer: &[u8]) -> bool {
        while self.done < buffer.len() {
            if let Some(mut partial) = self.partial.take() {
                let (layout, at_end) = (self.layout, self.at_end);
                let is_damage = |at| {
                    if layout == Layout::Changed {
                        is_followed_by_a_telling_line(buffer, at, at_end)
                    } else {
                        Some(false)
                    }
                };
                match partial.end(buffer, is_damage) {
                    Ok(Some(end)) => self.value(buffer, partial, end),
                    Ok(None) => {
                        self.partial = Some(partial);
                        return false;
                    }
                    Err((at, problem)) => return self.recover(buffer, at, problem),
                }
                continue;
            }
            let at = self.done;
            match buffer[at] {
                b'\n' => self.done_lines += 1,
                b' ' | b'\r' | b'\t' => {}
                byte => {
                    if let Err(problem) = self.between(byte, at) {
                        return self.recover(buffer, at, problem);
                    }
                    // A value stays in the buffer until its end is met.
                    if self.partial.is_some() {
                        continue;
                    }
                }
            }
            self.done = at + 1;
        }
        false
    }

    /// Takes one byte between values.
    fn between(&mut self, byte: u8, at: usize) -> Result<(), &'static str> {
        self.expect = match (self.expect, byte) {
            (Expect::Opening, b'{') => Expect::FirstKey,
            (Expect::FirstKey | Expect::AfterValue, b'}') => Expect::End,
            (Expect::FirstKey | Expect::Key, b'"') => {
                self.partial = Some(Partial::begin(at, self.done_lines));
                Expect::Key
            }
            (Expect::Colon, b':') => Expect::Value,
            (Expect::Value, b'[') => {
                self.begin_value(at, true);
                Expect::FirstElement
            }
            (Expect::FirstElement | Expect::AfterElement, b']') => {
                self.end_value(at + 1);
                Expect::AfterValue
            }
            (Expect::AfterElement, b',') => Expect::Element,
            (Expect::AfterValue, b',') => Expect::Key,
            (Expect::Value | Expect::FirstElement | Expect::Element, byte)
                if !matches!(byte, b',' | b':' | b']' | b'}') =>
            {
                if self.expect == Expect::Value {
                    self.begin_value(at, false);
                }
                self.partial = Some(Partial::begin(at, self.done_lines));
                self.expect
            }
            (expected, _) => return Err(missing(expected)),
        };
        Ok(())
    }

    /// Takes a value whose end was met.
    fn value(&mut self, buffer: &[u8], partial: Partial, end: usize) {
        let text = &buffer[partial.start..end];
        match self.expect {
            Expect::Key => {
                let name = key_name(text);
                if name.is_none() {
                    self.fault(partial.start, "a key that is no Unicode text", false);
                }
                self.begin_member(&name.unwrap_or_default(), partial.start, partial.line);
                self.expect = Expect::Colon;
            }
            Expect::Value => {
                self.push(partial.start, end, partial.line);
                self.end_value(end);
                self.expect = Expect::AfterValue;
            }
            _ => {
                self.push(partial.start, end, partial.line);
                self.expect = Expect::AfterElement;
            }
        }
        self.done_lines += lines_in(text);
        self.done = end;
    }

    /// Notes what is wrong, and goes on with the next line.
    fn recover(&mut self, buffer: &[u8], at: usize, problem: &'static str) -> bool {
        let is_last = matches!(self.expect, Expect::Opening | Expect::End);
        self.done_lines += lines_in(&buffer[self.done..at]);
        self.fault(at, problem, is_last);
        self.mode = Mode::Recovering;
        if !matches!(
            self.expect,
            Expect::FirstElement | Expect::Element | Expect::AfterElement
        ) {
            self.expect = Expect::Key;
        }
        let next = memchr::memchr(b'\n', &buffer[at..]);
        self.done = next.map_or(buffer.len(), |len| at + len + 1);
        self.done_lines += u32::from(next.is_some());
        self.searched = self.done;
        next.is_some()
    }
}

/// What a key says, if it is text that every reader takes.
fn key_name(text: &[u8]) -> Option<String> {
    let name = Reader::new(text).string().ok()?.into_owned();
    let name = String::from_utf8(name).ok()?;
    (!name.contains(is_noncharacter)).then_some(name)
}

/// Whether the line after a line feed is one of an export as it was written; `None` while too little of
/// it is there.
fn is_followed_by_a_telling_line(buffer: &[u8], at: usize, at_end: bool) -> Option<bool> {
    let next = &buffer[at + 1..];
    match memchr::memchr(b'\n', next) {
        Some(end) => Some(is_telling(&next[..end])),
        // Nobody writes a line by hand that is longer than this and looks like a record's.
        None if next.len() > TELLING_BYTES => Some(next.starts_with(b"{\"")),
        None if at_end => Some(false),
        None => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "no block is larger than 4 GiB: see MAX_RECORD_BYTES"
)]
fn lines_in(text: &[u8]) -> u32 {
    memchr::memchr_iter(b'\n', text).count() as u32
}

fn missing(expected: Expect) -> &'static str {
    match expected {
        Expect::Opening => super::NO_EXPORT,
        Expect::FirstKey | Expect::Key => "a key in quotes is missing",
        Expect::Colon => "a colon is missing",
        Expect::Value => "the value of a key is missing",
        Expect::FirstElement | Expect::Element => "a record is missing",
        Expect::AfterElement => "neither a comma nor the end of a list",
        Expect::AfterValue => "neither a comma nor the end of the document",
        Expect::End => "text after the end of the document",
    }
}
