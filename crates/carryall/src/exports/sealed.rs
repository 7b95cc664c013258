//! An artifact as it is kept: encrypted, always.
//!
//! Sixteen random bytes, then chunks of 64 KiB sealed with AES-256-GCM under a key made of these bytes and
//! the artifact's secret, which only the ledger has. The bytes are new for each try, because a busy
//! database may have the same attempt begun twice. What was changed, cut off, moved or exchanged does
//! not open; any part can be read without what stands before it.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use carryall_format::original::ReadAt;

use super::artifacts::Stored;
use crate::ledger::ArtifactSecret;
use crate::protect::chunks::{CHUNK_BYTES, ChunkKey, ChunkWriter, TAG_BYTES, sealed_bytes};

const SALT_BYTES: usize = 16;

/// Begins an artifact.
pub fn seal<W: Write>(
    mut out: W,
    secret: &ArtifactSecret,
    salt: &[u8; SALT_BYTES],
) -> io::Result<ChunkWriter<W>> {
    out.write_all(salt)?;
    Ok(ChunkWriter::new(ChunkKey::at_rest(&secret.0, salt), out))
}

/// How long an artifact is whose export is so long.
pub fn bytes_on_disk(size_bytes: u64) -> u64 {
    SALT_BYTES as u64 + sealed_bytes(size_bytes)
}

/// A finished artifact, read at any place.
pub struct Sealed {
    stored: Stored,
    key: ChunkKey,
    size_bytes: u64,
    /// The chunk that was read last, by its number.
    last_read: Mutex<Option<(u64, Vec<u8>)>>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sealed(…)")
    }
}

impl Sealed {
    /// Opens an artifact of an export of this size.
    pub fn open(stored: Stored, secret: &ArtifactSecret, size_bytes: u64) -> io::Result<Sealed> {
        let mut salt = [0; SALT_BYTES];
        fill_at(&stored, &mut salt, 0)?;
        if stored.size_bytes()? != bytes_on_disk(size_bytes) {
            let what = "it has another size than when it was written";
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(Sealed {
            stored,
            key: ChunkKey::at_rest(&secret.0, &salt),
            size_bytes,
            last_read: Mutex::new(None),
        })
    }

    fn chunk(&self, number: u64) -> io::Result<Vec<u8>> {
        let start = number * CHUNK_BYTES as u64;
        let left = self.size_bytes - start;
        let is_last = left <= CHUNK_BYTES as u64;
        let plain = usize::try_from(left)
            .unwrap_or(CHUNK_BYTES)
            .min(CHUNK_BYTES);
        let mut chunk = vec![0; plain + TAG_BYTES];
        let place = SALT_BYTES as u64 + number * (CHUNK_BYTES + TAG_BYTES) as u64;
        fill_at(&self.stored, &mut chunk, place)?;
        let opened = self.key.open(number, is_last, &mut chunk)?;
        chunk.truncate(opened);
        Ok(chunk)
    }
}

fn fill_at(stored: &Stored, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stored.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl ReadAt for Sealed {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset >= self.size_bytes || buffer.is_empty() {
            return Ok(0);
        }
        let number = offset / CHUNK_BYTES as u64;
        let mut last_read = self
            .last_read
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last_read.as_ref().is_none_or(|(known, _)| *known != number) {
            *last_read = Some((number, self.chunk(number)?));
        }
        let chunk = last_read.as_ref().map_or(&[][..], |(_, chunk)| chunk);
        let from = usize::try_from(offset % CHUNK_BYTES as u64).unwrap_or(0);
        let taken = buffer.len().min(chunk.len().saturating_sub(from));
        buffer[..taken].copy_from_slice(&chunk[from..from + taken]);
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use carryall_format::original::Original;
    use zeroize::Zeroizing;

    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    fn secret(bytes: [u8; 32]) -> ArtifactSecret {
        ArtifactSecret(Zeroizing::new(bytes))
    }

    fn text(size: usize) -> Vec<u8> {
        (0..size)
            .map(|at| u8::try_from(at * 7 % 251).expect("small"))
            .collect()
    }

    /// The bytes of an artifact.
    fn sealed(plain: &[u8], salt: u8) -> Vec<u8> {
        let file = tempfile::tempfile().expect("a file");
        let writing = file.try_clone().expect("a handle");
        let mut writer = seal(writing, &secret(SECRET), &[salt; 16]).expect("begins");
        writer.write_all(plain).expect("writes");
        writer.finish().expect("finishes");
        let mut bytes = Vec::new();
        Original::new(file)
            .from_start()
            .read_to_end(&mut bytes)
            .expect("reads");
        bytes
    }

    fn opened(bytes: &[u8], with: [u8; 32], size: usize, from: u64) -> io::Result<Vec<u8>> {
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        let sealed = Sealed::open(Stored::File(file), &secret(with), size as u64)?;
        let mut plain = Vec::new();
        Original::new(sealed).from(from).read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn any_part_of_an_artifact_of_any_length_is_read_and_nothing_of_it_stands_there_in_clear() {
        for size in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_003] {
            let (plain, bytes) = (text(size), sealed(&text(size), 1));
            assert_eq!(bytes.len() as u64, bytes_on_disk(size as u64));
            for from in [0, 1, size / 2, 65_536, size]
                .into_iter()
                .filter(|from| *from <= size)
            {
                let read = opened(&bytes, SECRET, size, from as u64).expect("opens");
                assert!(read == plain[from..], "{size} from {from}");
            }
            assert!(size < 64 || !bytes.windows(16).any(|bytes| bytes == &plain[16..32]));
        }
    }

    #[test]
    fn what_was_changed_cut_off_moved_or_exchanged_does_not_open() {
        let size = 200_003;
        let (bytes, other) = (sealed(&text(size), 1), sealed(&text(size), 2));
        let chunk = |at: usize| 16 + at * 65_552..16 + (at + 1) * 65_552;
        let mut changed = bytes.clone();
        changed[100_000] ^= 1;
        let mut salted = bytes.clone();
        salted[0] ^= 1;
        let mut swapped = bytes.clone();
        swapped[chunk(0)].copy_from_slice(&bytes[chunk(1)]);
        swapped[chunk(1)].copy_from_slice(&bytes[chunk(0)]);
        let mut exchanged = bytes.clone();
        exchanged[chunk(1)].copy_from_slice(&other[chunk(1)]);
        for wrong in [
            &changed,
            &salted,
            &swapped,
            &exchanged,
            &bytes[..65_568].to_vec(),
        ] {
            assert!(opened(wrong, SECRET, size, 0).is_err());
        }
        // Cut off after a chunk, with a ledger that was changed to fit.
        assert!(opened(&bytes[..65_568], SECRET, 65_536, 0).is_err());
        assert!(opened(&bytes, [8; 32], size, 0).is_err());
        assert!(opened(&bytes, SECRET, size, 0).is_ok());
    }
}
