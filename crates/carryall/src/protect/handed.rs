//! Writers that are handed to the thread that writes, and finished by who handed them over.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// A writer in two hands.
pub struct Handed<W>(Arc<Mutex<Option<W>>>);

impl<W> Handed<W> {
    /// It, in one hand.
    pub fn new(out: W) -> Handed<W> {
        Handed(Arc::new(Mutex::new(Some(out))))
    }

    /// For the other.
    pub fn other(&self) -> Handed<W> {
        Handed(Arc::clone(&self.0))
    }

    /// Takes it out of both.
    pub fn take(&self) -> io::Result<W> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.take().ok_or_else(is_taken)
    }
}

fn is_taken() -> io::Error {
    io::Error::other("the file was finished already")
}

impl<W: Write> Write for Handed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_mut().ok_or_else(is_taken)?.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts and digests what passes.
pub struct Hashed<W> {
    out: W,
    hash: Sha256,
    size_bytes: u64,
}

impl<W: Write> Hashed<W> {
    /// Nothing has passed yet.
    pub fn new(out: W) -> Hashed<W> {
        Hashed {
            out,
            hash: Sha256::new(),
            size_bytes: 0,
        }
    }

    /// Where it went, how many bytes, and their SHA-256.
    pub fn finish(self) -> (W, u64, [u8; 32]) {
        (self.out, self.size_bytes, self.hash.finalize().into())
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size_bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
