//! Copies text into JSON, many bytes at a time.
//!
//! Promises: every byte is read once and written once, escapes included; what is written is the
//! same with AVX-512, AVX2, with SSE2 and in portable code.

#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod wide;
#[cfg(target_arch = "x86_64")]
mod x86;

/// Whether a byte cannot stand for itself in a JSON string.
const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// For each byte its spelling in up to seven bytes, and how many they are in the eighth.
static SPELLINGS: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = spelling(byte);
        if byte == 0xff {
            break table;
        }
        byte += 1;
    }
};

const fn spelling(byte: u8) -> [u8; 8] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let letter = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0..0x20 => {
            let (high, low) = (HEX[byte as usize >> 4], HEX[byte as usize & 15]);
            return [b'\\', b'u', b'0', b'0', high, low, 0, 6];
        }
        _ => return [byte, 0, 0, 0, 0, 0, 0, 1],
    };
    [b'\\', letter, 0, 0, 0, 0, 0, 2]
}

/// Appends `bytes` with the escapes of a JSON string and returns the largest byte met.
pub fn escape(out: &mut Vec<u8>, bytes: &[u8]) -> u8 {
    #[cfg(target_arch = "x86_64")]
    return x86::escape(out, bytes);
    #[cfg(not(target_arch = "x86_64"))]
    portable::escape(out, bytes)
}

/// Appends the bytes before the first that needs an escape. Returns how many they are, and a byte
/// that is not smaller than any of them.
pub fn copy_plain(out: &mut Vec<u8>, bytes: &[u8]) -> (usize, u8) {
    #[cfg(target_arch = "x86_64")]
    return x86::copy_plain(out, bytes);
    #[cfg(not(target_arch = "x86_64"))]
    portable::copy_plain(out, bytes)
}

/// How many bytes stand before the first that needs an escape.
pub fn plain_len(bytes: &[u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    return x86::plain_len(bytes);
    #[cfg(not(target_arch = "x86_64"))]
    portable::plain_len(bytes)
}

/// How many bytes of a string that is being read stand before its end, and, where they are not all
/// ASCII, a byte that is not smaller than any of them. Also stops at what needs a closer look: a control character, or a backslash that
/// does not start an escape of one letter.
pub fn text_len(bytes: &[u8]) -> (usize, u8) {
    #[cfg(target_arch = "x86_64")]
    return x86::text_len(bytes);
    #[cfg(not(target_arch = "x86_64"))]
    text_len_from(bytes, 0, 0)
}

/// How many bytes stand before the quote that ends a string, if all are ASCII without an escape and they are few: most
/// strings of a record are ids, times and words.
#[inline]
pub fn short_text_len(bytes: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    return x86::short_text_len(bytes);
    #[cfg(not(target_arch = "x86_64"))]
    short_text_len_from(bytes)
}

/// The same, one byte after the other.
#[cfg(any(not(target_arch = "x86_64"), test))]
fn short_text_len_from(bytes: &[u8]) -> Option<usize> {
    let few = bytes.first_chunk::<SHORT>()?;
    let end = few.iter().position(|&byte| is_special(byte))?;
    (few[end] == b'"' && few.is_ascii()).then_some(end)
}

/// Room for an id (36 bytes) and its quote, in whole vectors of 16 bytes.
const SHORT: usize = 48;

/// `text_len`, one byte after the other.
fn text_len_from(bytes: &[u8], start: usize, mut largest: u8) -> (usize, u8) {
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if !is_special(byte) {
            at += 1;
        } else if byte == b'\\'
            && bytes
                .get(at + 1)
                .is_some_and(|&next| is_escape_letter(next))
        {
            at += 2;
        } else {
            break;
        }
        largest = largest.max(byte);
    }
    (at, largest)
}

/// Whether a byte after a backslash makes an escape of these two.
const fn is_escape_letter(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')
}

