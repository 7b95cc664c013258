//! Records as HTML: what people look for first, and every field below it.

use super::page::{address, attribute, escape, link};
use crate::convert::fields::{Record, is_something, is_true, number, string, text, time};
use crate::convert::index::FileFacts;

/// Every field that says something, but for those that stand above.
pub fn all_fields(out: &mut String, record: &Record<'_>, shown_above: &[&str]) {
    out.push_str("<details><summary>All fields</summary>\n");
    fields(out, record, shown_above);
    out.push_str("</details>\n");
}

/// A list of fields. Numbers, truth values, lists and objects are JSON, in an element of their own.
pub fn fields(out: &mut String, record: &Record<'_>, shown_above: &[&str]) {
    out.push_str("<dl>");
    for (field, value) in record.iter() {
        if !is_something(value) || shown_above.contains(&field) {
            continue;
        }
        out.push_str("<dt>");
        label(out, field);
        out.push_str("</dt><dd>");
        if let Some(text) = string(value) {
            escape(out, &text);
        } else {
            out.push_str("<code>");
            escape(out, value.get());
            out.push_str("</code>");
        }
        out.push_str("</dd>\n");
    }
    out.push_str("</dl>\n");
}

/// `credits_used` -> `credits used`
fn label(out: &mut String, field: &str) {
    for (place, word) in field.split('_').enumerate() {
        out.push_str(if place > 0 { " " } else { "" });
        escape(out, word);
    }
}

/// A badge for each state that a person has to know of.
pub fn badges(out: &mut String, record: &Record<'_>) {
    for (field, word) in [("pinned", "pinned"), ("archived", "archived")] {
        if is_true(record, field) {
            badge(out, "badge", word);
        }
    }
    if text(record, "access").as_deref() == Some("shared") {
        badge(out, "badge", "shared with you");
    }
    if text(record, "deleted_at").is_some() {
        badge(out, "badge gone", "deleted");
    }
}

/// A word in a frame.
pub fn badge(out: &mut String, class: &str, word: &str) {
    out.push_str(" <span class=\"");
    out.push_str(class);
    out.push_str("\">");
    out.push_str(word);
    out.push_str("</span>");
}

/// A file by its name; a link where its bytes are there. `up` leads to the folder of everything.
pub fn file_link(out: &mut String, facts: &FileFacts, up: &str) {
    let name = if facts.name.is_empty() {
        "untitled"
    } else {
        &facts.name
    };
    if let Some(path) = &facts.path {
        link(out, &format!("{up}{path}"), name);
    } else {
        out.push_str("<bdi>");
        escape(out, name);
        out.push_str("</bdi> (its contents are not in the export)");
    }
}

/// A picture as such, where it is one that pages may show.
pub fn picture(out: &mut String, facts: &FileFacts, up: &str) {
    let kinds = ["image/png", "image/jpeg", "image/gif", "image/webp"];
    let is_picture = facts
        .media_type
        .as_deref()
        .is_some_and(|kind| kinds.contains(&kind));
    let Some(path) = facts.path.as_ref().filter(|_| is_picture) else {
        return;
    };
    out.push_str("<figure><img loading=\"lazy\" alt=\"");
    attribute(out, &facts.name);
    out.push_str("\" src=\"");
    address(out, &format!("{up}{path}"));
    out.push_str("\"></figure>\n");
}

/// Something that has a name and fields: a file, a document, a record of another kind.
pub fn card(out: &mut String, record: &Record<'_>, file: Option<&FileFacts>, up: &str) {
    out.push_str("<section class=\"card\"><h3>");
    if let Some(facts) = file {
        file_link(out, facts, up);
    } else {
        let names = ["name", "title", "plan", "collection", "id"];
        let name = names.iter().find_map(|field| text(record, field));
        out.push_str("<bdi>");
        escape(out, name.as_deref().unwrap_or("Untitled"));
        out.push_str("</bdi>");
    }
    badges(out, record);
    out.push_str("</h3>\n");
    let size = number(record, "size_bytes");
    let facts: Vec<_> = [
        text(record, "media_type").map(Into::into),
        size.map(crate::web::words::size),
        time(record, "created_at"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !facts.is_empty() {
        out.push_str("<p class=\"muted\">");
        escape(out, &facts.join(", "));
        out.push_str("</p>\n");
    }
    if let Some(facts) = file {
        picture(out, facts, up);
    }
    let texts = [
        ("content", "Its text"),
        ("extracted_text", "The text that was read out of it"),
    ];
    for (field, summary) in texts {
        if let Some(words) = text(record, field).filter(|words| !words.is_empty()) {
            out.push_str("<details><summary>");
            out.push_str(summary);
            out.push_str("</summary><pre class=\"");
            out.push_str(field);
            out.push_str("\" dir=\"auto\">\n");
            escape(out, &words);
            out.push_str("</pre></details>\n");
        }
    }
    all_fields(out, record, &["content", "extracted_text"]);
    out.push_str("</section>\n");
}
