//! An export file, read whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::program::Outcome;

/// The lists of the file, in its order.
pub const LISTS: [&str; 10] = [
    "workspaces",
    "threads",
    "messages",
    "uploaded_files",
    "generated_documents",
    "workspace_memories",
    "user_memories",
    "subscriptions",
    "other_records",
    "file_contents",
];

/// An export file and how the program that wrote it ended.
pub struct ExportFile {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    pub json: Value,
    pub outcome: Outcome,
}

impl ExportFile {
    /// Reads a file.
    pub fn read(path: &Path, outcome: Outcome) -> ExportFile {
        let bytes = fs::read(path).unwrap();
        let json = serde_json::from_slice(&bytes)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        ExportFile {
            path: path.to_owned(),
            bytes,
            json,
            outcome,
        }
    }

    /// The file as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    /// The records of a list.
    #[track_caller]
    pub fn list(&self, section: &str) -> &[Value] {
        self.json[section].as_array().unwrap()
    }

    /// The one record with this id.
    #[track_caller]
    pub fn record(&self, section: &str, id: &str) -> &Value {
        self.list(section)
            .iter()
            .find(|record| record["id"] == id)
            .unwrap_or_else(|| panic!("{section} has no {id}"))
    }

    /// The ids of a list.
    pub fn ids(&self, section: &str) -> BTreeSet<String> {
        let ids = self.list(section).iter().map(|record| &record["id"]);
        ids.map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// The records of one collection of `other_records`.
    pub fn collection(&self, name: &str) -> Vec<&Value> {
        self.list("other_records")
            .iter()
            .filter(|record| record["collection"] == name)
            .collect()
    }

    /// `code section id field` of each gap.
    pub fn gaps(&self) -> Vec<String> {
        self.list("gaps")
            .iter()
            .map(|gap| {
                let text = |key: &str| gap[key].as_str().unwrap_or("-").to_owned();
                format!(
                    "{} {} {} {}",
                    text("code"),
                    text("section"),
                    text("id"),
                    text("field")
                )
            })
            .collect()
    }

    /// How the summary says that a section stands.
    pub fn status(&self, section: &str) -> &str {
        self.json["summary"]["sections"][section]["status"]
            .as_str()
            .unwrap()
    }

    /// How many records the summary says a section has.
    pub fn count(&self, section: &str) -> u64 {
        self.json["summary"]["sections"][section]["count"]
            .as_u64()
            .unwrap()
    }

    /// The bytes of each file, by section and id, put together from their parts.
    pub fn contents(&self) -> BTreeMap<(String, String), Vec<u8>> {
        let mut files: BTreeMap<_, Vec<u8>> = BTreeMap::new();
        for part in self.list("file_contents") {
            let text = |key: &str| part[key].as_str().unwrap().to_owned();
            let bytes = STANDARD.decode(text("base64")).unwrap();
            files
                .entry((text("section"), text("file_id")))
                .or_default()
                .extend(bytes);
        }
        files
    }
}
