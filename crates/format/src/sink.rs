//! Where the bytes go: a second thread hashes and writes what the first one encodes.
//!
//! Buffers travel over a bounded channel and come back to be filled again, so memory stays constant
//! and a slow disk slows the encoder down instead of filling memory.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

/// A buffer is handed over when it has grown to this size.
pub(crate) const BUFFER_BYTES: usize = 1 << 20;
const BUFFERS_IN_FLIGHT: usize = 3;
/// A buffer that one huge value has blown up is not kept.
const KEEP_CAPACITY_BYTES: usize = 2 * BUFFER_BYTES;

enum Order {
    Write(Vec<u8>),
    /// Asks for the digest of everything before this.
    Seal(SyncSender<[u8; 32]>),
}

/// The writing end.
pub(crate) struct Sink {
    orders: Option<SyncSender<Order>>,
    empty: Receiver<Vec<u8>>,
    thread: Option<JoinHandle<io::Result<[u8; 32]>>>,
    sent_bytes: u64,
}

impl Sink {
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<Sink> {
        let (orders, received) = sync_channel(BUFFERS_IN_FLIGHT);
        let (give_back, empty) = sync_channel(BUFFERS_IN_FLIGHT + 2);
        let thread = std::thread::Builder::new()
            .name("export-writer".to_owned())
            .spawn(move || hash_and_write(out, &received, &give_back))?;
        Ok(Sink {
            orders: Some(orders),
            empty,
            thread: Some(thread),
            sent_bytes: 0,
        })
    }

    pub(crate) fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }

    /// Hands the buffer over and leaves an empty one in its place.
    pub(crate) fn send(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        self.sent_bytes += buffer.len() as u64;
        let next = self
            .empty
            .try_recv()
            .unwrap_or_else(|_none_back_yet| Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 8));
        let full = std::mem::replace(buffer, next);
        self.order(Order::Write(full))
    }

    /// The SHA-256 of all bytes sent so far.
    pub(crate) fn seal(&mut self) -> io::Result<[u8; 32]> {
        let (reply, digest) = sync_channel(1);
        self.order(Order::Seal(reply))?;
        match digest.recv() {
            Ok(digest) => Ok(digest),
            Err(_) => Err(self.failure()),
        }
    }

    /// Waits until the last byte is written, and returns the SHA-256 of all of them.
    pub(crate) fn finish(mut self) -> io::Result<[u8; 32]> {
        self.orders = None;
        self.join()
    }

    fn order(&mut self, order: Order) -> io::Result<()> {
        let is_taken = self
            .orders
            .as_ref()
            .is_some_and(|orders| orders.send(order).is_ok());
        if is_taken {
            Ok(())
        } else {
            Err(self.failure())
        }
    }

    fn failure(&mut self) -> io::Error {
        self.orders = None;
        self.join()
            .err()
            .unwrap_or_else(|| io::Error::other("the writing thread has ended"))
    }

    fn join(&mut self) -> io::Result<[u8; 32]> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(io::Error::other("the writing thread panicked")),
            None => Err(io::Error::other("the writing thread has ended")),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.orders = None;
        // An abandoned export: the reason for abandoning it is already on its way up.
        let _ = self.join();
    }
}

fn hash_and_write(
    mut out: impl Write,
    orders: &Receiver<Order>,
    give_back: &SyncSender<Vec<u8>>,
) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    for order in orders {
        match order {
            Order::Write(mut buffer) => {
                hash.update(&buffer);
                out.write_all(&buffer)?;
                // Small buffers are the first bytes of an export: somebody waits for them.
                if buffer.len() < BUFFER_BYTES {
                    out.flush()?;
                }
                if buffer.capacity() <= KEEP_CAPACITY_BYTES {
                    buffer.clear();
                    // Nobody waits for it any more when the encoder has stopped.
                    let _ = give_back.try_send(buffer);
                }
            }
            Order::Seal(reply) => {
                // The encoder waits for it; if it has gone, its own error says why.
                let _ = reply.send(hash.clone().finalize().into());
            }
        }
    }
    out.flush()?;
    Ok(hash.finalize().into())
}
