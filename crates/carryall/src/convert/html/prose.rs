//! A text that was written in Markdown, as HTML that can do no harm.
//!
//! Promises: HTML in the text is shown, not obeyed; links lead to the web or to a mailbox; pictures from
//! elsewhere are named and not loaded. Nothing of the text is lost: its marks are hidden, and a switch shows all of it as it
//! was written.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::page::{escape, place_of};
use super::source::Source;

/// Stands before the text, so that the style can say what it switches, and is shown below it.
const SWITCH: &str = "<div class=\"text\"><details class=\"written\"><summary>As it was written</summary></details><div class=\"prose\" dir=\"auto\">";

/// Writes a message's text. Headings in it stand below those of level two.
pub fn write(out: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    if is_plain(text) {
        out.push_str("<div class=\"prose plain\" dir=\"auto\"><p>");
        let mut paragraphs = text.split("\n\n");
        escape(out, paragraphs.next().unwrap_or_default());
        for paragraph in paragraphs {
            out.push_str("</p>\n\n<p>");
            escape(out, paragraph);
        }
        out.push_str("</p></div>\n");
        return;
    }
    out.push_str(SWITCH);
    let mut prose = Prose {
        source: Source::of(out, text),
        level: 2,
        links: Vec::new(),
        is_head: false,
    };
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        prose.event(event, range);
    }
    prose.source.end();
    out.push_str("</div></div>\n");
}

/// Whether a text is paragraphs and nothing else, so that they say all of it.
fn is_plain(text: &str) -> bool {
    let has_mark = |byte: u8| {
        matches!(
            byte,
            b'\\'
                | b'`'
                | b'*'
                | b'_'
                | b'#'
                | b'<'
                | b'['
                | b'!'
                | b'|'
                | b'~'
                | b'&'
                | b'\r'
                | b'\t'
                | b'\0'
        )
    };
    if place_of(text.as_bytes(), has_mark).is_some()
        || text.starts_with('\n')
        || text.ends_with('\n')
    {
        return false;
    }
    let mut empty = 0;
    text.split('\n').all(|line| {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        let is_mark = |byte: &u8| matches!(byte, b' ' | b'-' | b'+' | b'=' | b'>' | b'0'..=b'9');
        empty < 2 && !line.as_bytes().first().is_some_and(is_mark) && !line.ends_with(' ')
    })
}

struct Prose<'o, 't> {
    source: Source<'o, 't>,
    /// Of the last heading: they go down one step at a time.
    level: u8,
    /// Whether each open link leads somewhere.
    links: Vec<bool>,
    is_head: bool,
}

