//! One column of a table: its values as Parquet's PLAIN encoding has them, and which rows have one.
//!
//! Source: the Parquet format 2.11, `Encodings.md` and `LogicalTypes.md` of apache/parquet-format.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::compact::varint;
use crate::convert::fields::{Raw, string};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// BOOLEAN.
    Boolean,
    /// INT64.
    Integer,
    /// DOUBLE.
    Number,
    /// INT64, microseconds since 1970 in UTC.
    Time,
    /// `BYTE_ARRAY`, UTF-8.
    Text,
    /// `BYTE_ARRAY`, JSON in UTF-8: lists and objects.
    Json,
    /// `BYTE_ARRAY`, of what was base64.
    Bytes,
}

/// The rows of a column that wait to be put out.
#[derive(Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: Type,
    /// Whether each row has a value.
    pub is_there: Vec<bool>,
    values: Vec<u8>,
    /// Values of a column of truth values, which are packed when they are put out.
    truths: Vec<bool>,
}

impl Column {
    pub fn new(name: &'static str, kind: Type) -> Column {
        Column {
            name,
            kind,
            is_there: Vec::new(),
            values: Vec::new(),
            truths: Vec::new(),
        }
    }

    /// About how much waits, in bytes.
    pub fn size_bytes(&self) -> usize {
        self.values.len() + self.truths.len() + self.is_there.len()
    }

    /// Adds a row. Returns false where its type cannot hold all that the value says.
    pub fn push(&mut self, value: Option<Raw<'_>>) -> bool {
        let value = value.filter(|value| value.get() != "null");
        let Some(value) = value else {
            self.is_there.push(false);
            return true;
        };
        let (is_there, is_whole) = self.add(value);
        self.is_there.push(is_there);
        is_whole
    }

    /// Whether there is a value now, and whether it says everything.
    fn add(&mut self, value: Raw<'_>) -> (bool, bool) {
        let text = string(value);
        // A number that readers could round is a text in an export.
        let spelled = text.as_deref().unwrap_or(value.get());
        match self.kind {
            Type::Boolean => {
                self.truths.push(spelled == "true");
                (true, matches!(spelled, "true" | "false"))
            }
            Type::Integer => match spelled.parse::<i64>() {
                Ok(number) => {
                    self.values.extend_from_slice(&number.to_le_bytes());
                    (true, true)
                }
                Err(_) => (false, false),
            },
            Type::Number => match spelled.parse::<f64>() {
                Ok(number) => {
                    self.values.extend_from_slice(&number.to_le_bytes());
                    (true, text.is_none())
                }
                Err(_) => (false, false),
            },
            Type::Time => match spelled.parse::<Timestamp>() {
                Ok(time) => {
                    let microseconds = time.as_microsecond();
                    self.values.extend_from_slice(&microseconds.to_le_bytes());
                    (true, time.subsec_nanosecond() % 1000 == 0)
                }
                Err(_) => (false, false),
            },
            Type::Text => {
                self.bytes(spelled.as_bytes());
                (true, true)
            }
            Type::Json => {
                self.bytes(value.get().as_bytes());
                (true, true)
            }
            Type::Bytes => match STANDARD.decode(spelled) {
                Ok(bytes) => {
                    self.bytes(&bytes);
                    (true, true)
                }
                Err(_) => (false, false),
            },
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "no record is larger than 1 GiB"
    )]
    fn bytes(&mut self, bytes: &[u8]) {
        let length = bytes.len() as u32;
        self.values.extend_from_slice(&length.to_le_bytes());
        self.values.extend_from_slice(bytes);
    }

    /// Hands out everything that waits as the data of one page (version 1), and forgets it.
    pub fn page(&mut self) -> Vec<u8> {
        let levels = runs(&self.is_there);
        let mut page = Vec::with_capacity(levels.len() + self.values.len() + 4);
        let length = u32::try_from(levels.len()).unwrap_or(u32::MAX);
        page.extend_from_slice(&length.to_le_bytes());
        page.extend_from_slice(&levels);
        // Its room, too: a file's bytes may have been in it.
        page.extend_from_slice(&std::mem::take(&mut self.values));
        for eight in self.truths.chunks(8) {
            let packed = eight.iter().enumerate();
            page.push(packed.fold(0, |byte, (bit, is_set)| byte | u8::from(*is_set) << bit));
        }
        self.truths.clear();
        self.is_there.clear();
        page
    }
}

/// Definition levels: runs of the same, each a length (a varint, shifted by one) and the level.
fn runs(levels: &[bool]) -> Vec<u8> {
    let mut out = Vec::new();
    for run in levels.chunk_by(|one, other| one == other) {
        varint(&mut out, (run.len() as u64) << 1);
        out.push(u8::from(run[0]));
    }
    out
}
