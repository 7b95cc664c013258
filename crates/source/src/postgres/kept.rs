//! Long values, kept where they were received.

use std::ops::Range;
use std::sync::Arc;

use tokio_postgres::Row;

use super::decode::{Decode, Raw};
use crate::batch::{Batch, Kept, LONG_BYTES};

/// A part of what COPY sent.
#[derive(Debug)]
struct Copied(Arc<Vec<u8>>, Range<usize>);

impl Kept for Copied {
    fn bytes(&self) -> &[u8] {
        &self.0[self.1.clone()]
    }
}

/// A column of a row that the driver holds, and how many bytes stand before its value.
#[derive(Debug)]
struct Held(Arc<Row>, usize, usize);

impl Kept for Held {
    fn bytes(&self) -> &[u8] {
        let value = self.0.get::<_, Raw<'_>>(self.1).0;
        value
            .and_then(|value| value.get(self.2..))
            .unwrap_or_default()
    }
}

/// Whether a value stays where it is; then how many bytes stand before it, and whether it is a blob.
fn stays(decode: &Decode, length: usize) -> Option<(usize, bool)> {
    match decode {
        _ if length <= LONG_BYTES => None,
        Decode::Text => Some((0, false)),
        Decode::Jsonb => Some((1, false)),
        Decode::Bytes => Some((0, true)),
        _ => None,
    }
}

/// Adds a value of a row that COPY sent; false if it is one to copy.
pub(super) fn keep_copied(
    batch: &mut Batch,
    decode: &Decode,
    row: &Arc<Vec<u8>>,
    value: &Range<usize>,
) -> bool {
    let Some((before, is_blob)) = stays(decode, value.len()) else {
        return false;
    };
    let value = value.start + before..value.end;
    batch.keep(Box::new(Copied(Arc::clone(row), value)), is_blob);
    true
}

/// Adds a value of a row of the driver's; false if it is one to copy.
pub(super) fn keep_held(batch: &mut Batch, decode: &Decode, row: &Arc<Row>, column: usize) -> bool {
    let length = row.get::<_, Raw<'_>>(column).0.map_or(0, <[u8]>::len);
    let Some((before, is_blob)) = stays(decode, length) else {
        return false;
    };
    batch.keep(Box::new(Held(Arc::clone(row), column, before)), is_blob);
    true
}
