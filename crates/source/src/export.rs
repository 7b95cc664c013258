//! One export, from the snapshot to the last byte.
//!
//! Synchronous code on the caller's thread; hashing and writing happen on a second one, or where somebody would wait. What reads is
//! bounded by what the person has, and memory by neither.

mod account;
mod contents;
mod error;
mod messages;
mod run;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use carryall_format::gap::Gap;
use carryall_format::header::{
    FORMAT, Generator, Header, LeftOutCount, ProcessingHeader, REVISION, SchemaRef, ScopeHeader,
    VERSION,
};
use carryall_format::section::Section;
use carryall_format::sign::{IntegritySignature, SigningKey};
use carryall_format::write::WriteError;
use jiff::Timestamp;

pub use self::error::ExportError;
use self::run::Run;
use crate::check;
use crate::connect::Source;
use crate::coverage;
use crate::data_map::DataMap;
use crate::error::SourceError;
use crate::grants;
use crate::plan::Plan;
use crate::scope::Scope;
use crate::snapshot::Snapshot;
use crate::subject::{Subject, SubjectError, find_subject_by_key};

/// What to export. The clock and the id are arguments, so that a test can hold them still.
pub struct ExportOrder<'a> {
    /// The product's data map, checked.
    pub map: &'a DataMap,
    /// Who asks.
    pub subject: &'a Subject,
    /// What is asked for.
    pub scope: &'a Scope,
    /// UUID v7.
    pub export_id: &'a str,
    /// What signs the file, if anything does.
    pub signing_key: Option<&'a SigningKey>,
    /// Tells the time.
    pub clock: &'a dyn Fn() -> Timestamp,
    /// Version of the program.
    pub generator_version: &'a str,
}

