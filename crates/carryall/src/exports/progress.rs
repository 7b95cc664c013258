//! How far a build is: told by its thread, read by the worker that keeps its lease.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use carryall_format::section::Section;

use crate::ledger;
use crate::product::Progress;

/// One build's progress.
#[derive(Debug, Default)]
pub struct BuildProgress {
    section: Mutex<Option<Section>>,
    records: AtomicU64,
    bytes: AtomicU64,
    expected_bytes: AtomicU64,
    cancelled: AtomicBool,
}

impl BuildProgress {
    /// Asks the build to stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    pub fn was_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Begins anew: a try that met a busy database counts for nothing.
    pub fn restart(&self, expected_bytes: u64) {
        self.records.store(0, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
        self.expected_bytes.store(expected_bytes, Ordering::Relaxed);
    }

    /// What the ledger shows of it.
    pub fn so_far(&self) -> ledger::Progress {
        let section = self.section.lock().map_or(None, |section| *section);
        let expected_bytes = self.expected_bytes.load(Ordering::Relaxed);
        ledger::Progress {
            section: section.map(|section| section.name().to_owned()),
            records: self.records.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            expected_bytes: (expected_bytes > 0).then_some(expected_bytes),
        }
    }
}

impl Progress for BuildProgress {
    fn section(&self, section: Section) {
        if let Ok(mut current) = self.section.lock() {
            *current = Some(section);
        }
    }

    fn advanced(&self, records: u64, bytes: u64) {
        self.records.store(records, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.was_cancelled()
    }
}
