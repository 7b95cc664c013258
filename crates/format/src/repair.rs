//! Text that is not Unicode, or not fit for interchange, made fit.
//!
//! Promises: what `settle` leaves in the buffer is valid UTF-8 without noncharacters (U+FDD0 to
//! U+FDEF and the last two of each plane), which I-JSON (RFC 7493) asks for. Each maximal part of an
//! ill-formed sequence becomes one U+FFFD, as `String::from_utf8_lossy` does it.

use crate::simd;

/// What had to be changed in a text.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextIssues {
    /// Bytes that are not UTF-8 became U+FFFD.
    pub invalid_utf8: bool,
    /// Noncharacters became U+FFFD.
    pub noncharacter: bool,
}

impl TextIssues {
    /// Whether nothing was changed.
    pub fn is_none(self) -> bool {
        self == TextIssues::default()
    }
}

impl std::ops::BitOrAssign for TextIssues {
    fn bitor_assign(&mut self, other: TextIssues) {
        self.invalid_utf8 |= other.invalid_utf8;
        self.noncharacter |= other.noncharacter;
    }
}

/// Checks and repairs what was appended to `out` since `start`, in which no byte exceeds `largest`.
///
/// It works on text that is escaped already: escapes are ASCII, so the repair is the same as before
/// them, and a text without fault is checked while it is still in the cache.
pub fn settle(out: &mut Vec<u8>, start: usize, largest: u8) -> TextIssues {
    let mut issues = TextIssues::default();
    if largest < 0x80 {
        return issues;
    }
    issues.invalid_utf8 = simdutf8::basic::from_utf8(&out[start..]).is_err();
    if issues.invalid_utf8 {
        let repaired = String::from_utf8_lossy(&out[start..]).into_owned();
        out.truncate(start);
        out.extend_from_slice(repaired.as_bytes());
    }
    // The smallest noncharacter starts with 0xEF, and so does U+FFFD.
    if largest >= 0xEF && simd::may_hold_noncharacter(&out[start..]) {
        issues.noncharacter = replace_noncharacters(out, start);
    }
    issues
}

fn replace_noncharacters(out: &mut Vec<u8>, start: usize) -> bool {
    // Valid by now, so nothing is replaced here but what is looked for.
    let text = String::from_utf8_lossy(&out[start..]);
    if !text.contains(is_noncharacter) {
        return false;
    }
    let repaired = text.replace(is_noncharacter, "\u{FFFD}");
    out.truncate(start);
    out.extend_from_slice(repaired.as_bytes());
    true
}

/// Whether Unicode keeps this code point from ever being a character.
pub fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}
