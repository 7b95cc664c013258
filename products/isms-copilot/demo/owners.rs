//! The list of whose every row is: `owners.jsonl`.
//!
//! One line for each row and person, made while the row is inserted and never from the data map, so
//! that tests can hold an export against it. A row that is nobody's has one line without an owner.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Who meets a row in an export; people by e-mail address.
#[derive(Debug, Clone, Default)]
pub struct Whose {
    /// Their exports hold it in full.
    pub own: Vec<String>,
    /// Their exports hold its frame: id, place and name or title.
    pub frame: Vec<String>,
    /// Their exports count it as left out, for the rights of others.
    pub left_out: Vec<String>,
}

impl Whose {
    /// A row of one person, which nobody else sees.
    pub fn only(email: &str) -> Self {
        Self {
            own: vec![email.to_owned()],
            ..Self::default()
        }
    }

    /// A row of one person that these others see in the product. The owner may be among them.
    pub fn seen_by(email: &str, others: &[String]) -> Self {
        let left_out = others
            .iter()
            .filter(|other| *other != email)
            .cloned()
            .collect();
        Self {
            left_out,
            ..Self::only(email)
        }
    }
}

/// The list, while it is written.
#[derive(Debug)]
pub struct Owners {
    out: BufWriter<File>,
}

impl Owners {
    /// Starts an empty list.
    pub fn create(path: &Path) -> Result<Self> {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            out: BufWriter::with_capacity(1 << 20, file),
        })
    }

    /// Adds the lines of one row.
    pub fn add(&mut self, table: &str, id: &Value, whose: &Whose) -> Result<()> {
        let access = [
            ("own", &whose.own),
            ("frame", &whose.frame),
            ("left_out", &whose.left_out),
        ];
        if access.iter().all(|(_, people)| people.is_empty()) {
            return self.line(table, id, &Value::Null, "nobody");
        }
        for (access, people) in access {
            for email in people {
                self.line(table, id, &json!(email), access)?;
            }
        }
        Ok(())
    }

    fn line(&mut self, table: &str, id: &Value, owner: &Value, access: &str) -> Result<()> {
        writeln!(
            self.out,
            r#"{{"table":"{table}","id":{id},"owner":{owner},"access":"{access}"}}"#
        )?;
        Ok(())
    }

    /// Writes out what is still in memory.
    pub fn finish(mut self) -> Result<()> {
        self.out.flush()?;
        Ok(())
    }
}
