//! `carryall import`: an export, back in a product's database.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use carryall_format::trace::require_sound;
use carryall_format::verify::Input;
use carryall_source::connect::SourceOptions;
use carryall_source::error::SourceError;
use carryall_source::import::{Import as Prepared, ImportError, ImportOrder, Report};
use serde_json::json;

use super::given::{self, OpenArgs};
use super::on_record::{Deed, Record, RecordArgs};
use super::origin::{ProductArgs, with_hint};
use super::plain::plain;
use super::printed::printed;
use super::progress;
use super::stores::{FilesArgs, ReachArgs};
use crate::clock::Clock;
use crate::exports::failure::Failure;
use crate::memory;

/// Imported, but something of the file has no place in the product.
const LOST: u8 = 1;

/// Bring an export back into a product's database and files
///
/// Only a sound export is imported: it is checked first, as `carryall verify` does. Everything happens in one
/// transaction, or nothing does. Rows that are there stay as they are; ids that somebody else's rows have get others, the
/// same ones each time, so that importing twice is importing once. People, passwords and tokens are never
/// made. What has no place is in the report. docs/IMPORT.md says more.
///
/// Exit code 0: done; 1: done, but something that the data map has no rule for has no place; 2: not done, nothing was
/// changed.
#[derive(Debug, clap::Args)]
#[command(
    mut_arg("files", |files| files
        .help("The product's files: a folder, or `s3://BUCKET/PREFIX`; restored ones are added")
        .conflicts_with("without_file_contents")),
    after_help = "Examples:
  carryall import export.json --into sqlite:product.db --files uploads --dry-run
  carryall import export.json --into postgres://app@localhost/product --files uploads --as ann@example.com
  carryall import export.json --into sqlite:product.db --files s3://uploads/product
  carryall import history.json --into sqlite:product.db --without-file-contents --json"
)]
pub struct Import {
    /// The export
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    opening: OpenArgs,
    /// The product's database, as sqlite:PATH or `postgres://USER@HOST/DATABASE`
    #[arg(long, value_name = "ADDRESS")]
    into: String,
    /// A file with the password for --into, when the address has none
    #[arg(long, value_name = "FILE")]
    into_password_file: Option<PathBuf>,
    #[command(flatten)]
    product: ProductArgs,
    #[command(flatten)]
    files: FilesArgs,
    #[command(flatten)]
    reach: ReachArgs,
    /// Leave the bytes of files out
    #[arg(long)]
    without_file_contents: bool,
    /// Whose it becomes: an e-mail address or a key; without it, the person whom the file names
    #[arg(long = "as", value_name = "EMAIL")]
    person: Option<String>,
    /// Do everything, report, and undo it; stands on no record
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    record: RecordArgs,
    /// Print one JSON object instead of a report for people
    #[arg(long)]
    json: bool,
}

impl Import {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        // Checking and importing come one after the other, each with threads of its own.
        memory::keep_one_heap();
        let map = self.product.load()?;
        let record = if self.dry_run {
            None
        } else {
            self.record.open()?
        };
        let files = self.files.place(&self.reach)?;
        if files.is_none() && !self.without_file_contents {
            bail!(
                "the place of the product's files is not known\nhint: name it with `--files DIR`, or leave the bytes of files out with `--without-file-contents`"
            );
        }
        let into = SourceOptions {
            database: self.into.clone(),
            password: self.password()?,
            schemas: map.database.schemas.clone(),
            ..SourceOptions::default()
        };
        let given = self.opening.open(&self.file)?;
        let Input::File(file) = given.input else {
            bail!(
                "{} is not a file\nhint: an export is read several times to import it; save it as a file first",
                given::name(&self.file)
            );
        };
        let bar = progress::bar();
        bar.set_length(given.size_bytes.unwrap_or_default());
        bar.set_message("checking");
        require_sound(&file, &mut |at| bar.set_position(at)).map_err(|error| {
            let path = self.file.display();
            anyhow!("{path} cannot be imported: {error}\nhint: `carryall verify {path}` says what is wrong with it")
        })?;
        let order = ImportOrder {
            map: &map,
            file: &file,
            into: &into,
            files: files.as_ref(),
            person: self.person.as_deref(),
            dry_run: self.dry_run,
        };
        let imported = in_order(&order, record, &mut |what, at| {
            bar.set_message(what);
            bar.set_position(at);
        });
        bar.finish_and_clear();
        let report = imported?;
        printed(|out| {
            if self.json {
                serde_json::to_writer(&mut *out, &report)?;
                writeln!(out)
            } else {
                print(out, &report)
            }
        })?;
        Ok(ExitCode::from(if report.lost_something() {
            LOST
        } else {
            0
        }))
    }

    fn password(&self) -> anyhow::Result<Option<String>> {
        let Some(path) = &self.into_password_file else {
            return Ok(None);
        };
        super::origin::read_password(path, "--into-password-file").map(Some)
    }
}

