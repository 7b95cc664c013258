//! Strings inside JSON text: read, decoded, and written again in the file's one spelling.
//!
//! Promises: runs of plain bytes go through vectors, and are copied once; a control character, an
//! unknown escape or a missing end is an error.

use std::borrow::Cow;

use crate::json_read::{InvalidJson, Reader};
use crate::repair::{self, TextIssues};
use crate::simd;

/// Stands for half of a surrogate pair in decoded text: a byte that no UTF-8 holds, so that whatever
/// checks the text replaces it once.
const LONE_SURROGATE: u8 = 0xFF;

impl<'a> Reader<'a> {
    /// Reads a string and appends it, with quotes, in the file's spelling.
    pub fn string_into(&mut self, out: &mut Vec<u8>) -> Result<TextIssues, InvalidJson> {
        self.at += 1;
        out.push(b'"');
        let start = out.len();
        let mut largest = 0;
        loop {
            let (len, seen) = simd::copy_plain(out, &self.input[self.at..]);
            self.at += len;
            largest = largest.max(seen);
            match self.input[self.at..] {
                [b'"', ..] => break,
                [
                    b'\\',
                    letter @ (b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't'),
                    ..,
                ] => {
                    out.extend_from_slice(&[b'\\', letter]);
                    self.at += 2;
                }
                _ => {
                    let mut decoded = [0; 4];
                    largest = largest.max(simd::escape(out, self.escape(&mut decoded)?));
                }
            }
        }
        self.at += 1;
        let issues = repair::settle(out, start, largest);
        out.push(b'"');
        Ok(issues)
    }

    /// Reads a string and returns its bytes. They are as good as the input: not checked as UTF-8.
    pub fn string(&mut self) -> Result<Cow<'a, [u8]>, InvalidJson> {
        self.at += 1;
        let start = self.at;
        self.at += simd::plain_len(&self.input[start..]);
        let mut text = Cow::Borrowed(self.since(start));
        while self.peek() != b'"' {
            let mut decoded = [0; 4];
            text.to_mut().extend_from_slice(self.escape(&mut decoded)?);
            let plain = self.at;
            self.at += simd::plain_len(&self.input[plain..]);
            text.to_mut().extend_from_slice(self.since(plain));
        }
        self.at += 1;
        Ok(text)
    }

    /// Reads a string that nobody wants.
    pub fn skip_string(&mut self) -> Result<(), InvalidJson> {
        self.at += 1;
        loop {
            self.at += simd::plain_len(&self.input[self.at..]);
            match self.input[self.at..] {
                [b'"', ..] => break,
                [
                    b'\\',
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                    ..,
                ] => self.at += 2,
                _ => drop(self.escape(&mut [0; 4])?.len()),
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Reads one escape, or finds out what else ended a run of plain bytes.
    fn escape<'d>(&mut self, decoded: &'d mut [u8; 4]) -> Result<&'d [u8], InvalidJson> {
        let character = match self.input[self.at..] {
            [b'\\', b'u', ..] => return self.unicode_escape(decoded),
            [b'\\', letter @ (b'"' | b'\\' | b'/'), ..] => letter,
            [b'\\', b'b', ..] => 0x08,
            [b'\\', b'f', ..] => 0x0c,
            [b'\\', b'n', ..] => b'\n',
            [b'\\', b'r', ..] => b'\r',
            [b'\\', b't', ..] => b'\t',
            [b'\\', ..] => return self.fail("an escape that JSON does not have"),
            [] => return self.fail("a string without its end"),
            _ => return self.fail("a control character in a string"),
        };
        self.at += 2;
        decoded[0] = character;
        Ok(&decoded[..1])
    }

    fn unicode_escape<'d>(&mut self, decoded: &'d mut [u8; 4]) -> Result<&'d [u8], InvalidJson> {
        let Some(first) = self.code_unit(self.at) else {
            return self.fail("`\\u` without four hex digits");
        };
        self.at += 6;
        let mut code = first;
        if let (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) = (first, self.code_unit(self.at))
        {
            self.at += 6;
            code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        }
        if let Some(character) = char::from_u32(code) {
            return Ok(character.encode_utf8(decoded).as_bytes());
        }
        decoded[0] = LONE_SURROGATE;
        Ok(&decoded[..1])
    }

    /// The code unit that `\uXXXX` at this position stands for.
    fn code_unit(&self, at: usize) -> Option<u32> {
        let digits = self.input.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |code, &digit| {
            Some(code * 16 + char::from(digit).to_digit(16)?)
        })
    }
}
