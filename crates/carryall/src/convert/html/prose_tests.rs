//! What is shown of a text, and that all of it stands there.

use proptest::prelude::*;

use super::*;

fn html(text: &str) -> String {
    let mut out = String::new();
    write(&mut out, text);
    out
}

/// HTML without the elements that begin so, and what stands in them.
fn without(html: &str, start: &str, end: &str) -> String {
    let mut pieces = html.split(start);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |left, piece| {
        left + piece.split_once(end).expect("it ends").1
    })
}

/// What a person sees: marks are hidden.
fn seen(text: &str) -> String {
    let out = without(&html(text), "<i hidden>", "</i>");
    let out = out.strip_prefix(SWITCH).expect("a switch").to_owned();
    out.strip_suffix("</div></div>\n")
        .expect("an end")
        .to_owned()
}

/// What a person wrote, out of what stands there.
fn written(html: &str) -> String {
    let html = html.strip_prefix(SWITCH).unwrap_or(html);
    let html = html.trim_end_matches("</div></div>\n");
    let html = html.trim_end_matches("</div>\n");
    let mut text = String::new();
    let shown_only = without(html, "<b>", "</b>");
    for piece in shown_only.split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&#13;", "\r").replace("&amp;", "&")
}

#[track_caller]
fn assert_whole(text: &str) {
    let out = html(text);
    assert_eq!(written(&out), text.replace('\0', "\u{2400}"), "{out}");
    // A reader of HTML moves texts out of a table that stand in none of its cells.
    let mut pieces = out.split("<table>");
    pieces.next();
    for piece in pieces {
        let table = piece.split("</table>").next().unwrap_or_default();
        let outside = without(&without(table, "<td>", "</td>"), "<th>", "</th>");
        let outside = outside.split('<').filter_map(|piece| piece.split_once('>'));
        let outside: String = outside.map(|(_, text)| text).collect();
        assert_eq!(outside.replace("&#13;", "").trim_ascii(), "", "{out}");
    }
}

#[test]
fn paragraphs_stand_as_they_were_written() {
    let ampersand = html("One.\nStill one.\n\nTwo & a half");
    assert!(ampersand.starts_with(SWITCH), "it may be an entity");
    assert_eq!(
        html("One.\nStill \"one\".\n\nTwo"),
        "<div class=\"prose plain\" dir=\"auto\"><p>One.\nStill \"one\".</p>\n\n<p>Two</p></div>\n"
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
    for shown in [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "href=\"https://example.org/?a=&quot;1&quot;\"",
        "<b>[Picture http://example.org/p.png: </b><i hidden>![</i>p<i hidden>](http://example.org/p.png)</i><b>]</b>",
    ] {
        assert!(out.contains(shown), "{shown} in {out}");
    }
    assert!(!leads_out("java\nscript:x") && !leads_out("https://a b") && leads_out("MAILTO:a@b"));
}

#[test]
fn headings_go_down_one_step_at_a_time() {
    assert_eq!(
        seen("##### a\n\n# b\n\n## c"),
        "<h3>a\n</h3>\n<h3>b\n</h3>\n<h4>c</h4>"
    );
}

#[test]
fn tables_and_lists_are_whole() {
    let text =
        "| a | b |\n|---|---|\n| 1 | **2** |\n\n3. x\n4. [ ] y\n\n```rust\nlet a = 1 < 2;\n```";
    let out = seen(text);
    for shown in [
        "<thead><tr><th>a </th><th>b </th></tr></thead><tbody><tr><td>1 </td><td><strong>2</strong> </td></tr></tbody></table></div>",
        "<ol start=\"3\"><li>x\n</li><li><b>☐</b> y\n\n</li></ol>",
        "<pre><code><small>rust</small>\nlet a = 1 &lt; 2;\n</code></pre>",
    ] {
        assert!(out.contains(shown), "{shown} in {out}");
    }
    assert_whole(text);
}

#[test]
fn marks_are_hidden_where_they_stand() {
    assert_eq!(
        html("- **a** &amp; \\*b\\*").strip_prefix(SWITCH),
        Some(
            "<ul><li><strong><i hidden>- **</i>a<i hidden>**</i></strong> <i hidden>&amp;amp;</i><b>&amp;</b> <i hidden>\\</i>*b<i hidden>\\</i>*</li></ul></div></div>\n"
        )
    );
}

#[test]
fn what_was_written_is_left_when_what_is_only_shown_is_taken_out() {
    for text in [
        "a &amp; b &nbsp; &copy; &#0; &bogus;",
        "\\* \\\\ \\\r\n a\\\nb  \nc",
        "`` ` `` and `a\nb` and ` `",
        "> > a\n> b\n>\n> - c\n>   d\n> - e\n",
        "- a\n\n  b\n- c\n\n      code\n",
        "\tcode\twith tabs\n\n- \tcode\n",
        "~~~ rust a=1  \nlet\r\n~~~\r\n",
        "```\nnever ends",
        "   ```rs\n   a\n b\n   ```\n",
        "| a \\| b | `c \\| d` |\n|:--|--:|\n| 1 |\n| 1 | 2 | 3 |\nlast",
        "> | a |\n> |---|\n> | b |\n",
        "- | a |\n  |---|\n  | b |\n  | |\n",
        "[a]\n\n[a]: https://example.org 'title'\n",
        "<div>\n<b>x</b>\n</div>\n\ntext <i hidden>y</i>",
        "![a *b*](c) [d](<e f> \"g\") <https://example.org>",
        "Title\n=====\n\n# # #\n\n***\n- - -\n",
        "a\0b **\0** `\0`",
        "\r\n\r\n a\r\nb\r\r",
        "\u{feff}# a\n\u{2028}",
        "é*漢*🎉_x_ ~~y~~",
        "- [x] a\n- [ ]\n",
    ] {
        assert_whole(text);
    }
}

proptest! {
    #[test]
    fn whatever_was_written_is_there(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec![
                    "- ", "1. ", "> ", "# ", "## ", "```", "~~~", "`", "``", "*", "**", "_", "~~", "|", "\\|", "|---|---|", "| a | b |",
                    "[a]", "(b)", "[a]: b", "![", "](", ")", "<b>", "</b>", "<!-- ", "-->", "<", ">", "&amp;", "&#65;", "&", "\\", "\n", "\n",
                    "\n\n", "\r\n", "\r", "\t", " ", "  ", "    ", "---", "===", "[ ] ", "[x] ", "\0", "é", "漢", "https://a.b", "<https://a.b>",
                ]),
                Just("word"),
            ],
            0..40,
        ),
    ) {
        assert_whole(&pieces.concat());
    }
}
