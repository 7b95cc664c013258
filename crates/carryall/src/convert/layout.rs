//! Which folder and which name everything has, where an export becomes a folder for people.

use std::collections::BTreeMap;

use super::Index;
use super::fields::{Record, text};
use super::names::Names;

const OUTSIDE: &str = "Outside workspaces";
/// What stands before the number of a page that another one goes on in.
const PAGE: &str = ", page ";

/// A folder for each workspace; in it a page about the workspace, one for each thread, and the attachments.
pub struct Layout {
    folders: BTreeMap<String, String>,
    /// By the place of the thread in the index.
    threads: Vec<String>,
    /// Places of threads, by their workspace.
    of_workspace: BTreeMap<Option<String>, Vec<usize>>,
    about: &'static str,
    ending: &'static str,
}

impl Layout {
    /// `about` is the name of the page about a workspace, `ending` the one of all pages.
    pub fn of(index: &Index, about: &'static str, ending: &'static str) -> anyhow::Result<Layout> {
        let mut layout = Layout {
            folders: folders(index),
            threads: Vec::with_capacity(index.threads.len()),
            of_workspace: BTreeMap::new(),
            about,
            ending,
        };
        let mut names: BTreeMap<String, Names> = BTreeMap::new();
        for place in 0..index.threads.len() {
            let thread = index.thread(place)?;
            let path = layout.new_thread(&thread, &mut names);
            layout.threads.push(path);
            let workspace = text(&thread, "workspace_id");
            let workspace = workspace.filter(|id| layout.folders.contains_key(id.as_ref()));
            let workspace = workspace.map(Into::into);
            let places = layout.of_workspace.entry(workspace).or_default();
            places.push(place);
        }
        Ok(layout)
    }

    /// The folder of a workspace, and of what stands in none.
    pub fn folder(&self, workspace_id: Option<&str>) -> &str {
        workspace_id
            .and_then(|id| self.folders.get(id))
            .map_or(OUTSIDE, String::as_str)
    }

    /// The page about a workspace.
    pub fn about(&self, workspace_id: Option<&str>) -> String {
        format!(
            "{}/{}{}",
            self.folder(workspace_id),
            self.about,
            self.ending
        )
    }

    /// The page of a thread, by its place in the index.
    pub fn thread(&self, place: usize) -> &str {
        &self.threads[place]
    }

    /// The places of a workspace's threads, and of those that stand in none.
    pub fn threads_of(&self, workspace_id: Option<&str>) -> &[usize] {
        let places = self.of_workspace.get(&workspace_id.map(str::to_owned));
        places.map_or(&[], Vec::as_slice)
    }

    /// Date and title.
    fn new_thread(&self, thread: &Record<'_>, names: &mut BTreeMap<String, Names>) -> String {
        let folder = self.folder(text(thread, "workspace_id").as_deref());
        let (created, title) = (text(thread, "created_at"), text(thread, "title"));
        let title = title.as_deref().unwrap_or("Untitled");
        let mut wanted = match created.as_deref().and_then(|time| time.get(..10)) {
            Some(date) => format!("{date} {title}"),
            None => title.to_owned(),
        };
        if wanted.to_ascii_lowercase().contains(PAGE) {
            wanted = wanted.replace(',', "-");
        }
        if !names.contains_key(folder) {
            // What stands there already.
            let mut taken = Names::default();
            taken.take(self.about, self.about);
            taken.take("attachments", "attachments");
            names.insert(folder.to_owned(), taken);
        }
        let names = names.entry(folder.to_owned()).or_default();
        // The ending is ours: a title may have a dot.
        let wanted = wanted.replace(self.ending, &self.ending.replace('.', "-"));
        format!(
            "{folder}/{}{}",
            names.take(&wanted, "Untitled"),
            self.ending
        )
    }
}

/// The path of a page that another one goes on in; no thread has such a name.
pub fn continued(path: &str, number: usize) -> String {
    match path.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}{PAGE}{number}.{ending}"),
        None => format!("{path}{PAGE}{number}"),
    }
}

/// A folder for each workspace, beside the pages about the account.
fn folders(index: &Index) -> BTreeMap<String, String> {
    let mut names = Names::default();
    names.take(OUTSIDE, OUTSIDE);
    index
        .workspaces
        .keys()
        .map(|id| {
            let name = index.workspace_name(id).unwrap_or("Workspace");
            (id.clone(), names.take(name, "Workspace"))
        })
        .collect()
}

/// Files lie beside the pages of their workspace, under names that `harmless` has looked at.
pub fn place_files(index: &mut Index, harmless: fn(&str) -> String) {
    let folders = folders(index);
    let mut names: BTreeMap<String, Names> = BTreeMap::new();
    for facts in index.files.values_mut().filter(|facts| facts.has_contents) {
        let folder = facts
            .workspace_id
            .as_ref()
            .and_then(|id| folders.get(id))
            .map_or(OUTSIDE, String::as_str);
        let name = names
            .entry(folder.to_owned())
            .or_default()
            .take(&harmless(&facts.name), "file");
        facts.path = Some(format!("{folder}/attachments/{name}"));
    }
}