impl<'t> Prose<'_, 't> {
    fn event(&mut self, event: Event<'t>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Code(text) => {
                self.source.html("<code>");
                self.source.piece(&text, range.clone());
                self.source.until(range.end);
                self.source.html("</code>");
            }
            Event::SoftBreak => self.source.line_end(range),
            Event::HardBreak => {
                self.source.html("<br>");
                self.source.until(range.end);
            }
            Event::Rule => {
                self.source.until(range.end);
                self.source.html("<hr>");
            }
            Event::TaskListMarker(is_done) => {
                self.source.until(range.end);
                self.source.shown(if is_done { "☑" } else { "☐" });
            }
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.source.piece(&text, range),
        }
    }

    fn start(&mut self, tag: Tag<'t>, range: Range<usize>) {
        self.source.space_until(range.start);
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.source.html("<p>"),
            Tag::Heading { level, .. } => self.heading(level),
            Tag::BlockQuote(_) => self.source.html("<blockquote>"),
            Tag::CodeBlock(kind) => self.code(&kind, range),
            Tag::List(Some(first)) => {
                self.source.html("<ol start=\"");
                self.source.html(&first.to_string());
                self.source.html("\">");
            }
            Tag::List(None) => self.source.html("<ul>"),
            Tag::Item => self.source.html("<li>"),
            Tag::Table(_) => {
                self.source.until(range.start);
                self.source.html("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>");
                self.source.is_between_cells = true;
            }
            Tag::TableHead => {
                self.is_head = true;
                self.source.html("<thead><tr>");
            }
            Tag::TableRow => self.source.html("<tr>"),
            Tag::TableCell => {
                self.source.html(if self.is_head { "<th>" } else { "<td>" });
                self.source.is_between_cells = false;
            }
            Tag::Emphasis => self.source.html("<em>"),
            Tag::Strong => self.source.html("<strong>"),
            Tag::Strikethrough => self.source.html("<del>"),
            Tag::Link { dest_url, .. } => self.link(&dest_url),
            Tag::Image { dest_url, .. } => {
                self.source.html("<span class=\"muted\">");
                self.source.shown(&format!("[Picture {dest_url}: "));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        // What ends an element stands in it.
        if !matches!(tag, TagEnd::List(_)) {
            self.source.until(range.end);
        }
        if tag == TagEnd::Image {
            self.source.shown("]");
        }
        let html = match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => "</p>",
            TagEnd::Heading(_) => {
                let end = ["</h3>", "</h4>", "</h5>", "</h6>"];
                end[usize::from(self.level - 3)]
            }
            TagEnd::BlockQuote(_) => "</blockquote>",
            TagEnd::CodeBlock => {
                self.source.is_code = false;
                "</code></pre>"
            }
            TagEnd::List(true) => "</ol>",
            TagEnd::List(false) => "</ul>",
            TagEnd::Item => "</li>",
            TagEnd::Table => {
                self.source.is_between_cells = false;
                "</tbody></table></div>"
            }
            TagEnd::TableHead => {
                self.is_head = false;
                "</tr></thead><tbody>"
            }
            TagEnd::TableRow => "</tr>",
            TagEnd::TableCell => {
                self.source.is_between_cells = true;
                if self.is_head { "</th>" } else { "</td>" }
            }
            TagEnd::Emphasis => "</em>",
            TagEnd::Strong => "</strong>",
            TagEnd::Strikethrough => "</del>",
            TagEnd::Link if self.links.pop() == Some(true) => "</a>",
            TagEnd::Image => "</span>",
            _ => "",
        };
        self.source.html(html);
    }

    fn heading(&mut self, level: HeadingLevel) {
        self.level = (level as u8 + 2).min(self.level + 1).min(6);
        let start = ["<h3>", "<h4>", "<h5>", "<h6>"];
        self.source.html(start[usize::from(self.level - 3)]);
    }

    /// The start of a block of code, with its language.
    fn code(&mut self, kind: &CodeBlockKind<'t>, range: Range<usize>) {
        self.source.html("<pre><code>");
        self.source.is_code = true;
        if let CodeBlockKind::Fenced(language) = kind
            && !language.is_empty()
        {
            self.source.html("<small>");
            let borrowed = matches!(language, CowStr::Borrowed(_));
            self.source.piece(language, range.start..range.start);
            self.source.html("</small>");
            if borrowed {
                self.source.line_end(range.start..range.start);
            } else {
                self.source.shown("\n");
            }
        }
    }

    fn link(&mut self, target: &str) {
        let is_safe = leads_out(target);
        self.links.push(is_safe);
        if is_safe {
            self.source
                .html("<a rel=\"noopener noreferrer nofollow\" href=\"");
            self.source.attribute(target);
            self.source.html("\">");
        }
    }
}

/// Whether an address leads to the web or to a mailbox, and to nothing that runs.
fn leads_out(target: &str) -> bool {
    let allowed = ["http://", "https://", "mailto:"];
    let start = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    allowed.iter().any(|scheme| start.starts_with(scheme))
        && !target.bytes().any(|byte| byte <= b' ')
}

#[cfg(test)]
#[path = "prose_tests.rs"]
mod tests;
