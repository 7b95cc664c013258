//! The values of a sound file one after the other, whoever wrote it last.

use std::io::{self, Read};

use super::{Part, Splitter};
#[cfg(doc)]
use crate::original::Original;

/// Takes a value of the file: what it belongs to, and its text.
pub type Visit<'v, E> = dyn FnMut(Part, &[u8]) -> Result<(), E> + 'v;

/// Shows each value to `visit`, in file order and in constant memory; `advanced` hears how many bytes were read so far.
///
/// `file` is all of one, or one without some of the records: [`Original::from_start`], [`Original::without`].
///
/// # Errors
/// It cannot be read, a value is no JSON, or `visit` wants no more.
pub fn each_record<E: From<io::Error>>(
    file: impl Read,
    visit: &mut Visit<'_, E>,
    advanced: &mut dyn FnMut(u64),
) -> Result<(), E> {
    let mut splitter = Splitter::new(file);
    while let Some(piece) = splitter.next_piece()? {
        for batch in &piece.batches {
            for slice in &batch.slices {
                each_in(piece.bytes(*slice), batch.part, visit)?;
            }
        }
        advanced(piece.place.offset);
    }
    Ok(())
}

/// A program that wrote the file again may have put several records in one line.
fn each_in<E: From<io::Error>>(text: &[u8], part: Part, visit: &mut Visit<'_, E>) -> Result<(), E> {
    // As an export is written, a line is one record: nothing has to be read to know that.
    if text.ends_with(b"}") && !has_several(text) {
        return visit(part, text);
    }
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        let mut values =
            serde_json::Deserializer::from_slice(rest).into_iter::<serde::de::IgnoredAny>();
        if let Some(value) = values.next() {
            value.map_err(io::Error::from)?;
        }
        let end = values.byte_offset();
        visit(part, &rest[..end])?;
        rest = rest[end..].trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
    }
    Ok(())
}

/// Whether a record may end within the text; in a record as it is written no brace follows one and a comma.
fn has_several(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"},{").is_some() || text.contains(&b'\n')
}
