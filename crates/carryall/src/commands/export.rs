//! `carryall export`: everything the product holds on one person, in one file.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{anyhow, bail};
use carryall_format::section::Section;
use carryall_source::connect::Source;
use carryall_source::export::{ExportError, ExportOrder, Exported, export};
use carryall_source::grants;
use carryall_source::scope::Scope;
use carryall_source::subject::{SubjectError, find_subject};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, civil};
use serde_json::json;

use super::destination;
use super::keys::SigningKeyArg;
use super::on_record::{Deed, OnRecord, Record, RecordArgs};
use super::origin::{SourceArgs, with_hint};
use super::progress::ExportProgress;
use super::protecting::{ProtectArgs, write_encrypted};
use super::stores::{FilesArgs, ReachArgs};

use crate::clock::Clock;
use crate::exports::failure::Failure;
use crate::ledger::ExportId;
use crate::product::ProductError;
use crate::protect::Lock;
use crate::random::{Randomness, hex};

/// Before each further try, after the database's server ended a snapshot.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// Delivered, with gaps that the file lists.
const WITH_GAPS: u8 = 3;

/// Write everything the product holds on one person to one file
///
/// Exit code 0: whole; 3: delivered, with gaps that stand in the file; 2: failed, and nothing was left
/// behind.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  carryall demo --dir demo
  carryall export --source sqlite:demo/PRODUCT.db --files demo/files \\
      --subject marta@northbridge.example --out export.json
  carryall export … --out - | jq '.workspaces[].name'
  carryall export … --out export.json.age --recipient age1…
  carryall export … --out export.json --ledger sqlite:/var/lib/carryall/ledger.db \\
      --reference DSAR-2026-014 --reason 'asked for by letter, cannot sign in any more'")]
pub struct Export {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    files: FilesArgs,
    /// Whose data: the e-mail address, or the product's key of the account
    #[arg(long, value_name = "EMAIL_OR_KEY")]
    subject: String,
    /// Where to write; - is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only this workspace, and nothing about the account: a file for one client
    #[arg(long, value_name = "ID")]
    workspace: Option<String>,
    /// Only messages from this day (UTC) or moment on: 2026-03-01, 2026-03-01T12:00:00Z
    #[arg(long, value_name = "DATE", value_parser = first_moment)]
    since: Option<Timestamp>,
    /// Only messages up to and including this day (UTC), or before this moment
    #[arg(long, value_name = "DATE", value_parser = end_of)]
    until: Option<Timestamp>,
    #[command(flatten)]
    signing_key: SigningKeyArg,
    #[command(flatten)]
    protect: ProtectArgs,
    /// Leave the bytes of files out; their records stay
    #[arg(long)]
    without_file_contents: bool,
    #[command(flatten)]
    reach: ReachArgs,
    #[command(flatten)]
    record: RecordArgs,
}

