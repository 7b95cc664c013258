//! Points in time, as the file spells them.
//!
//! Promises: RFC 3339 in UTC with `Z` and 0, 3, 6 or 9 digits of a second, the fewest that lose
//! nothing; years 0000 to 9999. Own arithmetic, because every record has two or three of them.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "remainders and days are within range once the year is"
)]

/// What an integer or real time since 1970 counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `s`
    Seconds,
    /// `ms`
    Milliseconds,
    /// `us`
    Microseconds,
    /// `ns`
    Nanoseconds,
}

impl Unit {
    /// The unit with this short name: `s`, `ms`, `us` or `ns`.
    pub fn named(name: &str) -> Option<Unit> {
        match name {
            "s" => Some(Unit::Seconds),
            "ms" => Some(Unit::Milliseconds),
            "us" => Some(Unit::Microseconds),
            "ns" => Some(Unit::Nanoseconds),
            _ => None,
        }
    }

    const fn per_second(self) -> i64 {
        match self {
            Unit::Seconds => 1,
            Unit::Milliseconds => 1_000,
            Unit::Microseconds => 1_000_000,
            Unit::Nanoseconds => NANOSECONDS,
        }
    }
}

/// Why a value is no point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTimestamp {
    /// Not a form that is known, or no such day or hour.
    #[error("not a date and time")]
    NotATime,
    /// A local time that could be any of many moments.
    #[error("a local time without its time zone")]
    NoZone,
    /// RFC 3339 has four digits for the year.
    #[error("outside the years 0000 to 9999")]
    OutOfRange,
}

const NANOSECONDS: i64 = 1_000_000_000;
pub const DAY_SECONDS: i64 = 86_400;
/// 0000-01-01T00:00:00Z
const FIRST_SECOND: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z
const LAST_SECOND: i64 = 253_402_300_799;

/// A moment from the year 0000 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    seconds: i64,
    nanosecond: u32,
}

impl Moment {
    pub fn new(seconds: i64, nanosecond: u32) -> Result<Moment, BadTimestamp> {
        if (FIRST_SECOND..=LAST_SECOND).contains(&seconds) {
            Ok(Moment {
                seconds,
                nanosecond,
            })
        } else {
            Err(BadTimestamp::OutOfRange)
        }
    }

    fn from_integer(value: i64, unit: Unit) -> Result<Moment, BadTimestamp> {
        let per_second = unit.per_second();
        let nanosecond = value.rem_euclid(per_second) * (NANOSECONDS / per_second);
        Moment::new(value.div_euclid(per_second), nanosecond as u32)
    }

    /// Reads the shortest decimal that stands for `value`, which is what people and programs wrote:
    /// 1700000000.1 is .1 and not .099999904. Beyond nanoseconds it is rounded.
    fn from_real(value: f64, unit: Unit) -> Result<Moment, BadTimestamp> {
        if !value.is_finite() {
            return Err(BadTimestamp::NotATime);
        }
        if value.abs() > 1e21 {
            return Err(BadTimestamp::OutOfRange);
        }
        let decimal = value.abs().to_string();
        let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
        let fraction = &fraction[..fraction.len().min(18)];
        let unit_nanoseconds = i128::from(NANOSECONDS / unit.per_second());
        let scale = 10_i128.pow(fraction.len() as u32);
        let part = format!("0{fraction}").parse().map_or(0, |part: i128| part);
        let whole: i128 = whole.parse().map_err(|_| BadTimestamp::NotATime)?;
        let size = whole * unit_nanoseconds + (part * unit_nanoseconds + scale / 2) / scale;
        let total = if value < 0.0 { -size } else { size };
        let seconds = i64::try_from(total.div_euclid(i128::from(NANOSECONDS)));
        let nanosecond = total.rem_euclid(i128::from(NANOSECONDS)) as u32;
        Moment::new(seconds.map_err(|_| BadTimestamp::OutOfRange)?, nanosecond)
    }

