//! Hostile JSON in a column: numbers that readers would lose, text that is no JSON, endless nesting.

use serde_json::{Value, json};

use crate::values::Spoiled;

#[test]
fn numbers_in_json_that_readers_would_lose_are_told() {
    let spoiled = Spoiled::new();
    let set = |numbers: &str| {
        let value = format!(r#"[{{"type":"t","arguments":{{"n":{numbers}}}}}]"#);
        spoiled.message(&format!("content_parts = '{value}'"));
    };
    let numbers = |value: Value| value[0]["arguments"]["n"].clone();
    set("[9007199254740993,-9007199254740993,9007199254740992]");
    let kept = numbers(spoiled.field("content_parts", &["number_as_string"]));
    assert_eq!(
        kept,
        json!([
            "9007199254740993",
            "-9007199254740993",
            9_007_199_254_740_992_u64
        ])
    );
    set("[1e400,-1e400]");
    assert_eq!(
        numbers(spoiled.field("content_parts", &["not_finite"])),
        json!([null, null])
    );
    set("[NaN,Infinity,-Infinity]");
    assert_eq!(
        numbers(spoiled.field("content_parts", &["not_finite"])),
        json!([null, null, null])
    );
    set("[-0.0,1E5,0.1,1e-400]");
    numbers(spoiled.field("content_parts", &[]));
    set(r#"["\ud800","\ufffe"]"#);
    let kept = numbers(spoiled.field("content_parts", &["invalid_utf8", "noncharacter"]));
    assert_eq!(kept, json!(["\u{fffd}", "\u{fffd}"]));
}

#[test]
fn json_that_is_none_is_told_and_not_guessed() {
    let spoiled = Spoiled::new();
    for text in ["", "{", "[1,]", "[1] [2]", "{\"a\":1", "nul", "''", "[01]"] {
        let text = text.replace('\'', "''");
        spoiled.message(&format!("sources = '{text}'"));
        assert_eq!(
            spoiled.field("sources", &["invalid_json"]),
            Value::Null,
            "{text}"
        );
    }
    spoiled.message(r#"sources = '[{"title":"first","title":"last","reference":"r"}]'"#);
    let kept = spoiled.field("sources", &["invalid_json"]);
    assert_eq!(kept, json!([{"title": "last", "reference": "r"}]));
    spoiled.message("sources = 'null'");
    assert_eq!(spoiled.field("sources", &[]), Value::Null);
}

#[test]
fn json_may_nest_and_not_without_end() {
    let spoiled = Spoiled::new();
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        spoiled.message(&format!(
            r#"content_parts = '[{{"type":"t","arguments":{{"n":{open}7{close}}}}}]'"#
        ));
    };
    nested(100);
    let kept = spoiled.field("content_parts", &[]).to_string();
    assert!(kept.contains(&format!("{}7{}", "[".repeat(100), "]".repeat(100))));
    nested(126);
    assert_eq!(
        spoiled.field("content_parts", &["invalid_json"]),
        Value::Null
    );
    nested(100_000);
    assert_eq!(
        spoiled.field("content_parts", &["invalid_json"]),
        Value::Null
    );
}
