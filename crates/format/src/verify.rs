//! Checks one export file: every byte, in constant memory, on every core.
//!
//! Promises: a file that another program indented or put in another order is checked in full, and told
//! that only its digest no longer applies. A gap is reported as a gap and not as damage. What is
//! found is said so that a person can act on it, and under a code that scripts can rely on. Memory
//! is bounded by the largest record, and some 100 bytes for each thread, file and gap.

mod check;
mod collect;
mod conclude;
mod contents;
mod credits;
mod earlier;
mod finding;
mod hashing;
pub(crate) mod json;
pub(crate) mod keys;
pub(crate) mod kinds;
mod links;
mod partitions;
mod proof;
pub(crate) mod record;
mod shape;
mod summary;
mod table;
mod tally;
mod threads;
mod walk;

use std::io::{self, Read};

pub use self::collect::{GapLine, Gaps};
pub use self::conclude::{
    DigestAnswer, ExportFacts, Report, SectionCount, SignatureAnswer, Verdict,
};
pub use self::finding::{Code, Finding, Findings, Severity};
pub use self::tally::WorkspaceCounts;
use crate::json_read::InvalidJson;
use crate::original::Original;
use crate::read::MAX_RECORD_BYTES;
use crate::sign::KnownKeys;

/// What is checked.
#[derive(Debug)]
pub struct Options {
    /// Whether the digest of the whole file is computed: it costs as much as everything else.
    pub digest: bool,
    /// Keys whose signatures prove where a file comes from.
    pub keys: KnownKeys,
    /// Whether a file without a good signature is unsound.
    pub require_signature: bool,
    /// How many threads work. With the digest one of them hashes, if there are two or more: beside as many checkers as
    /// processors it would get a part of one only, and everybody would wait for it.
    pub threads: usize,
    /// The largest record that is read, in bytes; more than 1 GiB counts as 1 GiB.
    pub max_record_bytes: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            digest: true,
            keys: KnownKeys::default(),
            require_signature: false,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            max_record_bytes: MAX_RECORD_BYTES,
        }
    }
}

/// Where the file comes from.
#[derive(Debug)]
pub enum Input<R> {
    /// A file. Records that something is wrong with are read once more, to be named.
    File(Original),
    /// A pipe. It is read once, so some findings say their place only.
    Stream(R),
}

impl Input<io::Empty> {
    /// A file.
    #[must_use]
    pub fn file(file: impl Into<Original>) -> Input<io::Empty> {
        Input::File(file.into())
    }
}

/// Checks a file. `advanced` hears how many bytes were checked so far.
///
/// # Errors
/// The input cannot be read, or there is no room for temporary files.
pub fn verify<R: Read + Send>(
    input: Input<R>,
    options: &Options,
    advanced: &mut dyn FnMut(u64),
) -> io::Result<Report> {
    let mut collected = collect::Collected::new(check::Hasher::default());
    let hashers = usize::from(options.digest);
    let checkers = options.threads.saturating_sub(hashers).max(1);
    let bytes = options.max_record_bytes;
    let (ran, again) = match input {
        Input::File(file) => {
            let ran = threads::run(
                file.from_start(),
                bytes,
                checkers,
                options.digest,
                &mut collected,
                advanced,
            )?;
            (ran, Some(file))
        }
        Input::Stream(input) => {
            let ran = threads::run(
                input,
                bytes,
                checkers,
                options.digest,
                &mut collected,
                advanced,
            )?;
            (ran, None)
        }
    };
    conclude::conclude(collected, &ran, &links::Records(again), options)
}

/// Whether a text is one JSON value (RFC 8259) of at most 130 levels. Returns the codes of what RFC
/// 7493 forbids beyond that.
///
/// # Errors
/// It is not JSON: what is wrong, and where.
pub fn check_json(text: &[u8]) -> Result<Vec<Code>, InvalidJson> {
    let mut json = json::Json::new(text);
    json.whole(json::Json::value)?;
    Ok(json.flaws.into_iter().map(|flaw| flaw.code).collect())
}
