//! Each code that a finding can have, met: with its place, its record and what exactly is wrong.

use carryall_format::sign::SigningKey;
use carryall_format::verify::{Code, Options, Severity, Verdict};
use serde_json::{Value, json};

use crate::judged::{errors, known, lines, options, report, report_of_file};
use crate::lay_out::{last_line, resealed, seal, sealed};
use crate::sample;

/// The sample with a text in it replaced, its digest made to fit.
fn replaced(from: &str, to: &str) -> Vec<u8> {
    replaced_bytes(from, to.as_bytes())
}

fn replaced_bytes(from: &str, to: &[u8]) -> Vec<u8> {
    let bytes = sample::everything();
    let at = bytes
        .windows(from.len())
        .position(|found| found == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("{from} is not in the sample"));
    resealed(&[&bytes[..at], to, &bytes[at + from.len()..]].concat())
}

/// The sample with a value in it replaced, its digest made to fit.
fn changed(pointer: &str, value: Value) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(&sample::everything()).unwrap();
    *document.pointer_mut(pointer).unwrap() = value;
    sealed(&document)
}

/// Without the last line, then with what `end` makes of its two halves.
fn with_last_line(end: impl FnOnce(&str) -> String) -> Vec<u8> {
    let bytes = sample::everything();
    let (before, line) = bytes.split_at(last_line(&bytes));
    [before, end(std::str::from_utf8(line).unwrap()).as_bytes()].concat()
}

