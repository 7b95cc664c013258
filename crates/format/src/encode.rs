//! Values of a database, as the text of the file.
//!
//! Promises: what is appended is I-JSON (RFC 7493) in the file's one spelling; nothing is lost
//! silently, for what had to be changed is returned. Text is read once, with SIMD: this is where an
//! export spends its time.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose;

pub use crate::repair::TextIssues;
pub use crate::timestamp::{
    BadTimestamp, Unit, parse_timestamp_integer, parse_timestamp_real, timestamp_integer,
    timestamp_real,
};
pub use crate::timestamp_text::{date_text, parse_timestamp_text, timestamp_text};
use crate::{repair, simd};

/// The largest integer that every JSON reader keeps exactly, being a double.
pub const MAX_SAFE_INTEGER: u64 = 1 << 53;

/// Appends a JSON string.
///
/// Escaped are `"`, `\` and the C0 controls, nothing else. The input may be any bytes: what is not
/// UTF-8, and noncharacters, become U+FFFD.
pub fn text(out: &mut Vec<u8>, bytes: &[u8]) -> TextIssues {
    out.push(b'"');
    let start = out.len();
    let largest = simd::escape(out, bytes);
    let issues = repair::settle(out, start, largest);
    out.push(b'"');
    issues
}

/// Appends a JSON string as [`text`] does, piece by piece. After each `make_room` may take what was written.
pub fn long_text<E>(
    out: &mut Vec<u8>,
    bytes: &[u8],
    mut make_room: impl FnMut(&mut Vec<u8>) -> Result<(), E>,
) -> Result<TextIssues, E> {
    let mut issues = TextIssues::default();
    out.push(b'"');
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece_length(rest));
        let start = out.len();
        let largest = simd::escape(out, piece);
        let met = repair::settle(out, start, largest);
        issues.invalid_utf8 |= met.invalid_utf8;
        issues.noncharacter |= met.noncharacter;
        make_room(out)?;
        rest = after;
    }
    out.push(b'"');
    Ok(issues)
}

/// Bytes of a long text that are encoded at a time.
pub const PIECE_BYTES: usize = 256 << 10;

/// Where a piece can end without cutting a character. No character has more than three bytes of the form 10xxxxxx:
/// after three of them a fourth belongs to none.
fn piece_length(text: &[u8]) -> usize {
    let Some(next) = text.get(PIECE_BYTES) else {
        return text.len();
    };
    let goes_on = |byte: &u8| byte & 0xC0 == 0x80;
    let before = text[..PIECE_BYTES].iter().rev().take(3);
    match before.take_while(|byte| goes_on(byte)).count() {
        _ if !goes_on(next) => PIECE_BYTES,
        3 => PIECE_BYTES,
        count => PIECE_BYTES - count - 1,
    }
}

/// Appends an integer. Returns `true` if it is beyond +-2^53 and so was written as a string.
pub fn integer(out: &mut Vec<u8>, value: i64) -> bool {
    let as_text = value.unsigned_abs() > MAX_SAFE_INTEGER;
    if as_text {
        out.push(b'"');
    }
    if value < 0 {
        out.push(b'-');
    }
    decimal(out, value.unsigned_abs());
    if as_text {
        out.push(b'"');
    }
    as_text
}

/// Appends a number in the shortest form that reads back the same. Returns `false` if it is not
/// finite, and then wrote `null`.
pub fn number(out: &mut Vec<u8>, value: f64) -> bool {
    // A double that is not finite is `null` to serde_json; a Vec takes every write.
    serde_json::to_writer(out, &value).is_ok() && value.is_finite()
}

/// Appends the digits of `value`.
fn decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
type Base64 = base64::engine::Simd;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static BASE64: LazyLock<Base64> = LazyLock::new(|| Base64::standard(general_purpose::PAD));

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static BASE64: LazyLock<general_purpose::GeneralPurpose> =
    LazyLock::new(|| general_purpose::STANDARD);

/// RFC 4648 base64 with padding, for reading it back.
pub(crate) fn base64_engine() -> &'static impl base64::Engine {
    &*BASE64
}

