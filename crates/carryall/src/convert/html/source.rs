//! A text that is shown as something else than it was written, and can be read as both.
//!
//! Promises: all of the text stands there once, in order: what is shown of it, and the marks between in elements that are
//! hidden. What is shown and was not written so (`&` for `&amp;`) stands in elements of its own. Leave those out, and what is
//! left is the text, byte for byte; see [`escape`] for the two characters that HTML cannot hold.

use std::ops::Range;

use pulldown_cmark::CowStr;

use super::page::{attribute, escape};

/// Writes a text piece by piece, and whatever stands between its pieces.
pub struct Source<'o, 't> {
    out: &'o mut String,
    text: &'t str,
    /// How much of the text stands in the output.
    done: usize,
    /// In code, space is shown as it stands.
    pub is_code: bool,
    /// Between the cells of a table; a reader of HTML moves texts out of there.
    pub is_between_cells: bool,
}

impl<'o, 't> Source<'o, 't> {
    /// Nothing of it is written yet.
    pub fn of(out: &'o mut String, text: &'t str) -> Source<'o, 't> {
        Source {
            out,
            text,
            done: 0,
            is_code: false,
            is_between_cells: false,
        }
    }

    /// Writes HTML that is no text.
    pub fn html(&mut self, html: &str) {
        self.out.push_str(html);
    }

    /// Writes the value of an attribute.
    pub fn attribute(&mut self, value: &str) {
        attribute(self.out, value);
    }

    /// Writes what is shown and was not written.
    pub fn shown(&mut self, text: &str) {
        self.out.push_str("<b>");
        escape(self.out, text);
        self.out.push_str("</b>");
    }

    /// Hides what stands before this place. Space that is not shown anyway stands as it is.
    pub fn until(&mut self, place: usize) {
        let place = self.text.floor_char_boundary(place);
        let Some(between) = self.text.get(self.done..place) else {
            return;
        };
        if between.is_empty() {
            return;
        }
        let is_space = |byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        if !self.is_code && between.bytes().all(is_space) {
            escape(self.out, between);
        } else if self.is_between_cells {
            // The next cell takes it.
            return;
        } else {
            self.out.push_str("<i hidden>");
            escape(self.out, between);
            self.out.push_str("</i>");
        }
        self.done = place;
    }

    /// The same, as long as nothing but space is there.
    pub fn space_until(&mut self, place: usize) {
        let between = self.text.as_bytes().get(self.done..place);
        if between.is_some_and(|between| between.trim_ascii().is_empty()) {
            self.until(place);
        }
    }

    /// All of it is there.
    pub fn end(mut self) {
        self.until(self.text.len());
    }

    /// Writes a piece that is shown, which stands in this range of the text, perhaps as something else.
    pub fn piece(&mut self, piece: &CowStr<'t>, range: Range<usize>) {
        if let CowStr::Borrowed(words) = *piece
            && let Some(start) = words.as_ptr().addr().checked_sub(self.text.as_ptr().addr())
            && start >= self.done
            && self.text.get(start..start + words.len()) == Some(words)
        {
            self.until(start);
            if self.done == start {
                escape(self.out, words);
                self.done = start + words.len();
                return;
            }
        }
        self.until(range.end);
        self.shown(piece);
    }

    /// Writes the end of a line that is shown as one.
    pub fn line_end(&mut self, range: Range<usize>) {
        self.until(range.start);
        let rest = self.text.get(self.done..).unwrap_or_default();
        let bytes = match rest.as_bytes() {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        if bytes > 0 {
            escape(self.out, &rest[..bytes]);
            self.done += bytes;
        } else {
            self.shown("\n");
        }
    }
}
