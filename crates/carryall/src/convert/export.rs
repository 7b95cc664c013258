//! The export file as a stream of records.

use std::borrow::Cow;

use carryall_format::original::Reading;
use carryall_format::read::each_record;
use serde_json::Value;

use super::Item;

/// Shows each value of this reading to `visit`, in file order, without space between its parts.
pub fn each(
    reading: Reading,
    visit: &mut dyn FnMut(&Item<'_>) -> anyhow::Result<()>,
    advanced: &mut dyn FnMut(u64),
) -> anyhow::Result<()> {
    each_record(
        reading,
        &mut |part, text| {
            let text = unspaced(text)?;
            visit(&Item { part, text: &text })
        },
        advanced,
    )
}

/// A record as an export has it. Another program may have put space around everything.
fn unspaced(text: &[u8]) -> serde_json::Result<Cow<'_, [u8]>> {
    let is_spaced = |text: &[u8]| {
        let colon = memchr::memchr(b':', text).unwrap_or(text.len());
        !text.starts_with(b"{\"") || text.get(colon + 1).is_some_and(u8::is_ascii_whitespace)
    };
    if !is_spaced(text) && memchr::memchr(b'\n', text).is_none() {
        return Ok(Cow::Borrowed(text));
    }
    let value: Value = serde_json::from_slice(text)?;
    Ok(Cow::Owned(serde_json::to_vec(&value)?))
}
