//! Changes a file: bytes, tokens, records, layout; and makes its digest fit again half of the time.

use carryall_format::sign::integrity_line;
use carryall_format::write::hex;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::random::Random;

/// Larger inputs only make the loop slow.
const MOST_BYTES: usize = 1 << 20;

/// What means something to a reader of exports.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\n",
    "\r\n",
    " ",
    "\t",
    "null",
    "true",
    "-",
    "0",
    "1e999",
    "1.5",
    "{}",
    "[]",
    "{},",
    "],\n",
    "}},\n",
    "\"id\":",
    "\"extra\":{",
    "\"messages\":[\n",
    "\"gaps\":[],\n",
    "\"integrity\":",
    "\u{feff}",
    "\u{ffff}",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\\/",
    "9007199254740993",
    "\"\"",
    "\"t1\"",
    "\"2026-01-01T00:00:00Z\"",
    "\"complete\":false",
    "\"last\":false",
    "{\"id\":\"t1\"},\n",
    "{\"code\":\"dangling_reference\"},\n",
    "\"revision\":9",
    "\"version\":2",
    "\0",
    "\u{1}",
    "é",
];

/// One of the files, or two of them, changed a few times.
pub fn changed(corpus: &[&[u8]], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.one_of(corpus).to_vec();
    if random.once_in(6) {
        bytes = laid_out_anew(&bytes, random);
    }
    for _ in 0..=random.below(4) {
        bytes = change(&bytes, corpus, random);
        bytes.truncate(MOST_BYTES);
    }
    if random.once_in(2) {
        bytes = resealed(&bytes);
    }
    bytes
}

fn change(bytes: &[u8], corpus: &[&[u8]], random: &mut Random) -> Vec<u8> {
    let at = random.below(bytes.len() + 1);
    let end = at + random.below((bytes.len() - at).min(60) + 1);
    let (before, after) = (&bytes[..at], &bytes[end..]);
    match random.below(12) {
        0 => before.to_vec(),
        1 => [before, after].concat(),
        2 => [before, &bytes[at..end], &bytes[at..]].concat(),
        3 | 4 => [before, random.one_of(TOKENS).as_bytes(), &bytes[at..]].concat(),
        5 => [before, random.one_of(TOKENS).as_bytes(), after].concat(),
        6 => {
            let other = random.one_of(corpus);
            [before, &other[random.below(other.len())..]].concat()
        }
        7 => [before, nested(random).as_bytes(), &bytes[at..]].concat(),
        8 => {
            let filler = random.one_of(&[
                "x", "\\\\", "\"", "[0,", "é", "{},\n", "\"a\":1,", " ", "\n",
            ]);
            [
                before,
                filler.repeat(random.below(30_000)).as_bytes(),
                &bytes[at..],
            ]
            .concat()
        }
        9 | 10 => lines_changed(bytes, random),
        _ => {
            let mut changed = bytes.to_vec();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
            changed
        }
    }
}

/// Many containers inside one another, closed or not.
fn nested(random: &mut Random) -> String {
    let depth = random.below(300);
    let (open, close) = if random.once_in(2) {
        ("[", "]")
    } else {
        ("{\"a\":", "}")
    };
    let inner = if random.once_in(2) { "0" } else { "" };
    let end = if random.once_in(3) { 0 } else { depth };
    [&open.repeat(depth), inner, &close.repeat(end)].concat()
}

/// A line dropped, doubled or swapped with another.
fn lines_changed(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.is_empty() {
        return bytes.to_vec();
    }
    let (one, other) = (random.below(lines.len()), random.below(lines.len()));
    match random.below(3) {
        0 => drop(lines.remove(one)),
        1 => lines.insert(other, lines[one]),
        _ => lines.swap(one, other),
    }
    lines.concat()
}

/// The same document as another program writes it.
fn laid_out_anew(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return bytes.to_vec();
    };
    match (random.below(3), value) {
        (0, value) => format!("{value:#}").into_bytes(),
        (1, Value::Object(members)) => {
            let members: serde_json::Map<_, _> = members.into_iter().rev().collect();
            Value::Object(members).to_string().into_bytes()
        }
        (_, value) => value.to_string().into_bytes(),
    }
}

/// With a last line that fits what stands before it.
fn resealed(bytes: &[u8]) -> Vec<u8> {
    let feed = bytes[..bytes.len().saturating_sub(1)]
        .iter()
        .rposition(|byte| *byte == b'\n');
    let before = &bytes[..feed.map_or(0, |at| at + 1)];
    let line = integrity_line(&hex(&Sha256::digest(before)), None);
    [before, line.as_bytes()].concat()
}
