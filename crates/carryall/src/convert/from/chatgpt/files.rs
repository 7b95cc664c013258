//! The files that stand beside the conversations in ChatGPT's zip, found by the id in their names.

use std::collections::{BTreeMap, BTreeSet};

use carryall_format::section::Section;

use super::super::bundle::Entry;
use super::super::draft::Draft;
use super::super::error::FromError;
use super::super::gather::{Bytes, Gathered};
use super::super::ids::made;

/// Why a file has no bytes.
pub const NOT_THERE: &str = "its bytes are not in the export";

/// All of them, and which were asked for.
pub struct Files {
    by_id: BTreeMap<String, usize>,
    entries: Vec<(usize, Entry)>,
    used: BTreeSet<usize>,
}

impl Files {
    /// What is no JSON, and no page that shows the same conversations.
    pub fn of(entries: &[(usize, Entry)]) -> Files {
        let is_file =
            |(_, entry): &&(usize, Entry)| !entry.is_json() && entry.base_name() != "chat.html";
        let entries: Vec<_> = entries.iter().filter(is_file).cloned().collect();
        let mut by_id = BTreeMap::new();
        for (place, entry) in &entries {
            for id in ids_in(entry.base_name()) {
                by_id.entry(id).or_insert(*place);
            }
        }
        Files {
            by_id,
            entries,
            used: BTreeSet::new(),
        }
    }

    /// The bytes of a file.
    pub fn bytes_of(&mut self, id: &str) -> Bytes {
        let Some(place) = self.by_id.get(id) else {
            return Bytes::Missing(NOT_THERE);
        };
        self.used.insert(*place);
        Bytes::Entry(*place)
    }

    /// What it is called there.
    pub fn name_of(&self, id: &str) -> Option<String> {
        let place = self.by_id.get(id)?;
        let (_, entry) = self.entries.iter().find(|(at, _)| at == place)?;
        Some(entry.base_name().to_owned())
    }

    /// Those that no message names: they are the person's all the same.
    pub fn rest(self, gathered: &mut Gathered) -> Result<(), FromError> {
        for (place, entry) in self.entries {
            if self.used.contains(&place) {
                continue;
            }
            let is_made = ["textdocs/", "dalle-generations/"]
                .into_iter()
                .any(|folder| entry.name.contains(folder));
            let section = if is_made {
                Section::GeneratedDocuments
            } else {
                Section::UploadedFiles
            };
            let mut draft = Draft::new(section, made(&["chatgpt", "file", &entry.name]));
            draft.set("name", Some(entry.base_name()));
            if entry.name != entry.base_name() {
                draft
                    .extra
                    .insert("path_in_the_export".to_owned(), entry.name.into());
            }
            gathered.file(draft, Bytes::Entry(place))?;
        }
        Ok(())
    }
}

/// `file-ID-name.ext`, `file_HEX-sanitized.ext`, `file-ID.ext`: an id never has a point, and only the first
/// form has a hyphen in it.
fn ids_in(name: &str) -> Vec<String> {
    let stem = name.split('.').next().unwrap_or(name);
    let up_to = |count: usize| {
        let parts: Vec<_> = stem.splitn(count + 1, '-').collect();
        parts[..parts.len().min(count)].join("-")
    };
    let mut ids = vec![stem.to_owned(), name.to_owned()];
    if stem.starts_with("file-") {
        ids.push(up_to(2));
    } else if stem.starts_with("file_") {
        ids.push(up_to(1));
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_in_every_form_of_a_name() {
        for (name, id) in [
            ("file-AbC12-risk register.xlsx", "file-AbC12"),
            ("file_0000abcd-sanitized.png", "file_0000abcd"),
            ("file-AbC12.webp", "file-AbC12"),
            ("file_0000abcd.dat", "file_0000abcd"),
        ] {
            assert!(ids_in(name).iter().any(|one| one == id), "{name}");
        }
    }
}
