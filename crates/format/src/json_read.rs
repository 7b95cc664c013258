//! Reads JSON text from front to back, without building values.
//!
//! Promises: strict JSON (RFC 8259), with one exception: `NaN`, `Infinity` and `-Infinity`, as Python
//! writes them, are numbers that are not finite. At most 128 containers inside one another.
//! Strings are read in `json_string.rs`.

/// Why a text is not JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read JSON: {problem} at byte {offset}")]
pub struct InvalidJson {
    /// Where reading stopped, counted from 0.
    pub offset: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

/// How deep containers may stand in one another.
pub const MAX_DEPTH: usize = 128;

/// A text, and how far it is read.
pub struct Reader<'a> {
    pub(crate) input: &'a [u8],
    pub(crate) at: usize,
    depth: usize,
}

/// A number as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberText<'a> {
    pub text: &'a [u8],
    pub kind: NumberKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// Digits and perhaps a sign.
    Integer,
    /// With a fraction or an exponent.
    Real,
    /// `NaN`, `Infinity`, `-Infinity`.
    NotFinite,
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a [u8]) -> Reader<'a> {
        Reader {
            input,
            at: 0,
            depth: 0,
        }
    }

    /// Reads one value with `value`, and makes sure that nothing but space is around it.
    pub fn whole<T>(
        &mut self,
        value: impl FnOnce(&mut Self) -> Result<T, InvalidJson>,
    ) -> Result<T, InvalidJson> {
        self.space();
        let read = value(self)?;
        self.space();
        if self.at == self.input.len() {
            Ok(read)
        } else {
            self.fail("text after the value")
        }
    }

    /// The first byte of what comes next; 0 at the end.
    pub fn peek(&self) -> u8 {
        self.input.get(self.at).copied().unwrap_or(0)
    }

    /// Where reading stands.
    pub fn position(&self) -> usize {
        self.at
    }

    /// What was read since `start`.
    pub fn since(&self, start: usize) -> &'a [u8] {
        &self.input[start..self.at]
    }

    pub(crate) fn fail<T>(&self, problem: &'static str) -> Result<T, InvalidJson> {
        Err(InvalidJson {
            offset: self.at,
            problem,
        })
    }

    #[inline]
    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// Reads an object: `member` is called at each key, and reads it, `colon`, and the value.
    /// Returns whether there was any.
    pub fn object(
        &mut self,
        mut member: impl FnMut(&mut Self) -> Result<(), InvalidJson>,
    ) -> Result<bool, InvalidJson> {
        self.container(b'}', |reader| {
            if reader.peek() != b'"' {
                return reader.fail("a key in quotes is missing");
            }
            member(reader)
        })
    }

    /// Reads a list: `element` is called at each value, and reads it. Returns whether there was any.
    pub fn list(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<(), InvalidJson>,
    ) -> Result<bool, InvalidJson> {
        self.container(b']', element)
    }

    #[inline]
    fn container(
        &mut self,
        end: u8,
        mut entry: impl FnMut(&mut Self) -> Result<(), InvalidJson>,
    ) -> Result<bool, InvalidJson> {
        if self.depth == MAX_DEPTH {
            return self.fail("more than 128 containers inside one another");
        }
        self.depth += 1;
        self.at += 1;
        self.space();
        if self.peek() == end {
            return Ok(self.leave(false));
        }
        loop {
            entry(self)?;
            self.space();
            match self.peek() {
                b',' => self.at += 1,
                byte if byte == end => return Ok(self.leave(true)),
                _ => return self.fail("neither a comma nor the end of a list or object"),
            }
            self.space();
        }
    }

    /// Reads the end of a container.
    fn leave(&mut self, had_content: bool) -> bool {
        self.at += 1;
        self.depth -= 1;
        had_content
    }

    /// Reads the colon between a key and its value.
    pub fn colon(&mut self) -> Result<(), InvalidJson> {
        self.space();
        if self.peek() != b':' {
            return self.fail("a colon is missing");
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    /// Reads a number, `NaN` or an infinity.
    pub fn number(&mut self) -> Result<NumberText<'a>, InvalidJson> {
        let start = self.at;
        let mut kind = NumberKind::Integer;
        self.at += usize::from(self.peek() == b'-');
        let rest = &self.input[self.at..];
        if rest.starts_with(b"Infinity") || (rest.starts_with(b"NaN") && self.at == start) {
            self.at += if rest[0] == b'N' { 3 } else { 8 };
            return Ok(NumberText {
                text: self.since(start),
                kind: NumberKind::NotFinite,
            });
        }
        if self.peek() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            kind = NumberKind::Real;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            kind = NumberKind::Real;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), b'+' | b'-'));
            self.digits()?;
        }
        Ok(NumberText {
            text: self.since(start),
            kind,
        })
    }

    fn digits(&mut self) -> Result<(), InvalidJson> {
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
    pub fn word(&mut self) -> Result<&'a [u8], InvalidJson> {
        let rest = &self.input[self.at..];
        let words: [&[u8]; 3] = [b"true", b"false", b"null"];
        let Some(word) = words.into_iter().find(|word| rest.starts_with(word)) else {
            return self.fail("no value that JSON has");
        };
        self.at += word.len();
        Ok(word)
    }

    /// Reads a value that nobody wants.
    pub fn skip(&mut self) -> Result<(), InvalidJson> {
        match self.peek() {
            b'{' => self
                .object(|reader| {
                    reader.skip_string()?;
                    reader.colon()?;
                    reader.skip()
                })
                .map(drop),
            b'[' => self.list(Self::skip).map(drop),
            b'"' => self.skip_string(),
            b't' | b'f' | b'n' => self.word().map(drop),
            _ => self.number().map(drop),
        }
    }
}
