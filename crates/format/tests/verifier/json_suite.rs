//! The public test suite for JSON readers: the verifier accepts what JSON is, and rejects what it is not.
//!
//! What a reader may do as it likes (`i_`), and what is JSON but no I-JSON (RFC 7493), stands in tables here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use carryall_format::read::Splitter;
use carryall_format::verify::{Code, Verdict, check_json};

use crate::judged::{errors, lines, report};
use crate::lay_out::{self, seal};
use crate::sample;

/// Cases by name, with the two that are large and made here.
fn cases() -> BTreeMap<String, Vec<u8>> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/json-test-suite/test_parsing");
    let mut cases: BTreeMap<_, _> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter_map(|entry| {
            let name = entry
                .file_name()
                .into_string()
                .unwrap()
                .strip_suffix(".json")?
                .to_owned();
            Some((name, fs::read(entry.path()).unwrap()))
        })
        .collect();
    let large = [
        ("n_structure_100000_opening_arrays", "[".repeat(100_000)),
        (
            "n_structure_open_array_object",
            format!("{}\n", "[{\"\":".repeat(50_000)),
        ),
    ];
    cases.extend(large.map(|(name, text)| (name.to_owned(), text.into_bytes())));
    assert_eq!(cases.len(), 318, "the suite is all there");
    cases
}

/// What a text is told: `json`, `flawed: CODES` or `no json`.
fn told(text: &[u8]) -> String {
    match check_json(text) {
        Err(_) => "no json".to_owned(),
        Ok(codes) if codes.is_empty() => "json".to_owned(),
        Ok(codes) => {
            let mut names: Vec<_> = codes.into_iter().map(Code::name).collect();
            names.dedup();
            format!("flawed: {}", names.join(" "))
        }
    }
}

#[test]
fn what_json_is_is_accepted_and_what_it_is_not_is_rejected() {
    for (name, text) in cases() {
        match (&name[..2], told(&text).as_str()) {
            ("y_", told) => assert_ne!(told, "no json", "{name}"),
            ("n_", told) => assert_eq!(told, "no json", "{name}"),
            _ => {}
        }
    }
}

/// A duplicate key and a noncharacter are JSON. Bytes that are not UTF-8 are not (RFC 8259 section 8.1):
/// the reader goes on behind them, and the file is unsound.
#[test]
fn what_readers_may_differ_on_is_told_as_this_table_says() {
    let told: Vec<_> = cases()
        .into_iter()
        .map(|(name, text)| (told(&text), name))
        .filter(|(told, name)| name.starts_with("i_") || (name.starts_with("y_") && told != "json"))
        .map(|(told, name)| format!("{name}: {told}"))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    i_number_double_huge_neg_exp: json
    i_number_huge_exp: flawed: number_out_of_range
    i_number_neg_int_huge_exp: flawed: number_out_of_range
    i_number_pos_double_huge_exp: flawed: number_out_of_range
    i_number_real_neg_overflow: flawed: number_out_of_range
    i_number_real_pos_overflow: flawed: number_out_of_range
    i_number_real_underflow: json
    i_number_too_big_neg_int: flawed: number_out_of_range
    i_number_too_big_pos_int: flawed: number_out_of_range
    i_number_very_big_negative_int: flawed: number_out_of_range
    i_object_key_lone_2nd_surrogate: flawed: lone_surrogate
    i_string_1st_surrogate_but_2nd_missing: flawed: lone_surrogate
    i_string_1st_valid_surrogate_2nd_invalid: flawed: lone_surrogate
    i_string_UTF-16LE_with_BOM: no json
    i_string_UTF-8_invalid_sequence: flawed: invalid_utf8
    i_string_UTF8_surrogate_U+D800: flawed: invalid_utf8
    i_string_incomplete_surrogate_and_escape_valid: flawed: lone_surrogate
    i_string_incomplete_surrogate_pair: flawed: lone_surrogate
    i_string_incomplete_surrogates_escape_valid: flawed: lone_surrogate
    i_string_invalid_lonely_surrogate: flawed: lone_surrogate
    i_string_invalid_surrogate: flawed: lone_surrogate
    i_string_invalid_utf-8: flawed: invalid_utf8
    i_string_inverted_surrogates_U+1D11E: flawed: lone_surrogate
    i_string_iso_latin_1: flawed: invalid_utf8
    i_string_lone_second_surrogate: flawed: lone_surrogate
    i_string_lone_utf8_continuation_byte: flawed: invalid_utf8
    i_string_not_in_unicode_range: flawed: invalid_utf8
    i_string_overlong_sequence_2_bytes: flawed: invalid_utf8
    i_string_overlong_sequence_6_bytes: flawed: invalid_utf8
    i_string_overlong_sequence_6_bytes_null: flawed: invalid_utf8
    i_string_truncated-utf-8: flawed: invalid_utf8
    i_string_utf16BE_no_BOM: no json
    i_string_utf16LE_no_BOM: no json
    i_structure_500_nested_arrays: no json
    i_structure_UTF-8_BOM_empty_object: no json
    y_object_duplicated_key: flawed: duplicate_key
    y_object_duplicated_key_and_value: flawed: duplicate_key
    y_string_escaped_noncharacter: flawed: noncharacter
    y_string_last_surrogates_1_and_2: flawed: noncharacter
    y_string_nonCharacterInUTF-8_U+10FFFF: flawed: noncharacter
    y_string_nonCharacterInUTF-8_U+FFFF: flawed: noncharacter
    y_string_unicode_U+10FFFE_nonchar: flawed: noncharacter
    y_string_unicode_U+1FFFE_nonchar: flawed: noncharacter
    y_string_unicode_U+FDD0_nonchar: flawed: noncharacter
    y_string_unicode_U+FFFE_nonchar: flawed: noncharacter
    ");
}

