//! The page that everything is reached from, and the one about what is not there.

use carryall_format::section::Section;

use super::page::{escape, link};
use super::record::{badges, fields};
use super::{Html, MISSING, START, file_name, title};
use crate::convert::fields::{Record, number, text, text_or_empty, time};
use crate::convert::layout::Layout;
use crate::convert::{Index, Losses};
use crate::web::words;

/// The threads of a workspace as a list, the newest first, an element each.
pub fn threads(
    layout: &Layout,
    index: &Index,
    workspace: Option<&str>,
) -> anyhow::Result<Vec<String>> {
    let mut listed = Vec::new();
    for place in layout.threads_of(workspace) {
        let record = index.thread(*place)?;
        let mut out = String::from("<p>");
        let name = text(&record, "title").filter(|title| !title.is_empty());
        let name = name.as_deref().unwrap_or("Untitled");
        link(&mut out, file_name(layout.thread(*place)), name);
        badges(&mut out, &record);
        out.push_str("<br><small>");
        escape(&mut out, &time(&record, "created_at").unwrap_or_default());
        out.push_str("</small></p>\n");
        listed.push((text(&record, "created_at"), out));
    }
    listed.sort_by(|(one, _), (other, _)| other.cmp(one));
    Ok(listed.into_iter().map(|(_, out)| out).collect())
}

/// One thing that could not be delivered.
pub fn gap(record: &Record<'_>) -> String {
    let mut out = String::from("<section class=\"card\"><p>");
    escape(&mut out, &text_or_empty(record, "reason"));
    out.push_str("</p>\n");
    fields(&mut out, record, &["reason"]);
    out.push_str("</section>\n");
    out
}

/// Writes both.
pub fn write(html: &mut Html, index: &Index, losses: &Losses) -> anyhow::Result<()> {
    let export = index.export()?;
    let product = text(&export, "product");
    let product = product.as_deref().unwrap_or("the product");
    let heading = format!("What {product} holds about you");
    html.add(START, &heading, "", &preface(&export, index)?)?;
    for id in index.workspaces.keys() {
        let path = html.layout()?.about(Some(id));
        let mut out = String::from("<p>");
        link(&mut out, &path, &title(index, Some(id)));
        if let Some(record) = index.workspace(id) {
            badges(&mut out, &record?);
        }
        out.push_str("</p>\n");
        html.add(START, "", "Workspaces", &out)?;
    }
    let outside = html.layout()?.about(None);
    if html.open.contains_key(&outside) {
        html.add(
            START,
            "",
            "Workspaces",
            &paragraph_link(&outside, &title(index, None)),
        )?;
    }
    withheld(html, &export)?;
    let others: Vec<String> = html
        .open
        .keys()
        .filter(|path| !path.contains('/') && *path != START)
        .cloned()
        .collect();
    for path in others {
        html.add(
            START,
            "",
            "Everything else",
            &paragraph_link(&path, path.trim_end_matches(".html")),
        )?;
    }
    html.add(START, "", "How much there is", &counts(losses))?;
    for (part, heading) in [
        ("export", "About this export"),
        ("summary", "Summary"),
        ("integrity", "Proof"),
    ] {
        if let Some(record) = html.about.get(part).cloned() {
            let mut out = String::new();
            fields(&mut out, &Record::read(&record)?, &["withheld"]);
            html.add(
                START,
                "",
                heading,
                &format!("<details><summary>All fields</summary>\n{out}</details>\n"),
            )?;
        }
    }
    Ok(())
}

fn paragraph_link(path: &str, name: &str) -> String {
    let mut out = String::from("<p>");
    link(&mut out, path, name);
    out.push_str("</p>\n");
    out
}

fn preface(export: &Record<'_>, index: &Index) -> anyhow::Result<String> {
    let mut out = String::from("<p class=\"lead\">");
    let account = index.account()?;
    let whose = [text(&account, "display_name"), text(&account, "email")];
    let whose: Vec<_> = whose
        .into_iter()
        .flatten()
        .filter(|words| !words.is_empty())
        .collect();
    escape(&mut out, &whose.join(", "));
    if let Some(when) = time(export, "snapshot_at") {
        out.push_str(if whose.is_empty() {
            "As it was on "
        } else {
            ", as it was on "
        });
        escape(&mut out, &when);
    }
    out.push_str("</p>\n<p>These pages were made from an export file. Keep that, too: it is what can be checked and what other programs read.</p>\n");
    Ok(out)
}

/// What stays with the product, and why.
fn withheld(html: &mut Html, export: &Record<'_>) -> anyhow::Result<()> {
    for one in list(export, "withheld")? {
        let mut out = String::from("<section class=\"card\"><h3>");
        escape(&mut out, &text_or_empty(&one, "what"));
        out.push_str("</h3><p>");
        escape(&mut out, &text_or_empty(&one, "reason"));
        out.push_str("</p>\n");
        fields(&mut out, &one, &["what", "reason"]);
        out.push_str("</section>\n");
        html.add(
            MISSING,
            "What is missing",
            "What stays with the product",
            &out,
        )?;
    }
    let summary = html.about.get("summary").cloned().unwrap_or_default();
    if summary.is_empty() {
        return Ok(());
    }
    for one in list(&Record::read(&summary)?, "left_out")? {
        if number(&one, "count") != Some(0) {
            let mut out = String::from("<section class=\"card\">");
            fields(&mut out, &one, &[]);
            out.push_str("</section>\n");
            html.add(
                MISSING,
                "What is missing",
                "Records that were left out",
                &out,
            )?;
        }
    }
    Ok(())
}

/// The objects in a list.
fn list<'a>(record: &Record<'a>, field: &str) -> serde_json::Result<Vec<Record<'a>>> {
    let given = record.given(field);
    given.map_or(Ok(Vec::new()), |list| serde_json::from_str(list.get()))
}

fn counts(losses: &Losses) -> String {
    let mut out = String::from("<dl>");
    for (section, (_, written)) in &losses.records {
        // Parts of files are no number that says anything to anybody.
        if *section != Section::FileContents {
            for piece in [
                "<dt>",
                section.title(),
                "</dt><dd>",
                &words::count(*written),
                "</dd>\n",
            ] {
                out.push_str(piece);
            }
        }
    }
    out.push_str("</dl>\n");
    out
}
