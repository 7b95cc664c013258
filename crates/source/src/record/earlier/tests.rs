use std::convert::Infallible;

use carryall_format::encode::Unit;
use carryall_format::json::{JsonPath, KeyFilter, Rule};
use carryall_format::section::Section;
use carryall_format::write::Reference;
use proptest::prelude::*;

use super::*;
use crate::batch::Batch;
use crate::plan::{Dependencies, Encode, From};
use crate::record;
use crate::value::Value;

const COLUMNS: usize = 10;

/// Counts what is asked of it, and takes what was written when it is told to.
#[derive(Default)]
struct Around {
    people: Vec<Vec<u8>>,
    asked_for_people: usize,
    takes: bool,
    sent: Vec<u8>,
}

impl Around {
    fn take(&mut self, out: &mut Vec<u8>) {
        if self.takes {
            self.sent.append(out);
        }
    }
}

impl Surroundings for Around {
    type Error = Infallible;

    fn resolve(&mut self, _: Section, id: &[u8]) -> Result<Reference, Infallible> {
        Ok(match id.first() {
            Some(b'i') => Reference::Included,
            Some(b'l') => Reference::LeftOut,
            _ => Reference::Unknown,
        })
    }

    fn is_slice(&self) -> bool {
        false
    }

    fn person(&mut self, id: &[u8]) -> Vec<u8> {
        self.asked_for_people += 1;
        if !self.people.iter().any(|known| known == id) {
            self.people.push(id.to_vec());
        }
        let number = self.people.iter().position(|known| known == id);
        format!("person-{number:?}").into_bytes()
    }

    fn make_room(&mut self, out: &mut Vec<u8>) -> Result<(), Infallible> {
        self.take(out);
        Ok(())
    }

    fn sent_bytes(&self) -> u64 {
        self.sent.len() as u64
    }
}

fn field(name: &str, from: From, encode: Encode) -> FieldPlan {
    FieldPlan {
        name: name.to_owned(),
        key: format!(",\"{name}\":").into_bytes(),
        from,
        is_required: false,
        values: Vec::new(),
        encode,
    }
}

/// A field of each sort, of messages.
fn fields() -> Vec<FieldPlan> {
    let path = |path| JsonPath::parse(path).unwrap();
    let column = |name, column, encode| field(name, From::Column(column), encode);
    let json = KeyFilter::new([(path("a"), Rule::Keep)]);
    vec![
        column("id", 0, Encode::Id),
        column("parent_id", 1, Encode::Reference(Section::Messages)),
        column("thread_id", 2, Encode::Reference(Section::Threads)),
        column("file_ids", 3, Encode::References(Section::UploadedFiles)),
        column("author_user_id", 4, Encode::Person),
        column("content", 5, Encode::Text),
        column("parts", 6, Encode::Json(json)),
        field("access", From::Constant("own".to_owned()), Encode::AsStored),
        field("a", From::Json(6, path("a")), Encode::Text),
        column("created_at", 7, Encode::Timestamp(Unit::Seconds, None)),
        column("is_active", 8, Encode::Boolean),
        column("count", 9, Encode::Number),
    ]
}

/// Values of which each is something to some field, and a fault to others.
fn values() -> Vec<Value<'static>> {
    // Longer than what is handed over at once, and than what a batch keeps once.
    static LONG: &[u8] = &[b'x'; 300_000];
    static SHORT: &[u8] = &[b'y'; 70];
    let texts: [&[u8]; 14] = [
        b"",
        b"user",
        b"assistant",
        b"i-1",
        b"left-1",
        b"[]",
        b"[\"i-1\",\"i-2\"]",
        b"{\"a\":1}",
        b"{\"b\":2}",
        b"\"quoted\"\n",
        b"not UTF-8: \xff",
        b"2026-03-01T00:00:00.000Z",
        SHORT,
        LONG,
    ];
    let numbers = [
        Value::Null,
        Value::Integer(0),
        Value::Integer(1_772_323_200),
        Value::Integer(i64::MAX),
        Value::Real(0.0),
        Value::Real(-0.0),
        Value::Real(f64::INFINITY),
        Value::Blob(b"user"),
        Value::Blob(b""),
    ];
    numbers.into_iter().chain(texts.map(Value::Text)).collect()
}

/// What comes before a row.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    /// The batch is filled anew.
    Batch,
    /// The buffer is taken.
    Sent,
    /// A row that another writes: it is in the batch, and not among the records.
    Skipped,
}

/// Its columns' values by their place in `values`; none for what the row two before has.
type Drawn = (Before, Vec<Option<usize>>);

