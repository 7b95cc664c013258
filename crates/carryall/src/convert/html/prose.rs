//! A text that was written in Markdown, as HTML that can do no harm.
//!
//! Promises: HTML in the text is shown, not obeyed; links lead to the web or to a mailbox; pictures from
//! elsewhere are named and not loaded. Nothing of the text is lost: where what is shown differs from what
//! was written, the latter stands below it.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::page::{escape, place_of};

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
            out.push_str("</p><p>");
            escape(out, paragraph);
        }
        out.push_str("</p></div>\n");
        return;
    }
    out.push_str("<div class=\"prose\" dir=\"auto\">");
    let mut prose = Prose {
        out,
        level: 2,
        links: Vec::new(),
        is_head: false,
    };
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for event in Parser::new_ext(text, options) {
        prose.event(event);
    }
    out.push_str("</div>\n<details><summary>As it was written</summary><pre dir=\"auto\">\n");
    escape(out, text);
    out.push_str("</pre></details>\n");
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

struct Prose<'o> {
    out: &'o mut String,
    /// Of the last heading: they go down one step at a time.
    level: u8,
    /// Whether each open link leads somewhere.
    links: Vec<bool>,
    is_head: bool,
}

impl Prose<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Code(text) => {
                self.out.push_str("<code>");
                escape(self.out, &text);
                self.out.push_str("</code>");
            }
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out.push_str("<br>\n"),
            Event::Rule => self.out.push_str("<hr>\n"),
            Event::TaskListMarker(is_done) => {
                self.out.push_str(if is_done { "☑ " } else { "☐ " });
            }
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => escape(self.out, &text),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.out.push_str("<p>"),
            Tag::Heading { level, .. } => self.heading(level),
            Tag::BlockQuote(_) => self.out.push_str("<blockquote>"),
            Tag::CodeBlock(kind) => {
                self.out.push_str("<pre><code>");
                if let CodeBlockKind::Fenced(language) = kind
                    && !language.is_empty()
                {
                    self.out.push_str("<small>");
                    escape(self.out, &language);
                    self.out.push_str("</small>\n");
                }
            }
            Tag::List(Some(first)) => {
                self.out.push_str("<ol start=\"");
                self.out.push_str(&first.to_string());
                self.out.push_str("\">");
            }
            Tag::List(None) => self.out.push_str("<ul>"),
            Tag::Item => self.out.push_str("<li>"),
            Tag::Table(_) => {
                self.out.push_str("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>");
            }
            Tag::TableHead => {
                self.is_head = true;
                self.out.push_str("<thead><tr>");
            }
            Tag::TableRow => self.out.push_str("<tr>"),
            Tag::TableCell => self
                .out
                .push_str(if self.is_head { "<th>" } else { "<td>" }),
            Tag::Emphasis => self.out.push_str("<em>"),
            Tag::Strong => self.out.push_str("<strong>"),
            Tag::Strikethrough => self.out.push_str("<del>"),
            Tag::Link { dest_url, .. } => self.link(&dest_url),
            Tag::Image { dest_url, .. } => {
                self.out.push_str("<span class=\"muted\">[Picture ");
                escape(self.out, &dest_url);
                self.out.push_str(": ");
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        self.out.push_str(match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => "</p>\n",
            TagEnd::Heading(_) => {
                let end = ["</h3>\n", "</h4>\n", "</h5>\n", "</h6>\n"];
                end[usize::from(self.level - 3)]
            }
            TagEnd::BlockQuote(_) => "</blockquote>\n",
            TagEnd::CodeBlock => "</code></pre>\n",
            TagEnd::List(true) => "</ol>\n",
            TagEnd::List(false) => "</ul>\n",
            TagEnd::Item => "</li>\n",
            TagEnd::Table => "</tbody></table></div>\n",
            TagEnd::TableHead => {
                self.is_head = false;
                "</tr></thead><tbody>\n"
            }
            TagEnd::TableRow => "</tr>\n",
            TagEnd::TableCell if self.is_head => "</th>",
            TagEnd::TableCell => "</td>",
            TagEnd::Emphasis => "</em>",
            TagEnd::Strong => "</strong>",
            TagEnd::Strikethrough => "</del>",
            TagEnd::Link if self.links.pop() == Some(true) => "</a>",
            TagEnd::Image => "]</span>",
            _ => "",
        });
    }

    fn heading(&mut self, level: HeadingLevel) {
        self.level = (level as u8 + 2).min(self.level + 1).min(6);
        let start = ["<h3>", "<h4>", "<h5>", "<h6>"];
        self.out.push_str(start[usize::from(self.level - 3)]);
    }

    fn link(&mut self, target: &str) {
        let is_safe = leads_out(target);
        self.links.push(is_safe);
        if is_safe {
            self.out
                .push_str("<a rel=\"noopener noreferrer nofollow\" href=\"");
            escape(self.out, target);
            self.out.push_str("\">");
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
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        let mut out = String::new();
        write(&mut out, text);
        out.split("<details>").next().unwrap_or_default().to_owned()
    }

    #[test]
    fn paragraphs_stand_as_they_were_written() {
        let mut out = String::new();
        write(&mut out, "One.\nStill one.\n\nTwo & a half");
        assert!(
            out.contains("As it was written"),
            "an ampersand may be an entity"
        );
        let mut out = String::new();
        write(&mut out, "One.\nStill \"one\".\n\nTwo");
        assert_eq!(
            out,
            "<div class=\"prose plain\" dir=\"auto\"><p>One.\nStill &quot;one&quot;.</p><p>Two</p></div>\n"
        );
        for text in [
            "a\n\n\nb", "a\n", " a", "1. a", "a\n---", "a  \nb", "> a", "\ta",
        ] {
            assert!(!is_plain(text), "{text:?}");
        }
    }

    #[test]
    fn html_and_addresses_that_run_are_shown_and_not_obeyed() {
        let out = html(
            "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> [a](javascript:alert(1)) [b](https://example.org/?a=\"1\") ![p](http://example.org/p.png)",
        );
        assert!(
            !out.contains("<script") && !out.contains("<img") && !out.contains("href=\"javascript"),
            "{out}"
        );
        assert!(
            out.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{out}"
        );
        assert!(
            out.contains("href=\"https://example.org/?a=&quot;1&quot;\""),
            "{out}"
        );
        assert!(
            out.contains("[Picture http://example.org/p.png: p]"),
            "{out}"
        );
        assert!(
            !leads_out("java\nscript:x") && !leads_out("https://a b") && leads_out("MAILTO:a@b")
        );
    }

    #[test]
    fn headings_go_down_one_step_at_a_time() {
        assert_eq!(
            html("##### a\n\n# b\n\n## c"),
            "<div class=\"prose\" dir=\"auto\"><h3>a</h3>\n<h3>b</h3>\n<h4>c</h4>\n</div>\n"
        );
    }

    #[test]
    fn tables_and_lists_are_whole() {
        let out = html(
            "| a | b |\n|---|---|\n| 1 | **2** |\n\n3. x\n4. [ ] y\n\n```rust\nlet a = 1 < 2;\n```",
        );
        assert!(out.contains("<thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td><strong>2</strong></td></tr>\n</tbody></table></div>"), "{out}");
        assert!(
            out.contains("<ol start=\"3\"><li>x</li>\n<li>☐ y</li>\n</ol>"),
            "{out}"
        );
        assert!(
            out.contains("<pre><code><small>rust</small>\nlet a = 1 &lt; 2;\n</code></pre>"),
            "{out}"
        );
    }
}
