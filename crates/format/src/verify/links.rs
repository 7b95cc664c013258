//! Which ids stand twice, and which references name nothing.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{io, thread};

use super::check::{Checked, Hasher, IdRow, RefRow, unpack};
use super::collect::GapLine;
use super::finding::{Code, Finding, Findings};
use super::json::Json;
use super::partitions::{PARTITIONS, Partitions};
use super::record::{Table, Values};
use crate::original::Original;
use crate::read::{Part, Place};
use crate::section::Section;

/// Ids and references of a whole file.
#[derive(Debug, Default)]
pub struct Links {
    ids: [Partitions<3>; Section::ALL.len()],
    refs: [Partitions<5>; Section::ALL.len()],
}

/// Fewer rows are compared before a thread has started.
const ROWS_FOR_THREADS: usize = 32 << 10;
/// Each holds a set of one partition's ids.
const MOST_THREADS: usize = 8;

impl Links {
    /// Takes those of one piece.
    pub fn add(&mut self, checked: &mut Checked) -> io::Result<()> {
        for (section, rows) in checked.ids.drain(..) {
            let ids = &mut self.ids[section as usize];
            rows.into_iter().try_for_each(|row| ids.add(row))?;
        }
        for (to, row) in checked.refs.drain(..) {
            self.refs[to as usize].add(row)?;
        }
        Ok(())
    }

    /// Compares them all, on so many threads. A file that was cut off has references to what is no longer in it.
    pub fn finish(
        self,
        excuses: &Excuses,
        is_cut_off: bool,
        records: &Records,
        threads: usize,
        findings: &mut Findings,
    ) -> io::Result<()> {
        let ids = self.ids.iter().map(Partitions::len);
        let rows: usize = ids.chain(self.refs.iter().map(Partitions::len)).sum();
        let next = AtomicUsize::new(0);
        let compare = || {
            let mut compared = Compared::default();
            let mut known = HashSet::default();
            loop {
                let partition = next.fetch_add(1, Ordering::Relaxed);
                if partition >= PARTITIONS {
                    return Ok(compared);
                }
                for section in Section::ALL {
                    known.clear();
                    self.ids(section, partition, records, &mut known, &mut compared)?;
                    if !is_cut_off {
                        self.refs(section, partition, records, &known, excuses, &mut compared)?;
                    }
                }
            }
        };
        let others = if rows < ROWS_FOR_THREADS {
            0
        } else {
            threads.min(MOST_THREADS) - 1
        };
        let all = thread::scope(|scope| {
            let others: Vec<_> = (0..others).map(|_| scope.spawn(compare)).collect();
            let mut all = vec![compare()];
            let panicked = |_| Err(io::Error::other("a thread of the verifier panicked"));
            let joined = others.into_iter().map(thread::ScopedJoinHandle::join);
            all.extend(joined.map(|one| one.unwrap_or_else(panicked)));
            all
        });
        let mut whole = Compared::default();
        for compared in all {
            whole.append(compared?);
        }
        findings.append(whole.findings);
        // Of records in a row with the same reference only the first was looked up.
        for ((section, field), run) in whole.runs {
            if run.count > excuses.of_field(section, field) {
                unresolved(run.to, run.first, records, findings);
            }
        }
        Ok(())
    }

    /// Gathers the ids of a partition.
    fn ids(
        &self,
        section: Section,
        partition: usize,
        records: &Records,
        known: &mut Hashes,
        compared: &mut Compared,
    ) -> io::Result<()> {
        self.ids[section as usize].each(partition, |row| {
            if !known.insert(row[0]) {
                duplicate(section, row, records, &mut compared.findings);
            }
        })
    }

    /// Looks up the references of a partition.
    fn refs(
        &self,
        to: Section,
        partition: usize,
        records: &Records,
        known: &Hashes,
        excuses: &Excuses,
        compared: &mut Compared,
    ) -> io::Result<()> {
        self.refs[to as usize].each(partition, |row| {
            if known.contains(&row[0]) {
                return;
            }
            if !excuses.has(row[1]) {
                unresolved(to, row, records, &mut compared.findings);
                return;
            }
            let (from, field, _) = unpack(row[3]);
            let run = Run {
                count: row[4],
                first: row,
                to,
            };
            compared.excused((from, field), run);
        })
    }
}

/// Hashes need not be hashed once more.
type Hashes = HashSet<u64, BuildHasherDefault<AsItIs>>;

#[derive(Default)]
struct AsItIs(u64);

