//! A JSON text cut into its elements while it is read: those of a list, or values one after the other.
//!
//! Promises: memory is bounded by the largest element. Nothing is judged but brackets and quotes: whether
//! an element is JSON is for whoever takes it to find out.

use std::io::Read;

use super::error::FromError;

/// The largest element that is read: a conversation, or a file that is one object.
const LARGEST_BYTES: usize = 512 << 20;
const CHUNK_BYTES: usize = 256 << 10;

/// The elements of one file.
pub struct Elements<R> {
    read: R,
    name: String,
    buffer: Vec<u8>,
    /// Where the value begins that is being read; what stands before it goes when more is read.
    start: usize,
    at: usize,
    /// Bytes of the file before the buffer.
    offset: u64,
    state: State,
    is_list: bool,
    is_at_end: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    InList,
    /// Values without a list around them: one object, or one a line.
    Loose,
    Done,
}

impl<R: Read> Elements<R> {
    /// Of a file with this name, which errors say.
    pub fn of(read: R, name: &str) -> Elements<R> {
        Elements {
            read,
            name: name.to_owned(),
            buffer: Vec::new(),
            start: 0,
            at: 0,
            offset: 0,
            state: State::Start,
            is_list: false,
            is_at_end: false,
        }
    }

    /// Whether they stand in a list; known once the first was read.
    pub fn is_list(&self) -> bool {
        self.is_list
    }

    /// The next one, as it stands in the file.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, FromError> {
        if self.state == State::Start {
            self.begin()?;
        }
        if self.state == State::Done {
            return Ok(None);
        }
        loop {
            match self.peek()? {
                None if self.state == State::Loose => {
                    self.state = State::Done;
                    return Ok(None);
                }
                None => return Err(self.cut_off()),
                Some(b' ' | b'\t' | b'\r' | b'\n' | b',') => self.at += 1,
                Some(b']') if self.state == State::InList => {
                    self.at += 1;
                    return self.end();
                }
                Some(_) => return self.value().map(Some),
            }
        }
    }

    fn begin(&mut self) -> Result<(), FromError> {
        self.fill()?;
        if self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        while matches!(self.peek()?, Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.state = State::Loose;
        match self.peek()? {
            Some(b'[') => {
                self.at += 1;
                self.state = State::InList;
                self.is_list = true;
            }
            Some(b'{' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' | b'N' | b'I') | None => {}
            Some(_) => {
                return Err(FromError::NoJson {
                    name: self.name.clone(),
                    offset: self.offset + self.at as u64,
                    problem: "no value begins here",
                });
            }
        }
        Ok(())
    }

    /// Nothing may stand behind the list.
    fn end(&mut self) -> Result<Option<Vec<u8>>, FromError> {
        self.state = State::Done;
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() {
                return Err(FromError::NoJson {
                    name: self.name.clone(),
                    offset: self.offset + self.at as u64,
                    problem: "something stands behind the end of the list",
                });
            }
            self.at += 1;
        }
        Ok(None)
    }

    fn value(&mut self) -> Result<Vec<u8>, FromError> {
        self.start = self.at;
        let mut scan = Scan::default();
        loop {
            while self.at < self.buffer.len() {
                if scan.ends_before(self.buffer[self.at]) {
                    return Ok(self.taken());
                }
                self.at += 1;
                if scan.is_done {
                    return Ok(self.taken());
                }
            }
            if self.at - self.start > LARGEST_BYTES {
                return Err(FromError::TooLarge {
                    name: self.name.clone(),
                    limit_bytes: LARGEST_BYTES,
                });
            }
            self.fill()?;
            if self.is_at_end && self.at == self.buffer.len() {
                if scan.is_scalar && self.state == State::Loose {
                    return Ok(self.taken());
                }
                return Err(self.cut_off());
            }
        }
    }

    fn taken(&mut self) -> Vec<u8> {
        let value = self.buffer[self.start..self.at].to_vec();
        self.start = self.at;
        value
    }

    fn peek(&mut self) -> Result<Option<u8>, FromError> {
        if self.at == self.buffer.len() {
            self.start = self.at;
            self.fill()?;
        }
        Ok(self.buffer.get(self.at).copied())
    }

    fn fill(&mut self) -> Result<(), FromError> {
        self.offset += self.start as u64;
        self.buffer.drain(..self.start);
        self.at -= self.start;
        self.start = 0;
        let before = self.buffer.len();
        let read = (&mut self.read)
            .take(CHUNK_BYTES as u64)
            .read_to_end(&mut self.buffer);
        read.map_err(|source| FromError::Unreadable {
            name: self.name.clone(),
            source,
        })?;
        self.is_at_end = self.buffer.len() == before;
        Ok(())
    }

    fn cut_off(&self) -> FromError {
        FromError::CutOff {
            name: self.name.clone(),
        }
    }
}

/// Where a value ends.
#[derive(Default)]
struct Scan {
    depth: usize,
    within: Within,
    is_scalar: bool,
    is_done: bool,
}

/// What the next byte is part of.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Within {
    #[default]
    Structure,
    Text,
    Escape,
}

impl Scan {
    /// Whether the value ended before this byte. If not, the byte is part of it.
    fn ends_before(&mut self, byte: u8) -> bool {
        if self.within != Within::Structure {
            self.text(byte);
            return false;
        }
        if self.is_scalar {
            return matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
        }
        match byte {
            b'"' => self.within = Within::Text,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.is_done = self.depth == 0;
            }
            _ => self.is_scalar = self.depth == 0,
        }
        false
    }

    fn text(&mut self, byte: u8) {
        self.within = match (self.within, byte) {
            (Within::Text, b'\\') => Within::Escape,
            (Within::Text, b'"') => {
                self.is_done = self.depth == 0;
                Within::Structure
            }
            _ => Within::Text,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let (Some((byte, rest)), false) = (self.0.split_first(), buffer.is_empty()) else {
                return Ok(0);
            };
            buffer[0] = *byte;
            self.0 = rest;
            Ok(1)
        }
    }

    fn elements(text: &str) -> Result<Vec<String>, FromError> {
        let mut elements = Elements::of(Drip(text.as_bytes()), "a.json");
        let mut all = Vec::new();
        while let Some(one) = elements.next()? {
            all.push(String::from_utf8(one).unwrap());
        }
        assert!(elements.next()?.is_none());
        Ok(all)
    }

    #[test]
    fn a_list_is_cut_at_its_elements_whatever_stands_in_their_texts() {
        let text = "\u{feff} [ {\"a\":\"]},\\\"\"} ,[1,[2]], \"x,y\" ,12, null ]\n";
        let expected = ["{\"a\":\"]},\\\"\"}", "[1,[2]]", "\"x,y\"", "12", "null"];
        assert_eq!(elements(text).unwrap(), expected);
        assert_eq!(elements("[]").unwrap(), [""; 0]);
    }

    #[test]
    fn values_one_after_the_other_are_elements_too() {
        assert_eq!(
            elements("{\"a\":1}\n{\"b\":[]}\n").unwrap(),
            ["{\"a\":1}", "{\"b\":[]}"]
        );
        assert_eq!(elements("7").unwrap(), ["7"]);
        assert_eq!(elements("").unwrap(), [""; 0]);
    }

    #[test]
    fn a_file_that_was_cut_off_or_goes_on_behind_its_end_is_an_error() {
        for text in ["[{\"a\":1}", "[{\"a\":1},", "{\"a\":", "[\"x", "["] {
            assert!(
                matches!(elements(text), Err(FromError::CutOff { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            elements("[1] x"),
            Err(FromError::NoJson { offset: 4, .. })
        ));
    }
}