    /// For sorting and date ranges. The last day of 9999, which this type does not reach, becomes
    /// its last moment.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::new(self.seconds, self.nanosecond.cast_signed())
            .unwrap_or(jiff::Timestamp::MAX)
    }

    /// Appends it with quotes.
    pub fn write(self, out: &mut Vec<u8>) {
        let (year, month, day) = civil_date(self.seconds.div_euclid(DAY_SECONDS));
        let second_of_day = self.seconds.rem_euclid(DAY_SECONDS) as u32;
        let mut text = *b"\"0000-00-00T00:00:00.000000000Z\"";
        put_digits(&mut text[1..5], year);
        put_digits(&mut text[6..8], month);
        put_digits(&mut text[9..11], day);
        put_digits(&mut text[12..14], second_of_day / 3600);
        put_digits(&mut text[15..17], second_of_day / 60 % 60);
        put_digits(&mut text[18..20], second_of_day % 60);
        let len = if self.nanosecond == 0 {
            20
        } else {
            put_digits(&mut text[21..30], self.nanosecond);
            match self.nanosecond {
                n if n.is_multiple_of(1_000_000) => 24,
                n if n.is_multiple_of(1_000) => 27,
                _ => 30,
            }
        };
        text[len] = b'Z';
        text[len + 1] = b'"';
        out.extend_from_slice(&text[..len + 2]);
    }
}

