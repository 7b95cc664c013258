//! Whatever the product's columns hold, the file stays valid, says what had to be changed and delivers
//! the rest.

use serde_json::{Value, json};

use crate::export_file::ExportFile;
use crate::layout::check_lines;
use crate::product::{MARTA, Product};
use crate::program::WITH_GAPS;
use crate::readers::{our_reading, readings, validate};

/// The demo with a message and a document of Marta's to spoil.
pub struct Spoiled {
    product: Product,
    message: String,
    document: String,
}

impl Spoiled {
    pub fn new() -> Spoiled {
        let product = Product::demo();
        let key = product.key(MARTA);
        let first = |table: &str, owner: &str| {
            product.text(&format!(
                "SELECT id FROM {table} WHERE {owner} = '{key}' ORDER BY created_at LIMIT 1"
            ))
        };
        Spoiled {
            message: first("messages", "author_user_id"),
            document: first("generated_documents", "user_id"),
            product,
        }
    }

    /// Sets columns of the message.
    pub fn message(&self, columns: &str) {
        let id = &self.message;
        self.product
            .sql(&format!("UPDATE messages SET {columns} WHERE id = '{id}'"));
    }

    /// The export, which must be valid and say exactly these gaps of the message's fields.
    #[track_caller]
    fn export_with_gaps(&self, section: &str, id: &str, gaps: &[(&str, &str)]) -> ExportFile {
        let file = self.product.export(MARTA);
        check_valid(&file);
        let expected: Vec<String> = gaps
            .iter()
            .map(|(code, field)| format!("{code} {section} {id} {field}"))
            .collect();
        assert_eq!(file.gaps(), expected);
        file
    }

    /// What a field of the message became, with these gaps.
    #[track_caller]
    pub fn field(&self, field: &str, gaps: &[&str]) -> Value {
        let gaps: Vec<_> = gaps.iter().map(|code| (*code, field)).collect();
        let file = self.export_with_gaps("messages", &self.message, &gaps);
        file.record("messages", &self.message)[field].clone()
    }
}

/// Readable by everything, and honest about its gaps.
#[track_caller]
fn check_valid(file: &ExportFile) {
    check_lines(file);
    validate([file]);
    for (reader, reading) in readings(file) {
        assert!(reading == our_reading(file), "{reader}");
    }
    let has_gaps = !file.list("gaps").is_empty();
    assert_eq!(file.outcome.code, if has_gaps { WITH_GAPS } else { 0 });
    assert_eq!(
        file.json["summary"]["totals"]["gaps"],
        file.list("gaps").len()
    );
    for gap in file.list("gaps") {
        let said = &file.outcome.stderr;
        for key in ["code", "section", "id", "field", "reason"] {
            let word = gap[key].as_str().unwrap_or_default();
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn text_that_is_not_unicode_is_replaced_and_nul_stays() {
    let spoiled = Spoiled::new();
    spoiled.message("content = CAST(x'61FF62C0AF63EDA08064' AS TEXT)");
    let content = spoiled.field("content", &["invalid_utf8"]);
    let content = content.as_str().unwrap();
    assert!(content.starts_with("a\u{fffd}b\u{fffd}") && content.ends_with("\u{fffd}d"));
    spoiled.message("content = 'a' || char(0xFFFE) || 'b' || char(0x1FFFF, 0xFDD0)");
    let content = spoiled.field("content", &["noncharacter"]);
    assert_eq!(content, "a\u{fffd}b\u{fffd}\u{fffd}");
    spoiled.message("content = 'a' || char(0) || 'b' || char(0x1B, 8, 0x7F, 0x2028, 0x1F600)");
    let content = spoiled.field("content", &[]);
    assert_eq!(content, "a\0b\u{1b}\u{8}\u{7f}\u{2028}😀");
    spoiled.message("content = 'the time' || char(10) || x'FE' || char(0xFFFF)");
    spoiled.field("content", &["invalid_utf8", "noncharacter"]);
}

#[test]
fn numbers_in_columns_stay_whole_or_are_told() {
    let spoiled = Spoiled::new();
    let id = &spoiled.document;
    let version = |value: &str, gaps: &[(&str, &str)]| {
        let sql = format!("UPDATE generated_documents SET version = {value} WHERE id = '{id}'");
        spoiled.product.sql(&sql);
        let file = spoiled.export_with_gaps("generated_documents", id, gaps);
        file.record("generated_documents", id)["version"].clone()
    };
    let told = [("number_as_string", "version")];
    assert_eq!(version("9007199254740992", &[]), 9_007_199_254_740_992_u64);
    assert_eq!(version("9007199254740993", &told), "9007199254740993");
    assert_eq!(
        version("-9223372036854775808", &told),
        "-9223372036854775808"
    );
    assert_eq!(version("1.5", &told), "1.5");
    assert_eq!(version("'1.5 or so'", &told), "1.5 or so");
    assert_eq!(
        version("x'FF'", &[("invalid_utf8", "version"), told[0]]),
        "\u{fffd}"
    );
    assert_eq!(version("9e999", &[("not_finite", "version")]), Value::Null);
    spoiled.product.sql(&format!(
        "UPDATE generated_documents SET version = 1 WHERE id = '{id}'"
    ));
    for (value, expected, gaps) in [
        ("9e999", Value::Null, &["not_finite"][..]),
        ("-9e999", Value::Null, &["not_finite"]),
        ("1e300", json!(1e300), &[]),
        ("-0.0", json!(-0.0), &[]),
        ("0.1", json!(0.1), &[]),
    ] {
        spoiled.message(&format!("credits_used = {value}"));
        assert_eq!(spoiled.field("credits_used", gaps), expected);
    }
}

#[test]
fn a_truth_that_is_neither_is_null_and_told() {
    let spoiled = Spoiled::new();
    spoiled.message("advanced_data_protection = 'perhaps'");
    let kept = spoiled.field("advanced_data_protection", &["invalid_json"]);
    assert_eq!(kept, Value::Null);
}

#[test]
fn a_time_that_is_none_is_null_and_told() {
    let spoiled = Spoiled::new();
    for time in [
        "yesterday",
        "",
        "2026-02-30T10:00:00Z",
        "2026-01-01 10:00",
        "0000-00-00",
        "12",
    ] {
        spoiled.message(&format!("created_at = '{time}'"));
        assert_eq!(
            spoiled.field("created_at", &["bad_timestamp"]),
            Value::Null,
            "{time}"
        );
    }
    for (time, expected) in [
        ("'2026-02-03 04:05:06.700+02'", "2026-02-03T02:05:06.700Z"),
        (
            "'2026-02-03T04:05:06.123456789Z'",
            "2026-02-03T04:05:06.123456789Z",
        ),
        ("'2026-02-03T04:05:06.120000Z'", "2026-02-03T04:05:06.120Z"),
    ] {
        spoiled.message(&format!("created_at = {time}"));
        assert_eq!(spoiled.field("created_at", &[]), expected);
    }
    spoiled
        .product
        .sql("UPDATE sign_ins SET happened_at = 99999999999999999");
    let file = spoiled.product.export(MARTA);
    check_valid(&file);
    for record in file.collection("sign_in_history") {
        let id = record["id"].as_str().unwrap();
        assert!(
            file.gaps()
                .contains(&format!("bad_timestamp other_records {id} created_at"))
        );
    }
}
