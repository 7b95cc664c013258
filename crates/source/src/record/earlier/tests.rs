mod drawn;

use std::convert::Infallible;

use carryall_format::encode::Unit;
use carryall_format::json::{JsonPath, KeyFilter, Rule};
use carryall_format::section::Section;
use carryall_format::write::Reference;
use proptest::prelude::*;

use self::drawn::{Before, LONG, Rows, rows};
use super::*;
use crate::batch::Batch;
use crate::plan::{Dependencies, Encode, From};
use crate::record;
use crate::value::Value;

const COLUMNS: usize = 10;

/// Counts what is asked of it, and takes what was written when it is told to.
#[derive(Default)]
struct Around {
    /// Records so far.
    records: usize,
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

    /// Which messages are in the file, or belong to the thread at hand, is different for each record.
    fn resolve(&mut self, target: Section, id: &[u8]) -> Result<Reference, Infallible> {
        Ok(match (target, id.first()) {
            (Section::Messages, _) if self.records.is_multiple_of(3) => Reference::LeftOut,
            (Section::Messages, _) | (_, Some(b'i')) => Reference::Included,
            (_, Some(b'l')) => Reference::LeftOut,
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

/// A field of each sort; so many columns stand in front of theirs.
fn fields(in_front: usize) -> Vec<FieldPlan> {
    let path = |path| JsonPath::parse(path).unwrap();
    let column = |name, column, encode| field(name, From::Column(in_front + column), encode);
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
        field("a", From::Json(in_front + 6, path("a")), Encode::Text),
        column("created_at", 7, Encode::Timestamp(Unit::Seconds, None)),
        column("is_active", 8, Encode::Boolean),
    ]
}

/// Those of `extra`.
fn extra(in_front: usize) -> Vec<FieldPlan> {
    let path = JsonPath::parse("a").unwrap();
    vec![
        field("count", From::Column(in_front + 9), Encode::Number),
        field("a_again", From::Json(in_front + 6, path), Encode::AsStored),
    ]
}

/// Fills a batch as a file's reader does, or as a server's.
fn fill(batch: &mut Batch, row: &[Value<'_>], way: Way) {
    let row = [&vec![Value::Null; way.in_front], row].concat();
    if way.is_server {
        batch.begin_row(1);
        batch.push(Value::Integer(7));
        for value in row {
            batch.push(value);
        }
    } else {
        batch.push_row(row.len(), |column| row[column]);
    }
}

/// How records are written.
#[derive(Debug, Clone, Copy)]
struct Way {
    section: Section,
    is_server: bool,
    copies: bool,
    /// Columns that nothing is made of: of the first 63 it is known what they have in common.
    in_front: usize,
}

const MESSAGES: Way = Way {
    section: Section::Messages,
    is_server: false,
    copies: true,
    in_front: 0,
};

/// What is written, and what is said about it, and how often a person was asked for.
fn encoded(rows: &[(Before, Vec<Value<'static>>)], way: Way) -> (Vec<u8>, Vec<String>, usize) {
    let (fields, extra) = (fields(way.in_front), extra(way.in_front));
    let depends = [&fields, &extra].map(|fields| Dependencies::on_columns(fields, way.section));
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
            fill(&mut batch, row, way);
        }
        for (row, (before, _)) in batch.rows().zip(filling) {
            around.takes = way.copies;
            around.records += 1;
            match before {
                Before::Sent => around.take(&mut out),
                Before::Skipped => {
                    out.extend_from_slice(b"{\"written\":\"by another\"}\n");
                    continue;
                }
                _ => {}
            }
            let mut issues = Vec::new();
            out.push(b'{');
            if way.copies {
                earlier.begin(&row, &around);
            }
            let mut encode = |out: &mut Vec<u8>, list: &[FieldPlan], number: usize| {
                if way.copies {
                    let list = (list, &*depends[number]);
                    earlier.encode_fields(out, list, &row, &mut around, &mut issues)
                } else {
                    record::encode_fields(out, list, &row, &mut around, &mut issues)
                }
            };
            encode(&mut out, &fields, 0).unwrap();
            out.extend_from_slice(b",\"extra\":{");
            encode(&mut out, &extra, 1).unwrap();
            if way.copies {
                earlier.end(&around, &issues);
            }
            out.extend_from_slice(b"}}\n");
            said.extend(issues.iter().map(|issue| format!("{issue:?}")));
        }
    }
    around.sent.extend(out);
    (around.sent, said, around.asked_for_people)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_copied_is_what_encoding_would_have_written(
        rows in rows(), is_server: bool, is_thread: bool, in_front in prop::sample::select(vec![0, 57, 70]),
    ) {
        let section = if is_thread { Section::Threads } else { Section::Messages };
        let way = Way { section, is_server, copies: true, in_front };
        let (copied, said, _) = encoded(&rows, way);
        let (written, expected, _) = encoded(&rows, Way { copies: false, ..way });
        prop_assert_eq!(said, expected);
        prop_assert!(copied == written, "{}", String::from_utf8_lossy(&copied));
    }
}

/// Question and answer in turn.
fn conversation(length: usize) -> Rows {
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
    for is_server in [false, true] {
        let way = Way {
            is_server,
            ..MESSAGES
        };
        assert_eq!(encoded(&conversation(100), way).2, 2);
        let copies = false;
        assert_eq!(encoded(&conversation(100), Way { copies, ..way }).2, 100);
    }
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
        assert_eq!(encoded(&rows, MESSAGES).2, expected, "{fault:?}");
    }
    let mut rows = conversation(10);
    rows[5].1[5] = Value::Text(b"\xff");
    let (written, said, asked) = encoded(&rows, MESSAGES);
    // Also the one two behind it is encoded, and the one after that is copied again.
    assert_eq!(
        (said.len(), asked),
        (1, 3),
        "{}",
        String::from_utf8_lossy(&written)
    );
}

#[test]
fn a_long_value_takes_what_stands_before_it_along() {
    let mut rows = conversation(10);
    rows[4].1[5] = Value::Text(LONG);
    // Behind it in the record, the next, and the two that begin with another buffer than those two before them.
    let way = |copies| Way { copies, ..MESSAGES };
    let (copied, ..) = encoded(&rows, way(true));
    assert!(copied == encoded(&rows, way(false)).0);
    assert_eq!(copied.split(|byte| *byte == b'\n').count(), 10 + 1);
}