/// Hears how far an export is.
pub trait Progress: Sync {
    /// A section begins.
    fn section(&self, _section: Section) {}
    /// So many records of the section and bytes of the file are done.
    fn advanced(&self, _records: u64, _bytes: u64) {}
    /// Whether to stop.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {}

/// A finished export.
#[derive(Debug, Clone)]
pub struct Exported {
    /// Its id.
    pub export_id: String,
    /// The moment that all rows come from.
    pub snapshot_at: Timestamp,
    /// How old the newest change was that a replica knew at that moment.
    pub replica_lag: Option<Duration>,
    /// Size of the file in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the whole file, as `sha256sum` prints it.
    pub sha256: [u8; 32],
    /// Records of each section.
    pub counts: BTreeMap<Section, u64>,
    /// How many gaps stand in the file.
    pub gap_count: u64,
    /// The first 1,000 of them.
    pub gaps: Vec<Gap>,
    /// What was left out.
    pub left_out: Vec<LeftOutCount>,
    /// The file's signature, when there was a key to sign with.
    pub signature: Option<IntegritySignature>,
}

/// Writes the export of one person to `out`. On an error `out` holds an unfinished file, which the
/// caller must not keep.
///
/// Where one connection to a server and at most two processors do all of it, the calling thread's priority is lowered
/// for good, and that of threads that it starts later: see [`Writer::give_way`](carryall_format::write::Writer::give_way).
pub fn export(
    source: &Source,
    order: &ExportOrder<'_>,
    out: impl Write + Send + 'static,
    progress: &dyn Progress,
) -> Result<Exported, ExportError> {
    written(source, order, out, progress).map_err(|error| match error {
        ExportError::Source(error) => grants::named(source, order.map, error).into(),
        error => error,
    })
}

fn written(
    source: &Source,
    order: &ExportOrder<'_>,
    out: impl Write + Send + 'static,
    progress: &dyn Progress,
) -> Result<Exported, ExportError> {
    let created_at = (order.clock)();
    let began = Instant::now();
    let mut snapshots = source.snapshots(order.subject.key.as_str())?;
    let snapshot = snapshots.remove(0);
    // Only the first read fixes a file's moment, so the clock is asked after it.
    let snapshot_at = snapshot.moment().unwrap_or_else(|| (order.clock)());
    // What policies hide is missing without a word, but not everything.
    if source.has_claims() && !is_there(&snapshot, order)? {
        return Err(SourceError::HiddenAccount.into());
    }
    let catalog = snapshot.catalog()?;
    let problems = check::check_against(order.map, &catalog);
    if !problems.is_empty() {
        return Err(ExportError::MapDoesNotFit { problems });
    }
    let plan = Plan::new(order.map, &catalog)?;
    let header = header(order, &plan, created_at, snapshot_at);
    let mut run = Run::start(
        &snapshot,
        &plan,
        order,
        source.files(),
        out,
        &header,
        progress,
    )?;
    run.others = snapshots;
    run.limit = source.max_duration().map(|length| (began + length, length));
    for unmapped in coverage::unmapped_columns(order.map, &catalog) {
        run.note_unmapped_column(&unmapped)?;
    }
    run.write_sections()?;
    let written = run.finish()?;
    Ok(Exported {
        export_id: order.export_id.to_owned(),
        snapshot_at,
        replica_lag: snapshot.replica_lag(),
        size_bytes: written.size_bytes,
        sha256: written.sha256,
        counts: written.counts,
        gap_count: written.gap_count,
        gaps: written.gaps,
        left_out: written.left_out,
        signature: written.signature,
    })
}

fn is_there(snapshot: &Snapshot, order: &ExportOrder<'_>) -> Result<bool, SourceError> {
    match find_subject_by_key(snapshot, order.map, order.subject.key.as_str()) {
        Err(SubjectError::Source(error)) => Err(error),
        found => Ok(found.is_ok()),
    }
}

/// The account's facts alone, as an export would hold them: what a page shows.
pub fn account_settings(
    snapshot: &Snapshot,
    order: &ExportOrder<'_>,
) -> Result<serde_json::Value, ExportError> {
    let plan = Plan::new(order.map, &snapshot.catalog()?)?;
    let now = (order.clock)();
    let header = header(order, &plan, now, now);
    let out = Memory::default();
    let mut run = Run::start(snapshot, &plan, order, None, out.clone(), &header, &Silent)?;
    run.write_account()?;
    run.finish()?;
    let file: serde_json::Value = out.parse()?;
    Ok(file[Section::AccountSettings.name()].clone())
}

/// A file of a few kilobytes that is read at once.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    fn parse(&self) -> Result<serde_json::Value, ExportError> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::from_slice(&bytes).map_err(|error| WriteError::Output(error.into()).into())
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// `PREFIX-export-2026-11-23.json`: the UTC date of the snapshot.
#[must_use]
pub fn file_name(map: &DataMap, snapshot_at: Timestamp) -> String {
    format!(
        "{}-export-{}.json",
        map.file_prefix,
        snapshot_at.strftime("%Y-%m-%d")
    )
}

fn header(
    order: &ExportOrder<'_>,
    plan: &Plan,
    created_at: Timestamp,
    snapshot_at: Timestamp,
) -> Header {
    let map = order.map;
    let scope = order.scope;
    Header {
        format: FORMAT,
        version: VERSION,
        revision: REVISION,
        schema: SchemaRef {
            sha256: carryall_format::schema::sha256(),
            location: "carryall schema".to_owned(),
        },
        id: order.export_id.to_owned(),
        product: map.product.clone(),
        subject_id: order.subject.key.as_str().to_owned(),
        created_at: rfc3339(created_at),
        snapshot_at: rfc3339(snapshot_at),
        generator: Generator {
            name: "carryall".to_owned(),
            version: order.generator_version.to_owned(),
        },
        locale: "en".to_owned(),
        scope: ScopeHeader {
            workspace_id: scope.workspace.clone(),
            since: scope.since.map(rfc3339),
            until: scope.until.map(rfc3339),
            file_contents: scope.file_contents,
            derived_from: None,
        },
        withheld: plan.withheld.clone(),
        processing: ProcessingHeader {
            controller: map.controller.name.clone(),
            contact: map.controller.contact.clone(),
            purposes: map.processing.purposes.clone(),
            recipients: map.processing.recipients.clone(),
            retention: map.processing.retention.clone(),
            rights: map.processing.rights.clone(),
        },
    }
}

/// RFC 3339 in UTC with 0, 3, 6 or 9 digits, as every time in the file.
#[must_use]
pub fn rfc3339(moment: Timestamp) -> String {
    let digits = match moment.subsec_nanosecond() {
        0 => 0,
        nanos if nanos % 1_000_000 == 0 => 3,
        nanos if nanos % 1_000 == 0 => 6,
        _ => 9,
    };
    format!("{moment:.digits$}")
}
