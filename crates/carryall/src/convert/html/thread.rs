//! One thread as a page.

use carryall_format::section::Section;

use super::page::{Page, escape};
use super::prose;
use super::record::{all_fields, badge, badges, file_link, picture};
use crate::convert::Index;
use crate::convert::conversation::Conversation;
use crate::convert::fields::{Record, ids, text, text_or_empty, time, who};
use crate::convert::folder::Append;

/// Writes all of it, branches that the product does not show included.
pub fn write(
    page: &mut Page,
    pages: &mut impl Append,
    talk: &Conversation<'_>,
    index: &Index,
) -> anyhow::Result<()> {
    let thread = &talk.thread;
    let mut out = String::new();
    out.push_str("<p class=\"lead\">");
    escape(&mut out, &time(thread, "created_at").unwrap_or_default());
    badges(&mut out, thread);
    out.push_str("</p>\n");
    all_fields(&mut out, thread, &[]);
    page.add(pages, "", &out)?;
    let shown = talk.shown_branch();
    for record in &talk.messages {
        out.clear();
        let is_shown = shown.contains(&text_or_empty(record, "id"));
        message(&mut out, record, is_shown, index);
        page.add(pages, "", &out)?;
    }
    Ok(())
}

fn message(out: &mut String, record: &Record<'_>, is_shown: bool, index: &Index) {
    let is_person = text(record, "role").as_deref() == Some("user");
    let is_deleted = text(record, "deleted_at").is_some();
    out.push_str("<article class=\"message");
    out.push_str(if is_person { " you" } else { "" });
    out.push_str(if is_deleted { " gone" } else { "" });
    out.push_str("\"><h2>");
    escape(out, &who(record));
    if let Some(when) = time(record, "created_at") {
        out.push_str(" <small>");
        escape(out, &when);
        out.push_str("</small>");
    }
    if !is_shown {
        badge(out, "badge", "another branch");
    }
    badges(out, record);
    out.push_str("</h2>\n");
    prose::write(out, &text_or_empty(record, "content"));
    let files = [
        (Section::UploadedFiles, "file_ids"),
        (Section::GeneratedDocuments, "generated_document_ids"),
    ];
    for (section, field) in files {
        let found = ids(record, field).into_iter();
        for facts in found.filter_map(|id| index.find_file(section, &id)) {
            out.push_str("<p>");
            file_link(out, facts, "../");
            out.push_str("</p>\n");
            picture(out, facts, "../");
        }
    }
    all_fields(out, record, &["content"]);
    out.push_str("</article>\n");
}
