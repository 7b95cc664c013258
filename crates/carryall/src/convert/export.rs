//! The export file as a stream of records.

use carryall_format::original::Original;
use carryall_format::read::{Part, Splitter};

use super::Item;

/// An export that was found sound.
pub struct Export {
    original: Original,
}

impl Export {
    /// Reads this, from its start, as often as asked.
    pub fn of(original: &Original) -> Export {
        Export {
            original: original.clone(),
        }
    }

    /// Shows each value to `visit`, in file order.
    pub fn each(
        &self,
        visit: &mut dyn FnMut(&Item<'_>) -> anyhow::Result<()>,
        advanced: &mut dyn FnMut(u64),
    ) -> anyhow::Result<()> {
        let mut splitter = Splitter::new(self.original.from_start());
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
}

/// A program that wrote the file again may have put several records in one line.
fn each_in(
    text: &[u8],
    part: Part,
    visit: &mut dyn FnMut(&Item<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    // As an export is written, a line is one record: nothing has to be read to know that.
    if text.ends_with(b"}") && !has_several(text) {
        return visit(&Item { part, text });
    }
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        let mut values =
            serde_json::Deserializer::from_slice(rest).into_iter::<serde::de::IgnoredAny>();
        if let Some(value) = values.next() {
            value?;
        }
        let end = values.byte_offset();
        visit(&Item {
            part,
            text: &rest[..end],
        })?;
        rest = rest[end..].trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
    }
    Ok(())
}

/// Whether a record may end within the text; in a record as it is written no brace follows one and a comma.
fn has_several(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"},{").is_some() || text.contains(&b'\n')
}