/// The sample, with a text as the value of a message's `extra.case`, sealed again.
fn in_a_record(text: &[u8]) -> Vec<u8> {
    let bytes = sample::everything();
    let before = lay_out::last_line(&bytes);
    let place = b"\"extra\":{\"a\":";
    let at = bytes
        .windows(place.len())
        .position(|found| found == place)
        .unwrap()
        + place.len()
        - 4;
    seal(
        [&bytes[..at], b"\"case\":", text, b",", &bytes[at..before]].concat(),
        None,
    )
}

/// The same without a layout.
fn in_a_rewritten_file(text: &[u8]) -> Vec<u8> {
    let mut bytes = in_a_record(text);
    bytes.splice(..2, *b"{ ");
    bytes
}

#[test]
fn a_record_that_is_no_json_is_never_sound() {
    for (name, text) in cases() {
        let is_i_json = told(&text) == "json";
        for bytes in [in_a_record(&text), in_a_rewritten_file(&text)] {
            let report = report(&bytes);
            // The directory is off by the length of the text. Nothing else is wrong with a good one; in
            // a line, that a text has a line feed in it is told by the digest.
            let errors = errors(&report);
            let wrong = errors
                .iter()
                .any(|code| !["directory_mismatch", "digest_mismatch"].contains(code));
            assert_eq!(wrong, !is_i_json, "{name}: {:?}", lines(&report));
            assert!(is_i_json || report.verdict == Verdict::Findings, "{name}");
        }
    }
}

#[test]
fn a_whole_file_that_is_a_case_is_never_sound_and_never_a_panic() {
    for (name, text) in cases() {
        let report = report(&text);
        assert_ne!(report.verdict, Verdict::Sound, "{name}");
        assert!(!errors(&report).is_empty(), "{name}");
        for step in [3, 4, 5, 7, 1 << 20] {
            let mut splitter = Splitter::new(&text[..]).with_read_bytes(step);
            while let Some(piece) = splitter.next_piece().unwrap() {
                assert!(piece.covered_bytes <= piece.block.len(), "{name}");
            }
            let outline = splitter.outline();
            assert!(outline.size_bytes <= text.len() as u64, "{name}");
        }
    }
}
