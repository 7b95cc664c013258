//! Which folder and which name everything has.

use std::collections::BTreeMap;

use crate::convert::Index;
use crate::convert::fields::{Record, text};
use crate::convert::names::Names;

/// Folders of workspaces, and names that are taken in each.
pub struct Layout {
    folders: BTreeMap<String, String>,
    names: BTreeMap<String, Names>,
}

const OUTSIDE: &str = "Outside workspaces";
const ABOUT: &str = "About this workspace";

impl Layout {
    pub fn of(index: &Index) -> Layout {
        Layout {
            folders: folders(index),
            names: BTreeMap::new(),
        }
    }

    fn folder(&self, workspace_id: Option<&str>) -> &str {
        workspace_id
            .and_then(|id| self.folders.get(id))
            .map_or(OUTSIDE, String::as_str)
    }

    /// What is said of a workspace itself.
    pub fn workspace_note(&self, id: &str) -> String {
        format!("{}/{ABOUT}.md", self.folder(Some(id)))
    }

    /// A new note: date and title.
    pub fn thread_note(&mut self, thread: &Record) -> String {
        let folder = self.folder(text(thread, "workspace_id")).to_owned();
        let date = text(thread, "created_at").and_then(|time| time.get(..10));
        let title = text(thread, "title").unwrap_or("Untitled");
        let wanted = match date {
            Some(date) => format!("{date} {title}"),
            None => title.to_owned(),
        };
        let names = self.names.entry(folder.clone()).or_insert_with(|| {
            let mut names = Names::default();
            // What stands there already.
            names.take(ABOUT, ABOUT);
            names.take("attachments", "attachments");
            names
        });
        // The ending is ours: a title may have a dot.
        format!(
            "{folder}/{}.md",
            names.take(&wanted, "Untitled").replace(".md", "-md")
        )
    }
}

/// A folder for each workspace, beside the notes about the account.
fn folders(index: &Index) -> BTreeMap<String, String> {
    let mut names = Names::default();
    names.take(OUTSIDE, OUTSIDE);
    index
        .workspaces
        .iter()
        .map(|(id, record)| {
            let name = text(record, "name").unwrap_or("Workspace");
            (id.clone(), names.take(name, "Workspace"))
        })
        .collect()
}

/// Files lie beside the notes of their workspace.
pub fn place_files(index: &mut Index) {
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
            .take(&facts.name, "file");
        facts.path = Some(format!("{folder}/attachments/{name}"));
    }
}
