//! A file's bytes, in records of at most 3 MiB, so that no reader needs a line longer than that.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

use super::{WriteError, Writer, hex};
use crate::encode;
use crate::read_buffer::ReadBuffer;
use crate::section::Section;

/// Raw bytes of a file in one record of `file_contents`; a multiple of 3.
pub const PART_BYTES: usize = 3 << 20;
/// Raw bytes encoded at a time, so that a part never stands in memory twice.
const PIECE_BYTES: usize = 768 << 10;

/// What became of a file's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenContents {
    /// Bytes written.
    pub size_bytes: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// Why reading stopped early.
    pub failure: Option<String>,
}

impl Writer {
    /// Writes a file's bytes as records of `file_contents`. A read that fails ends the last part early;
    /// what was read is delivered and the failure returned.
    pub fn write_contents(
        &mut self,
        section: Section,
        file_id: &[u8],
        mut read: impl Read,
        mut advanced: impl FnMut(u64) -> bool,
    ) -> Result<WrittenContents, WriteError> {
        self.open_section(Section::FileContents)?;
        // One byte more than a part: whether a part is the last must be known before it is written.
        let mut raw = std::mem::take(&mut self.part);
        if raw.is_empty() {
            raw = ReadBuffer::new(PART_BYTES + 1);
        }
        let mut held = 0;
        let mut written = WrittenContents {
            size_bytes: 0,
            sha256: [0; 32],
            failure: None,
        };
        let mut hash = Sha256::new();
        for part in 0_u64.. {
            let (filled, failure) = fill(&mut read, &mut raw, held);
            let is_last = filled <= PART_BYTES;
            let bytes = &raw[..filled.min(PART_BYTES)];
            self.begin_part(section, file_id, part, is_last)?;
            for piece in bytes.chunks(PIECE_BYTES) {
                hash.update(piece);
                encode::base64(&mut self.buffer, piece);
                self.flush_when_full()?;
            }
            written.size_bytes += bytes.len() as u64;
            self.buffer.push(b'"');
            if is_last {
                written.sha256 = std::mem::take(&mut hash).finalize().into();
                written.failure = failure;
                self.end_contents(&written);
            }
            self.end_record()?;
            let goes_on = advanced(written.size_bytes);
            if is_last || !goes_on {
                break;
            }
            raw[0] = raw[PART_BYTES];
            held = 1;
        }
        self.file_bytes += written.size_bytes;
        self.part = raw;
        Ok(written)
    }

    /// Appends base64 of another export to the current record, with its quotes, and counts the bytes that
    /// it stands for.
    pub fn copy_base64(&mut self, base64: &[u8]) -> Result<(), WriteError> {
        let padding = base64.iter().rev().take_while(|byte| **byte == b'=');
        self.file_bytes += (base64.len() / 4 * 3).saturating_sub(padding.count()) as u64;
        self.buffer.push(b'"');
        for piece in base64.chunks(PIECE_BYTES) {
            self.buffer.extend_from_slice(piece);
            self.flush_when_full()?;
        }
        self.buffer.push(b'"');
        Ok(())
    }

    fn begin_part(
        &mut self,
        section: Section,
        file_id: &[u8],
        part: u64,
        is_last: bool,
    ) -> Result<(), WriteError> {
        let state = &mut self.states[Section::FileContents as usize];
        let separator: &[u8] = if state.count == 0 { b"\n" } else { b",\n" };
        state.count += 1;
        self.buffer.extend_from_slice(separator);
        write!(
            self.buffer,
            "{{\"section\":\"{}\",\"file_id\":",
            section.name()
        )?;
        encode::text(&mut self.buffer, file_id);
        write!(
            self.buffer,
            ",\"part\":{part},\"last\":{is_last},\"base64\":\""
        )?;
        Ok(())
    }

    fn end_contents(&mut self, written: &WrittenContents) {
        let end = format!(
            ",\"size_bytes\":{},\"sha256\":\"{}\",\"complete\":{}",
            written.size_bytes,
            hex(&written.sha256),
            written.failure.is_none()
        );
        self.buffer.extend_from_slice(end.as_bytes());
    }
}

/// Fills `raw` from `held` on; returns how much of it is filled, and the failure that ended it.
fn fill(read: &mut impl Read, raw: &mut [u8], held: usize) -> (usize, Option<String>) {
    let mut filled = held;
    while filled < raw.len() {
        match read.read(&mut raw[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Some(error.to_string())),
        }
    }
    (filled, None)
}