#[test]
fn extra_stands_once_in_a_record() {
    for twice in [
        r#""extra":{},"extra":{"a":"#,
        r#""extra":{},"\u0065xtra":{"a":"#,
    ] {
        let report = report(&replaced(r#""extra":{"a":"#, twice));
        assert!(errors(&report).contains(&"duplicate_key"), "{twice}");
    }
}

/// A file in which a code is met, and the options to meet it with.
fn provoked(code: Code) -> (Vec<u8>, Options) {
    let bytes = match code {
        Code::NotAnExport => b"<html>Sign in first</html>".to_vec(),
        Code::UnsupportedVersion => changed("/export/version", json!(2)),
        Code::Truncated => sample::everything()[..3000].to_vec(),
        Code::InvalidJson => replaced(r#""role":"user""#, r#""role":user"#),
        Code::InvalidUtf8 => replaced_bytes("A.5.15?", b"A.5.15\xff"),
        Code::DuplicateKey => replaced(r#""role":"user""#, r#""role":"user","role":"tool""#),
        Code::LoneSurrogate => replaced("A.5.15?", "\\ud800"),
        Code::Noncharacter => replaced("A.5.15?", "\u{ffff}"),
        Code::NumberOutOfRange => replaced("9007199254740991", "9007199254740993"),
        Code::TooDeep => replaced(
            r#"{"b":["#,
            &format!(r#"{{"b":[{}{},"#, "[".repeat(130), "]".repeat(130)),
        ),
        Code::RecordTooLarge => {
            let bytes = replaced("A.5.15?", &"x".repeat(2 << 20));
            return (
                bytes,
                Options {
                    max_record_bytes: 1 << 20,
                    ..options()
                },
            );
        }
        Code::MissingSection => replaced("\"user_memories\":[\n", "\"other_memories\":[\n"),
        Code::SectionOrder => {
            let bytes = String::from_utf8(sample::everything()).unwrap();
            let (before, rest) = bytes.split_once("\"subscriptions\":").unwrap();
            let (moved, after) = rest.split_once("\"file_contents\":").unwrap();
            let (records, other) = moved.split_once("\"other_records\":").unwrap();
            let order = [
                before,
                "\"other_records\":",
                other,
                "\"subscriptions\":",
                records,
                "\"file_contents\":",
                after,
            ];
            resealed(order.concat().as_bytes())
        }
        Code::WrongKind => changed("/messages/0/created_at", json!("2026-02-30T00:00:00Z")),
        Code::MissingField => changed("/workspace_memories/0/workspace_id", Value::Null),
        Code::UnknownField => replaced(r#""role":"user""#, r#""rule":"user""#),
        Code::DuplicateId => changed("/threads/2/id", json!("t2")),
        Code::UnresolvedReference => changed("/threads/0/workspace_id", json!("w9")),
        Code::ContentsParts => changed("/file_contents/1/part", json!(1)),
        Code::ContentsBase64 => changed("/file_contents/0/base64", json!("QQ=")),
        Code::ContentsDigest => changed("/file_contents/0/base64", json!("QQ==")),
        Code::ContentsDiffer => changed("/uploaded_files/0/size_bytes", json!(28)),
        Code::CountMismatch => changed("/summary/totals/records", json!(5)),
        Code::DirectoryMismatch => replaced(r#""offset":"#, r#""offset":9"#),
        Code::DigestMismatch => {
            let bytes = sample::everything();
            let mut changed = bytes.clone();
            changed[bytes.len() / 2] = b'x';
            changed
        }
        Code::IntegritySpelling => {
            with_last_line(|line| line.replace("\"sha256\":", "\"sha256\": "))
        }
        Code::BadSignature => {
            let bytes = sample::everything();
            let key = sample::key();
            seal(
                bytes[..last_line(&bytes)].to_vec(),
                Some((&key, "another export")),
            )
        }
        Code::SignatureRequired => {
            let bytes = resealed(&sample::everything());
            return (
                bytes,
                Options {
                    require_signature: true,
                    ..options()
                },
            );
        }
        Code::Reformatted => {
            let document: Value = serde_json::from_slice(&sample::everything()).unwrap();
            document.to_string().into_bytes()
        }
        Code::Unsigned => resealed(&sample::everything()),
        Code::UnknownKey => {
            let keys = known(&SigningKey::from_seed(&[8; 32]));
            return (sample::everything(), Options { keys, ..options() });
        }
        Code::NewerRevision => {
            let mut document: Value = serde_json::from_slice(&sample::everything()).unwrap();
            document["export"]["revision"] = json!(1);
            document["messages"][0]["mood"] = json!("new");
            document["gaps"][2]["code"] = json!("of_tomorrow");
            sealed(&document)
        }
    };
    (bytes, options())
}

#[test]
fn each_code_is_met_and_says_where_and_what() {
    let mut told = Vec::new();
    for code in Code::ALL {
        let (bytes, options) = provoked(*code);
        let report = report_of_file(&bytes, &options);
        assert!(
            report.findings.has(*code),
            "{}: {:?}",
            code.name(),
            lines(&report)
        );
        let is_sound = report.verdict == Verdict::Sound;
        assert_eq!(
            is_sound,
            code.severity() == Severity::Note,
            "{}: {:?}",
            code.name(),
            lines(&report)
        );
        let start = format!("{} ", code.name());
        told.extend(
            lines(&report)
                .into_iter()
                .find(|line| line.starts_with(&start)),
        );
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    not_an_export - - - None this is no JSON object, so it is no export
    unsupported_version - - - None it is of version 2
    truncated 29:3000 - - None the file ends in the middle, within `workspace_memories`
    invalid_json 14:1743 messages m1 None no value that JSON has
    invalid_utf8 14:1775 messages m1 None bytes that are not UTF-8
    duplicate_key 14:1757 messages m1 None `role`
    lone_surrogate 14:1769 messages m1 None half of a surrogate pair
    noncharacter 14:1769 messages m1 None U+FFFF
    number_out_of_range 15:2137 messages m2 None 9007199254740993
    too_deep 15:2300 messages m2 None more than 130 containers inside one another
    record_too_large 14:1691 - - None a record larger than this reader takes
    missing_section - user_memories - None `user_memories` is not in the file
    section_order 37:3344 - - None `subscriptions` stands after what it belongs before
    wrong_kind 14:1919 messages m1 Some("created_at") a time such as 2026-01-31T12:00:00Z belongs here
    missing_field 29:3026 workspace_memories wm1 Some("workspace_id") it is null
    unknown_field 14:1736 messages m1 Some("`rule`") the format has no such field
    duplicate_id 11:1643 threads t2 Some("id") another record of this section has the same id
    unresolved_reference 9:1481 threads t1 Some("workspace_id") it names w9, which is not among the ids of `workspaces`
    contents_parts 42:3723 file_contents f3 Some("part") part 1 stands where part 0 belongs
    contents_base64 41:3501 file_contents f1 Some("base64") it is no base64: invalid padding
    contents_digest 41:3501 file_contents f1 Some("size_bytes") the parts hold 1 bytes
    contents_differ 20:2343 uploaded_files f1 None 27 bytes with SHA-256 e2b90ece0205f446af9a9e76642b226139aacecacecc13b4446b03b816f8260e, and the record says otherwise
    count_mismatch 52:4868 summary - None `totals.records`: the summary says 5, the file has 19
    directory_mismatch 52:4865 summary - None `account_settings` is said to start at byte 9783 and to have 462 bytes; it starts at byte 783 and has 462
    digest_mismatch 53:5866 integrity - None everything before the last line has the SHA-256 cfbfa8f6c7324f637fbb2f7e4ed374d125f4c9263bb8b00c5299d5af35f514fa
    integrity_spelling 53:5866 integrity - None the last line is not spelled as an export spells it
    bad_signature 53:5866 integrity - None the signature was not made over this file by the key fe812c12f3ab4ce6
    signature_required - - - None the file has no signature that a known key made over it as it is
    reformatted - - - None the file is not laid out as it was written
    unsigned - - - None the file is not signed
    unknown_key - - - None the file is signed by the key fe812c12f3ab4ce6
    newer_revision - - - None the file is of revision 1, this program knows 0
    "#);
}

#[test]
fn a_file_that_is_no_export_is_told_so_and_is_no_findings_at_all() {
    let texts: [&[u8]; 10] = [
        b"<html>",
        b"{}",
        b"[]",
        b"null",
        b"{\"a\":1}",
        b"PK\x03\x04",
        b"\0\0\0\0",
        b"\xff\xfe{\0",
        b"{\"messages\":[]}",
        b"hello",
    ];
    for text in texts {
        let report = report_of_file(text, &options());
        assert_eq!(report.verdict, Verdict::Unreadable, "{:?}", lines(&report));
        assert!(report.findings.has(Code::NotAnExport));
    }
    let report = report_of_file(b"", &options());
    assert!(
        report.findings.has(Code::Truncated),
        "an empty file is a download that did not start"
    );
}

#[test]
fn nothing_more_than_what_is_wrong_is_told_of_one_damaged_byte() {
    let bytes = sample::everything();
    let message = bytes
        .windows(10)
        .position(|found| found == b"\"role\":\"us")
        .unwrap();
    let end = message
        + bytes[message..]
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap();
    // The bracket that ends a record: what follows is read all the same.
    let mut lost = bytes.clone();
    assert_eq!(&lost[end - 2..end], b"},");
    lost[end - 2] = b'|';
    let report = report_of_file(&lost, &options());
    let codes: Vec<_> = report
        .findings
        .counts()
        .keys()
        .map(|code| code.name())
        .collect();
    assert!(!codes.contains(&"truncated"), "{:?}", lines(&report));
    let count = |section| {
        report
            .sections
            .iter()
            .find(|one| one.section == section)
            .unwrap()
            .count
    };
    assert_eq!(
        [
            count("messages"),
            count("uploaded_files"),
            count("file_contents")
        ],
        [3, 3, 4]
    );
}