/// Appends RFC 4648 base64 with padding, without quotes.
pub fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    // Room has to be zeroed before it is filled; in pieces as small as the first cache that is free.
    const PIECE: usize = 12 * 1024;
    out.reserve(bytes.len().div_ceil(3) * 4);
    for piece in bytes.chunks(PIECE) {
        let start = out.len();
        out.resize(start + piece.len().div_ceil(3) * 4, 0);
        let written = BASE64.encode_slice(piece, &mut out[start..]);
        debug_assert_eq!(written, Ok(out.len() - start));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_of(bytes: &[u8]) -> (String, TextIssues) {
        let mut out = Vec::new();
        let issues = text(&mut out, bytes);
        (String::from_utf8(out).unwrap(), issues)
    }

    #[test]
    fn only_what_json_asks_for_is_escaped() {
        let (out, issues) = text_of("\"\\/\u{8}\u{c}\n\r\t\0\u{1f}\u{7f}\u{2028}é🦀".as_bytes());
        let expected = "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}\u{2028}é🦀\"";
        assert_eq!(out, expected);
        assert!(issues.is_none());
    }

    #[test]
    fn each_part_that_is_not_utf8_becomes_one_replacement_character() {
        let invalid = TextIssues {
            invalid_utf8: true,
            noncharacter: false,
        };
        assert_eq!(
            text_of(b"a\xf0\x9f\x92b\xff"),
            ("\"a\u{FFFD}b\u{FFFD}\"".to_owned(), invalid)
        );
        // A lone surrogate in three bytes, as some programs store it.
        assert_eq!(text_of(b"\xed\xa0\x80").0, "\"\u{FFFD}\u{FFFD}\u{FFFD}\"");
    }

    #[test]
    fn noncharacters_become_replacement_characters_wherever_they_stand() {
        let noncharacter = TextIssues {
            invalid_utf8: false,
            noncharacter: true,
        };
        for character in [
            '\u{FDD0}',
            '\u{FDEF}',
            '\u{FFFE}',
            '\u{FFFF}',
            '\u{1FFFE}',
            '\u{10FFFF}',
        ] {
            for before in 0..140 {
                let filler = "x".repeat(before);
                let input = format!("{filler}{character}\n");
                let expected = format!("\"{filler}\u{FFFD}\\n\"");
                assert_eq!(
                    text_of(input.as_bytes()),
                    (expected, noncharacter),
                    "{before}"
                );
            }
        }
    }

    #[test]
    fn a_long_text_is_what_it_is_in_one_piece_wherever_it_is_cut() {
        let starts = ["", "x", "é", "🦀", "\u{FDD0}"].map(str::as_bytes);
        let ends = [
            b"\xf0\x9f".as_slice(),
            b"\x80\x80\x80\x80\x80",
            b"\xff",
            b"",
            "🦀".as_bytes(),
        ];
        for (start, end) in starts.into_iter().zip(ends) {
            for before in 0..6 {
                let filler = b"\"".repeat(PIECE_BYTES - before - start.len());
                let more = "é🦀\n".repeat(PIECE_BYTES / 4);
                let bytes = [start, &filler, end, more.as_bytes(), end].concat();
                let (mut out, mut sent) = (Vec::new(), Vec::new());
                let issues = long_text(&mut out, &bytes, |out| {
                    assert!(out.len() <= 2 * PIECE_BYTES + 64, "{}", out.len());
                    sent.append(out);
                    Ok::<(), ()>(())
                });
                sent.append(&mut out);
                let (whole, of_whole) = text_of(&bytes);
                assert!(
                    sent == whole.as_bytes() && issues == Ok(of_whole),
                    "{before}"
                );
            }
        }
    }

    #[test]
    fn neighbours_of_noncharacters_stay() {
        let kept = "\u{FDCF}\u{FDF0}\u{FFFD}\u{FFFC}\u{1FFFD}\u{20000}\u{4FFF}\u{6DD0}，🦀";
        assert_eq!(
            text_of(kept.as_bytes()),
            (format!("\"{kept}\""), TextIssues::default())
        );
    }

    #[test]
    fn integers_beyond_2_to_the_53_are_strings() {
        for (value, expected, as_text) in [
            (0, "0", false),
            (-7, "-7", false),
            (9_007_199_254_740_992, "9007199254740992", false),
            (-9_007_199_254_740_992, "-9007199254740992", false),
            (9_007_199_254_740_993, "\"9007199254740993\"", true),
            (i64::MIN, "\"-9223372036854775808\"", true),
        ] {
            let mut out = Vec::new();
            assert_eq!(integer(&mut out, value), as_text);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn numbers_read_back_the_same_and_what_is_not_finite_is_null() {
        for value in [0.0, -0.5, 0.1, 1e-7, 5e-324, 1e300, f64::MAX, 12.0] {
            let mut out = Vec::new();
            assert!(number(&mut out, value));
            let read: f64 = std::str::from_utf8(&out).unwrap().parse().unwrap();
            assert_eq!(read.to_bits(), value.to_bits());
        }
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut out = Vec::new();
            assert!(!number(&mut out, value));
            assert_eq!(out, b"null");
        }
    }

    fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            3 => "\\PC{0,40}".prop_map(String::into_bytes),
            2 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
            1 => prop::sample::select(vec!['\u{FDD5}', '\u{FFFF}', '\u{BFFFE}', '\0', '"', '\\'])
                .prop_map(|c| c.to_string().into_bytes()),
            1 => prop::collection::vec(any::<u8>(), 0..6),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn text_reads_back_as_what_it_was_repaired_to(bytes in any_bytes()) {
            let (out, issues) = text_of(&bytes);
            let lossy = String::from_utf8_lossy(&bytes);
            let expected = lossy.replace(repair::is_noncharacter, "\u{FFFD}");
            prop_assert_eq!(issues.invalid_utf8, std::str::from_utf8(&bytes).is_err());
            prop_assert_eq!(issues.noncharacter, expected != *lossy);
            let read: String = serde_json::from_str(&out).unwrap();
            prop_assert_eq!(&read, &expected);
            // serde_json escapes the same bytes the same way.
            prop_assert_eq!(out, serde_json::to_string(&expected).unwrap());
        }

        #[test]
        fn base64_is_that_of_the_plain_engine(bytes in prop::collection::vec(any::<u8>(), 0..200), repeat in 1..200_usize) {
            let bytes = bytes.repeat(repeat);
            let mut out = b"before".to_vec();
            base64(&mut out, &bytes);
            let expected = general_purpose::STANDARD.encode(&bytes);
            prop_assert_eq!(&out[6..], expected.as_bytes());
        }
    }
}
