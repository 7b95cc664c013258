//! Times and dates as text. PostgreSQL counts from 2000-01-01, in microseconds and days.

use super::plain;

const DAY: i64 = 86_400_000_000;
/// `09:30:00`
const SECONDS_BYTES: usize = 8;
/// Days from 0000-03-01 to 2000-01-01.
const DAYS_TO_2000: i64 = 730_425;

/// `2026-03-01T09:30:00.250`, with `Z` when it is UTC: as an export spells it.
pub(super) fn timestamp(out: &mut Vec<u8>, micros: i64, is_utc: bool) {
    match micros {
        i64::MAX => return out.extend_from_slice(b"infinity"),
        i64::MIN => return out.extend_from_slice(b"-infinity"),
        _ => {}
    }
    day(out, micros.div_euclid(DAY));
    out.push(b'T');
    let start = out.len();
    time(out, micros.rem_euclid(DAY));
    if out.len() > start + SECONDS_BYTES {
        let digits = (out.len() - start - SECONDS_BYTES - 1).next_multiple_of(3);
        out.resize(start + SECONDS_BYTES + 1 + digits, b'0');
    }
    if is_utc {
        out.push(b'Z');
    }
}

/// `2026-03-01`
pub(super) fn date(out: &mut Vec<u8>, days: i32) {
    match days {
        i32::MAX => out.extend_from_slice(b"infinity"),
        i32::MIN => out.extend_from_slice(b"-infinity"),
        _ => day(out, i64::from(days)),
    }
}

/// `09:30:00.25`
pub(super) fn time(out: &mut Vec<u8>, micros: i64) {
    let seconds = micros / 1_000_000;
    two(out, seconds / 3600);
    out.push(b':');
    two(out, seconds / 60 % 60);
    out.push(b':');
    two(out, seconds % 60);
    let fraction = micros % 1_000_000;
    if fraction > 0 {
        out.push(b'.');
        two(out, fraction / 10_000);
        two(out, fraction / 100 % 100);
        two(out, fraction % 100);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

/// The calendar's days in a 400-year circle that begins in March
/// (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
fn day(out: &mut Vec<u8>, since_2000: i64) {
    let days = since_2000 + DAYS_TO_2000;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if (0..10_000).contains(&year) {
        two(out, year / 100);
        two(out, year % 100);
    } else {
        plain(out, &format_args!("{year:+07}"));
    }
    out.push(b'-');
    two(out, month);
    out.push(b'-');
    two(out, day_of_year - (153 * month_from_march + 2) / 5 + 1);
}

/// The last two digits of a number that is not negative.
fn two(out: &mut Vec<u8>, number: i64) {
    let number = u8::try_from(number % 100).unwrap_or(0);
    out.extend_from_slice(&[b'0' + number / 10, b'0' + number % 10]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(micros: i64) -> String {
        let mut out = Vec::new();
        timestamp(&mut out, micros, true);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_moment_is_written_with_the_digits_that_it_has() {
        for (micros, text) in [
            (0, "2000-01-01T00:00:00Z"),
            (-1, "1999-12-31T23:59:59.999999Z"),
            (59 * DAY + 250_000, "2000-02-29T00:00:00.250Z"),
            (60 * DAY, "2000-03-01T00:00:00Z"),
            (-10_957 * DAY, "1970-01-01T00:00:00Z"),
            (i64::MAX, "infinity"),
        ] {
            assert_eq!(shown(micros), text);
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let first = jiff::civil::date(2000, 1, 1);
        for days in (-700_000..2_900_000).step_by(997) {
            let mut out = Vec::new();
            date(&mut out, days);
            let expected = first + jiff::Span::new().days(days);
            assert_eq!(String::from_utf8(out).unwrap(), expected.to_string());
        }
    }
}
