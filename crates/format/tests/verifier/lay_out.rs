//! Lays a document out as an export, so that a test can change what it likes and seal it again: what is
//! then found is not found by the digest.

use carryall_format::sign::{SigningKey, integrity_line};
use carryall_format::write::hex;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A file with this document in it, its directory put right, sealed and not signed.
pub fn sealed(document: &Value) -> Vec<u8> {
    seal(directed(document), None)
}

/// Where the last line starts.
pub fn last_line(bytes: &[u8]) -> usize {
    let feeds = bytes[..bytes.len().saturating_sub(1)].iter();
    feeds
        .clone()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1)
}

/// These bytes with a last line that fits them, instead of the one that they had.
pub fn resealed(bytes: &[u8]) -> Vec<u8> {
    seal(bytes[..last_line(bytes)].to_vec(), None)
}

/// Adds the last line.
pub fn seal(mut bytes: Vec<u8>, key: Option<(&SigningKey, &str)>) -> Vec<u8> {
    let digest = hex(&Sha256::digest(&bytes));
    let signature = key.map(|(key, id)| key.sign(&digest, id));
    bytes.extend_from_slice(integrity_line(&digest, signature.as_ref()).as_bytes());
    bytes
}

/// Everything before the last line, with a directory that is right.
fn directed(document: &Value) -> Vec<u8> {
    let mut document = document.clone();
    let (_, places) = lines(&document);
    for (key, offset, length) in places {
        let line = &mut document["summary"]["sections"][&key];
        if line.is_object() {
            line["offset"] = offset.into();
            line["length"] = length.into();
        }
    }
    lines(&document).0
}

/// Every key but the last starts a line, and each record is one. Also says where the values stand.
pub fn lines(document: &Value) -> (Vec<u8>, Vec<(String, usize, usize)>) {
    let mut text = b"{\n".to_vec();
    let mut places = Vec::new();
    for (key, value) in document.as_object().unwrap() {
        if key == "integrity" {
            continue;
        }
        text.extend_from_slice(format!("\"{key}\":").as_bytes());
        let start = text.len();
        match value {
            Value::Array(records) if !records.is_empty() => {
                let records: Vec<_> = records.iter().map(Value::to_string).collect();
                text.extend_from_slice(format!("[\n{}\n]", records.join(",\n")).as_bytes());
            }
            value => text.extend_from_slice(value.to_string().as_bytes()),
        }
        places.push((key.clone(), start, text.len() - start));
        text.extend_from_slice(b",\n");
    }
    (text, places)
}
