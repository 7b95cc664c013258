//! Lines and brackets find the same records, in the same places, however the bytes come.

use std::io::Read;

use proptest::prelude::*;

use super::*;

/// What a splitter finds: part, place and text of each record; and what is wrong.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    records: Vec<(Part, Place, String)>,
    faults: Vec<Fault>,
    is_complete: bool,
    layout: Layout,
    size_bytes: u64,
    members: Vec<(String, Place, u64, Option<u64>)>,
}

/// Bytes that come a few at a time.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let step = self.1.min(out.len());
        self.0.read(&mut out[..step])
    }
}

fn split(text: &[u8], read_bytes: usize, step: usize) -> Found {
    let mut splitter = Splitter::new(Trickle(text, step)).with_read_bytes(read_bytes);
    let (mut records, mut faults, mut end) = (Vec::new(), Vec::new(), 0);
    while let Some(piece) = splitter.next_piece().unwrap() {
        assert_eq!(piece.place.offset, end, "pieces follow one another");
        end += piece.block.len() as u64;
        for batch in &piece.batches {
            for slice in &batch.slices {
                let place = piece.place_of(*slice);
                let bytes = piece.bytes(*slice);
                let start = usize::try_from(place.offset).unwrap();
                assert_eq!(
                    bytes,
                    &text[start..start + bytes.len()],
                    "a place is where the record is"
                );
                let line = memchr::memchr_iter(b'\n', &text[..start]).count() + 1;
                assert_eq!(place.line, line as u64, "of the record at {start}");
                records.push((
                    batch.part,
                    place,
                    String::from_utf8_lossy(bytes).into_owned(),
                ));
            }
        }
        faults.extend(piece.faults);
    }
    let outline = splitter.outline();
    let has_stopped = faults.iter().any(|fault| fault.is_last);
    let members = outline.members.into_iter();
    Found {
        records,
        faults,
        is_complete: outline.is_complete,
        layout: outline.layout,
        // Where reading stops early, that depends on how much was read ahead.
        size_bytes: if has_stopped { 0 } else { outline.size_bytes },
        members: members
            .map(|one| (one.name, one.key, one.value_offset, one.value_bytes))
            .collect(),
    }
}

const FILE: &str = r#"{
"export":{"format":"carryall-export","version":1},
"account_settings":{},
"threads":[
{"id":"t1","title":"a \"b\" [c"},
{"id":"t2"}
],
"messages":[],
"gaps":[
{"code":"x"}
],
"integrity":{"sha256":"0","signature":null}}
"#;

/// The texts that are found, without their places.
fn texts(found: &Found) -> Vec<(Part, String)> {
    let records = found.records.iter();
    records
        .map(|(part, _, text)| (*part, text.split_whitespace().collect()))
        .collect()
}

#[test]
fn lines_and_brackets_find_the_same_records() {
    let written = split(FILE.as_bytes(), 1 << 20, 100);
    assert_eq!(written.layout, Layout::AsWritten);
    assert!(written.is_complete && written.faults.is_empty());
    let value: serde_json::Value = serde_json::from_str(FILE).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    for text in [
        pretty.replace('\n', "\r\n"),
        format!("\u{feff}{value}"),
        pretty,
        value.to_string(),
    ] {
        let again = split(text.as_bytes(), 1 << 20, 100);
        assert_eq!(texts(&again), texts(&written), "{text}");
        assert_eq!(again.layout, Layout::WrittenAgain);
        assert!(again.is_complete && again.faults.is_empty(), "{again:?}");
    }
}

#[test]
fn how_many_bytes_come_at_a_time_changes_nothing() {
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(FILE).unwrap());
    let damaged = FILE.replace("{\"id\":\"t2\"}", "{\"id\":\"t2\"");
    for text in [FILE, &pretty.unwrap(), &damaged, &FILE[..200]] {
        let whole = split(text.as_bytes(), 1 << 20, 1 << 20);
        for read_bytes in 3..40 {
            for step in [1, 2, 7] {
                let found = split(text.as_bytes(), read_bytes, step);
                assert_eq!(found, whole, "{read_bytes} bytes at a time, {step} a read");
            }
        }
    }
}

#[test]
fn after_damage_reading_goes_on_with_the_next_line() {
    let damages = [
        // From, to, how many texts are found all the same, where, and what is wrong.
        (
            "{\"id\":\"t2\"}",
            "{\"id\":\"t2\"|",
            4,
            6,
            "a record without its end",
        ),
        (
            "{\"id\":\"t2\"}",
            "\"id\":\"t2\"}",
            4,
            6,
            "neither a comma nor the end of a list",
        ),
        (
            "\"},\n{",
            "\"}\n{",
            5,
            6,
            "a comma is missing between two records",
        ),
        (
            "\"}\n],",
            "\"},\n],",
            5,
            7,
            "a comma before the end of a list",
        ),
        (
            "\"messages\":[],",
            "\"messages\":[,",
            4,
            8,
            "a record is missing",
        ),
        (
            "\"messages\":[],",
            "\"messages\":,",
            5,
            8,
            "the value of a key is missing",
        ),
        (
            "\"threads\":[",
            "\"threads:[",
            2,
            4,
            "a line feed within a string",
        ),
    ];
    for (from, to, least, line, problem) in damages {
        let text = FILE.replacen(from, to, 1);
        assert_ne!(text, FILE);
        let found = split(text.as_bytes(), 1 << 20, 100);
        let first = &found.faults[0];
        assert_eq!((first.place.line, first.problem), (line, problem), "{to}");
        assert!(found.records.len() >= least, "{to}: {:?}", found.records);
        assert!(
            found.is_complete,
            "{to}: the end is met: {:?}",
            found.faults
        );
    }
}

#[test]
fn one_key_or_a_thousand_faults_and_records_without_end_need_little_memory() {
    let keys = format!("{{{}", "\"a\":1,".repeat(200_000));
    let found = split(keys.as_bytes(), 1 << 16, 1 << 16);
    assert_eq!(found.members.len(), 1000);
    assert_eq!(
        found.faults.last().unwrap().problem,
        "more keys than any export has"
    );
    let faults = format!("{{\"export\":1,\n{}", "x\n\"a\":1 y\n".repeat(10_000));
    assert!(split(faults.as_bytes(), 1 << 16, 1 << 16).faults.len() <= 100);
    let endless = format!("{{\"threads\":[\"{}", "x".repeat(4 << 20));
    let mut splitter = Splitter::new(endless.as_bytes())
        .with_max_record_bytes(1 << 16)
        .with_read_bytes(1 << 16);
    let mut problems = Vec::new();
    while let Some(piece) = splitter.next_piece().unwrap() {
        assert!(piece.block.len() <= 3 << 16);
        problems.extend(piece.faults.into_iter().map(|fault| fault.problem));
    }
    assert_eq!(problems, [TOO_LARGE]);
}

proptest! {
    #[test]
    fn any_cut_of_the_input_into_reads_finds_the_same(
        at in 0..FILE.len(), byte in prop::sample::select(b"\"\\ \n{}[],:x\xff".to_vec()), read_bytes in 3_usize..90, step in 1_usize..9,
    ) {
        let mut text = FILE.as_bytes().to_vec();
        text[at] = byte;
        prop_assert_eq!(split(&text, read_bytes, step), split(&text, 1 << 20, 1 << 20));
    }
}
