//! The forms of time that are read, and those that are refused.

use proptest::prelude::*;

use super::*;

fn written(text: &str, zone: Option<&TimeZone>) -> Result<String, BadTimestamp> {
    let mut out = Vec::new();
    let result = timestamp_text(&mut out, text.as_bytes(), zone);
    assert!(result.is_ok() || out.is_empty());
    result.map(|()| String::from_utf8(out).unwrap().trim_matches('"').to_owned())
}

#[track_caller]
fn means(text: &str, expected: &str) {
    assert_eq!(written(text, None).as_deref(), Ok(expected), "{text}");
}

#[test]
fn the_forms_of_databases_and_programs_are_read() {
    means("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z");
    means("2026-01-02t03:04:05.000z", "2026-01-02T03:04:05Z");
    means(
        "2026-01-02 03:04:05.123456+00:00",
        "2026-01-02T03:04:05.123456Z",
    );
    means("2026-01-02 03:04:05.1+00", "2026-01-02T03:04:05.100Z");
    means("2026-01-02 03:04:05,120 +0530", "2026-01-01T21:34:05.120Z");
    means("2026-01-02 03:04+01", "2026-01-02T02:04:00Z");
    means("1890-01-02 03:04:05+00:19:32", "1890-01-02T02:44:33Z");
    means(
        "2026-01-02T03:04:05.1234567-01:00",
        "2026-01-02T04:04:05.123456700Z",
    );
    means(
        " 2026-01-02T03:04:05.1234567890000Z\n",
        "2026-01-02T03:04:05.123456789Z",
    );
    means("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z");
    means("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z");
}

#[test]
fn rarer_forms_are_left_to_jiff() {
    means(
        "2026-01-02T03:04:05+01:00[Europe/Berlin]",
        "2026-01-02T02:04:05Z",
    );
    means("20260102T030405Z", "2026-01-02T03:04:05Z");
    means("Fri, 02 Jan 2026 03:04:05 +0000", "2026-01-02T03:04:05Z");
}

#[test]
fn a_local_time_needs_a_zone() {
    assert_eq!(
        written("2026-01-02 03:04:05", None),
        Err(BadTimestamp::NoZone)
    );
    assert_eq!(written("2026-01-02", None), Err(BadTimestamp::NoZone));
    let utc = Some(&TimeZone::UTC);
    assert_eq!(
        written("2026-01-02 03:04", utc).unwrap(),
        "2026-01-02T03:04:00Z"
    );
    assert_eq!(written("2026-01-02", utc).unwrap(), "2026-01-02T00:00:00Z");
    assert_eq!(
        written("2026-01-02T03:04:05+01:00", utc).unwrap(),
        "2026-01-02T02:04:05Z"
    );
}

#[test]
fn a_local_time_in_a_clock_change_takes_the_offset_before_it() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let in_berlin = |text| written(text, Some(&berlin)).unwrap();
    assert_eq!(
        in_berlin("2026-07-01 12:00:00.5"),
        "2026-07-01T10:00:00.500Z"
    );
    assert_eq!(in_berlin("2026-10-25 02:30:00"), "2026-10-25T00:30:00Z");
    assert_eq!(in_berlin("2026-03-29 02:30:00"), "2026-03-29T01:30:00Z");
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "yesterday",
        "1700000000",
        "infinity",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T23:60:00Z",
        "2016-12-31T23:59:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.0000000001Z",
        "2026-01-01T00:00:00+99",
        "10000-01-01T00:00:00Z",
        "0044-03-15 12:00:00+00 BC",
        "2026-01-01T00:00:00 UTC+1",
    ] {
        assert_eq!(
            written(text, Some(&TimeZone::UTC)),
            Err(BadTimestamp::NotATime),
            "{text}"
        );
    }
    for text in ["9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"] {
        assert_eq!(written(text, None), Err(BadTimestamp::OutOfRange), "{text}");
    }
}

#[test]
fn a_date_is_a_day_that_exists() {
    let date = |text: &str| {
        let mut out = Vec::new();
        date_text(&mut out, text.as_bytes()).map(|()| String::from_utf8(out).unwrap())
    };
    assert_eq!(date("2024-02-29").unwrap(), r#""2024-02-29""#);
    assert_eq!(date("1990-05-17T00:00:00.000Z").unwrap(), r#""1990-05-17""#);
    for text in [
        "2023-02-29",
        "17.05.1990",
        "",
        "1990-05-17 12:00",
        "1990-05-17T00:00+01",
    ] {
        assert_eq!(date(text), Err(BadTimestamp::NotATime), "{text}");
    }
}

proptest! {
    #[test]
    fn a_text_means_what_jiff_takes_it_for(
        second in -62_000_000_000_i64..=253_000_000_000,
        nanosecond in 0..1_000_000_000_i32,
        offset_minutes in -840_i32..=840,
    ) {
        let timestamp = jiff::Timestamp::new(second, nanosecond).unwrap();
        let offset = jiff::tz::Offset::from_seconds(offset_minutes * 60).unwrap();
        let text = timestamp.display_with_offset(offset).to_string();
        prop_assert_eq!(parse_timestamp_text(text.as_bytes(), None), Ok(timestamp));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = timestamp_text(&mut Vec::new(), &bytes, Some(&TimeZone::UTC));
    }

    #[test]
    fn nothing_like_a_time_makes_it_panic(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}[-+Z:0-9.]{0,12}") {
        let zone = TimeZone::get("America/New_York").unwrap();
        let _ = timestamp_text(&mut Vec::new(), text.as_bytes(), Some(&zone));
    }
}

/// Nearly as the file spells a moment, or just so.
fn nearly_written() -> impl Strategy<Value = Vec<u8>> {
    let date = (0_u32..10_000, 0_u32..14, 0_u32..33);
    let time = (0_u32..25, 0_u32..61, 0_u32..62);
    let fraction = prop::sample::select(vec![
        "",
        ".5",
        ".000",
        ".0000",
        ".000000",
        ".000000000",
        ".000100",
        ".100000000",
        ".250",
        ".120000",
        ".123456",
        ".123456000",
        ".123456789",
    ]);
    let change = prop::option::of((0_usize..30, prop::sample::select(b"-:.TZ t0+\xff".to_vec())));
    (date, time, fraction, change).prop_map(
        |((year, month, day), (hour, minute, second), fraction, change)| {
            let text = format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"
            );
            let mut bytes = text.into_bytes();
            if let Some((place, byte)) = change
                && let Some(changed) = bytes.get_mut(place)
            {
                *changed = byte;
            }
            bytes
        },
    )
}

proptest! {
    #[test]
    fn what_is_spelled_as_in_the_file_is_copied_and_nothing_else(bytes in nearly_written()) {
        let mut copied = Vec::new();
        let found = timestamp_text(&mut copied, &bytes, None);
        let mut expected = Vec::new();
        prop_assert_eq!(found, moment(&bytes, None).map(|moment| moment.write(&mut expected)));
        prop_assert_eq!(copied, expected);
    }
}
