//! A tap on a connection: while it is open, what COPY or a portal sends goes to whoever reads rows, and not through
//! the driver.
//!
//! Promises: the driver gets every other message, in order and whole; data that nobody takes waits, and the server
//! with it; memory is two buffers.
//!
//! The driver reads 8 KiB at a time and gives each row a message of its own: a third of what an export from a server
//! cost. For a long row its buffer doubles, and stays: 128 MiB, filled by what comes after it, for a value of 80 MB.
//! Messages: <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use carryall_format::ReadBuffer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

/// As much is read at a time as a socket holds.
const BUFFER_BYTES: usize = 256 << 10;
/// A socket that had less than this is given time before the next look at it. The server sends 8 KiB at a time: whoever
/// waits for the next bytes is woken for each of them, and the server spends its time on waking.
const ENOUGH_BYTES: usize = 96 << 10;
/// Less than what fills a socket on the same machine.
const REST: Duration = Duration::from_micros(50);
/// A letter, and a length that counts itself.
const HEADER_BYTES: usize = 5;
const LENGTH_BYTES: usize = 4;

/// What was read, and where in it the data is.
#[derive(Debug)]
pub(super) struct Piece {
    bytes: ReadBuffer,
    filled: usize,
    data: Vec<Range<usize>>,
}

impl Default for Piece {
    fn default() -> Piece {
        Piece {
            bytes: ReadBuffer::new(BUFFER_BYTES),
            filled: 0,
            data: Vec::new(),
        }
    }
}

impl Piece {
    /// The data, in order. A message of the server may be cut in two.
    pub(super) fn data(&self) -> impl Iterator<Item = &[u8]> {
        self.data.iter().map(|range| &self.bytes[range.clone()])
    }
}

/// The messages that are data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    /// What COPY sends: a file in pieces.
    Copy,
    /// The rows of a portal, one in each.
    Rows,
}

impl Data {
    fn letter(self) -> u8 {
        match self {
            Data::Copy => b'd',
            Data::Rows => b'D',
        }
    }

    /// Whether no data comes after a message of this letter: all is sent, or as much as was asked for, or it failed.
    fn ends_with(self, letter: u8) -> bool {
        match self {
            Data::Copy => matches!(letter, b'c' | b'E'),
            Data::Rows => matches!(letter, b'C' | b's' | b'I' | b'E'),
        }
    }
}

/// Where data goes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Nobody copies.
    #[default]
    Closed,
    /// To whoever asks next.
    Open(Data),
    /// Nowhere: who asked has gone.
    Dropping(Data),
}

#[derive(Debug, Default)]
struct State {
    mode: Mode,
    /// Not taken yet.
    full: Option<Piece>,
    /// To be filled again.
    empty: Option<Piece>,
    taker: Option<Waker>,
    filler: Option<Waker>,
}