#[inline]
fn put_digits(place: &mut [u8], mut value: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, and `civil_date` back.
///
/// Both count years from March, so that the leap day is a year's last, and shift by one cycle of 400
/// years (146,097 days), so that nothing is negative.
pub fn days_from_civil(year: u32, month: u32, day: u32) -> i64 {
    let year = year + 400 - u32::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year;
    i64::from(days) - (719_468 + 146_097)
}

fn civil_date(days: i64) -> (u32, u32, u32) {
    let days = (days + 719_468 + 146_097) as u32;
    let (cycle, day_of_cycle) = (days / 146_097, days % 146_097);
    let leap_days = day_of_cycle / 1_460 - day_of_cycle / 36_524 + day_of_cycle / 146_096;
    let year_of_cycle = (day_of_cycle - leap_days) / 365;
    let first_day = 365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100;
    let day_of_year = day_of_cycle - first_day;
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = cycle * 400 + year_of_cycle + u32::from(month <= 2) - 400;
    (year, month, day)
}

/// Appends the time that an integer counts since 1970. Nothing is appended on an error.
pub fn timestamp_integer(out: &mut Vec<u8>, value: i64, unit: Unit) -> Result<(), BadTimestamp> {
    Moment::from_integer(value, unit)?.write(out);
    Ok(())
}

/// Appends the time that a real number counts since 1970, to the nanosecond. Nothing is appended on
/// an error.
pub fn timestamp_real(out: &mut Vec<u8>, value: f64, unit: Unit) -> Result<(), BadTimestamp> {
    Moment::from_real(value, unit)?.write(out);
    Ok(())
}

/// The moment that `timestamp_integer` writes, for sorting and date ranges.
pub fn parse_timestamp_integer(value: i64, unit: Unit) -> Result<jiff::Timestamp, BadTimestamp> {
    Ok(Moment::from_integer(value, unit)?.to_jiff())
}

/// The moment that `timestamp_real` writes, for sorting and date ranges.
pub fn parse_timestamp_real(value: f64, unit: Unit) -> Result<jiff::Timestamp, BadTimestamp> {
    Ok(Moment::from_real(value, unit)?.to_jiff())
}

#[cfg(test)]
#[expect(
    clippy::cast_precision_loss,
    reason = "the integers of the test fit a double"
)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn integer(value: i64, unit: Unit) -> Result<String, BadTimestamp> {
        let mut out = Vec::new();
        timestamp_integer(&mut out, value, unit)?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn real(value: f64, unit: Unit) -> Result<String, BadTimestamp> {
        let mut out = Vec::new();
        timestamp_real(&mut out, value, unit)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_fewest_digits_that_lose_nothing_are_written() {
        let nanoseconds = |value| integer(value, Unit::Nanoseconds).unwrap();
        assert_eq!(
            integer(0, Unit::Seconds).unwrap(),
            r#""1970-01-01T00:00:00Z""#
        );
        assert_eq!(nanoseconds(1_500_000_000), r#""1970-01-01T00:00:01.500Z""#);
        assert_eq!(
            nanoseconds(1_000_001_000),
            r#""1970-01-01T00:00:01.000001Z""#
        );
        assert_eq!(nanoseconds(1), r#""1970-01-01T00:00:00.000000001Z""#);
        assert_eq!(nanoseconds(-1), r#""1969-12-31T23:59:59.999999999Z""#);
        assert_eq!(
            integer(-1, Unit::Milliseconds).unwrap(),
            r#""1969-12-31T23:59:59.999Z""#
        );
    }

    #[test]
    fn only_years_of_four_digits_are_written() {
        assert_eq!(
            integer(FIRST_SECOND, Unit::Seconds).unwrap(),
            r#""0000-01-01T00:00:00Z""#
        );
        assert_eq!(
            integer(LAST_SECOND, Unit::Seconds).unwrap(),
            r#""9999-12-31T23:59:59Z""#
        );
        for value in [FIRST_SECOND - 1, LAST_SECOND + 1, i64::MIN, i64::MAX] {
            assert_eq!(integer(value, Unit::Seconds), Err(BadTimestamp::OutOfRange));
        }
    }

    #[test]
    fn a_real_time_is_read_as_the_shortest_decimal_that_stands_for_it() {
        assert_eq!(
            real(1_700_000_000.1, Unit::Seconds).unwrap(),
            r#""2023-11-14T22:13:20.100Z""#
        );
        assert_eq!(
            real(1_700_000_000.123_456_7, Unit::Seconds).unwrap(),
            r#""2023-11-14T22:13:20.123456700Z""#
        );
        assert_eq!(
            real(1.7e12, Unit::Milliseconds).unwrap(),
            r#""2023-11-14T22:13:20Z""#
        );
        assert_eq!(
            real(-0.5, Unit::Seconds).unwrap(),
            r#""1969-12-31T23:59:59.500Z""#
        );
        assert_eq!(
            real(5e-324, Unit::Seconds).unwrap(),
            r#""1970-01-01T00:00:00Z""#
        );
    }

    #[test]
    fn a_real_that_is_no_time_is_refused_and_writes_nothing() {
        let mut out = Vec::new();
        for value in [f64::NAN, f64::INFINITY, 1e300, -1e300, 1e20] {
            assert!(timestamp_real(&mut out, value, Unit::Seconds).is_err());
        }
        assert!(out.is_empty());
    }

    #[test]
    fn the_last_day_sorts_after_every_other() {
        let last = parse_timestamp_integer(LAST_SECOND, Unit::Seconds).unwrap();
        assert_eq!(last, jiff::Timestamp::MAX);
    }

    proptest! {
        #[test]
        fn every_moment_reads_back_through_jiff(
            seconds in FIRST_SECOND..=jiff::Timestamp::MAX.as_second() - 1,
            nanosecond in prop_oneof![
                Just(0), 0_u32..1_000_000_000,
                (0_u32..1_000).prop_map(|ms| ms * 1_000_000),
                (0_u32..1_000_000).prop_map(|us| us * 1_000),
            ],
        ) {
            let moment = Moment::new(seconds, nanosecond).unwrap();
            let mut out = Vec::new();
            moment.write(&mut out);
            let text = std::str::from_utf8(&out[1..out.len() - 1]).unwrap();
            let read: jiff::Timestamp = text.parse().unwrap();
            prop_assert_eq!(read, moment.to_jiff());
            let nanoseconds = i128::from(seconds) * i128::from(NANOSECONDS) + i128::from(nanosecond);
            prop_assert_eq!(read.as_nanosecond(), nanoseconds);
            prop_assert_eq!(out[..11].to_vec(), format!("\"{}", read.strftime("%Y-%m-%d")).into_bytes());
        }

        #[test]
        fn every_day_counts_back_and_forth(days in -719_528_i64..=2_932_896) {
            let (year, month, day) = civil_date(days);
            prop_assert_eq!(days_from_civil(year, month, day), days);
        }

        #[test]
        fn whole_reals_are_the_integers(value in -60_000_000_000_i64..=250_000_000_000) {
            prop_assert_eq!(real(value as f64, Unit::Seconds), integer(value, Unit::Seconds));
        }
    }
}
