//! The fields of a section, made ready for reading records.

use std::sync::LazyLock;

use crate::section::{Field, Section};

/// No section has more fields than this.
pub const MAX_FIELDS: usize = 48;

/// The fields of one section, made ready for reading.
pub struct Table {
    pub fields: &'static [Field],
    keys: Vec<Key>,
    /// A bit for each field that must be there.
    pub required: u64,
    pub has_extra: bool,
}

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let tables = Section::ALL.into_iter();
    tables
        .map(|section| Table::new(section.fields(), section != Section::FileContents))
        .collect()
});

impl Table {
    pub fn new(fields: &'static [Field], has_extra: bool) -> Table {
        assert!(fields.len() <= MAX_FIELDS, "a record has room for these");
        let keys = fields.iter().map(|field| format!("\"{}\":", field.name));
        Table {
            fields,
            keys: keys.map(|key| Key::new(key.as_bytes())).collect(),
            required: required(fields),
            has_extra,
        }
    }

    /// The table of a section.
    pub fn of(section: Section) -> &'static Table {
        &TABLES[section as usize]
    }

    /// Where a field stands in the table.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The length of a field's key with its quotes and the colon.
    #[inline]
    pub fn key_len(&self, index: usize) -> usize {
        self.keys[index].len
    }

    /// The field whose key a text starts with, at or after the one that is expected, and the length
    /// of the key with its colon.
    #[inline]
    pub fn expected(&self, text: &[u8], next: usize) -> Option<(usize, usize)> {
        let index = (next..self.keys.len()).find(|&index| self.keys[index].starts(text))?;
        Some((index, self.keys[index].len))
    }
}

/// A field's key as an export writes it, with the colon, ready for being compared without a call.
struct Key {
    bytes: [u8; Key::ROOM],
    mask: [u8; Key::ROOM],
    len: usize,
}

impl Key {
    /// No key is longer: `"advanced_data_protection":` has 27 bytes.
    const ROOM: usize = 32;

    fn new(key: &[u8]) -> Key {
        let (mut bytes, mut mask) = ([0; Key::ROOM], [0; Key::ROOM]);
        bytes[..key.len()].copy_from_slice(key);
        mask[..key.len()].fill(0xFF);
        Key {
            bytes,
            mask,
            len: key.len(),
        }
    }

    #[inline]
    fn starts(&self, text: &[u8]) -> bool {
        let Some(text) = text.first_chunk::<{ Key::ROOM }>() else {
            return text.starts_with(&self.bytes[..self.len]);
        };
        let (text, key, mask) = (halves(text), halves(&self.bytes), halves(&self.mask));
        ((text[0] ^ key[0]) & mask[0]) | ((text[1] ^ key[1]) & mask[1]) == 0
    }
}

fn halves(bytes: &[u8; Key::ROOM]) -> [u128; 2] {
    let (halves, _) = bytes.as_chunks::<16>();
    [
        u128::from_le_bytes(halves[0]),
        u128::from_le_bytes(halves[1]),
    ]
}

/// A bit for each required field.
fn required(fields: &[Field]) -> u64 {
    let set = fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.required);
    set.fold(0, |bits, (index, _)| bits | 1 << index)
}