impl State {
    /// No more data comes.
    fn close(&mut self) {
        self.mode = Mode::Closed;
        wake(&mut self.taker);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// The end of whoever reads rows. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Tap(Arc<Mutex<State>>);

impl Tap {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens it, before the data is asked for. It closes when that ends.
    pub(super) fn open(&self, data: Data) -> Copied {
        self.state().mode = Mode::Open(data);
        Copied(self.clone())
    }
}

/// What one COPY or portal sends.
#[derive(Debug)]
pub(super) struct Copied(Tap);

impl Copied {
    /// More of it; none at its end, of which the driver knows whether it was a good one.
    pub(super) async fn next(&mut self) -> Option<Piece> {
        std::future::poll_fn(|context| {
            let mut state = self.0.state();
            if let Some(piece) = state.full.take() {
                wake(&mut state.filler);
                return Poll::Ready(Some(piece));
            }
            if state.mode == Mode::Closed {
                return Poll::Ready(None);
            }
            state.taker = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Gives a piece back, to be filled again.
    pub(super) fn give_back(&self, piece: Piece) {
        self.0.state().empty = Some(piece);
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if let Mode::Open(data) = state.mode {
            state.mode = Mode::Dropping(data);
        }
        state.full = None;
        wake(&mut state.filler);
    }
}

/// A connection's stream with a tap.
#[derive(Debug)]
pub(super) struct Tapped<S> {
    inner: S,
    tap: Tap,
    /// What is read now. Most connections never copy.
    piece: Option<Piece>,
    /// How far `piece` has been looked through.
    seen: usize,
    /// Bytes of the message at hand that are still to come, and whether they are data.
    left: usize,
    is_data: bool,
    /// No data comes any more.
    is_last: bool,
    /// The last look at the socket found little.
    found_little: bool,
    /// For the driver, which takes it from `given` on.
    others: Vec<u8>,
    given: usize,
}

impl<S> Tapped<S> {
    pub(super) fn new(inner: S, tap: Tap) -> Tapped<S> {
        Tapped {
            inner,
            tap,
            piece: None,
            seen: 0,
            left: 0,
            is_data: false,
            is_last: false,
            found_little: false,
            others: Vec::new(),
            given: 0,
        }
    }

    /// Tells data from other messages, up to the end of the data or of what was read.
    fn look_through(&mut self) {
        let (Mode::Open(wanted) | Mode::Dropping(wanted)) = self.tap.state().mode else {
            return;
        };
        let Some(Piece {
            bytes,
            filled,
            data,
        }) = &mut self.piece
        else {
            return;
        };
        let bytes = &bytes[..*filled];
        loop {
            let taken = self.left.min(bytes.len() - self.seen);
            let range = self.seen..self.seen + taken;
            self.seen = range.end;
            self.left -= taken;
            if !self.is_data {
                self.others.extend_from_slice(&bytes[range]);
            } else if taken > 0 {
                data.push(range);
            }
            let Some(header) = bytes.get(self.seen..self.seen + HEADER_BYTES) else {
                return;
            };
            if self.left > 0 {
                return;
            }
            let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]);
            // A length that does not count itself is the driver's to refuse.
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            self.left = length.saturating_sub(LENGTH_BYTES);
            self.is_data = header[0] == wanted.letter();
            // What was read already is the driver's.
            if wanted.ends_with(header[0]) {
                self.others.extend_from_slice(&bytes[self.seen..]);
                (self.seen, self.left, self.is_last) = (bytes.len(), 0, true);
                return;
            }
            if !self.is_data {
                self.others.extend_from_slice(header);
            }
            self.seen += HEADER_BYTES;
        }
    }

    /// Hands data over; waits while some was not taken.
    fn poll_hand_over(&mut self, context: &Context<'_>) -> Poll<()> {
        let Some(piece) = &mut self.piece else {
            return Poll::Ready(());
        };
        let mut state = self.tap.state();
        if matches!(state.mode, Mode::Dropping(_)) {
            piece.data.clear();
        }
        // A header may be cut in two.
        let rest = self.seen..piece.filled;
        if piece.data.is_empty() {
            piece.filled = rest.len();
            piece.bytes.copy_within(rest, 0);
        } else if state.full.is_some() {
            state.filler = Some(context.waker().clone());
            return Poll::Pending;
        } else {
            let mut next = state.empty.take().unwrap_or_default();
            next.data.clear();
            next.filled = rest.len();
            next.bytes[..rest.len()].copy_from_slice(&piece.bytes[rest]);
            state.full = Some(std::mem::replace(piece, next));
            wake(&mut state.taker);
        }
        self.seen = 0;
        if std::mem::take(&mut self.is_last) {
            state.close();
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> Tapped<S> {
    /// Reads more; false at the end of the connection.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.found_little && self.tap.state().mode == Mode::Open(Data::Copy) {
            // The thread has nothing else to do, and the runtime's own clock goes by milliseconds.
            std::thread::sleep(REST);
        }
        let piece = self.piece.get_or_insert_default();
        let mut buffer = ReadBuf::new(&mut piece.bytes[piece.filled..]);
        ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer))?;
        let read = buffer.filled().len();
        piece.filled += read;
        self.found_little = read < ENOUGH_BYTES;
        Poll::Ready(Ok(read > 0))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let own = self.get_mut();
        loop {
            // Data first: the driver may hear of the end only when all of it is handed over.
            ready!(own.poll_hand_over(context));
            if own.given < own.others.len() {
                let count = out.remaining().min(own.others.len() - own.given);
                out.put_slice(&own.others[own.given..own.given + count]);
                own.given += count;
                return Poll::Ready(Ok(()));
            }
            own.others.clear();
            own.given = 0;
            if own.tap.state().mode == Mode::Closed {
                return Pin::new(&mut own.inner).poll_read(context, out);
            }
            match ready!(own.poll_fill(context)) {
                Ok(true) => own.look_through(),
                ended => {
                    own.tap.state().close();
                    return Poll::Ready(ended.map(drop));
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Tapped<S> {
    /// None is offered: the server's SCRAM goes without.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S> Drop for Tapped<S> {
    fn drop(&mut self) {
        self.tap.state().close();
    }
}

#[cfg(test)]
mod tests;
