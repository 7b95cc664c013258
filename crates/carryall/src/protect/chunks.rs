//! A stream in chunks of 64 KiB, each sealed for itself: the STREAM construction, as age uses it.
//!
//! The nonce of a chunk is its number and whether it is the last. So a chunk that was changed, moved,
//! left out or put into another file does not open, and neither does a file that was cut off. Any part
//! can be read without what stands before it.

use std::io::{self, Write};

use ring::aead::{
    AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey,
};
use ring::hkdf;

/// Bytes of the stream in each chunk but the last.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// What a chunk is longer by than what stands in it.
pub const TAG_BYTES: usize = 16;

/// The key of one stream.
pub struct ChunkKey(LessSafeKey);

impl ChunkKey {
    /// AES-256-GCM, with a key made of the artifact's secret and a salt. Measured: three times as fast.
    pub fn at_rest(secret: &[u8; 32], salt: &[u8; 16]) -> ChunkKey {
        ChunkKey::derived(&AES_256_GCM, secret, salt, b"carryall artifact")
    }

    /// What the age format takes: ChaCha20-Poly1305 with a key made of the file's key and a nonce.
    pub fn of_age(file_key: &[u8; 16], nonce: &[u8; 16]) -> ChunkKey {
        ChunkKey::derived(&CHACHA20_POLY1305, file_key, nonce, b"payload")
    }

    fn derived(
        algorithm: &'static Algorithm,
        secret: &[u8],
        salt: &[u8],
        purpose: &[u8],
    ) -> ChunkKey {
        let stream = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
        let purpose = [purpose];
        let key = stream.expand(&purpose, algorithm);
        let key = key.expect("32 bytes are not too many to ask for");
        ChunkKey(LessSafeKey::new(UnboundKey::from(key)))
    }

    /// Opens a chunk in its place; the answer is how many of its bytes are the stream's.
    pub fn open(&self, number: u64, is_last: bool, chunk: &mut [u8]) -> io::Result<usize> {
        self.0
            .open_in_place(nonce(number, is_last), Aad::empty(), chunk)
            .map(|plain| plain.len())
            .map_err(|_| {
                let what = format!("chunk {number} is not the one that was written");
                io::Error::new(io::ErrorKind::InvalidData, what)
            })
    }
}

/// Eleven bytes of number, the highest first, and one that tells the last chunk.
fn nonce(number: u64, is_last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(bytes)
}

/// Seals what is written to it. Without [`ChunkWriter::finish`] it stays a file that was cut off.
pub struct ChunkWriter<W> {
    out: W,
    key: ChunkKey,
    chunk: Vec<u8>,
    number: u64,
}

impl<W: Write> ChunkWriter<W> {
    /// The key must never have sealed another stream.
    pub fn new(key: ChunkKey, out: W) -> ChunkWriter<W> {
        ChunkWriter {
            out,
            key,
            chunk: Vec::with_capacity(CHUNK_BYTES + TAG_BYTES),
            number: 0,
        }
    }

    /// Seals the last chunk.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let nonce = nonce(self.number, is_last);
        self.number += 1;
        let sealed = self
            .key
            .0
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut self.chunk);
        sealed.map_err(|_| io::Error::other("a chunk cannot be sealed"))?;
        let written = self.out.write_all(&self.chunk);
        self.chunk.clear();
        written
    }
}

impl<W: Write> Write for ChunkWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for what follows, because it may be the last.
        if self.chunk.len() == CHUNK_BYTES && !bytes.is_empty() {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// Chunks have one length, so nothing can be hurried.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How long a stream is, sealed.
pub fn sealed_bytes(plain: u64) -> u64 {
    let chunks = plain.div_ceil(CHUNK_BYTES as u64).max(1);
    plain + chunks * TAG_BYTES as u64
}
