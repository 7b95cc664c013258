//! The layout of version 1, read byte by byte: no JSON reader of ours is trusted with it.

use crate::export_file::{ExportFile, LISTS};

/// Fails unless every line stands as the format says.
#[track_caller]
pub fn check_lines(file: &ExportFile) {
    let text = file.text();
    assert!(text.ends_with("}}\n") && !text.contains('\r') && !text.starts_with('\u{feff}'));
    let mut lines = text[..text.len() - 1].split('\n');
    assert_eq!(lines.next(), Some("{"));
    check_object(lines.next(), "export");
    check_object(lines.next(), "account_settings");
    for name in LISTS.iter().chain(&["gaps"]) {
        let line = lines.next().unwrap();
        if line == format!("\"{name}\":[],") {
            continue;
        }
        assert_eq!(line, format!("\"{name}\":["));
        check_records(&mut lines);
    }
    check_object(lines.next(), "summary");
    let last = lines.next().unwrap();
    assert!(last.starts_with("\"integrity\":{") && last.ends_with("}}"));
    assert_eq!(lines.next(), None);
    check_spelling(&file.bytes);
}

/// One record a line; all but the last end in a comma.
#[track_caller]
fn check_records<'t>(lines: &mut impl Iterator<Item = &'t str>) {
    loop {
        let record = lines.next().unwrap();
        assert!(record.starts_with('{'), "{record}");
        if record.ends_with('}') {
            assert_eq!(lines.next(), Some("],"));
            return;
        }
        assert!(record.ends_with("},"), "{record}");
    }
}

#[track_caller]
fn check_object(line: Option<&str>, name: &str) {
    let line = line.unwrap();
    assert!(line.starts_with(&format!("\"{name}\":{{")) && line.ends_with("},"));
}

/// The escapes of the format and no others; nothing between tokens but the line feeds.
#[track_caller]
fn check_spelling(bytes: &[u8]) {
    let mut is_text = false;
    let mut at = 0;
    while at < bytes.len() {
        let here = || String::from_utf8_lossy(&bytes[at.saturating_sub(40)..at + 6]).into_owned();
        match (is_text, bytes[at]) {
            (false, b'"') => is_text = true,
            (true, b'"') => is_text = false,
            (true, b'\\') => at += check_escape(&bytes[at + 1..]),
            (true, byte) => assert!(byte >= b' ', "a raw control character: {}", here()),
            (false, b'\n') => {}
            (false, byte) => assert!(
                byte.is_ascii_alphanumeric() || b"{}[]:,-+.".contains(&byte),
                "a stray {byte:#x}: {}",
                here()
            ),
        }
        at += 1;
    }
    assert!(!is_text);
}

/// The length of an escape after its backslash.
#[track_caller]
fn check_escape(rest: &[u8]) -> usize {
    if b"\"\\bfnrt".contains(&rest[0]) {
        return 1;
    }
    let hex = str::from_utf8(&rest[..5]).unwrap();
    let code = u8::from_str_radix(&hex[1..], 16).unwrap_or(u8::MAX);
    let has_short_form = [0x08, 0x09, 0x0a, 0x0c, 0x0d].contains(&code);
    assert!(
        code < 0x20 && !has_short_form && hex == format!("u{code:04x}"),
        "the escape \\{hex}"
    );
    5
}

/// Fails unless the summary points at each section's value.
#[track_caller]
pub fn check_directory(file: &ExportFile) {
    for name in LISTS.iter().chain(&["account_settings"]) {
        let line = &file.json["summary"]["sections"][name];
        let number = |key: &str| usize::try_from(line[key].as_u64().unwrap()).unwrap();
        let (offset, length) = (number("offset"), number("length"));
        let value = &file.bytes[offset..offset + length];
        let before = format!("\n\"{name}\":");
        assert!(file.bytes[..offset].ends_with(before.as_bytes()), "{name}");
        let value: serde_json::Value = serde_json::from_slice(value).unwrap();
        assert_eq!(value, file.json[name], "{name}");
        let count = match &value {
            serde_json::Value::Array(list) => list.len(),
            object => usize::from(object.as_object().is_some_and(|object| !object.is_empty())),
        };
        assert_eq!(number("count"), count, "{name}");
        let is_included = line["status"] == "included";
        assert_eq!(is_included, count > 0, "{name}: {line}");
    }
}
