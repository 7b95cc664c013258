//! Points in time, to the millisecond, without a clock.

use std::fmt;

use anyhow::{Context, Result};

const MILLIS_A_DAY: i64 = 86_400_000;

/// Milliseconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Moment(i64);

impl Moment {
    /// Reads `2026-11-09T08:12:33.123Z`; seconds and milliseconds may be missing.
    pub fn parse(text: &str) -> Result<Self> {
        let numbers: Vec<i64> = text
            .trim_end_matches('Z')
            .split(['-', 'T', ':', '.'])
            .map(str::parse)
            .collect::<Result<_, _>>()
            .with_context(|| format!("`{text}` is not a time"))?;
        let part = |index: usize| numbers.get(index).copied().unwrap_or(0);
        let days = days_from_civil(part(0), part(1), part(2));
        let seconds = part(3) * 3600 + part(4) * 60 + part(5);
        Ok(Self(days * MILLIS_A_DAY + seconds * 1000 + part(6)))
    }

    /// So many milliseconds later.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0 + millis)
    }

    /// So many days later.
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0 + days * MILLIS_A_DAY)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl TryFrom<String> for Moment {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(MILLIS_A_DAY));
        let rest = self.0.rem_euclid(MILLIS_A_DAY);
        let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
        let (second, milli) = (rest / 1000 % 60, rest % 1000);
        write!(
            out,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"
        )
    }
}

/// Days since 1970 of a date in the Gregorian calendar. Years are counted from March, so that the
/// leap day is a year's last.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The reverse.
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + (month <= 2) as i64;
    (year, month, day)
}
