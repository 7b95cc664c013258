//! What a record has as the records before it had it.
//!
//! Promises: what stands here byte for byte as in an earlier record that was found to be right is right,
//! and ends where it ended there. Half the fields of a message say what they said in the message before,
//! or, as people and assistants take turns, in the one before that.

use super::table::{MAX_FIELDS, Table};
use crate::section::Kind;

/// Where values stand in the text of a record.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// A bit for each field that is there.
    pub seen: u64,
    /// Where the value of each starts and ends.
    pub spans: [(u32, u32); MAX_FIELDS],
    pub extra: Option<(u32, u32)>,
}

impl Found {
    pub const NOTHING: Found = Found {
        seen: 0,
        spans: [(0, 0); MAX_FIELDS],
        extra: None,
    };

    #[inline]
    pub fn has(&self, index: usize) -> bool {
        self.seen & 1 << index != 0
    }
}

/// Longer values are seldom the same, and finding that out would mean to read them twice.
const LONGEST: usize = 128;

/// The last two records of one section in which nothing was wrong.
pub struct Earlier<'a> {
    records: [(&'a [u8], Found); 2],
    last: usize,
}

impl<'a> Earlier<'a> {
    /// Before the first record.
    pub const NONE: Earlier<'a> = Earlier {
        records: [(b"", Found::NOTHING); 2],
        last: 0,
    };

    /// Takes the next record, in which nothing is wrong.
    #[inline]
    pub fn add(&mut self, record: &'a [u8], found: &Found) {
        self.last ^= 1;
        self.records[self.last] = (record, *found);
    }

    /// Takes over the value of a field, which stands at `at`, and those of the fields behind it, as far
    /// as they are the same. Returns how far: the field itself if its value is another.
    #[inline]
    pub fn same(
        &self,
        record: &[u8],
        at: usize,
        table: &Table,
        index: usize,
        found: &mut Found,
    ) -> usize {
        // Hardly two records have these in common.
        if matches!(
            table.fields[index].kind,
            Kind::Id | Kind::Timestamp | Kind::Date
        ) {
            return index;
        }
        let before_the_last = &self.records[self.last ^ 1];
        let next = same(before_the_last, record, at, table, index, found);
        if next > index {
            return next;
        }
        same(&self.records[self.last], record, at, table, index, found)
    }

    /// Where `extra` ends, whose value stands at `at`, if it is the same.
    pub fn same_extra(&self, record: &[u8], at: usize) -> Option<usize> {
        self.records.iter().find_map(|(earlier, known)| {
            let (start, end) = known.extra?;
            let value = &earlier[start as usize..end as usize];
            // A value in brackets ends with itself, whatever follows.
            record[at..].starts_with(value).then_some(at + value.len())
        })
    }
}

/// The same, of one earlier record.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "no record is larger than 4 GiB: see MAX_RECORD_BYTES"
)]
fn same(
    (earlier, known): &(&[u8], Found),
    record: &[u8],
    at: usize,
    table: &Table,
    first: usize,
    found: &mut Found,
) -> usize {
    let (start, end) = known.spans[first];
    if !known.has(first) || (end - start) as usize > LONGEST {
        return first;
    }
    let (there, here) = (&earlier[start as usize..], &record[at..]);
    if there.first_chunk::<4>() != here.first_chunk() {
        return first;
    }
    // The comma and the quote of the next key are a part of it: a number could go on.
    let same_until = start as usize + common_len(there, here);
    let (mut index, mut end) = (first, start as usize);
    loop {
        let (next_start, next_end) = known.spans[index];
        let follows = index == first || next_start as usize == end + 1 + table.key_len(index);
        let is_same = follows && known.has(index) && next_end as usize + 2 <= same_until;
        if !is_same || !earlier[next_end as usize..].starts_with(b",\"") || found.has(index) {
            break;
        }
        let moved = |place: u32| (at + place as usize - start as usize) as u32;
        found.spans[index] = (moved(next_start), moved(next_end));
        found.seen |= 1 << index;
        end = next_end as usize;
        index += 1;
        if index == table.fields.len() {
            break;
        }
    }
    index
}

