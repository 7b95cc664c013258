//! Pages: what stands at their start and end, and what is written into them.
//!
//! Promises: a page asks nobody for anything and runs nothing: its policy allows its own style and pictures
//! beside it. Whatever comes out of the export is escaped.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::convert::folder::Append;
use crate::convert::layout::continued;

const STYLE: &str = include_str!("style.css");
/// A page that is larger is gone on with in another.
const PAGE_BYTES: usize = 1 << 20;

/// The one style by its digest, so that no other is used.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src 'self' file:; base-uri 'none'; form-action 'none'"
    )
});

/// A page that grows: how it is called, where it stands, and how far it is.
pub struct Page {
    /// What it is about, for its style: `thread`, `workspace`, or nothing.
    kind: &'static str,
    path: String,
    title: String,
    /// Where the pages above it are: address and name.
    above: Vec<(String, String)>,
    number: usize,
    bytes: usize,
    /// What the last thing stands under; nothing at first.
    heading: &'static str,
}

impl Page {
    /// Starts one, `above` it the pages that it is reached from: address and name.
    pub fn begin(
        pages: &mut impl Append,
        kind: &'static str,
        path: &str,
        title: &str,
        above: Vec<(String, String)>,
    ) -> anyhow::Result<Page> {
        let page = Page {
            kind,
            path: path.to_owned(),
            title: title.to_owned(),
            above,
            number: 1,
            bytes: 0,
            heading: "",
        };
        page.start(pages)?;
        Ok(page)
    }

    /// Adds to it, under a heading that is written where it is another than before. What is added is whole:
    /// the next thing may stand on another page.
    pub fn add(
        &mut self,
        pages: &mut impl Append,
        heading: &'static str,
        html: &str,
    ) -> anyhow::Result<()> {
        let is_new = heading != self.heading;
        self.heading = heading;
        if self.bytes > 0 && self.bytes + html.len() > PAGE_BYTES {
            let next = continued(file_name(&self.path), self.number + 1);
            self.stop(pages, Some(&next))?;
            self.number += 1;
            self.bytes = 0;
            self.start(pages)?;
        } else if is_new {
            let heading = format!("<h2>{heading}</h2>\n");
            pages.append(&self.current(), heading.as_bytes())?;
        }
        self.bytes += html.len();
        pages.append(&self.current(), html.as_bytes())
    }

    /// Ends it.
    pub fn end(self, pages: &mut impl Append) -> anyhow::Result<()> {
        self.stop(pages, None)
    }

    fn current(&self) -> String {
        self.at(self.number)
    }

    fn at(&self, number: usize) -> String {
        match number {
            1 => self.path.clone(),
            number => continued(&self.path, number),
        }
    }

    fn start(&self, pages: &mut impl Append) -> anyhow::Result<()> {
        let mut out = String::new();
        let number = match self.number {
            1 => String::new(),
            number => format!(", page {number}"),
        };
        out.push_str("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"");
        out.push_str(&POLICY);
        out.push_str("\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"referrer\" content=\"no-referrer\"><title>");
        escape(&mut out, &self.title);
        out.push_str(&number);
        out.push_str("</title><style>");
        out.push_str(STYLE);
        out.push_str("</style></head><body>\n");
        if !self.above.is_empty() {
            out.push_str("<nav aria-label=\"You are here\">");
            for (place, (address, name)) in self.above.iter().enumerate() {
                out.push_str(if place > 0 { " › " } else { "" });
                link(&mut out, address, name);
            }
            out.push_str("</nav>\n");
        }
        out.push_str("<main class=\"");
        out.push_str(self.kind);
        out.push_str("\"><h1><bdi>");
        escape(&mut out, &self.title);
        out.push_str("</bdi>");
        out.push_str(&number);
        out.push_str("</h1>\n");
        if self.number > 1 {
            out.push_str("<p class=\"pages\">");
            let before = self.at(self.number - 1);
            link(&mut out, file_name(&before), "The page before");
            out.push_str("</p>\n");
            if !self.heading.is_empty() {
                out.push_str("<h2>");
                out.push_str(self.heading);
                out.push_str("</h2>\n");
            }
        }
        pages.append(&self.current(), out.as_bytes())
    }

    fn stop(&self, pages: &mut impl Append, next: Option<&str>) -> anyhow::Result<()> {
        let mut out = String::new();
        if let Some(next) = next {
            out.push_str("<p class=\"pages\">");
            link(&mut out, next, "The next page");
            out.push_str("</p>\n");
        }
        out.push_str("</main></body></html>\n");
        pages.append(&self.current(), out.as_bytes())
    }
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A link to another page or file of the folder.
pub fn link(out: &mut String, path: &str, name: &str) {
    out.push_str("<a href=\"");
    address(out, path);
    out.push_str("\"><bdi>");
    escape(out, name);
    out.push_str("</bdi></a>");
}

/// A relative path as an address.
pub fn address(out: &mut String, path: &str) {
    // A name that begins like `mailto:` is none.
    if !path.starts_with("../") {
        out.push_str("./");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' | b',' => {
                out.push(char::from(byte));
            }
            byte => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

/// A text in an element. A carriage return is spelled out, as a reader of HTML makes a line feed of it; HTML has no NUL.
pub fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = place_of(rest.as_bytes(), is_escaped) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'\r' => "&#13;",
            _ => "\u{2400}",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'&' | b'<' | b'>' | b'\r' | 0)
}

/// A text in an attribute with double quotes, which are rare there.
pub fn attribute(out: &mut String, text: &str) {
    let mut pieces = text.split('"');
    escape(out, pieces.next().unwrap_or_default());
    for piece in pieces {
        out.push_str("&quot;");
        escape(out, piece);
    }
}

/// The first byte of a kind. Most texts have none for long: whole lanes are looked at, without a branch for
/// each byte.
pub fn place_of(text: &[u8], is_meant: impl Fn(u8) -> bool) -> Option<usize> {
    const LANE: usize = 32;
    let has_one = |lane: &[u8]| {
        lane.iter()
            .fold(false, |found, byte| found | is_meant(*byte))
    };
    let lanes = text.chunks(LANE);
    let (number, lane) = lanes.enumerate().find(|(_, lane)| has_one(lane))?;
    let within = lane.iter().position(|byte| is_meant(*byte))?;
    Some(number * LANE + within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_addresses_cannot_leave_their_place() {
        let mut out = String::new();
        attribute(&mut out, "<b a=\"1\" c='2'>&\r\0é");
        assert_eq!(out, "&lt;b a=&quot;1&quot; c='2'&gt;&amp;&#13;\u{2400}é");
        out.clear();
        escape(&mut out, "<\"1\">");
        assert_eq!(out, "&lt;\"1\"&gt;");
        let long = "ab".repeat(40);
        for at in 0..=80 {
            let text = format!("{}&<{}", &long[..at], &long[at..]);
            let mut out = String::new();
            escape(&mut out, &text);
            assert_eq!(out, text.replace('&', "&amp;").replace('<', "&lt;"));
        }
        let mut out = String::new();
        address(&mut out, "javascript:x/ü 100% #1?.html");
        assert_eq!(out, "./javascript%3Ax/%C3%BC%20100%25%20%231%3F.html");
    }
}
