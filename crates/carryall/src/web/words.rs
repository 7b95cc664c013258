//! Numbers, sizes and times as people read them.

use jiff::Timestamp;

/// `1,204`
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 thread`, `1,204 threads`
pub fn count_of(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `2.4 MB`
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    for (unit, name) in UNITS {
        if bytes >= unit {
            let tenths = u128::from(bytes) * 10 / u128::from(unit);
            return if tenths >= 100 {
                format!("{} {name}", tenths / 10)
            } else {
                format!("{}.{} {name}", tenths / 10, tenths % 10)
            };
        }
    }
    count_of(bytes, "byte", "bytes")
}

/// `23 November 2026, 10:04 UTC`
pub fn moment(time: Timestamp) -> String {
    time.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// `23 November 2026`
pub fn day(time: Timestamp) -> String {
    time.strftime("%-d %B %Y").to_string()
}

/// How far away a coming time is: `in 23 hours`, `in 5 minutes`.
pub fn from_now(time: Timestamp, now: Timestamp) -> String {
    let minutes = (time - now).as_secs().saturating_add(30) / 60;
    let hours = minutes.saturating_add(30) / 60;
    let said = |number: i64, one, many| {
        format!(
            "in {}",
            count_of(u64::try_from(number).unwrap_or(0), one, many)
        )
    };
    match minutes {
        ..=0 => "now".to_owned(),
        1..=90 => said(minutes, "minute", "minutes"),
        _ if hours <= 48 => said(hours, "hour", "hours"),
        _ => said((hours + 12) / 24, "day", "days"),
    }
}

/// With a capital first letter: a data map says what is withheld in the middle of a sentence.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>());
    let mut sentence = first.unwrap_or_default() + letters.as_str();
    if !sentence.is_empty() && !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes_are_short_and_grouped() {
        assert_eq!(
            [count(0), count(999), count(1_204_000)],
            ["0", "999", "1,204,000"]
        );
        assert_eq!(count_of(1, "thread", "threads"), "1 thread");
        assert_eq!([size(1), size(999)], ["1 byte", "999 bytes"]);
        assert_eq!([size(2_449_999), size(24_400_000)], ["2.4 MB", "24 MB"]);
        assert_eq!([size(1_000), size(3_000_000_000)], ["1.0 kB", "3.0 GB"]);
    }

    #[test]
    fn times_say_how_long_is_left() {
        let now: Timestamp = "2026-11-23T10:04:00Z".parse().expect("a timestamp");
        assert_eq!(moment(now), "23 November 2026, 10:04 UTC");
        let left = |minutes: i64| from_now(now + jiff::SignedDuration::from_mins(minutes), now);
        assert_eq!(
            [left(0), left(1), left(90)],
            ["now", "in 1 minute", "in 90 minutes"]
        );
        assert_eq!(
            [left(24 * 60), left(5 * 24 * 60)],
            ["in 24 hours", "in 5 days"]
        );
    }

    #[test]
    fn the_map_s_words_become_sentences() {
        assert_eq!(
            sentence("your password, as a hash"),
            "Your password, as a hash."
        );
        assert_eq!(sentence("Already one."), "Already one.");
    }
}
