//! Pages for people: a folder a workspace, a page a thread, pictures and files beside.
//!
//! Promises: nothing is lost; each field that says something stands on a page. The pages run nothing and ask
//! nobody for anything, whatever the export says, and no page is much larger than a mebibyte.

mod page;
mod prose;
mod record;
mod source;
mod start;
mod thread;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carryall_format::read::Part;
use carryall_format::section::Section;

use self::page::{Page, escape, file_name};
use self::record::{all_fields, badges, card};
use super::conversation::{Conversation, Converse};
use super::fields::{Record, text, text_or_empty, time};
use super::folder::{Alone, Attachments, Growing};
use super::layout::{Layout, place_files};
use super::{Index, Item, Losses, Target};

const START: &str = "index.html";
const MISSING: &str = "What is missing.html";

pub struct Html {
    folder: PathBuf,
    layout: Option<Arc<Layout>>,
    pages: Growing,
    /// By their path.
    open: BTreeMap<String, Page>,
    /// What the export says of itself.
    about: BTreeMap<&'static str, Box<[u8]>>,
    attachments: Attachments,
}

impl Html {
    pub fn new(folder: &Path) -> Html {
        Html {
            folder: folder.to_owned(),
            layout: None,
            pages: Growing::new(folder),
            open: BTreeMap::new(),
            about: BTreeMap::new(),
            attachments: Attachments::new(folder),
        }
    }

    fn layout(&self) -> anyhow::Result<&Layout> {
        let layout = self.layout.as_deref();
        layout.ok_or_else(|| anyhow::anyhow!("no layout"))
    }

    /// Adds to a page under a heading, which is written once.
    fn add(
        &mut self,
        path: &str,
        title: &str,
        heading: &'static str,
        html: &str,
    ) -> anyhow::Result<()> {
        if !self.open.contains_key(path) {
            let kind = if path.contains('/') { "workspace" } else { "" };
            let page = Page::begin(&mut self.pages, kind, path, title, above(path))?;
            self.open.insert(path.to_owned(), page);
        }
        match self.open.get_mut(path) {
            Some(page) => page.add(&mut self.pages, heading, html),
            None => Ok(()),
        }
    }

    /// The page about a workspace, with its threads. `None`: what stands in no workspace.
    fn workspace(&mut self, record: Option<&Record<'_>>, index: &Index) -> anyhow::Result<()> {
        let id = record.and_then(|record| text(record, "id"));
        let id = id.as_deref();
        let path = self.layout()?.about(id);
        let mut out = String::new();
        if let Some(record) = record {
            out.push_str("<p class=\"lead\">");
            escape(&mut out, &time(record, "created_at").unwrap_or_default());
            badges(&mut out, record);
            out.push_str("</p>\n");
            for (class, heading) in [
                ("description", "Description"),
                ("project_instructions", "Project instructions"),
            ] {
                if let Some(words) = text(record, class).filter(|words| !words.is_empty()) {
                    for piece in ["<h2>", heading, "</h2>\n"] {
                        out.push_str(piece);
                    }
                    prose::write(&mut out, &words);
                }
            }
            all_fields(&mut out, record, &["description", "project_instructions"]);
        }
        self.add(&path, &title(index, id), "", &out)?;
        let layout = self.layout()?;
        let threads = start::threads(layout, index, id)?;
        for thread in threads {
            self.add(&path, "", "Conversations", &thread)?;
        }
        Ok(())
    }

    /// Where a record that may stand in a workspace is shown: the page about that.
    fn beside(&mut self, record: &Record<'_>, index: &Index) -> anyhow::Result<String> {
        let id = text(record, "workspace_id");
        let id = id
            .as_deref()
            .filter(|id| index.workspaces.contains_key(*id));
        let path = self.layout()?.about(id);
        if id.is_none() && !self.open.contains_key(&path) {
            self.workspace(None, index)?;
        }
        Ok(path)
    }

    fn record(
        &mut self,
        section: Section,
        record: &Record<'_>,
        index: &Index,
    ) -> anyhow::Result<()> {
        let mut out = String::new();
        match section {
            Section::Workspaces => self.workspace(Some(record), index),
            Section::UploadedFiles | Section::GeneratedDocuments => {
                let facts = index.find_file(section, &text_or_empty(record, "id"));
                card(&mut out, record, facts, "../");
                let path = self.beside(record, index)?;
                self.add(&path, "", section.title(), &out)
            }
            Section::WorkspaceMemories => {
                memory(&mut out, record);
                let path = self.beside(record, index)?;
                self.add(&path, "", "Memories", &out)
            }
            Section::UserMemories => {
                memory(&mut out, record);
                self.add("Memories.html", "Memories", "", &out)
            }
            Section::AccountSettings => {
                record::fields(&mut out, record, &[]);
                self.add("Account.html", "Account", "", &out)
            }
            section => {
                card(&mut out, record, None, "");
                let title = section.title();
                self.add(&format!("{title}.html"), title, "", &out)
            }
        }
    }
}

