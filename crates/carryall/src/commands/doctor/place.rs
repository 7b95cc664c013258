//! The place of finished exports: a probe is written, read and removed.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use carryall_format::original::ReadAt as _;

use super::finding::Finding;
use crate::commands::serve::Serve;
use crate::exports::artifacts::Artifacts;
use crate::random::Randomness;

const STORAGE: &str = "storage";
/// Two large exports are built at the same time, if nothing else is said.
const LITTLE_BYTES: u64 = 4 << 30;
/// A sweep of a running node may take the probe for what a dead worker left.
const TRIES: usize = 3;

/// Looks at it.
pub fn look(node: &Serve) -> Vec<Finding> {
    let place = node.artifacts.clone();
    let place = place.unwrap_or_else(|| PathBuf::from("artifacts"));
    let shown = place.display();
    if is_missing_folder(&place) {
        return vec![Finding::advice(
            STORAGE,
            format!("there is no folder {shown} yet; the first start makes it"),
            "make it yourself, for this account alone, on a disk with room",
        )];
    }
    let artifacts = match node.store.artifacts(&place) {
        Ok(artifacts) => artifacts,
        Err(error) => return vec![Finding::failed(STORAGE, &error)],
    };
    let mut tried = probe(&artifacts);
    for _ in 1..TRIES {
        if tried
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        {
            tried = probe(&artifacts);
        }
    }
    if let Err(error) = tried {
        let fix = if matches!(artifacts, Artifacts::Folder(_)) {
            "let this account write the folder, and look at the disk behind it"
        } else {
            "the key needs s3:PutObject, s3:GetObject, s3:ListBucket, s3:DeleteObject and s3:AbortMultipartUpload; see also `--s3-endpoint`"
        };
        let found = format!("{shown}: a probe could not be written, read and removed: {error}");
        return vec![Finding::fix(STORAGE, found, fix)];
    }
    let mut findings = vec![Finding::ok(
        STORAGE,
        format!("{shown}: a probe was written, read and removed"),
    )];
    if let Ok(Some(free)) = artifacts.free_bytes()
        && free < LITTLE_BYTES
    {
        let found = format!("{} MiB are free for finished exports", free >> 20);
        findings.push(Finding::advice(
            STORAGE,
            found,
            "an export needs about what the account holds, twice while it is replaced; a bucket needs no room here",
        ));
    }
    findings
}

fn is_missing_folder(place: &Path) -> bool {
    !place.to_string_lossy().starts_with("s3://") && !place.exists()
}

fn probe(artifacts: &Artifacts) -> io::Result<()> {
    let random = Randomness::system();
    let (key, written) = (random.artifact_key(), random.token());
    let kept = kept(artifacts, &key, written.as_bytes());
    // Whatever came before.
    artifacts.remove(&key)?;
    kept
}

fn kept(artifacts: &Artifacts, key: &str, bytes: &[u8]) -> io::Result<()> {
    let size_bytes = bytes.len() as u64;
    let mut writing = artifacts.create(key, size_bytes)?;
    writing.write_all(bytes)?;
    artifacts.finish(key, writing, size_bytes)?;
    let mut read = vec![0; bytes.len()];
    let stored = artifacts.read(key)?;
    let mut place = 0;
    while place < read.len() {
        match stored.read_at(&mut read[place..], place as u64)? {
            0 => break,
            more => place += more,
        }
    }
    if read != bytes {
        return Err(io::Error::other("what was read is not what was written"));
    }
    artifacts.keys().map(drop)
}
