//! Tries the verifier on changed files until the time is over.

mod change;
mod random;
mod target;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Parser as _;
use peak_alloc::PeakAlloc;

use self::random::Random;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Change exports at random, and verify each.
#[derive(Debug, clap::Parser)]
struct Flags {
    /// How long; 0 tries one input
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The first input's number; the others follow
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    let corpus = corpus()?;
    if flags.seconds > 0 {
        for (name, bytes) in &corpus {
            tried(bytes).with_context(|| format!("{name}, as it is"))?;
        }
    }
    let began = Instant::now();
    let mut tries = 0;
    loop {
        let seed = flags.seed + tries;
        let bytes = input(&corpus, seed);
        if let Err(error) = tried(&bytes) {
            let path = kept(&bytes, seed)?;
            bail!("{error}\nseed {seed}; the input: {}", path.display());
        }
        tries += 1;
        if began.elapsed() >= Duration::from_secs(flags.seconds) {
            break;
        }
    }
    println!("{tries} inputs from {} files, none failed", corpus.len());
    Ok(())
}

/// The input with this number.
fn input(corpus: &[(String, Vec<u8>)], seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let all: Vec<&[u8]> = corpus.iter().map(|(_, bytes)| &bytes[..]).collect();
    change::changed(&all, &mut random)
}

/// Fails when the verifier panics, takes too much memory, or answers what cannot be.
fn tried(bytes: &[u8]) -> anyhow::Result<()> {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let answer = catch_unwind(AssertUnwindSafe(|| target::holds(bytes)));
    let used = MEMORY.peak_usage().saturating_sub(before);
    match answer {
        Ok(answer) => answer.map_err(anyhow::Error::msg)?,
        Err(_) => bail!("the verifier panicked"),
    }
    let most = target::MOST_MEMORY + 8 * bytes.len();
    if used > most {
        bail!(
            "{used} bytes of memory for an input of {} bytes: more than {most}",
            bytes.len()
        );
    }
    Ok(())
}

/// Writes an input that failed to where it is not lost.
fn kept(bytes: &[u8], seed: u64) -> anyhow::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{seed}.json"));
    fs::write(&path, bytes)?;
    Ok(path)
}

/// What is changed: small files, the same in every run.
fn corpus() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in [
        root.join("corpus"),
        root.join("../crates/format/tests/fixtures/v1"),
    ] {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?
        {
            let path = entry?.path();
            if path.extension().is_some_and(|kind| kind == "json") {
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                found.push((name, fs::read(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}