/// How many bytes two texts have in common from their start on.
#[inline]
fn common_len(one: &[u8], other: &[u8]) -> usize {
    let (ones, others) = (one.as_chunks::<16>().0, other.as_chunks::<16>().0);
    let mut len = 0;
    for (one, other) in ones.iter().zip(others) {
        let differing = u128::from_le_bytes(*one) ^ u128::from_le_bytes(*other);
        if differing != 0 {
            return len + differing.trailing_zeros() as usize / 8;
        }
        len += 16;
    }
    let rest = one[len..].iter().zip(&other[len..]);
    len + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::json::Json;
    use super::super::record::Values;
    use super::*;
    use crate::section::Section;

    /// Records of messages with few different values, right ones and wrong ones, so that most are as before.
    fn record() -> impl Strategy<Value = String> {
        let values = [
            r#""a""#,
            r#""b""#,
            r#""2026-01-31T12:00:00Z""#,
            "null",
            "true",
            "1",
            "12",
            "1.5",
            "[]",
            r#"["a"]"#,
            r#"{"a":1}"#,
            r#"{"a":1,"a":1}"#,
            "\"\u{fffe}\"",
            "",
            "}",
        ];
        let names: Vec<_> = Section::Messages
            .fields()
            .iter()
            .map(|field| field.name)
            .collect();
        let right = r#"{"id":"a","thread_id":"t","parent_id":"a","role":"user","author_user_id":"p","content":"a","content_parts":null,"file_ids":[],"generated_document_ids":[],"sources":null,"persona":null,"ai_provider":null,"model":null,"advanced_data_protection":false,"credits_used":0.0,"moderation_outcome":null,"moderated_at":null,"created_at":"2026-01-31T12:00:00Z","deleted_at":null,"extra":{"a":1}}"#;
        let changed = (
            0..names.len(),
            prop::sample::select(values.to_vec()),
            any::<bool>(),
        );
        let twice = prop::collection::vec(changed, 0..3);
        (twice, prop::option::of(0..right.len()), 0..3_u8).prop_map(
            move |(changed, cut, spaced)| {
                let mut text = right.to_owned();
                for (field, value, is_moved) in changed {
                    let key = format!("\"{}\":", names[field]);
                    let Some(at) = text.find(&key).map(|at| at + key.len()) else {
                        continue;
                    };
                    let len = text[at..].find(",\"").unwrap_or(0);
                    text.replace_range(at..at + len, value);
                    if is_moved {
                        text.insert_str(1, &format!("{key}{value},"));
                    }
                }
                match (spaced, cut) {
                    (0, Some(cut)) if text.is_char_boundary(cut) => text.truncate(cut),
                    (1, _) => text = text.replace(':', ": "),
                    _ => {}
                }
                text
            },
        )
    }

    proptest! {
        #[test]
        fn a_record_says_the_same_whatever_stood_before_it(texts in prop::collection::vec(record(), 1..8)) {
            let table = Table::of(Section::Messages);
            let mut earlier = Earlier::NONE;
            for text in &texts {
                let read = |earlier: Option<&Earlier<'_>>| {
                    let (mut json, mut values) = (Json::new(text.as_bytes()), Values::new());
                    let read = match earlier {
                        Some(earlier) => values.read_after(earlier, &mut json, table),
                        None => values.read(&mut json, table),
                    };
                    let faults: Vec<_> = values.faults.iter().map(|fault| (fault.code, fault.field.clone(), fault.at)).collect();
                    let is_right = read.is_ok() && faults.is_empty() && json.flaws.is_empty();
                    let fields: Vec<_> = (0..table.fields.len()).map(|index| values.raw(text.as_bytes(), index).map(<[u8]>::to_vec)).collect();
                    let extra = values.raw_extra(text.as_bytes()).map(<[u8]>::to_vec);
                    ((format!("{read:?}"), faults, json.flaws, json.at, fields, extra), is_right, *values.found())
                };
                let (with, is_right, found) = read(Some(&earlier));
                prop_assert_eq!(with, read(None).0);
                if is_right {
                    earlier.add(text.as_bytes(), &found);
                }
            }
        }
    }
}
