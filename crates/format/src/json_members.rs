//! Duplicate keys, found and taken back while objects are being written.
//!
//! Promises: of two members with one key only the later stays in the output; the cost for an object
//! of n members is in the order of n, whatever the keys are.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

/// From how many members on an object's keys are looked up by hash and not one by one.
const MANY: usize = 16;

/// The members of all objects that are open, the innermost last.
#[derive(Default)]
pub struct Members {
    stack: Vec<Member>,
    /// Seeded at random, so that nobody can write keys that all hash alike.
    hash: RandomState,
}

struct Member {
    /// Where it starts in the output, with its comma if it has one.
    start: usize,
    /// Its key in the output.
    key: Range<usize>,
    is_dropped: bool,
}

/// One open object.
pub struct OpenObject {
    first: usize,
    /// From the hash of a key to the last member that has it.
    by_hash: Option<HashMap<u64, usize>>,
    has_dropped: bool,
}

impl Members {
    /// Begins an object.
    pub fn open(&mut self) -> OpenObject {
        OpenObject {
            first: self.stack.len(),
            by_hash: None,
            has_dropped: false,
        }
    }

    /// Marks an earlier member with this key as dropped. Returns whether there was one.
    pub fn drop_earlier(
        &mut self,
        object: &mut OpenObject,
        out: &[u8],
        key: &Range<usize>,
    ) -> bool {
        let name = &out[key.clone()];
        let is_same = |member: &Member| !member.is_dropped && out[member.key.clone()] == *name;
        let found = match &object.by_hash {
            None => (object.first..self.stack.len()).find(|&at| is_same(&self.stack[at])),
            Some(by_hash) => match by_hash.get(&self.hash.hash_one(name)) {
                None => None,
                Some(&at) if is_same(&self.stack[at]) => Some(at),
                // Dropped before, or another key with the same hash, which does not happen.
                Some(_) => (object.first..self.stack.len()).find(|&at| is_same(&self.stack[at])),
            },
        };
        if let Some(at) = found {
            self.stack[at].is_dropped = true;
            object.has_dropped = true;
        }
        found.is_some()
    }

    /// Notes a member that was written from `start` on.
    pub fn add(&mut self, object: &mut OpenObject, out: &[u8], start: usize, key: Range<usize>) {
        self.stack.push(Member {
            start,
            key,
            is_dropped: false,
        });
        let last = self.stack.len() - 1;
        let not_hashed = match object.by_hash {
            Some(_) => last..last + 1,
            None if last - object.first < MANY => return,
            None => object.first..last + 1,
        };
        let by_hash = object.by_hash.get_or_insert_default();
        for at in not_hashed {
            by_hash.insert(self.hash.hash_one(&out[self.stack[at].key.clone()]), at);
        }
    }

    /// Ends an object whose members start at `start`, and takes dropped ones out of the output.
    /// Returns whether any member is left.
    pub fn close(&mut self, object: &OpenObject, out: &mut Vec<u8>, start: usize) -> bool {
        if object.has_dropped {
            let members = &self.stack[object.first..];
            let ends = members
                .iter()
                .skip(1)
                .map(|next| next.start)
                .chain([out.len()]);
            let mut left = Vec::with_capacity(out.len() - start);
            for (member, end) in members
                .iter()
                .zip(ends)
                .filter(|(member, _)| !member.is_dropped)
            {
                if !left.is_empty() {
                    left.push(b',');
                }
                left.extend_from_slice(&out[member.key.start..end]);
            }
            out.truncate(start);
            out.extend_from_slice(&left);
        }
        self.stack.truncate(object.first);
        out.len() > start
    }
}