impl Export {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since >= until
        {
            bail!("--since is not before --until: nothing lies between them");
        }
        if self.out.as_os_str() == "-" && std::io::stdout().is_terminal() {
            bail!("a terminal is no place for an export: name a file with --out, or pipe it on");
        }
        let lock = self.protect.lock(&self.out)?;
        let signing_key = self.signing_key.read()?;
        let record = self.record.open()?;
        let map = self.source.product.load()?;
        let files = self.files.place(&self.reach)?;
        let source = self.source.connect(&map, files)?;
        let snapshot = source
            .snapshot()
            .map_err(|error| with_hint(&error, error.hint()))?;
        let subject = find_subject(&snapshot, &map, &self.subject).map_err(|error| {
            let error = match error {
                SubjectError::Source(error) => grants::named(&source, &map, error).into(),
                error => error,
            };
            with_hint(&error, error.hint())
        })?;
        drop(snapshot);
        let scope = Scope {
            workspace: self.workspace.clone(),
            since: self.since,
            until: self.until,
            file_contents: !self.without_file_contents,
        };
        let clock = Clock::system();
        let export_id = ExportId(Randomness::system().uuid(clock.now()));
        let facts = json!({
            "part": scope.part(), "file_contents": scope.file_contents, "encrypted": lock.is_some(),
        });
        let begin = |record: Record| {
            let (deed, export) = (Deed::Export, Some(export_id));
            record.begin(deed, &subject, export, facts, clock.clone())
        };
        let record = record.map(begin).transpose()?;
        let order = ExportOrder {
            map: &map,
            subject: &subject,
            scope: &scope,
            export_id: &export_id.to_string(),
            signing_key: signing_key.as_ref(),
            clock: &|| clock.now(),
            generator_version: env!("CARGO_PKG_VERSION"),
        };
        let work = Work {
            source: &source,
            order: &order,
            lock: lock.as_ref(),
            progress: ExportProgress::start(),
            failure: Cell::new(Failure::StorageUnwritable),
            may_pass: Cell::new(false),
        };
        let exported = match self.write(&work, record.as_ref()) {
            Ok(exported) => exported,
            Err(error) => {
                return Err(match record {
                    Some(record) => record.failed(work.failure.get(), error),
                    None => error,
                });
            }
        };
        work.progress.finish();
        Ok(self.report(&exported, lock.is_some()))
    }

    /// A file has its name only when its end is on the record.
    fn write(&self, work: &Work<'_>, record: Option<&OnRecord>) -> anyhow::Result<Exported> {
        let finished = |exported: Exported| {
            if let Some(record) = record {
                record.finished(json!({
                    "records": exported.counts.values().sum::<u64>(), "gaps": exported.gap_count,
                    "bytes": exported.size_bytes, "sha256": hex(&exported.sha256),
                }))?;
            }
            Ok(exported)
        };
        if self.out.as_os_str() != "-" {
            let once = || {
                destination::write_whole(&self.out, "--out", |file| {
                    work.write(file).and_then(finished)
                })
            };
            if destination::is_device(&self.out) {
                return once();
            }
            return in_tries(once, &work.may_pass);
        }
        work.write(destination::standard_output()?)
            .and_then(finished)
    }

    fn report(&self, exported: &Exported, is_encrypted: bool) -> ExitCode {
        let mut err = std::io::stderr().lock();
        let records: u64 = exported
            .counts
            .iter()
            .filter(|(section, _)| **section != Section::FileContents)
            .map(|(_, count)| count)
            .sum();
        // Nothing more can be done when even standard error is gone.
        let _ = writeln!(
            err,
            "{}: {records} records, {}{}, SHA-256 {}",
            self.out.display(),
            if is_encrypted { "encrypted, " } else { "" },
            indicatif::HumanBytes(exported.size_bytes),
            carryall_format::write::hex(&exported.sha256)
        );
        if let Some(signature) = &exported.signature {
            let _ = writeln!(err, "signed with key {}", signature.key_id());
        }
        if let Some(lag) = exported.replica_lag {
            let _ = writeln!(
                err,
                "read from a replica: the newest change there was made {:.1} s before",
                lag.as_secs_f64()
            );
        }
        if exported.gap_count == 0 {
            return ExitCode::SUCCESS;
        }
        let _ = writeln!(
            err,
            "{} gaps, also listed in the file under `gaps`:",
            exported.gap_count
        );
        for gap in &exported.gaps {
            let place = [gap.id.as_deref(), gap.field.as_deref()];
            let place: Vec<_> = place.into_iter().flatten().collect();
            let (code, section) = (gap.code.name(), gap.section.name());
            let _ = writeln!(
                err,
                "  {code} in {section} {}: {}",
                place.join(", "),
                gap.reason
            );
        }
        ExitCode::from(WITH_GAPS)
    }
}

/// One export to write.
struct Work<'a> {
    source: &'a Source,
    order: &'a ExportOrder<'a>,
    lock: Option<&'a Lock>,
    progress: ExportProgress,
    /// Why it failed, if it did, in the record's word.
    failure: Cell<Failure>,
    /// Whether another try may end well.
    may_pass: Cell<bool>,
}

impl Work<'_> {
    /// Writes it, encrypted if there is a lock. Its size and digest are then those of what was written.
    fn write(&self, out: impl Write + Send + 'static) -> anyhow::Result<Exported> {
        let Some(lock) = self.lock else {
            return self.export(out);
        };
        let (exported, size_bytes, sha256) = write_encrypted(lock, out, |out| self.export(out))?;
        Ok(Exported {
            size_bytes,
            sha256,
            ..exported
        })
    }

    fn export(&self, out: impl Write + Send + 'static) -> anyhow::Result<Exported> {
        let exported = export(self.source, self.order, out, &self.progress);
        let exported = exported.inspect(|_| self.may_pass.set(false));
        exported.map_err(|error: ExportError| {
            // One that failed so far and passed was there before.
            self.may_pass.set(error.may_pass(self.may_pass.get()));
            let told = with_hint(&error, error.hint());
            self.failure.set(Failure::of(&ProductError::from(error)));
            told
        })
    }
}

/// Again, from a new snapshot, while the database's server ends what it should not; `may_pass` is set by each try.
fn in_tries(
    once: impl Fn() -> anyhow::Result<Exported>,
    may_pass: &Cell<bool>,
) -> anyhow::Result<Exported> {
    for pause in PAUSES {
        match once() {
            Err(error) if may_pass.get() => {
                eprintln!("{error}\ntrying again from a new snapshot");
                std::thread::sleep(pause);
            }
            end => return end,
        }
    }
    once().map_err(|error| {
        if may_pass.get() {
            anyhow!("tried {} times: {error}", PAUSES.len() + 1)
        } else {
            error
        }
    })
}

fn first_moment(text: &str) -> Result<Timestamp, String> {
    moment(text, 0)
}

fn end_of(text: &str) -> Result<Timestamp, String> {
    moment(text, 1)
}

/// A moment, or the start of the day `days` after the one that is named.
fn moment(text: &str, days: i64) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    text.parse::<civil::Date>()
        .and_then(|date| date.checked_add(days.days()))
        .and_then(|date| date.at(0, 0, 0, 0).to_zoned_datetime(TimeZone::UTC))
        .map(|zoned| zoned.timestamp())
        .map_err(|_| "write a date as 2026-03-01, or a moment as 2026-03-01T12:00:00Z".to_owned())
}
