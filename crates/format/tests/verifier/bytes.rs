//! Every byte of an export, changed: it is found, or changes nothing.

use carryall_format::verify::{Severity, Verdict};
use serde_json::Value;

use crate::judged::{errors, is_rewritten, lines, report};
use crate::lay_out::{last_line, resealed};
use crate::sample;

/// Bytes that mean something to a JSON reader.
const TELLING: &[u8] = b"\"\\ \n{}[],:0u\xff";

/// Whether the verifier finds the change, or the document is the same for every reader.
fn is_found_or_nothing(original: &Value, changed: &[u8]) -> bool {
    let report = report(changed);
    if report.verdict != Verdict::Sound {
        return !errors(&report).is_empty();
    }
    is_rewritten(&report)
        && serde_json::from_slice::<Value>(changed).is_ok_and(|new| new == *original)
}

#[track_caller]
fn each(bytes: &[u8], change: impl Fn(usize) -> Vec<Vec<u8>>) {
    let original: Value = serde_json::from_slice(bytes).unwrap();
    for at in 0..bytes.len() {
        for changed in change(at) {
            if changed != bytes && !is_found_or_nothing(&original, &changed) {
                let around = |text: &[u8]| {
                    let end = text.len().min(at + 20);
                    String::from_utf8_lossy(&text[at.saturating_sub(30).min(end)..end]).into_owned()
                };
                panic!(
                    "byte {at} of {}: {:?} became {:?}, and:\n{}",
                    bytes.len(),
                    around(bytes),
                    around(&changed),
                    lines(&report(&changed)).join("\n")
                );
            }
        }
    }
}

fn with_byte(bytes: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at] = byte;
    changed
}

#[test]
fn a_changed_bit_anywhere_is_found() {
    let bytes = sample::everything();
    each(&bytes, |at| {
        (0..8)
            .map(|bit| with_byte(&bytes, at, bytes[at] ^ 1 << bit))
            .collect()
    });
}

#[test]
fn a_telling_byte_in_the_place_of_any_other_is_found() {
    let bytes = sample::everything();
    each(&bytes, |at| {
        TELLING
            .iter()
            .map(|byte| with_byte(&bytes, at, *byte))
            .collect()
    });
}

#[test]
fn a_byte_that_is_taken_out_put_in_or_doubled_is_found() {
    let bytes = sample::everything();
    let put_in = |at: usize, byte: u8| [&bytes[..at], &[byte], &bytes[at..]].concat();
    each(&bytes, |at| {
        let out = [&bytes[..at], &bytes[at + 1..]].concat();
        vec![
            out,
            put_in(at, bytes[at]),
            put_in(at, b' '),
            put_in(at, b'\n'),
            put_in(at, b'0'),
        ]
    });
}

#[test]
fn bytes_after_the_end_are_found() {
    let bytes = sample::everything();
    let original: Value = serde_json::from_slice(&bytes).unwrap();
    for tail in [
        "x", "{", "}", "\n", " ", "\n\n", "x\n", "{}\n", "\0", "\u{feff}", ",", "\"", "1",
    ] {
        let changed = [&bytes, tail.as_bytes()].concat();
        assert!(is_found_or_nothing(&original, &changed), "{tail:?}");
        let twice = [&changed[..], &bytes].concat();
        assert!(
            is_found_or_nothing(&original, &twice),
            "{tail:?} and the file again"
        );
    }
}

/// Here whoever changed the file also made its digest fit. Much can then not be found; but what is called
/// sound is at least JSON that every reader takes.
#[test]
fn what_is_called_sound_is_json_even_when_the_digest_was_made_to_fit() {
    let bytes = sample::everything();
    let end = last_line(&bytes);
    let mut sound = 0;
    for at in 0..end {
        for byte in b"\"\\\n{]},0" {
            let changed = resealed(&with_byte(&bytes, at, *byte));
            let report = report(&changed);
            if report.verdict == Verdict::Sound {
                sound += 1;
                let text = std::str::from_utf8(&changed).unwrap();
                if let Err(error) = serde_json::from_str::<Value>(text) {
                    panic!("byte {at} made {byte:?}: {error}");
                }
            } else {
                let is_error = report
                    .findings
                    .counts()
                    .keys()
                    .any(|code| code.severity() == Severity::Error);
                assert!(is_error, "byte {at} made {byte:?}");
            }
        }
    }
    assert!(
        sound > 3_000,
        "texts can be changed, and only the digest tells: {sound}"
    );
}
