//! What must hold of any input.

use std::collections::HashSet;
use std::io::{self, Read, Seek as _, Write as _};

use carryall_format::verify::{Input, Options, Report, Verdict, verify};
use serde_json::Value;

/// No record is larger, so that memory for one shows.
const MAX_RECORD_BYTES: usize = 64 << 10;
/// Memory for one input, beside 8 times its size: threads with their channels and buffers.
pub const MOST_MEMORY: usize = 24 << 20;

/// Says what does not hold.
pub fn holds(bytes: &[u8]) -> Result<(), String> {
    let options = |threads| Options {
        threads,
        max_record_bytes: MAX_RECORD_BYTES,
        ..Options::default()
    };
    let piped = verify(Input::Stream(bytes), &options(1), &mut |_| {});
    let piped = piped.map_err(|error| error.to_string())?;
    let trickling = Input::Stream(Trickle(bytes, 1 + bytes.len() % 7));
    let trickled =
        verify(trickling, &options(3), &mut |_| {}).map_err(|error| error.to_string())?;
    same("7 bytes at a time, 3 threads", &piped, &trickled)?;
    if bytes.len().is_multiple_of(4) {
        let opened = of_file(bytes, &options(2)).map_err(|error| error.to_string())?;
        same("a file, 2 threads", &piped, &opened)?;
    }
    if piped.verdict == Verdict::Sound {
        sound(bytes, &piped)?;
    } else if !piped.findings.has_errors() {
        return Err("not sound, and nothing says why".to_owned());
    }
    Ok(())
}

struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let step = self.1.min(out.len());
        self.0.read(&mut out[..step])
    }
}

fn of_file(bytes: &[u8], options: &Options) -> io::Result<Report> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    verify(Input::file(file), options, &mut |_| {})
}

/// However a file is read, the answer is one.
fn same(how: &str, one: &Report, other: &Report) -> Result<(), String> {
    let facts = |report: &Report| {
        let places: Vec<_> = report
            .findings
            .in_order()
            .into_iter()
            .map(|found| (found.code, found.place))
            .collect();
        let counts: Vec<_> = report
            .sections
            .iter()
            .map(|section| section.count)
            .collect();
        format!(
            "{:?} {:?} {:?} {places:?} {:?} {counts:?} {:?} {:?} {}",
            report.verdict,
            report.digest,
            report.signature,
            report.findings.counts(),
            report.gaps,
            report.workspaces,
            report.file_bytes
        )
    };
    let (one, other) = (facts(one), facts(other));
    if one == other {
        Ok(())
    } else {
        Err(format!("another answer from {how}:\n{one}\n{other}"))
    }
}

/// What is called sound is JSON for another reader, with the records that the report counts, and does not
/// contradict itself.
fn sound(bytes: &[u8], report: &Report) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("called sound: {error}"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file: Value =
        serde_json::from_str(text).map_err(|error| format!("called sound: {error}"))?;
    for section in &report.sections {
        let found = match &file[section.section] {
            Value::Array(records) => records.len(),
            Value::Object(members) => usize::from(!members.is_empty()),
            _ => return Err(format!("called sound without `{}`", section.section)),
        };
        if found as u64 != section.count {
            return Err(format!(
                "`{}` has {found} records, not {}",
                section.section, section.count
            ));
        }
    }
    unique_ids(&file)?;
    REFERENCES
        .iter()
        .try_for_each(|reference| resolve(&file, *reference))
}

const WITH_IDS: [&str; 9] = [
    "workspaces",
    "threads",
    "messages",
    "uploaded_files",
    "generated_documents",
    "workspace_memories",
    "user_memories",
    "subscriptions",
    "other_records",
];

fn records<'f>(file: &'f Value, section: &str) -> impl Iterator<Item = &'f Value> {
    file[section].as_array().into_iter().flatten()
}

fn unique_ids(file: &Value) -> Result<(), String> {
    for section in WITH_IDS {
        let mut seen = HashSet::new();
        for record in records(file, section) {
            let id = record["id"].as_str().unwrap_or_default();
            if id.is_empty() || !seen.insert(id) {
                return Err(format!("called sound, with the id {id:?} in `{section}`"));
            }
        }
    }
    Ok(())
}

/// From, field, to: as docs/FORMAT.md lists them.
const REFERENCES: [[&str; 3]; 20] = [
    ["threads", "workspace_id", "workspaces"],
    ["threads", "current_message_id", "messages"],
    ["workspaces", "parent_id", "workspaces"],
    ["workspace_memories", "workspace_id", "workspaces"],
    ["workspace_memories", "source_thread_id", "threads"],
    ["user_memories", "source_thread_id", "threads"],
    ["messages", "thread_id", "threads"],
    ["messages", "parent_id", "messages"],
    ["messages", "file_ids", "uploaded_files"],
    ["messages", "generated_document_ids", "generated_documents"],
    ["uploaded_files", "workspace_id", "workspaces"],
    ["uploaded_files", "thread_id", "threads"],
    ["uploaded_files", "message_id", "messages"],
    ["generated_documents", "workspace_id", "workspaces"],
    ["generated_documents", "thread_id", "threads"],
    ["generated_documents", "message_id", "messages"],
    ["other_records", "workspace_id", "workspaces"],
    ["other_records", "thread_id", "threads"],
    ["other_records", "message_id", "messages"],
    ["file_contents", "file_id", ""],
];

fn resolve(file: &Value, [from, field, to]: [&str; 3]) -> Result<(), String> {
    let excused: HashSet<_> = records(file, "gaps")
        .filter(|gap| {
            gap["code"] == "dangling_reference" && gap["section"] == from && gap["field"] == field
        })
        .map(|gap| gap["id"].as_str())
        .collect();
    for record in records(file, from) {
        let to = if to.is_empty() {
            record["section"].as_str().unwrap_or_default()
        } else {
            to
        };
        let named: Vec<_> = match &record[field] {
            Value::Array(ids) => ids.iter().collect(),
            Value::Null => Vec::new(),
            id => vec![id],
        };
        for id in named {
            let is_there = records(file, to).any(|target| target["id"] == *id);
            if !is_there && !excused.contains(&record["id"].as_str()) {
                return Err(format!(
                    "called sound, and {field} of `{from}` names {id}, which is not there"
                ));
            }
        }
    }
    Ok(())
}
