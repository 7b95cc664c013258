//! The thread that is being written: which of its messages stand in the file, and which wait for their parents.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::ops::Range;

use carryall_format::write::Reference;

use crate::record::Issue;

/// What is known of the thread that is being written.
#[derive(Default)]
pub(in crate::export) struct ThreadAtHand {
    /// Hashes: a set of a million texts would be most of the memory of an export.
    written: HashSet<u64, BuildHasherDefault<AsItIs>>,
    hasher: RandomState,
    last: Vec<u8>,
    /// Met, and not exported.
    pub(super) not_here: HashSet<Vec<u8>>,
    /// Waiting for the message with this id.
    pub(super) waiting: HashMap<Vec<u8>, Vec<Waiting>>,
    /// How many of the thread have waited so far.
    pub(super) held_count: usize,
    /// The message at hand waits: what its parent is will be known later.
    pub(super) is_waiting: bool,
}

/// A hash is not hashed again.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// An encoded message that waits for its parent.
pub(super) struct Waiting {
    pub(super) id: Vec<u8>,
    pub(super) owner: Vec<u8>,
    pub(super) fields: Vec<u8>,
    /// Where `parent_id`'s value stands in `fields`.
    pub(super) parent: Range<usize>,
    pub(super) issues: Vec<Issue>,
    pub(super) order: usize,
}

impl ThreadAtHand {
    pub(in crate::export) fn resolve(&self, id: &[u8]) -> Reference {
        if self.is_waiting || id == self.last || self.written.contains(&self.hasher.hash_one(id)) {
            Reference::Included
        } else if self.not_here.contains(id) {
            Reference::LeftOut
        } else {
            Reference::Unknown
        }
    }

    /// The message that the earliest of those wait for whose parent is not among them.
    pub(super) fn missing_parent(&self) -> Option<Vec<u8>> {
        let waits: HashSet<&[u8]> = self.held().map(|(_, waiting)| &*waiting.id).collect();
        self.held()
            .filter(|(parent, _)| !waits.contains(parent))
            .min_by_key(|(_, waiting)| waiting.order)
            .map(|(parent, _)| parent.to_vec())
    }

    /// Takes out the earliest message of a circle; the others still find the one they follow.
    pub(super) fn take_from_circle(&mut self) -> Option<Waiting> {
        let parents: HashMap<&[u8], (&[u8], usize)> = self
            .held()
            .map(|(parent, waiting)| (&*waiting.id, (parent, waiting.order)))
            .collect();
        let mut at = self.held().min_by_key(|(_, waiting)| waiting.order)?.0;
        let mut above = HashSet::new();
        while above.insert(at) {
            at = parents.get(at)?.0;
        }
        let (start, mut first) = (at, at);
        loop {
            at = parents.get(at)?.0;
            if at == start {
                break;
            }
            if parents.get(at)?.1 < parents.get(first)?.1 {
                first = at;
            }
        }
        let (first, parent) = (first.to_vec(), parents.get(first)?.0.to_vec());
        let list = self.waiting.get_mut(&parent)?;
        let place = list.iter().position(|waiting| waiting.id == first)?;
        let taken = list.remove(place);
        if list.is_empty() {
            self.waiting.remove(&parent);
        }
        Some(taken)
    }

    /// Everything that waits, with what it waits for.
    fn held(&self) -> impl Iterator<Item = (&[u8], &Waiting)> {
        self.waiting
            .iter()
            .flat_map(|(parent, list)| list.iter().map(move |waiting| (&**parent, waiting)))
    }

    /// The message stands in the file.
    pub(super) fn note_written(&mut self, id: &[u8]) {
        self.last.clear();
        self.last.extend_from_slice(id);
        self.written.insert(self.hasher.hash_one(id));
    }

    pub(super) fn start(&mut self) {
        self.held_count = 0;
        self.written.clear();
        self.not_here.clear();
        self.waiting.clear();
        self.last.clear();
    }
}
