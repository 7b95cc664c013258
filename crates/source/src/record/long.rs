//! Values that are larger than a buffer: written piece by piece, so that they do not stand in memory twice.

use carryall_format::encode;

use super::{Issue, Surroundings, note_text};
use crate::plan::{Encode, FieldPlan};
use crate::value::Value;

/// Raw bytes of a piece; a multiple of 3, so that base64 goes on without padding.
const BLOB_PIECE_BYTES: usize = encode::PIECE_BYTES / 3 * 3;

/// Appends a long text or blob; false for everything else.
pub(super) fn encode_long<S: Surroundings>(
    out: &mut Vec<u8>,
    field: &FieldPlan,
    value: Value<'_>,
    around: &mut S,
    issues: &mut Vec<Issue>,
) -> Result<bool, S::Error> {
    if value
        .bytes()
        .is_none_or(|bytes| bytes.len() <= encode::PIECE_BYTES)
    {
        return Ok(false);
    }
    match (&field.encode, value) {
        (Encode::Text, Value::Text(text) | Value::Blob(text))
        | (Encode::AsStored, Value::Text(text)) => {
            let met = encode::long_text(out, text, |out| around.make_room(out))?;
            note_text(met, field, issues);
        }
        (Encode::AsStored, Value::Blob(bytes)) => {
            out.push(b'"');
            for piece in bytes.chunks(BLOB_PIECE_BYTES) {
                encode::base64(out, piece);
                around.make_room(out)?;
            }
            out.push(b'"');
        }
        _ => return Ok(false),
    }
    Ok(true)
}