fn rows() -> impl Strategy<Value = Vec<Drawn>> {
    let before = prop_oneof![
        12 => Just(Before::Nothing),
        1 => Just(Before::Batch),
        1 => Just(Before::Sent),
        1 => Just(Before::Skipped),
    ];
    // The last value is the long one: rarely.
    let last = values().len() - 1;
    let place = prop_oneof![60 => 0..last, 1 => Just(last)];
    let cell = prop_oneof![3 => Just(None), 1 => place.prop_map(Some)];
    prop::collection::vec((before, prop::collection::vec(cell, COLUMNS)), 1..24)
}

/// The values of each row.
fn drawn(rows: &[Drawn]) -> Vec<(Before, Vec<Value<'static>>)> {
    let values = values();
    let mut all: Vec<(Before, Vec<Value<'static>>)> = Vec::new();
    for (before, cells) in rows {
        let model = all.len().checked_sub(2);
        let row = cells
            .iter()
            .enumerate()
            .map(|(column, cell)| match (cell, model) {
                (Some(place), _) => values[*place],
                (None, Some(model)) => all[model].1[column],
                (None, None) => Value::Null,
            });
        let row = row.collect();
        all.push((*before, row));
    }
    all
}

/// What is written, and what is said about it, and how often a person was asked for.
fn encoded(rows: &[(Before, Vec<Value<'static>>)], copies: bool) -> (Vec<u8>, Vec<String>, usize) {
    let fields = fields();
    let depends = Dependencies::on_columns(&fields, Section::Messages);
    let (mut around, mut earlier) = (Around::default(), Earlier::default());
    let (mut out, mut said, mut batch) = (Vec::new(), Vec::new(), Batch::default());
    let mut rest = rows;
    while let Some((_, after)) = rest.split_first() {
        let next = after
            .iter()
            .position(|(before, _)| *before == Before::Batch);
        let (filling, others) = rest.split_at(next.map_or(rest.len(), |next| next + 1));
        rest = others;
        batch.clear();
        for (_, row) in filling {
            batch.push_row(COLUMNS, |column| row[column]);
        }
        for (row, (before, _)) in batch.rows().zip(filling) {
            around.takes = copies;
            match before {
                Before::Sent => around.take(&mut out),
                Before::Skipped => continue,
                _ => {}
            }
            let mut issues = Vec::new();
            out.push(b'{');
            if copies {
                earlier.begin(&row, &around);
                let fields = (&*fields, &*depends);
                earlier
                    .encode_fields(&mut out, fields, &row, &mut around, &mut issues)
                    .unwrap();
                earlier.end(&around, &issues);
            } else {
                record::encode_fields(&mut out, &fields, &row, &mut around, &mut issues).unwrap();
            }
            out.extend_from_slice(b"}\n");
            said.extend(issues.iter().map(|issue| format!("{issue:?}")));
        }
    }
    around.sent.extend(out);
    (around.sent, said, around.asked_for_people)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_copied_is_what_encoding_would_have_written(rows in rows()) {
        let rows = drawn(&rows);
        let (copied, said, _) = encoded(&rows, true);
        let (written, expected, _) = encoded(&rows, false);
        prop_assert_eq!(said, expected);
        prop_assert!(copied == written, "{}", String::from_utf8_lossy(&copied));
    }
}

/// Question and answer in turn.
fn conversation(length: usize) -> Vec<(Before, Vec<Value<'static>>)> {
    let turn = |number: usize| {
        let (author, role) = if number.is_multiple_of(2) {
            ("anna", "i-1")
        } else {
            ("model", "i-2")
        };
        let mut row = vec![Value::Null; COLUMNS];
        (row[2], row[3], row[4]) = (role.into(), "[\"i-1\"]".into(), author.into());
        (Before::Nothing, row)
    };
    (0..length).map(turn).collect()
}

#[test]
fn a_field_that_is_as_it_was_two_records_before_is_encoded_once() {
    let (_, _, asked) = encoded(&conversation(100), true);
    assert_eq!(asked, 2);
    let (_, _, asked) = encoded(&conversation(100), false);
    assert_eq!(asked, 100);
}

#[test]
fn nothing_is_copied_from_a_record_with_an_issue_or_of_another_batch_or_that_has_left() {
    for (fault, expected) in [
        (Before::Nothing, 2),
        (Before::Batch, 4),
        (Before::Sent, 4),
        // Two before is then another row than the one that was written two before.
        (Before::Skipped, 4),
    ] {
        let mut rows = conversation(10);
        rows[5].0 = fault;
        assert_eq!(encoded(&rows, true).2, expected, "{fault:?}");
    }
    let mut rows = conversation(10);
    rows[5].1[5] = Value::Text(b"\xff");
    let (written, said, asked) = encoded(&rows, true);
    // Also the one two behind it is encoded, and the one after that is copied again.
    assert_eq!(
        (said.len(), asked),
        (1, 3),
        "{}",
        String::from_utf8_lossy(&written)
    );
}
