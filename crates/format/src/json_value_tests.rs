//! What the filter makes of values, and what it refuses.

use proptest::prelude::*;
use serde_json::Value;

use super::tests::{everything, filtered, rules};
use super::*;

#[test]
fn strings_are_written_in_the_one_spelling() {
    let (text, issues) =
        everything(r#"["\u0041\/\u000a\n\u001F\u007f\u2028\ud83e\udd80é\"\\\b\f\r\t\u0000"]"#);
    assert_eq!(
        text,
        "[\"A/\\n\\n\\u001f\u{7f}\u{2028}🦀é\\\"\\\\\\b\\f\\r\\t\\u0000\"]"
    );
    assert!(issues.is_empty());
}

#[test]
fn text_that_is_not_unicode_is_replaced_and_told_where_it_is_kept() {
    for input in [
        r#"["\ud800"]"#,
        r#"["\udc00\ud800"]"#,
        r#"["\ud800\u0041"]"#,
    ] {
        let (text, issues) = everything(input);
        assert!(
            text.contains('\u{FFFD}') && issues.text.invalid_utf8,
            "{input}"
        );
    }
    assert_eq!(everything(r#""a\ud800""#).0, "\"a\u{FFFD}\"");
    let (text, issues) = everything("[\"\\uFFFE\u{FDD0}\"]");
    assert_eq!(text, "[\"\u{FFFD}\u{FFFD}\"]");
    assert!(issues.text.noncharacter && !issues.text.invalid_utf8);
    let mut out = Vec::new();
    let mut issues = JsonIssues::default();
    filter(
        &mut out,
        b"{\"a\":\"\xff\",\"b\xfe\":\"\xff\"}",
        &rules(&["c"], &[]),
        &mut issues,
    )
    .unwrap();
    assert!(issues.text.is_none());
    filter(
        &mut out,
        b"[\"\xff\"]",
        &KeyFilter::everything(),
        &mut issues,
    )
    .unwrap();
    assert_eq!(out, "{}[\"\u{FFFD}\"]".as_bytes());
    assert!(issues.text.invalid_utf8);
}

#[test]
fn numbers_stay_as_they_are_written_unless_readers_would_lose_them() {
    for number in [
        "0",
        "-0",
        "12",
        "-1.50",
        "1e5",
        "1E+5",
        "0.1e-400",
        "9007199254740992",
        "1.7976931348623157e308",
        "12345678901234567890.5",
    ] {
        assert_eq!(
            everything(number),
            (number.to_owned(), JsonIssues::default())
        );
    }
    for number in [
        "9007199254740993",
        "-9007199254740993",
        "123456789012345678901234567890",
    ] {
        let (text, issues) = everything(number);
        assert_eq!(text, format!("\"{number}\""));
        assert!(issues.number_as_string);
    }
    for number in ["1e400", "-1e400", "NaN", "Infinity", "-Infinity"] {
        let (text, issues) = everything(number);
        assert_eq!(text, "null");
        assert!(issues.not_finite);
    }
}

#[test]
fn of_duplicate_keys_the_last_value_counts() {
    let told = JsonIssues {
        duplicate_key: true,
        ..JsonIssues::default()
    };
    for (input, expected) in [
        (r#"{"a":1,"b":2,"\u0061":3}"#, r#"{"b":2,"a":3}"#),
        (r#"{"a":1,"a":{"a":2,"a":3,"c":4},"a":[5]}"#, r#"{"a":[5]}"#),
        (
            r#"{"x":{"a":1,"b":{"c":1},"a":2},"y":3}"#,
            r#"{"x":{"b":{"c":1},"a":2},"y":3}"#,
        ),
    ] {
        assert_eq!(everything(input), (expected.to_owned(), told.clone()));
    }
    let (text, issues) = filtered(&rules(&["a"], &[]), r#"{"a":1,"a":{"b":2}}"#).unwrap();
    assert_eq!((text.as_str(), issues.duplicate_key), ("{}", true));
}

#[test]
fn many_members_with_duplicates_are_read_as_serde_json_reads_them() {
    let members: Vec<String> = (0..5000)
        .map(|n| format!(r#""k{}":{n}"#, n * 7919 % 1700))
        .collect();
    let input = format!("{{{}}}", members.join(","));
    let (text, issues) = everything(&input);
    assert!(issues.duplicate_key);
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read(&text), read(&input));
    assert_eq!(text.matches(':').count(), 1700);
}

#[test]
fn what_is_not_json_is_refused_and_leaves_nothing() {
    for input in [
        "",
        " ",
        "{",
        "[1,]",
        r#"{"a":1,}"#,
        "[1 2]",
        r#"{"a" 1}"#,
        "{a:1}",
        "'a'",
        "[1]x",
        "1 2",
        "// c\n1",
        "[/* c */]",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1e",
        "0x1",
        "tru",
        "nul",
        "nan",
        "-NaN",
        "\"a",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u12\"",
        "\"\\",
        "\u{feff}1",
        "[\"a\":1]",
        "}",
        "]",
    ] {
        assert!(
            filtered(&KeyFilter::everything(), input).is_err(),
            "{input:?}"
        );
        assert!(filtered(&rules(&[], &["a"]), input).is_err(), "{input:?}");
        assert!(
            values_at(input.as_bytes(), &JsonPath::default(), |_| panic!()).is_err(),
            "{input:?}"
        );
    }
    let error = filtered(&KeyFilter::everything(), "[1,]").unwrap_err();
    assert_eq!(
        error.to_string(),
        "read JSON: no value that JSON has at byte 3"
    );
}

#[test]
fn a_value_is_at_most_128_containers_deep() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(everything(&nested(128)).0, nested(128));
    for depth in [129, 1_000_000] {
        assert!(filtered(&KeyFilter::everything(), &nested(depth)).is_err());
        assert!(filtered(&rules(&["a"], &[]), &nested(depth)).is_err());
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_007_199_254_740_992_i64..=9_007_199_254_740_992).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::hash_map("[a-e]{0,2}|\\PC{0,3}", inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// As `serde_json` writes it, without noncharacters.
fn as_serde(value: &Value) -> String {
    serde_json::to_string(value)
        .unwrap()
        .replace(crate::repair::is_noncharacter, "\u{FFFD}")
}

proptest! {
    #[test]
    fn everything_is_written_as_serde_json_writes_it(value in any_json(), pretty in any::<bool>()) {
        let input = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let (text, issues) = everything(&input.unwrap());
        // Noncharacters can make two keys one.
        if !issues.text.noncharacter {
            prop_assert_eq!(&text, &as_serde(&value));
            prop_assert!(issues.is_empty());
        }
        prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
    }

    #[test]
    fn no_bytes_make_it_panic_and_what_it_takes_serde_json_takes(
        input in prop::collection::vec(prop::sample::select(
            vec!["{", "}", "[", "]", ",", ":", "\"", "a", "\\", "\\u00e9", "\\ud83e", "1", "-", ".", "e", "true", "null", " ", "\u{7f}", "\n", "é"]), 0..14)
    ) {
        let input = input.concat();
        let strict = serde_json::from_str::<Value>(&input);
        match filtered(&KeyFilter::everything(), &input) {
            Ok((text, issues)) => {
                prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
                prop_assert!(strict.is_ok() || issues.text.invalid_utf8 || issues.not_finite);
            }
            Err(_) => prop_assert!(strict.is_err()),
        }
    }

    #[test]
    fn leaves_that_a_filter_keeps_are_those_that_its_paths_name(value in any_json()) {
        let input = serde_json::to_string(&value).unwrap();
        let mut paths = Vec::new();
        for_each_leaf(input.as_bytes(), |path, _| paths.push((path.clone(), Rule::Keep))).unwrap();
        let (text, issues) = filtered(&KeyFilter::new(paths), &input).unwrap();
        prop_assert!(issues.unmapped.is_empty());
        if !issues.text.noncharacter {
            prop_assert_eq!(text, input);
        }
    }
}