impl std::hash::Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0 << 8 | u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What comparing some of the partitions brought.
#[derive(Default)]
struct Compared {
    findings: Findings,
    /// References that a gap excuses, by the field that refers.
    runs: BTreeMap<(Section, usize), Run>,
}

/// References of one field.
struct Run {
    count: u64,
    /// The first of the file.
    first: RefRow,
    to: Section,
}

impl Compared {
    fn excused(&mut self, field: (Section, usize), run: Run) {
        match self.runs.entry(field) {
            Entry::Vacant(none) => {
                none.insert(run);
            }
            Entry::Occupied(mut other) => {
                let other = other.get_mut();
                other.count += run.count;
                if run.first[2] < other.first[2] {
                    (other.first, other.to) = (run.first, run.to);
                }
            }
        }
    }

    fn append(&mut self, other: Compared) {
        self.findings.append(other.findings);
        for (field, run) in other.runs {
            self.excused(field, run);
        }
    }
}

/// What the gaps of a file excuse.
#[derive(Debug, Default)]
pub struct Excuses {
    /// Hashes of what they are about, with the field and without.
    hashes: HashSet<u64>,
    /// How many references of a field name what the product no longer has.
    dangling: HashMap<(Section, usize), u64>,
}

impl Excuses {
    /// Takes a gap.
    pub fn add(&mut self, gap: &GapLine, hasher: &Hasher) {
        let id = gap.id.as_deref().unwrap_or_default().as_bytes();
        for field in [gap.field.as_deref(), None] {
            let hash = hasher.gap(&gap.code, &gap.section, id, field);
            self.hashes.insert(hash);
        }
        if gap.code == "dangling_reference"
            && let Some(section) = Section::named(&gap.section)
            && let Some(index) = gap
                .field
                .as_ref()
                .and_then(|name| Table::of(section).index_of(name))
        {
            *self.dangling.entry((section, index)).or_default() += 1;
        }
    }

    /// Whether a gap with this hash is there.
    pub fn has(&self, hash: u64) -> bool {
        self.hashes.contains(&hash)
    }

    fn of_field(&self, section: Section, field: usize) -> u64 {
        self.dangling
            .get(&(section, field))
            .copied()
            .unwrap_or_default()
    }
}

fn duplicate(section: Section, row: IdRow, records: &Records, findings: &mut Findings) {
    let (_, _, line) = unpack(row[2]);
    let place = Place {
        offset: row[1],
        line,
    };
    if !findings.wants(Code::DuplicateId, place) {
        return;
    }
    let finding = Finding::new(
        Code::DuplicateId,
        "another record of this section has the same id",
    );
    let finding = finding.at(place).within(Part::Section(section));
    let id = records.field(section, 0, place);
    findings.push(finding.of(id).field("id"));
}

fn unresolved(to: Section, row: RefRow, records: &Records, findings: &mut Findings) {
    let (section, field, line) = unpack(row[3]);
    let place = Place {
        offset: row[2],
        line,
    };
    if !findings.wants(Code::UnresolvedReference, place) {
        return;
    }
    let what = match records.field(section, field, place) {
        Some(id) => format!(
            "it names {id}, which is not among the ids of `{}`",
            to.name()
        ),
        None => format!("it names an id that is not among those of `{}`", to.name()),
    };
    let finding = Finding::new(Code::UnresolvedReference, what).at(place);
    let finding = finding.within(Part::Section(section));
    let id = records.field(section, 0, place);
    findings.push(finding.of(id).field(Table::of(section).fields[field].name));
}

/// Records that are read once more to be named; none of a pipe.
#[derive(Debug)]
pub struct Records(pub Option<Original>);

impl Records {
    /// What a field of the record at a place says.
    fn field(&self, section: Section, field: usize, place: Place) -> Option<String> {
        let file = self.0.as_ref()?;
        let mut text = vec![0; 64 << 10];
        loop {
            let read = file.fill_at(&mut text, place.offset).ok()?;
            let mut values = Values::new();
            let mut json = Json::new(&text[..read]);
            // What follows the record, or its missing end, is no matter: the ids stand before.
            let is_whole = values.read(&mut json, Table::of(section)).is_ok();
            let value = values.raw(&text[..read], field);
            if let Some(value) = value {
                return match value {
                    [b'"', ..] => values.string(&text[..read], field),
                    // A list of ids: which of them is told by looking.
                    list => Some(String::from_utf8_lossy(list).chars().take(200).collect()),
                };
            }
            if is_whole || read < text.len() || text.len() > 16 << 20 {
                return None;
            }
            text.resize(text.len() * 4, 0);
        }
    }
}
