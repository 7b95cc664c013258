//! The clock of Art. 12(3) GDPR: a month from the receipt of a request, three when it was extended.
//!
//! Months are those of the calendar. A day that the month does not have is its last one (Regulation
//! 1182/71, Art. 3(2)(c)). Holidays are not known here, and would only ever give more time.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// When an answer is due.
pub fn due(received: Date) -> Date {
    received.saturating_add(1.month())
}

/// When it is due at the latest, with two further months.
pub fn extended(received: Date) -> Date {
    received.saturating_add(3.months())
}

/// The day, in UTC.
pub fn day_of(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

/// How long it is until then, in words; negative when it is past.
pub fn days_left(due: Date, today: Date) -> i32 {
    today.until(due).map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_one_of_the_calendar_and_ends_with_its_last_day() {
        let day = |text: &str| text.parse::<Date>().expect("a date");
        for (received, month, three) in [
            ("2026-11-24", "2026-12-24", "2027-02-24"),
            ("2026-01-31", "2026-02-28", "2026-04-30"),
            ("2028-01-31", "2028-02-29", "2028-04-30"),
            ("2026-11-30", "2026-12-30", "2027-02-28"),
            ("2026-12-31", "2027-01-31", "2027-03-31"),
        ] {
            assert_eq!(due(day(received)), day(month), "{received}");
            assert_eq!(extended(day(received)), day(three), "{received}");
        }
        assert_eq!(days_left(day("2026-12-24"), day("2026-11-24")), 30);
        assert_eq!(days_left(day("2026-11-20"), day("2026-11-24")), -4);
        assert_eq!(days_left(day("2026-11-24"), day("2026-11-24")), 0);
    }
}