/// Its beginning is on the record before anything is written, and its end before anything is permanent.
fn in_order(
    order: &ImportOrder<'_>,
    record: Option<Record>,
    advanced: &mut dyn FnMut(&'static str, u64),
) -> anyhow::Result<Report> {
    let failed = |error: &ImportError| with_hint(error, error.hint());
    let import = Prepared::prepare(order).map_err(|error| failed(&error))?;
    let begin = |record: Record| {
        let (export, facts) = (import.export_id().parse().ok(), json!({}));
        let clock = Clock::system();
        record.begin(Deed::Import, import.person(), export, facts, clock)
    };
    let record = record.map(begin).transpose()?;
    let unmade = |why: Failure, error: anyhow::Error| match &record {
        Some(record) => record.failed(why, error),
        None => error,
    };
    let refused = |error: ImportError| unmade(why(&error), failed(&error));
    let written = import.write(advanced).map_err(refused)?;
    if let Some(record) = &record {
        let report = written.report();
        let noted = record.finished(json!({
            "rows": report.added(), "files": report.files.restored, "bytes": report.files.size_bytes,
        }));
        noted.map_err(|error| unmade(Failure::StorageUnwritable, error))?;
    }
    written.finish().map_err(refused)
}

/// In the record's word.
fn why(error: &ImportError) -> Failure {
    match error {
        ImportError::NoRoom { .. } => Failure::DiskFull,
        ImportError::File { .. } | ImportError::Bucket { .. } => Failure::FilesUnavailable,
        ImportError::Connect(_)
        | ImportError::NotWritable { .. }
        | ImportError::NotGranted { .. }
        | ImportError::Database(SourceError::Lost { .. }) => Failure::DatabaseUnavailable,
        _ => Failure::CheckFailed,
    }
}

/// The report for people.
fn print(out: &mut dyn Write, report: &Report) -> std::io::Result<()> {
    let done = if report.dry_run {
        "Would be imported"
    } else {
        "Imported"
    };
    writeln!(
        out,
        "{done}: an export of {}, for {}\n",
        plain(&report.from_product),
        plain(&report.person)
    )?;
    writeln!(
        out,
        "{:<36} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "in file", "added", "other id", "kept", "no row"
    )?;
    for (what, counts) in &report.records {
        writeln!(
            out,
            "{:<36} {:>9} {:>9} {:>9} {:>9} {:>9}",
            plain(what),
            counts.read,
            counts.added,
            counts.remapped,
            counts.kept,
            counts.not_imported
        )?;
    }
    let files = &report.files;
    writeln!(
        out,
        "\nFiles: {} restored ({}), {} there already, {} not restored",
        files.restored,
        indicatif::HumanBytes(files.size_bytes),
        files.kept,
        files.not_restored
    )?;
    for (by_rule, title) in [
        (true, "Never imported, or set anew:"),
        (false, "Without a place:"),
    ] {
        let mut lines = report
            .without_place
            .iter()
            .filter(|line| line.by_rule == by_rule)
            .peekable();
        if lines.peek().is_some() {
            writeln!(out, "\n{title}")?;
        }
        for line in lines {
            writeln!(
                out,
                "{:>9}  {}: {}",
                line.count,
                plain(&line.what),
                plain(&line.reason)
            )?;
        }
    }
    Ok(())
}