/// Whether UTF-8 text holds two bytes that every noncharacter has, and few other characters: `EF B7`
/// of U+FDD0 to U+FDEF, `BF BE` or `BF BF` at the end of the rest.
pub fn may_hold_noncharacter(text: &[u8]) -> bool {
    #[cfg(target_arch = "x86_64")]
    return x86::may_hold_noncharacter(text);
    #[cfg(not(target_arch = "x86_64"))]
    any_noncharacter_pair(text)
}

fn any_noncharacter_pair(text: &[u8]) -> bool {
    text.windows(2)
        .any(|pair| matches!(pair, [0xEF, 0xB7] | [0xBF, 0xBE | 0xBF]))
}

#[cfg(any(not(target_arch = "x86_64"), test))]
mod portable {
    use super::{SPELLINGS, is_special};

    pub fn escape(out: &mut Vec<u8>, bytes: &[u8]) -> u8 {
        let (mut done, mut largest) = (0, 0);
        loop {
            let (plain, seen) = copy_plain(out, &bytes[done..]);
            largest = largest.max(seen);
            let Some(&byte) = bytes.get(done + plain) else {
                return largest;
            };
            let spelling = &SPELLINGS[usize::from(byte)];
            out.extend_from_slice(&spelling[..usize::from(spelling[7])]);
            largest = largest.max(byte);
            done += plain + 1;
        }
    }

    pub fn copy_plain(out: &mut Vec<u8>, bytes: &[u8]) -> (usize, u8) {
        let plain = &bytes[..plain_len(bytes)];
        out.extend_from_slice(plain);
        (plain.len(), plain.iter().copied().max().unwrap_or(0))
    }

    pub fn plain_len(bytes: &[u8]) -> usize {
        bytes
            .iter()
            .position(|&byte| is_special(byte))
            .unwrap_or(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Escape = fn(&mut Vec<u8>, &[u8]) -> u8;
    type CopyPlain = fn(&mut Vec<u8>, &[u8]) -> (usize, u8);

    /// Every implementation that this machine can run, and what each makes of the same bytes.
    fn all_escape(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut implementations: Vec<Escape> = vec![escape, portable::escape];
        #[cfg(target_arch = "x86_64")]
        implementations.push(x86::escape_sse2);
        implementations
            .into_iter()
            .map(|escape| {
                let mut out = b"before".to_vec();
                let largest = escape(&mut out, bytes);
                assert!(bytes.iter().all(|&byte| byte <= largest));
                assert!(bytes.is_ascii() == (largest < 0x80));
                out
            })
            .collect()
    }

    fn escaped_one_by_one(bytes: &[u8]) -> Vec<u8> {
        let mut out = b"before".to_vec();
        for &byte in bytes {
            let spelling = &SPELLINGS[usize::from(byte)];
            out.extend_from_slice(&spelling[..usize::from(spelling[7])]);
        }
        out
    }

    /// Bytes of which about every fourth needs an escape.
    fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            4 => any::<u8>(),
            2 => b' '..=b'~',
            1 => prop::sample::select(b"\"\\\n\t\x00\x1f\x7f\xff".to_vec()),
        ];
        prop::collection::vec(byte, 0..300)
    }

