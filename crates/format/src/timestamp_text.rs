//! Points in time that databases and programs wrote as text.
//!
//! Promises: RFC 3339 and the forms of `SQLite`, `PostgreSQL` and Python mean the moment that they mean
//! there; a time without an offset is never guessed at. The usual forms are read here, without jiff;
//! jiff knows time zones and rarer forms (RFC 9557, RFC 2822, ISO 8601 without separators).

#![expect(
    clippy::cast_possible_truncation,
    reason = "dates and times of day are checked, and small"
)]

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::timestamp::{BadTimestamp, DAY_SECONDS, Moment, days_from_civil};

/// Appends the moment that a text names. Nothing is appended on an error.
///
/// `YYYY-MM-DD`, then `T` or a space and `HH:MM[:SS[.fraction]]`, then `Z` or an offset such as `+00`,
/// `+01:00`, `+0100`. Without an offset the text is a local time of `zone`, and an error if there is
/// none; where a clock change makes it doubtful, the offset before the change counts (RFC 5545). A
/// date alone is its midnight. A 60th second is refused: no other spelling of it loses nothing.
pub fn timestamp_text(
    out: &mut Vec<u8>,
    bytes: &[u8],
    zone: Option<&TimeZone>,
) -> Result<(), BadTimestamp> {
    if let Some(moment) = as_written(bytes) {
        out.push(b'"');
        out.extend_from_slice(moment);
        out.extend_from_slice(b"Z\"");
    } else {
        moment(bytes, zone)?.write(out);
    }
    Ok(())
}

/// What stands before the `Z` of a moment as the file spells it, if a text has that, as most products' do. Thousandths
/// that are nothing are left out.
fn as_written(bytes: &[u8]) -> Option<&[u8]> {
    let text = bytes.strip_suffix(b"Z")?;
    let (seconds, fraction) = text.split_first_chunk::<19>()?;
    let mut digits = *seconds;
    let marks = [4, 7, 10, 13, 16].map(|place| std::mem::replace(&mut digits[place], b'0'));
    // The fewest digits that lose nothing.
    let mut kept = fraction.len();
    while kept > 1 && fraction[1..kept].ends_with(b"000") {
        kept -= 3;
    }
    let is_fraction = match fraction {
        [] => true,
        [b'.', fraction @ ..] => matches!(fraction.len(), 3 | 6 | 9) && all_digits(fraction),
        _ => false,
    };
    if marks != *b"--T::" || !all_digits(&digits) || !is_fraction {
        return None;
    }
    let two =
        |place: usize| u32::from(digits[place] - b'0') * 10 + u32::from(digits[place + 1] - b'0');
    let local = LocalTime {
        year: two(0) * 100 + two(2),
        month: two(5),
        day: two(8),
        second_of_day: two(11) * 3600 + two(14) * 60 + two(17),
        nanosecond: 0,
        is_clock_time: two(14) <= 59 && two(17) <= 59,
        offset: Some(0),
    };
    local.check().ok()?;
    let kept = if kept > 1 { kept } else { 0 };
    text.get(..seconds.len() + kept)
}

/// All are looked at, so that the compiler takes many at a time.
fn all_digits(bytes: &[u8]) -> bool {
    let is_other = |byte: &u8| !byte.is_ascii_digit();
    !bytes.iter().fold(false, |met, byte| met | is_other(byte))
}

/// The moment that `timestamp_text` writes, for sorting and date ranges.
pub fn parse_timestamp_text(
    bytes: &[u8],
    zone: Option<&TimeZone>,
) -> Result<jiff::Timestamp, BadTimestamp> {
    Ok(moment(bytes, zone)?.to_jiff())
}

/// Appends an RFC 3339 full-date. A midnight behind it, as some programs store a date, is dropped.
pub fn date_text(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), BadTimestamp> {
    let written = LocalTime::read(bytes.trim_ascii()).ok_or(BadTimestamp::NotATime)?;
    written.check()?;
    if (written.second_of_day, written.nanosecond) != (0, 0) || written.offset.unwrap_or(0) != 0 {
        return Err(BadTimestamp::NotATime);
    }
    out.push(b'"');
    out.extend_from_slice(&bytes.trim_ascii()[..10]);
    out.push(b'"');
    Ok(())
}

fn moment(bytes: &[u8], zone: Option<&TimeZone>) -> Result<Moment, BadTimestamp> {
    let bytes = bytes.trim_ascii();
    let Some(local) = LocalTime::read(bytes) else {
        return odd_form(bytes);
    };
    local.check()?;
    match (local.offset, zone) {
        (Some(offset), _) => local.at_offset(offset),
        (None, Some(zone)) if *zone == TimeZone::UTC => local.at_offset(0),
        (None, Some(zone)) => local.in_zone(zone),
        (None, None) => Err(BadTimestamp::NoZone),
    }
}

/// Forms that name the moment in full, and that are too rare for code of our own.
fn odd_form(bytes: &[u8]) -> Result<Moment, BadTimestamp> {
    let text = std::str::from_utf8(bytes).map_err(|_| BadTimestamp::NotATime)?;
    let timestamp = text
        .parse::<jiff::Timestamp>()
        .or_else(|_| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text))
        .map_err(|_| BadTimestamp::NotATime)?;
    moment_of(timestamp)
}

fn moment_of(timestamp: jiff::Timestamp) -> Result<Moment, BadTimestamp> {
    let nanoseconds = timestamp.as_nanosecond();
    let seconds = nanoseconds.div_euclid(1_000_000_000) as i64;
    Moment::new(seconds, nanoseconds.rem_euclid(1_000_000_000) as u32)
}

