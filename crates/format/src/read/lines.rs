//! Cutting at line feeds: the file as it was written.

use std::io::Read;

use super::Part;
use super::split::{Expect, Mode, Splitter};
use super::structure::is_one_value;

impl<R: Read> Splitter<R> {
    /// Cuts all whole lines. Returns `false` when more input is needed.
    pub(super) fn cut_lines(&mut self, buffer: &[u8]) -> bool {
        // The start of a line that is longer than what is read at a time was searched before.
        let from = self.done.max(self.searched);
        for end in memchr::memchr_iter(b'\n', &buffer[from..]) {
            let (start, end) = (self.done, from + end);
            if !self.line(&buffer[start..end], start) {
                if self.mode == Mode::Lines {
                    self.leave_lines();
                    return true;
                }
            } else if self.mode == Mode::Recovering {
                self.mode = Mode::Lines;
            }
            self.done = end + 1;
            self.done_lines += 1;
        }
        // A file in one line, or a text that is no export, would be collected whole otherwise.
        if self.expect == Expect::Opening && self.done < buffer.len() {
            self.leave_lines();
            return true;
        }
        self.searched = buffer.len();
        false
    }

    /// Takes one line, without its line feed. Returns `false` if an export has no such line here.
    pub(super) fn line(&mut self, line: &[u8], start: usize) -> bool {
        let is_recovering = self.mode == Mode::Recovering;
        match self.expect {
            Expect::Opening => {
                let fits = line == b"{";
                if fits {
                    self.expect = Expect::FirstKey;
                }
                fits
            }
            Expect::FirstKey | Expect::Key => self.key_line(line, start),
            Expect::FirstElement | Expect::Element | Expect::AfterElement => {
                self.list_line(line, start) || (is_recovering && self.key_line(line, start))
            }
            _ => false,
        }
    }

    /// A line within a list: a record, or the end.
    fn list_line(&mut self, line: &[u8], start: usize) -> bool {
        let is_recovering = self.mode == Mode::Recovering;
        let (record_bytes, is_followed) = match line {
            [b'{', .., b'}', b','] => (line.len() - 1, true),
            [b'{', .., b'}'] => (line.len(), false),
            b"]," => {
                if self.expect == Expect::Element && !is_recovering {
                    self.fault(start, "a comma before the end of a list", false);
                }
                self.end_value(start + 1);
                self.expect = Expect::Key;
                return true;
            }
            _ => return false,
        };
        // Whoever checks a section's record takes a second one in the line, too. The others are few.
        if !self.is_in_section && !is_one_value(&line[..record_bytes]) {
            return false;
        }
        if self.expect == Expect::AfterElement && !is_recovering {
            self.fault(start, "a comma is missing between two records", false);
        }
        self.push(start, start + record_bytes, self.done_lines);
        self.expect = if is_followed {
            Expect::Element
        } else {
            Expect::AfterElement
        };
        true
    }

    /// A line that starts with a key.
    fn key_line(&mut self, line: &[u8], start: usize) -> bool {
        let Some((name, value_at)) = key(line) else {
            return false;
        };
        let (value_bytes, next) = match &line[value_at..] {
            b"[" => (0, Expect::FirstElement),
            b"[]," => (2, Expect::Key),
            // A list in one line with records in it is not how an export has it.
            [b'[', ..] => return false,
            [value @ .., b','] if is_one_value(value) => (value.len(), Expect::Key),
            [value @ .., b'}'] if name == "integrity" && is_one_value(value) => {
                (value.len(), Expect::End)
            }
            _ => return false,
        };
        let is_list = line[value_at] == b'[';
        self.begin_member(name, start, self.done_lines);
        self.begin_value(start + value_at, is_list);
        if next == Expect::End {
            self.found.covered_bytes = Some(start);
        }
        if value_bytes > 0 {
            self.end_value(start + value_at + value_bytes);
        }
        if value_bytes > 0 && !is_list {
            let from = start + value_at;
            self.push(from, from + value_bytes, self.done_lines);
        }
        self.expect = next;
        true
    }
}

/// The key that a line starts with, and where its value starts.
fn key(line: &[u8]) -> Option<(&str, usize)> {
    let rest = line.strip_prefix(b"\"")?;
    let len = memchr::memchr2(b'"', b'\\', rest)?;
    let is_key = rest[len..].starts_with(b"\":") && rest.len() > len + 2;
    let name = std::str::from_utf8(&rest[..len]).ok()?;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic());
    (is_key && is_plain).then_some((name, len + 3))
}

/// Whether a line is one that only an export as it was written has, wherever it stands.
pub(super) fn is_telling(line: &[u8]) -> bool {
    let is_record = line.starts_with(b"{\"") && (line.ends_with(b"},") || line.ends_with(b"}"));
    is_record
        || line == b"],"
        || key(line).is_some_and(|(name, _)| Part::named(name) != Part::Unknown)
}
