//! `carryall verify`: whether an export is whole, unchanged and consistent.

mod json;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use carryall_format::sign::KnownKeys;
use carryall_format::verify::{Options, Report, Verdict, verify};

use super::given::OpenArgs;
use super::printed::printed;
use super::{given, progress};

/// Check an export: every byte, every record, every reference, digest and signature
///
/// Nothing leaves this computer. Exit code 0: sound; 1: something is wrong with it, and the report
/// says what; 2: it cannot be read, or is no export.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  carryall verify PRODUCT-export-2026-11-24.json
  carryall verify export.json --key carryall-keys.json --require-signature
  ssh host cat export.json | carryall verify - --json | jq .verdict
  carryall verify export.json.age --identity key.txt")]
pub struct Verify {
    /// The export; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    opening: OpenArgs,
    /// Print one JSON object instead of a report for people
    #[arg(long)]
    json: bool,
    /// Public keys that prove where a file comes from: the product's carryall-keys.json, or PEM.
    /// May be given several times
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// Count a file without a good signature by one of these keys as unsound
    #[arg(long, requires = "key", conflicts_with = "no_digest")]
    require_signature: bool,
    /// Do not compute the digest of the file: faster, and an edited file may pass
    #[arg(long)]
    no_digest: bool,
    /// How many threads work, of which one computes the digest; one for each processor by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

impl Verify {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut options = Options {
            digest: !self.no_digest,
            keys: known_keys(&self.key)?,
            require_signature: self.require_signature,
            ..Options::default()
        };
        if let Some(threads) = self.threads {
            options.threads = threads.into();
        }
        let report = self.check(&options)?;
        let name = self.name();
        printed(|out| {
            if self.json {
                json::print(out, &name, &report)
            } else {
                text::print(out, &name, &report, &options)
            }
        })?;
        Ok(ExitCode::from(match report.verdict {
            Verdict::Sound => 0,
            Verdict::Findings => 1,
            Verdict::Unreadable => 2,
        }))
    }

    fn name(&self) -> String {
        given::name(&self.file)
    }

    fn check(&self, options: &Options) -> anyhow::Result<Report> {
        let given = self.opening.open(&self.file)?;
        let bar = progress::bar();
        bar.set_message("checking");
        if let Some(size_bytes) = given.size_bytes {
            bar.set_length(size_bytes);
        }
        let report = verify(given.input, options, &mut |bytes| bar.set_position(bytes));
        bar.finish_and_clear();
        report.with_context(|| format!("{} cannot be read to its end", self.name()))
    }
}

/// The public keys in these files.
pub fn known_keys(files: &[PathBuf]) -> anyhow::Result<KnownKeys> {
    let mut all = KnownKeys::default();
    for path in files {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let keys = KnownKeys::parse(&text).map_err(|error| {
            let hint = error.hint().map(|hint| format!("\nhint: {hint}"));
            anyhow!("{}: {error}{}", path.display(), hint.unwrap_or_default())
        })?;
        keys.keys().iter().for_each(|key| all.put(key.clone()));
    }
    Ok(all)
}
