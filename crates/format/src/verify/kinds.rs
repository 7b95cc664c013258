//! Which texts are values of a kind.

use super::json::Json;
use crate::section::Kind;

/// Whether a string, given what stands between its quotes, is a value of the kind.
pub fn text_fits(text: &[u8], kind: Kind) -> bool {
    match kind {
        Kind::Id | Kind::Person => !text.is_empty(),
        Kind::Timestamp => is_timestamp(text),
        Kind::Date => is_date(text),
        // Beyond 2^53 a number is a string, and a gap.
        Kind::Ref(_) | Kind::Text | Kind::OneOf(_) | Kind::Integer | Kind::Number => true,
        _ => false,
    }
}

/// What belongs where a value of the kind belongs.
pub fn belongs(kind: Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Person => "a string that is not empty",
        Kind::Ref(_) => "an id",
        Kind::Refs(_) => "a list of ids",
        Kind::Text | Kind::OneOf(_) => "a string",
        Kind::Timestamp => "a time such as 2026-01-31T12:00:00Z",
        Kind::Date => "a date such as 2026-01-31",
        Kind::Boolean => "true or false",
        Kind::Integer => "an integer",
        Kind::Number => "a number",
        Kind::Json => "any value",
        Kind::Object(_) => "an object",
        Kind::Objects(_) => "a list of objects",
    }
}

/// Whether a list that is JSON has only strings in it.
pub fn list_of_strings(list: &[u8]) -> bool {
    let mut all_strings = true;
    let read = Strings::of(list).try_for_each(|item| {
        all_strings &= item.is_some();
        item.map(drop)
    });
    read.is_some() && all_strings
}

/// The strings of a list that is JSON; `None` for an element that is none.
pub struct Strings<'a> {
    json: Json<'a>,
    has_ended: bool,
}

impl<'a> Strings<'a> {
    pub fn of(list: &'a [u8]) -> Strings<'a> {
        let mut json = Json::new(list);
        let has_ended = json.enter().is_err() || json.peek() == b']';
        Strings { json, has_ended }
    }
}

impl<'a> Iterator for Strings<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let item = if self.json.peek() == b'"' {
            self.json.string().ok()
        } else {
            None
        };
        // An element that is no string ends the walk: nobody asks for what comes after it.
        self.has_ended = item.is_none() || !self.json.goes_on(b']').unwrap_or(false);
        Some(item)
    }
}

/// `YYYY-MM-DDTHH:MM:SS`, then perhaps 3, 6 or 9 digits of a second, then `Z`.
pub fn is_timestamp(text: &[u8]) -> bool {
    let Some((seconds, [fraction @ .., b'Z'])) = text.split_at_checked(19) else {
        return false;
    };
    let has_fraction = match fraction {
        [] => true,
        [b'.', digits @ ..] => {
            matches!(digits.len(), 3 | 6 | 9) && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    has_fraction && is_date(&seconds[..10]) && is_time(&seconds[10..])
}

fn is_time(text: &[u8]) -> bool {
    let [b'T', h1, h2, b':', m1, m2, b':', s1, s2] = *text else {
        return false;
    };
    two(h1, h2).is_some_and(|hour| hour < 24)
        && two(m1, m2).is_some_and(|minute| minute < 60)
        // A leap second is a second.
        && two(s1, s2).is_some_and(|second| second <= 60)
}

fn is_date(text: &[u8]) -> bool {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else {
        return false;
    };
    let (Some(century), Some(year)) = (two(y1, y2), two(y3, y4)) else {
        return false;
    };
    let year = u16::from(century) * 100 + u16::from(year);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match two(m1, m2) {
        Some(1 | 3 | 5 | 7 | 8 | 10 | 12) => 31,
        Some(4 | 6 | 9 | 11) => 30,
        Some(2) if is_leap => 29,
        Some(2) => 28,
        _ => return false,
    };
    two(d1, d2).is_some_and(|day| (1..=days).contains(&day))
}

fn two(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + ones - b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_utc_with_no_digit_of_a_second_or_three_six_or_nine() {
        let good = [
            "2026-01-31T12:00:00Z",
            "2024-02-29T23:59:60Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.123Z",
            "2026-01-31T12:00:00.123456Z",
            "2026-01-31T12:00:00.123456789Z",
        ];
        for text in good {
            assert!(is_timestamp(text.as_bytes()), "{text}");
            // No shorter text is a time, and none makes the reader stumble.
            for end in 0..text.len() {
                assert!(
                    !is_timestamp(&text.as_bytes()[..end]),
                    "{text} cut at {end}"
                );
            }
        }
        let bad = [
            "",
            "Z",
            // As long as a time without its Z, and ending in one.
            "2026-01-31T12:00:0Z",
            "2026-01-31 12:00:00Z",
            "2026-01-31t12:00:00z",
            "2026-01-31T12:00:00+00:00",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:60:00Z",
            "2026-01-31T12:00:61Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00.1Z",
            "2026-01-31T12:00:00.1234Z",
            "2026-01-31T12:00:00.1234567890Z",
            "2026-01-31T12:00:00,123Z",
            "2026-02-30T12:00:00Z",
            "+026-01-31T12:00:00Z",
        ];
        for text in bad {
            assert!(!is_timestamp(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_date_is_a_day_that_there_is() {
        for text in [
            "2026-01-31",
            "2024-02-29",
            "2000-02-29",
            "0000-12-31",
            "2026-04-30",
        ] {
            assert!(is_date(text.as_bytes()), "{text}");
        }
        let bad = [
            "",
            "2026-1-31",
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-01-32",
            "2026/01/31",
            "2026-01-311",
            "20260-1-31",
        ];
        for text in bad {
            assert!(!is_date(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_list_of_ids_has_strings_and_nothing_else_in_it() {
        for list in ["[]", "[ ]", r#"["a"]"#, r#"[ "a" , "\"b" ]"#] {
            assert!(list_of_strings(list.as_bytes()), "{list}");
        }
        for list in ["[1]", r#"["a",null]"#, r#"[["a"]]"#, r#"[{},"a"]"#] {
            assert!(!list_of_strings(list.as_bytes()), "{list}");
        }
    }
}
