//! An object that is written from its first byte to its last, in constant memory.
//!
//! Promises: nothing of it is there before [`Upload::finish`]. What fits into one part is one request. What
//! does not is sent in parts, two under way while the next is filled; a note beside the object then says how
//! to undo it, because the process may die at any moment.

use std::collections::VecDeque;
use std::io::{self, Write};

use object_store::PutPayload;
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path;
use tokio::task::JoinHandle;

use crate::{Bucket, BucketError};

/// S3 takes 5 MiB at least and 10,000 parts at most; some stores want all of one length.
const PART_BYTES: u64 = 8 << 20;
const PARTS_AT_MOST: u64 = 10_000;
const UNDER_WAY: usize = 2;

/// An object that is being written. Dropped, it is not finished.
#[derive(Debug)]
pub struct Upload {
    bucket: Bucket,
    path: Path,
    note: Path,
    part_bytes: usize,
    filling: Vec<u8>,
    written_bytes: u64,
    parts: Option<Parts>,
}

/// What was begun at the store.
#[derive(Debug)]
struct Parts {
    id: String,
    sent: Vec<PartId>,
    under_way: VecDeque<JoinHandle<object_store::Result<PartId>>>,
}

impl Upload {
    pub(crate) fn new(bucket: Bucket, path: Path, note: Path, expected_bytes: u64) -> Upload {
        Upload {
            bucket,
            path,
            note,
            part_bytes: part_bytes(expected_bytes),
            filling: Vec::new(),
            written_bytes: 0,
            parts: None,
        }
    }

    /// How much was written to it.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// Makes the object.
    ///
    /// # Errors
    /// The store did not take all of it. Whether the object is there, nobody can say then.
    pub fn finish(mut self) -> Result<(), BucketError> {
        let last = std::mem::take(&mut self.filling);
        if self.parts.is_none() {
            return self.bucket.put(&self.path, last);
        }
        if !last.is_empty() {
            self.send(last)?;
        }
        while self.wait_for_one()? {}
        let Some(Parts { id, sent, .. }) = self.parts.take() else {
            return Ok(());
        };
        let path = self.path.clone();
        self.bucket
            .ask(|store| async move { store.complete_multipart(&path, &id, sent).await })?;
        let note = self.note.clone();
        // Left over, it goes with the object.
        let _ = self
            .bucket
            .ask(|store| async move { object_store::ObjectStoreExt::delete(&store, &note).await });
        Ok(())
    }

    fn send(&mut self, part: Vec<u8>) -> Result<(), BucketError> {
        if self.parts.is_none() {
            self.parts = Some(self.begin()?);
        }
        while self
            .parts
            .as_ref()
            .is_some_and(|parts| parts.under_way.len() >= UNDER_WAY)
        {
            self.wait_for_one()?;
        }
        let (store, path) = (self.bucket.store(), self.path.clone());
        let Some(parts) = &mut self.parts else {
            return Ok(());
        };
        let (id, number) = (parts.id.clone(), parts.sent.len() + parts.under_way.len());
        let payload = PutPayload::from(part);
        let sending = async move { store.put_part(&path, &id, number, payload).await };
        parts
            .under_way
            .push_back(self.bucket.bridge().spawn(sending));
        Ok(())
    }

    /// The note is written before the first part: without parts there is nothing to undo.
    fn begin(&self) -> Result<Parts, BucketError> {
        let path = self.path.clone();
        let id = self
            .bucket
            .ask(|store| async move { store.create_multipart(&path).await })?;
        if let Err(error) = self.bucket.put(&self.note, id.clone()) {
            self.bucket.remember(self.path.clone(), id);
            return Err(error);
        }
        Ok(Parts {
            id,
            sent: Vec::new(),
            under_way: VecDeque::new(),
        })
    }

    /// Waits for the part that was sent first. False when none is under way.
    fn wait_for_one(&mut self) -> Result<bool, BucketError> {
        let Some(parts) = &mut self.parts else {
            return Ok(false);
        };
        let Some(oldest) = parts.under_way.pop_front() else {
            return Ok(false);
        };
        let sent = self.bucket.bridge().wait(oldest);
        let sent = sent.and_then(Result::ok).ok_or_else(BucketError::ended)?;
        parts
            .sent
            .push(sent.map_err(|error| BucketError::of(&error))?);
        Ok(true)
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full part waits for what follows, because it may be all.
        if self.filling.len() == self.part_bytes && !bytes.is_empty() {
            let next = Vec::with_capacity(self.part_bytes);
            let part = std::mem::replace(&mut self.filling, next);
            self.send(part)?;
        }
        let taken = bytes.len().min(self.part_bytes - self.filling.len());
        self.filling.extend_from_slice(&bytes[..taken]);
        self.written_bytes += taken as u64;
        Ok(taken)
    }

    /// Parts have one length, so nothing can be hurried.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        for sending in self.parts.iter().flat_map(|parts| &parts.under_way) {
            sending.abort();
        }
    }
}

/// Parts that so much fits into twice, because it is an estimate.
fn part_bytes(expected_bytes: u64) -> usize {
    let needed = (expected_bytes / PARTS_AT_MOST).saturating_mul(2);
    let whole = needed.next_multiple_of(1 << 20).max(PART_BYTES);
    usize::try_from(whole).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_eight_mib_as_long_as_ten_thousand_of_them_are_enough() {
        assert_eq!(part_bytes(0), 8 << 20);
        assert_eq!(part_bytes(20 << 30), 8 << 20);
        assert_eq!(
            part_bytes(1 << 40) as u64 * PARTS_AT_MOST / 2,
            (210 << 20) * 5_000
        );
    }
}
