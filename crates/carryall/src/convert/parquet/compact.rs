//! Thrift's compact protocol, as far as Parquet's metadata needs it.
//!
//! Source: `thrift-compact-protocol.md` of apache/thrift.

#![expect(
    clippy::cast_possible_truncation,
    reason = "seven bits at a time, and lengths below 15"
)]

/// Appends a number, seven bits a byte, the lowest first (ULEB128).
pub fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes fields of structs in the order of their ids.
#[derive(Default)]
pub struct Compact {
    pub out: Vec<u8>,
    /// The last id of each struct that is open.
    last: Vec<u8>,
}

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

impl Compact {
    /// Writes one struct on its own.
    pub fn whole(fields: impl FnOnce(&mut Compact)) -> Vec<u8> {
        let mut compact = Compact::default();
        compact.fields(fields);
        compact.out
    }

    fn fields(&mut self, fields: impl FnOnce(&mut Compact)) {
        self.last.push(0);
        fields(self);
        self.last.pop();
        self.out.push(0);
    }

    /// Ids are at most 15 apart, here.
    fn header(&mut self, id: u8, kind: u8) {
        if let Some(last) = self.last.last_mut() {
            self.out.push((id - *last) << 4 | kind);
            *last = id;
        }
    }

    fn zigzag(&mut self, number: i64) {
        varint(&mut self.out, (number << 1 ^ number >> 63).cast_unsigned());
    }

    fn text(&mut self, text: &str) {
        varint(&mut self.out, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }

    pub fn i32(&mut self, id: u8, number: i32) {
        self.header(id, I32);
        self.zigzag(number.into());
    }

    pub fn i64(&mut self, id: u8, number: u64) {
        self.header(id, I64);
        self.zigzag(number.cast_signed());
    }

    pub fn truth(&mut self, id: u8, is_true: bool) {
        self.header(id, if is_true { 1 } else { 2 });
    }

    pub fn string(&mut self, id: u8, text: &str) {
        self.header(id, BINARY);
        self.text(text);
    }

    pub fn object(&mut self, id: u8, fields: impl FnOnce(&mut Compact)) {
        self.header(id, STRUCT);
        self.fields(fields);
    }

    fn list(&mut self, id: u8, kind: u8, length: usize) {
        self.header(id, LIST);
        if length < 15 {
            self.out.push((length as u8) << 4 | kind);
        } else {
            self.out.push(0xF0 | kind);
            varint(&mut self.out, length as u64);
        }
    }

    /// A list of structs that were written on their own.
    pub fn objects(&mut self, id: u8, objects: &[Vec<u8>]) {
        self.list(id, STRUCT, objects.len());
        for object in objects {
            self.out.extend_from_slice(object);
        }
    }

    pub fn numbers(&mut self, id: u8, numbers: &[i32]) {
        self.list(id, I32, numbers.len());
        for number in numbers {
            self.zigzag((*number).into());
        }
    }

    pub fn strings(&mut self, id: u8, texts: &[&str]) {
        self.list(id, BINARY, texts.len());
        for text in texts {
            self.text(text);
        }
    }
}
