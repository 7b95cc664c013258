//! Reads one record as I-JSON (RFC 7493), without building values.
//!
//! Promises: exactly the texts of RFC 8259 are read to their end. What RFC 7493 forbids beyond that
//! (a key twice, half of a surrogate pair, noncharacters, numbers that readers round, bytes that are
//! not UTF-8) is noted as a [`Flaw`], and reading goes on. Strings go through vectors.

use std::borrow::Cow;

use super::finding::Code;
use super::keys::{Keys, decoded};
use crate::encode::MAX_SAFE_INTEGER;
use crate::json_read::InvalidJson;
use crate::{repair, simd};

/// How many containers stand in one another at most: a JSON column of 128, in `extra`, in a record.
pub const MAX_DEPTH: usize = crate::json_read::MAX_DEPTH + 2;
/// What a text is told that has more.
pub const TOO_DEEP: &str = "more than 130 containers inside one another";

/// What is JSON, but nothing that every reader reads alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where, counted from the start of the text.
    pub at: usize,
    /// What.
    pub code: Code,
    /// In words.
    pub what: String,
}

/// A text, and how far it is read.
pub struct Json<'a> {
    pub input: &'a [u8],
    pub at: usize,
    depth: usize,
    pub flaws: Vec<Flaw>,
}

type Read<T> = Result<T, InvalidJson>;

impl<'a> Json<'a> {
    pub fn new(input: &'a [u8]) -> Json<'a> {
        Json {
            input,
            at: 0,
            depth: 0,
            flaws: Vec::new(),
        }
    }

    /// Reads one value and makes sure that nothing but space is around it.
    pub fn whole<T>(&mut self, value: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.space();
        let read = value(self)?;
        self.space();
        if self.at == self.input.len() {
            Ok(read)
        } else {
            self.fail("text after the value")
        }
    }

    /// The next byte; 0 at the end.
    #[inline]
    pub fn peek(&self) -> u8 {
        self.input.get(self.at).copied().unwrap_or(0)
    }

    pub fn fail<T>(&self, problem: &'static str) -> Read<T> {
        Err(InvalidJson {
            offset: self.at,
            problem,
        })
    }

    pub fn flaw(&mut self, at: usize, code: Code, what: impl Into<String>) {
        // One value may hold thousands; whoever reads the report needs the first.
        if self.flaws.len() < 100 {
            let what = what.into();
            self.flaws.push(Flaw { at, code, what });
        }
    }

    #[inline]
    pub fn space(&mut self) {
        // Where an export has no space, this is one look.
        if self.peek() <= b' ' {
            self.some_space();
        }
    }

    #[cold]
    fn some_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// Whether these bytes come next.
    #[inline]
    pub fn is_at<const N: usize>(&self, bytes: &[u8; N]) -> bool {
        let next = self.input.get(self.at..);
        next.and_then(<[u8]>::first_chunk) == Some(bytes)
    }

    /// Reads an opening bracket.
    pub fn enter(&mut self) -> Read<()> {
        if self.depth == MAX_DEPTH {
            return self.fail(TOO_DEEP);
        }
        self.depth += 1;
        self.at += 1;
        self.space();
        Ok(())
    }

    /// Reads what follows a member or an element. Returns whether another one comes.
    #[inline]
    pub fn goes_on(&mut self, end: u8) -> Read<bool> {
        // As nearly every member of an export is followed.
        if self.is_at(b",\"") {
            self.at += 1;
            return Ok(true);
        }
        self.goes_on_otherwise(end)
    }

    fn goes_on_otherwise(&mut self, end: u8) -> Read<bool> {
        self.space();
        match self.peek() {
            b',' => {
                self.at += 1;
                self.space();
                Ok(true)
            }
            byte if byte == end => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            _ => self.fail("neither a comma nor the end of a list or object"),
        }
    }

    /// Reads the end of a container that has nothing in it.
    #[inline]
    pub fn is_empty(&mut self, end: u8) -> bool {
        let is_empty = self.peek() == end;
        if is_empty {
            self.at += 1;
            self.depth -= 1;
        }
        is_empty
    }

    /// Reads the colon between a key and its value.
    pub fn colon(&mut self) -> Read<()> {
        self.space();
        if self.peek() != b':' {
            return self.fail("a colon is missing");
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    /// Reads a string and returns what stands between its quotes.
    #[inline]
    pub fn string(&mut self) -> Read<&'a [u8]> {
        self.at += 1;
        let start = self.at;
        if let Some(len) = simd::short_text_len(&self.input[start..]) {
            self.at += len + 1;
            return Ok(&self.input[start..start + len]);
        }
        self.long_string(start)
    }

    fn long_string(&mut self, start: usize) -> Read<&'a [u8]> {
        let mut largest = 0;
        loop {
            let (len, seen) = simd::text_len(&self.input[self.at..]);
            self.at += len;
            largest = largest.max(seen);
            if self.peek() == b'"' {
                break;
            }
            self.rare_escape()?;
        }
        let text = &self.input[start..self.at];
        self.at += 1;
        if largest >= 0x80 {
            self.check_characters(text, start, largest);
        }
        Ok(text)
    }

    /// Reads `\uXXXX`, or says what is wrong where a string cannot go on.
    fn rare_escape(&mut self) -> Read<()> {
        match self.input[self.at..] {
            [b'\\', b'u', ..] => {}
            [b'\\', ..] => return self.fail("an escape that JSON does not have"),
            [] => return self.fail("a string without its end"),
            _ => return self.fail("a control character in a string"),
        }
        let start = self.at;
        let Some(mut code) = code_unit(self.input, start) else {
            return self.fail("`\\u` without four hex digits");
        };
        self.at += 6;
        if let (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) =
            (code, code_unit(self.input, self.at))
        {
            self.at += 6;
            code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00);
        }
        match char::from_u32(code) {
            None => self.flaw(start, Code::LoneSurrogate, "half of a surrogate pair"),
            Some(character) if repair::is_noncharacter(character) => {
                self.flaw(start, Code::Noncharacter, format!("U+{code:04X}"));
            }
            Some(_) => {}
        }
        Ok(())
    }