    proptest! {
        #[test]
        fn every_implementation_escapes_as_one_byte_after_the_other_would(bytes in any_bytes()) {
            for out in all_escape(&bytes) {
                prop_assert_eq!(out, escaped_one_by_one(&bytes));
            }
        }

        #[test]
        fn every_implementation_stops_at_the_first_byte_that_needs_an_escape(
            plain in "[ -!#-\\[\\]-~é漢]{0,100}", rest in any_bytes(), stop in 0_u8..0x20,
        ) {
            let bytes = [plain.as_bytes(), &[stop], &rest].concat();
            prop_assert_eq!(plain_len(&bytes), plain.len());
            prop_assert_eq!(portable::plain_len(&bytes), plain.len());
            let mut copies: Vec<CopyPlain> =
                vec![copy_plain, portable::copy_plain];
            #[cfg(target_arch = "x86_64")]
            copies.push(x86::copy_plain_sse2);
            for copy in copies {
                let mut out = b"before".to_vec();
                let (len, largest) = copy(&mut out, &bytes);
                prop_assert_eq!(len, plain.len());
                prop_assert!(plain.bytes().all(|byte| byte <= largest));
                prop_assert_eq!(&out[6..], plain.as_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn a_run_of_backslashes_escapes_what_follows_it_only_when_it_is_odd(
            before in 0_usize..130, run in 0_usize..140, after in any_bytes(),
        ) {
            let bytes = [vec![b'x'; before], vec![b'\\'; run], after].concat();
            let (expected, _) = text_len_from(&bytes, 0, 0);
            prop_assert_eq!(text_len(&bytes).0, expected);
        }

        #[test]
        fn the_end_of_a_long_string_without_escapes_is_found(
            plain in 900_usize..1300, rest in any_bytes(), more in any_bytes(),
        ) {
            let bytes = [&vec![b'x'; plain], &rest[..], &vec![b'y'; plain], &more].concat();
            let (expected, _) = text_len_from(&bytes, 0, 0);
            let mut found = vec![text_len(&bytes)];
            #[cfg(target_arch = "x86_64")]
            found.extend([x86::text_len_avx2_or_sse2(&bytes), x86::text_len_sse2(&bytes)]);
            for (len, largest) in found {
                prop_assert_eq!(len, expected);
                prop_assert!(bytes[..len].iter().all(|&byte| byte <= largest.max(0x7F)));
            }
        }

        #[test]
        fn every_implementation_finds_the_same_end_of_a_string(
            before in "([ -!#-\\[\\]-~é漢]|\\\\[\"\\\\/bfnrt]){0,80}", rest in any_bytes(),
        ) {
            let bytes = [before.as_bytes(), &rest].concat();
            prop_assert_eq!(short_text_len(&bytes), short_text_len_from(&bytes));
            if let Some(len) = short_text_len(&bytes) {
                prop_assert_eq!((len, bytes[len]), (text_len(&bytes).0, b'"'));
            }
            let (expected, _) = text_len_from(&bytes, 0, 0);
            let mut found = vec![text_len(&bytes)];
            #[cfg(target_arch = "x86_64")]
            found.extend([x86::text_len_avx2_or_sse2(&bytes), x86::text_len_sse2(&bytes)]);
            for (len, largest) in found {
                prop_assert_eq!(len, expected);
                prop_assert!(len >= before.len() || rest.is_empty());
                prop_assert!(bytes[..len].iter().all(|&byte| byte <= largest.max(0x7F)));
            }
        }
    }

    #[test]
    fn a_suspicious_pair_is_seen_wherever_it_stands() {
        for pair in [
            [0xEF, 0xB7],
            [0xBF, 0xBE],
            [0xBF, 0xBF],
            [0xBF, 0xBD],
            [0xEF, 0xBF],
        ] {
            let expected = any_noncharacter_pair(&pair);
            for (before, after) in (0..100).flat_map(|before| [(before, 0), (before, 70)]) {
                let text = [
                    &[0xBF_u8, 0xEF].repeat(before)[before..],
                    &pair,
                    &vec![b'x'; after],
                ];
                let text = text.concat();
                assert_eq!(may_hold_noncharacter(&text), expected);
                #[cfg(target_arch = "x86_64")]
                assert_eq!(x86::may_hold_noncharacter_sse2(&text), expected);
            }
        }
    }

    #[test]
    fn a_text_longer_than_a_block_is_escaped_to_its_end() {
        for len in [4095, 4096, 4097, 4128, 8191, 8192, 12_345] {
            for byte in [b'a', 0x01, b'"'] {
                let bytes = vec![byte; len];
                for out in all_escape(&bytes) {
                    assert_eq!(out, escaped_one_by_one(&bytes), "{len} times {byte}");
                }
            }
        }
    }
}