impl Target for Html {
    fn place_files(&self, index: &mut Index) {
        place_files(index, unrunnable);
    }

    fn take(&mut self, item: &Item<'_>, index: &Index, losses: &mut Losses) -> anyhow::Result<()> {
        match item.part {
            Part::Section(Section::FileContents) => self.attachments.take(item, index, losses),
            Part::Section(section) => {
                self.record(section, &item.record()?, index)?;
                losses.wrote(section);
                Ok(())
            }
            Part::Gaps => {
                let gap = start::gap(&item.record()?);
                self.add(
                    MISSING,
                    "What is missing",
                    "What could not be delivered as it was",
                    &gap,
                )
            }
            part => {
                self.about.insert(part.name(), item.text.into());
                Ok(())
            }
        }
    }

    fn begin(&mut self, index: &Index) -> anyhow::Result<Option<Box<dyn Converse>>> {
        let layout = Arc::new(Layout::of(index, "index", ".html")?);
        self.layout = Some(layout.clone());
        let folder = self.folder.clone();
        Ok(Some(Box::new(Threads { folder, layout })))
    }

    fn finish(&mut self, index: &Index, losses: &mut Losses) -> anyhow::Result<()> {
        let layout = self.layout()?;
        let outside = layout.about(None);
        if !layout.threads_of(None).is_empty() && !self.open.contains_key(&outside) {
            self.workspace(None, index)?;
        }
        start::write(self, index, losses)?;
        for (_, page) in std::mem::take(&mut self.open) {
            page.end(&mut self.pages)?;
        }
        self.pages.flush()
    }
}

/// Writes each into pages of its own.
struct Threads {
    folder: PathBuf,
    layout: Arc<Layout>,
}

impl Converse for Threads {
    fn converse(
        &self,
        talk: &Conversation<'_>,
        index: &Index,
        losses: &mut Losses,
        out: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let workspace = text(&talk.thread, "workspace_id");
        let workspace = workspace.as_deref();
        let path = self.layout.thread(talk.place);
        let about = self.layout.about(workspace);
        let mut above = above(path);
        above.push((file_name(&about).to_owned(), title(index, workspace)));
        let name = text(&talk.thread, "title").filter(|title| !title.is_empty());
        let name = name.as_deref().unwrap_or("Untitled");
        let mut pages = Alone::new(&self.folder, out);
        let mut page = Page::begin(&mut pages, "thread", path, name, above)?;
        thread::write(&mut page, &mut pages, talk, index)?;
        page.end(&mut pages)?;
        pages.flush()?;
        losses.wrote(Section::Threads);
        for _ in &talk.messages {
            losses.wrote(Section::Messages);
        }
        Ok(())
    }
}

/// The pages above one that stands in a folder, and one that does not.
fn above(path: &str) -> Vec<(String, String)> {
    let start = match path {
        START => return Vec::new(),
        path if path.contains('/') => format!("../{START}"),
        _ => START.to_owned(),
    };
    vec![(start, "The export".to_owned())]
}

fn title(index: &Index, workspace_id: Option<&str>) -> String {
    if !workspace_id.is_some_and(|id| index.workspaces.contains_key(id)) {
        return "Outside workspaces".to_owned();
    }
    let name = workspace_id.and_then(|id| index.workspace_name(id));
    let name = name.filter(|name| !name.is_empty());
    name.unwrap_or("Workspace without a name").to_owned()
}

/// A fact, and what else is known of it.
fn memory(out: &mut String, record: &Record<'_>) {
    out.push_str("<section class=\"card\">");
    prose::write(out, &text_or_empty(record, "content"));
    all_fields(out, record, &["content"]);
    out.push_str("</section>\n");
}

/// The name of a file that a browser or a desktop would run when it is opened gets an ending with which it
/// is shown as text.
fn unrunnable(name: &str) -> String {
    let ending = name.trim_end().rsplit('.').next().unwrap_or_default();
    let runs = [
        "htm", "html", "shtml", "xht", "xhtml", "mht", "mhtml", "svg", "svgz", "xml", "xsl",
        "xslt", "js", "mjs", "hta", "url", "webloc", "lnk", "desktop",
    ];
    if runs.contains(&ending.to_ascii_lowercase().trim_end_matches(['.', ' '])) {
        format!("{name}.txt")
    } else {
        name.to_owned()
    }
}
