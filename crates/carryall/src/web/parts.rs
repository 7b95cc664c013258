//! A part of a file as the body of an answer, in constant memory.
//!
//! Promises: what cannot be read, or is not what was written, ends the body before its announced
//! length, so that no browser takes half for whole; `failed` hears of it.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use carryall_format::original::Original;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::io::ReaderStream;

use super::ranges::Part;

/// How much of the file is read at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// How many pieces wait for a browser that is slow.
const PIECES: usize = 4;

/// A file that is sent.
pub struct Sent {
    /// It.
    pub original: Original,
    /// How long it is.
    pub size_bytes: u64,
    /// What it is.
    pub content_type: &'static str,
}

/// A part of it.
pub fn part_of(
    sent: &Sent,
    part: Part,
    failed: impl FnOnce(&io::Error) + Send + 'static,
) -> Response {
    let size = sent.size_bytes;
    let (status, first, length) = match part {
        Part::Whole => (StatusCode::OK, 0, size),
        Part::Bytes { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let mut response = Response::new(body(&sent.original, first, length, failed));
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, sent.content_type);
    set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    let range = match part {
        Part::Whole => return response,
        Part::Bytes { first, last } => format!("bytes {first}-{last}/{size}"),
        Part::Unsatisfiable => format!("bytes */{size}"),
    };
    set(&mut response, header::CONTENT_RANGE, &range);
    response
}

/// Puts a header in.
pub fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Reading and deciphering take a thread that may block.
fn body(
    original: &Original,
    first: u64,
    length: u64,
    failed: impl FnOnce(&io::Error) + Send + 'static,
) -> Body {
    if length == 0 {
        return Body::empty();
    }
    let (tell, pieces) = channel(PIECES);
    let reading = original.from(first).take(length);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = read(reading, length, &tell) {
            failed(&error);
            let _ = tell.blocking_send(Err(error));
        }
    });
    let pieces = Pieces {
        coming: pieces,
        piece: Vec::new(),
        read: 0,
    };
    Body::from_stream(ReaderStream::with_capacity(pieces, PIECE_BYTES))
}

/// Reads all that was announced, unless nobody wants it any more.
fn read(mut reading: impl Read, length: u64, tell: &Sender<io::Result<Vec<u8>>>) -> io::Result<()> {
    let mut left = length;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let mut piece = vec![0; most];
        reading.read_exact(&mut piece)?;
        left -= most as u64;
        if tell.blocking_send(Ok(piece)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// What the thread has read.
struct Pieces {
    coming: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    read: usize,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read == self.piece.len() {
            match ready!(self.coming.poll_recv(context)) {
                None => return Poll::Ready(Ok(())),
                Some(piece) => self.piece = piece?,
            }
            self.read = 0;
        }
        let taken = buffer.remaining().min(self.piece.len() - self.read);
        buffer.put_slice(&self.piece[self.read..self.read + taken]);
        self.read += taken;
        Poll::Ready(Ok(()))
    }
}
