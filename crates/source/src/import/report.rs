//! What became of a file: nothing of it is left out without a line here.

use std::collections::BTreeMap;

use serde::Serialize;

/// What became of the records of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Records in the file.
    pub read: u64,
    /// Rows that were added.
    pub added: u64,
    /// How many of these got another id, because theirs was taken.
    pub remapped: u64,
    /// Records whose row was there already; it was left as it was.
    pub kept: u64,
    /// Records that got no row.
    pub not_imported: u64,
}

/// Something that has no place, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `other_records/sessions`, `threads.archived`
    pub what: String,
    /// Why, in plain words.
    pub reason: String,
    /// How many records.
    pub count: u64,
    /// Whether the data map says so beforehand.
    pub by_rule: bool,
}

/// What became of the bytes of files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FileCounts {
    /// Files that were written.
    pub restored: u64,
    /// Their size.
    pub size_bytes: u64,
    /// Files whose record has a row already.
    pub kept: u64,
    /// Files that have no place.
    pub not_restored: u64,
}

/// The whole report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The product that the file comes from.
    pub from_product: String,
    /// The key of the person in the database.
    pub person: String,
    /// Whether everything was undone again.
    pub dry_run: bool,
    /// By section, and by collection of `other_records`, in the order met.
    pub records: Vec<(String, Counts)>,
    /// What was not imported, or not as it stands in the file.
    pub without_place: Vec<Line>,
    /// Bytes of files.
    pub files: FileCounts,
}

impl Report {
    /// Rows that were added.
    #[must_use]
    pub fn added(&self) -> u64 {
        self.records.iter().map(|(_, counts)| counts.added).sum()
    }

    /// Whether something has no place and no rule says so.
    #[must_use]
    pub fn lost_something(&self) -> bool {
        self.without_place.iter().any(|line| !line.by_rule)
    }
}

/// Counts while the import runs.
#[derive(Debug, Default)]
pub(super) struct Counting {
    records: Vec<(String, Counts)>,
    places: BTreeMap<String, usize>,
    lines: BTreeMap<(bool, String, String), u64>,
    pub(super) files: FileCounts,
}

impl Counting {
    /// The counts of records of one kind.
    pub(super) fn of(&mut self, label: &str) -> &mut Counts {
        let place = *self.places.entry(label.to_owned()).or_insert_with(|| {
            self.records.push((label.to_owned(), Counts::default()));
            self.records.len() - 1
        });
        &mut self.records[place].1
    }

    /// Notes that something has no place.
    pub(super) fn without_place(&mut self, what: &str, reason: &str, by_rule: bool) {
        let line = (by_rule, what.to_owned(), reason.to_owned());
        *self.lines.entry(line).or_default() += 1;
    }

    /// Notes a record that gets no row.
    pub(super) fn not_imported(&mut self, label: &str, reason: &str, by_rule: bool) {
        self.of(label).not_imported += 1;
        self.without_place(label, reason, by_rule);
    }

    pub(super) fn finish(self, report: Report) -> Report {
        let lines = self.lines.into_iter();
        Report {
            records: self.records,
            without_place: lines
                .map(|((by_rule, what, reason), count)| Line {
                    what,
                    reason,
                    count,
                    by_rule,
                })
                .collect(),
            files: self.files,
            ..report
        }
    }
}