    #[cold]
    fn note_characters(&mut self, text: &[u8], start: usize) {
        match std::str::from_utf8(text) {
            Err(error) => {
                let at = start + error.valid_up_to();
                self.flaw(at, Code::InvalidUtf8, "bytes that are not UTF-8");
            }
            Ok(text) => {
                let mut all = text.char_indices();
                let found = all.find(|(_, character)| repair::is_noncharacter(*character));
                if let Some((at, character)) = found {
                    let what = format!("U+{:04X}", u32::from(character));
                    self.flaw(start + at, Code::Noncharacter, what);
                }
            }
        }
    }

    fn check_characters(&mut self, text: &[u8], start: usize, largest: u8) {
        // The smallest noncharacter starts with 0xEF.
        if simdutf8::basic::from_utf8(text).is_err()
            || (largest >= 0xEF && simd::may_hold_noncharacter(text))
        {
            self.note_characters(text, start);
        }
    }

    /// Reads a number. Returns whether it is an integer.
    pub fn number(&mut self) -> Read<bool> {
        let start = self.at;
        self.at += usize::from(self.peek() == b'-');
        if self.peek() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let digits_end = self.at;
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        let has_exponent = matches!(self.peek(), b'e' | b'E');
        if has_exponent {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), b'+' | b'-'));
            self.digits()?;
        }
        let is_integer = self.at == digits_end;
        // Others cannot be out of range.
        if self.at - start > 15 || has_exponent {
            self.check_range(start, is_integer);
        }
        Ok(is_integer)
    }

    fn check_range(&mut self, start: usize, is_integer: bool) {
        let text = std::str::from_utf8(&self.input[start..self.at]).unwrap_or_default();
        let is_exact = if is_integer {
            let value = text.trim_start_matches('-').parse::<u64>();
            value.is_ok_and(|value| value <= MAX_SAFE_INTEGER)
        } else {
            text.parse::<f64>().is_ok_and(f64::is_finite)
        };
        if !is_exact {
            let shown: String = text.chars().take(40).collect();
            self.flaw(start, Code::NumberOutOfRange, shown);
        }
    }

    fn digits(&mut self) -> Read<()> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            self.fail("no value that JSON has")
        }
    }

    /// Reads `true`, `false` or `null`.
    #[inline]
    pub fn word(&mut self) -> Read<()> {
        self.at += if self.is_at(b"null") || self.is_at(b"true") {
            4
        } else if self.is_at(b"false") {
            5
        } else {
            return self.fail("no value that JSON has");
        };
        Ok(())
    }

    /// Reads any value.
    pub fn value(&mut self) -> Read<()> {
        match self.peek() {
            b'{' => self.object(),
            b'[' => self.list(),
            b'"' => self.string().map(drop),
            b't' | b'f' | b'n' => self.word(),
            _ => self.number().map(drop),
        }
    }

    fn list(&mut self) -> Read<()> {
        self.enter()?;
        if self.is_empty(b']') {
            return Ok(());
        }
        loop {
            self.value()?;
            if !self.goes_on(b']')? {
                return Ok(());
            }
        }
    }

    fn object(&mut self) -> Read<()> {
        let start = self.at;
        self.enter()?;
        if self.is_empty(b'}') {
            return Ok(());
        }
        let mut keys = Keys::default();
        loop {
            keys.add(self.raw_key()?);
            self.value()?;
            if !self.goes_on(b'}')? {
                break;
            }
        }
        if let Some(key) = keys.twice() {
            self.flaw(start, Code::DuplicateKey, key);
        }
        Ok(())
    }

    /// Reads a key, decoded, and the colon.
    pub fn key(&mut self) -> Read<Cow<'a, [u8]>> {
        self.raw_key().map(decoded)
    }

    fn raw_key(&mut self) -> Read<&'a [u8]> {
        if self.peek() != b'"' {
            return self.fail("a key in quotes is missing");
        }
        let raw = self.string()?;
        self.colon()?;
        Ok(raw)
    }
}

/// The code unit that `\uXXXX` at this position stands for.
fn code_unit(input: &[u8], at: usize) -> Option<u32> {
    let digits = input.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |code, &digit| {
        Some(code * 16 + char::from(digit).to_digit(16)?)
    })
}
