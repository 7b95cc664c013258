//! Ids of what has none, or one that is taken.

use carryall_source::made_id::made_id;

/// An id that these words always give, and others do not.
pub fn made(words: &[&str]) -> String {
    made_id("carryall convert --from", words)
}