/// A date and time of day as written, and its offset from UTC if that was written too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LocalTime {
    year: u32,
    month: u32,
    day: u32,
    /// Beyond a day where the hour is.
    second_of_day: u32,
    nanosecond: u32,
    /// Whether no minute and no second is beyond 59.
    is_clock_time: bool,
    offset: Option<i32>,
}

impl LocalTime {
    /// Reads the usual forms; `None` for every other.
    fn read(bytes: &[u8]) -> Option<LocalTime> {
        let (date, rest) = bytes.split_at_checked(10)?;
        if date[4] != b'-' || date[7] != b'-' {
            return None;
        }
        let mut local = LocalTime {
            year: digits(&date[..4])?,
            month: digits(&date[5..7])?,
            day: digits(&date[8..])?,
            second_of_day: 0,
            nanosecond: 0,
            is_clock_time: true,
            offset: None,
        };
        match rest.split_first() {
            None => Some(local),
            Some((b'T' | b't' | b' ', time)) => {
                let rest = local.read_time(time)?;
                local.offset = read_offset(rest).ok()?;
                Some(local)
            }
            Some(_) => None,
        }
    }

    /// Reads `HH:MM[:SS[.fraction]]` and returns what follows it.
    fn read_time<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let (hour_minute, mut rest) = bytes.split_at_checked(5)?;
        if hour_minute[2] != b':' {
            return None;
        }
        let (hour, minute) = (digits(&hour_minute[..2])?, digits(&hour_minute[3..])?);
        let mut second = 0;
        if let [b':', tens, units, after @ ..] = rest {
            second = digits(&[*tens, *units])?;
            rest = after;
            if let [b'.' | b',', fraction @ ..] = rest {
                (self.nanosecond, rest) = read_fraction(fraction)?;
            }
        }
        self.is_clock_time = minute <= 59 && second <= 59;
        self.second_of_day = hour * 3600 + minute * 60 + second;
        Some(rest)
    }

    /// Whether there is such a day and such a time of day.
    fn check(&self) -> Result<(), BadTimestamp> {
        let is_leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let last_day = match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => return Err(BadTimestamp::NotATime),
        };
        let is_day = (1..=last_day).contains(&self.day);
        let is_time = self.is_clock_time && i64::from(self.second_of_day) < DAY_SECONDS;
        if is_day && is_time {
            Ok(())
        } else {
            Err(BadTimestamp::NotATime)
        }
    }

    fn at_offset(&self, offset: i32) -> Result<Moment, BadTimestamp> {
        let days = days_from_civil(self.year, self.month, self.day);
        let seconds = days * DAY_SECONDS + i64::from(self.second_of_day) - i64::from(offset);
        Moment::new(seconds, self.nanosecond)
    }

    fn in_zone(&self, zone: &TimeZone) -> Result<Moment, BadTimestamp> {
        let second = self.second_of_day;
        let civil = DateTime::new(
            self.year as i16,
            self.month as i8,
            self.day as i8,
            (second / 3600) as i8,
            (second / 60 % 60) as i8,
            (second % 60) as i8,
            self.nanosecond.cast_signed(),
        );
        let timestamp = civil.and_then(|civil| zone.to_timestamp(civil));
        moment_of(timestamp.map_err(|_| BadTimestamp::OutOfRange)?)
    }
}

#[inline]
fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + u32::from(byte - b'0'))
    })
}

/// Reads the digits of a fraction. More than nine are read if nothing is lost.
fn read_fraction(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let len = bytes
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(bytes.len());
    let (fraction, rest) = bytes.split_at(len);
    let (kept, beyond) = fraction.split_at(len.min(9));
    if kept.is_empty() || beyond.iter().any(|&digit| digit != b'0') {
        return None;
    }
    let scale = 10_u32.pow(9 - kept.len() as u32);
    Some((digits(kept)? * scale, rest))
}

/// Reads nothing, `Z`, `+HH`, `+HHMM`, `+HH:MM` or `+HH:MM:SS`, a space before it or not.
/// `None` is a text that ends without an offset.
fn read_offset(bytes: &[u8]) -> Result<Option<i32>, BadTimestamp> {
    let (sign, number) = match bytes.trim_ascii_start() {
        [] => return Ok(None),
        [b'Z' | b'z'] => return Ok(Some(0)),
        [b'+', number @ ..] => (1, number),
        [b'-', number @ ..] => (-1, number),
        _ => return Err(BadTimestamp::NotATime),
    };
    let (hours, minutes, seconds) = match number {
        [_, _] => (number, &b"00"[..], &b"00"[..]),
        [_, _, _, _] => (&number[..2], &number[2..], &b"00"[..]),
        [_, _, b':', _, _] => (&number[..2], &number[3..], &b"00"[..]),
        [_, _, b':', _, _, b':', _, _] => (&number[..2], &number[3..5], &number[6..]),
        _ => return Err(BadTimestamp::NotATime),
    };
    let number = |text, largest| digits(text).filter(|&number| number <= largest);
    match (number(hours, 25), number(minutes, 59), number(seconds, 59)) {
        (Some(hours), Some(minutes), Some(seconds)) => Ok(Some(
            sign * (hours * 3600 + minutes * 60 + seconds).cast_signed(),
        )),
        _ => Err(BadTimestamp::NotATime),
    }
}

#[cfg(test)]
#[path = "timestamp_text_tests.rs"]
mod tests;
