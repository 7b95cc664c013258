//! A value that another program may have spelled in its own way, in the one spelling of an export.
//!
//! Promises: what is in that spelling already comes out byte for byte. Numbers of JSON columns stay
//! as they are: how the product wrote them is known to nobody.

use crate::encode;
use crate::json_read::InvalidJson;
use crate::verify::json::Json;
use crate::verify::keys::decoded;

/// Appends any value.
pub(super) fn value(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), InvalidJson> {
    any(&mut Json::new(raw), out)
}

/// Appends a string, given what stands between its quotes.
pub(super) fn text(out: &mut Vec<u8>, raw: &[u8]) {
    if raw.contains(&b'\\') {
        encode::text(out, &decoded(raw));
    } else {
        // A quote or a control character would have been escaped.
        out.push(b'"');
        out.extend_from_slice(raw);
        out.push(b'"');
    }
}

/// Appends a number in its shortest form.
pub(super) fn number(out: &mut Vec<u8>, raw: &[u8]) {
    let is_integer = raw
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'-');
    let value = std::str::from_utf8(raw)
        .ok()
        .and_then(|raw| raw.parse().ok());
    match value {
        Some(value) if !is_integer => {
            encode::number(out, value);
        }
        _ => out.extend_from_slice(raw),
    }
}

fn any(json: &mut Json<'_>, out: &mut Vec<u8>) -> Result<(), InvalidJson> {
    match json.peek() {
        b'{' => object(json, out)?,
        b'[' => list(json, out)?,
        b'"' => text(out, json.string()?),
        _ => {
            let start = json.at;
            json.value()?;
            out.extend_from_slice(&json.input[start..json.at]);
        }
    }
    Ok(())
}

fn object(json: &mut Json<'_>, out: &mut Vec<u8>) -> Result<(), InvalidJson> {
    json.enter()?;
    out.push(b'{');
    if !json.is_empty(b'}') {
        loop {
            if json.peek() != b'"' {
                return json.fail("a key in quotes is missing");
            }
            text(out, json.string()?);
            json.colon()?;
            out.push(b':');
            any(json, out)?;
            if !json.goes_on(b'}')? {
                break;
            }
            out.push(b',');
        }
    }
    out.push(b'}');
    Ok(())
}

fn list(json: &mut Json<'_>, out: &mut Vec<u8>) -> Result<(), InvalidJson> {
    json.enter()?;
    out.push(b'[');
    if !json.is_empty(b']') {
        loop {
            any(json, out)?;
            if !json.goes_on(b']')? {
                break;
            }
            out.push(b',');
        }
    }
    out.push(b']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respelled(raw: &str) -> String {
        let mut out = Vec::new();
        value(&mut out, raw.as_bytes()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_other_programs_write_comes_out_as_an_export_has_it() {
        let theirs = "{ \"a\\u0062\" : [ 1 ,\n2.50, -0 ] ,\t\"c\\/d\": \"\\u00e9\\u000A\\ud83e\\udd80\\u007f\", \"e\" : { } , \"f\": [ ], \"g\": [true,null ] }";
        let ours =
            "{\"ab\":[1,2.50,-0],\"c/d\":\"é\\n🦀\u{7f}\",\"e\":{},\"f\":[],\"g\":[true,null]}";
        assert_eq!(respelled(theirs), ours);
        assert_eq!(respelled(ours), ours);
    }

    #[test]
    fn numbers_of_the_format_come_out_in_their_shortest_form() {
        let spelled = |raw: &str| {
            let mut out = Vec::new();
            number(&mut out, raw.as_bytes());
            String::from_utf8(out).unwrap()
        };
        for (theirs, ours) in [
            ("2.50", "2.5"),
            ("1e-07", "1e-7"),
            ("3", "3"),
            ("-12", "-12"),
            ("3.0", "3.0"),
            ("1E3", "1000.0"),
        ] {
            assert_eq!(spelled(theirs), ours);
            assert_eq!(spelled(ours), ours);
        }
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        for raw in ["{\"a\"}", "[1,]", "{1:2}", "\"a"] {
            assert!(value(&mut Vec::new(), raw.as_bytes()).is_err(), "{raw}");
        }
    }
}
