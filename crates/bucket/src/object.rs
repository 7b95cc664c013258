//! Objects that are read: once from the start, or at any place.
//!
//! Promises: all bytes are those of one object, whatever is put in its place meanwhile; a connection that
//! breaks off is taken up again where it broke; an object that ends before its length is an error. A few
//! pieces wait in memory, of some KiB each.

use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, ObjectStore as _};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use crate::{Bucket, BucketError};

/// As many as make a slow reader no slower.
const PIECES: usize = 4;
/// How often a connection may break off without a single byte between.
const TRIES: u32 = 3;

/// An object that is read once.
#[derive(Debug)]
pub struct Object {
    /// Its thread reads.
    bucket: Bucket,
    size_bytes: u64,
    e_tag: Option<String>,
    coming: Receiver<Result<Bytes, BucketError>>,
    piece: Bytes,
    left_bytes: u64,
    failure: Option<BucketError>,
}

/// What is known of an object before its bytes.
struct Head {
    size_bytes: u64,
    e_tag: Option<String>,
    length_bytes: u64,
}

/// The same object as before, from there.
pub(crate) struct Again {
    offset: u64,
    e_tag: Option<String>,
}

impl Object {
    pub(crate) fn open(
        bucket: &Bucket,
        path: Path,
        again: Option<Again>,
    ) -> Result<Object, BucketError> {
        let (tell_head, head) = oneshot::channel();
        let (tell, coming) = channel(PIECES);
        let options = match again {
            None => GetOptions::default(),
            Some(again) => GetOptions {
                if_match: again.e_tag,
                range: Some(GetRange::Offset(again.offset)),
                ..GetOptions::default()
            },
        };
        let store = bucket.store();
        bucket.bridge().spawn(async move {
            let found = store.get_opts(&path, options).await;
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    let _ = tell_head.send(Err(BucketError::of(&error)));
                    return;
                }
            };
            let head = Head {
                size_bytes: found.meta.size,
                e_tag: found.meta.e_tag.clone(),
                length_bytes: found.range.end - found.range.start,
            };
            let e_tag = head.e_tag.clone();
            if tell_head.send(Ok(head)).is_err() {
                return;
            }
            let source = Passing { store, path, e_tag };
            if let Err(error) = source.pass_on(found, &tell).await {
                let _ = tell.send(Err(error)).await;
            }
        });
        let head = bucket.bridge().wait(head);
        let head = head.and_then(Result::ok).ok_or_else(BucketError::ended)??;
        Ok(Object {
            bucket: bucket.clone(),
            failure: None,
            size_bytes: head.size_bytes,
            e_tag: head.e_tag,
            coming,
            piece: Bytes::new(),
            left_bytes: head.length_bytes,
        })
    }

    /// How long the whole object is.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Where it stands.
    #[must_use]
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// Why it could not be read to its end.
    #[must_use]
    pub fn failure(&self) -> Option<&BucketError> {
        self.failure.as_ref()
    }

    /// The next bytes, or the failure, which is kept.
    fn next_piece(&mut self) -> Result<Bytes, BucketError> {
        let piece = self.coming.blocking_recv();
        let piece = piece.unwrap_or_else(|| Err(broken_off()));
        piece.inspect_err(|error| self.failure = Some(error.clone()))
    }
}

/// An object whose bytes are passed on.
struct Passing {
    store: AmazonS3,
    path: Path,
    e_tag: Option<String>,
}

impl Passing {
    /// Until the end, an error, or until nobody reads any more. The library takes a connection up again only
    /// within the patience of its request; a large object, or a slow reader, outlives that.
    async fn pass_on(
        &self,
        found: GetResult,
        tell: &Sender<Result<Bytes, BucketError>>,
    ) -> Result<(), BucketError> {
        let (mut place, end) = (found.range.start, found.range.end);
        let mut stream = found.into_stream();
        let mut fruitless = 0;
        while place < end {
            match stream.next().await {
                Some(Ok(piece)) => {
                    (place, fruitless) = (place + piece.len() as u64, 0);
                    if tell.send(Ok(piece)).await.is_err() {
                        break;
                    }
                }
                Some(Err(error)) if fruitless == TRIES => return Err(BucketError::of(&error)),
                None if fruitless == TRIES => return Err(broken_off()),
                Some(Err(_)) | None => {
                    fruitless += 1;
                    stream = self.again(place, end).await?.into_stream();
                }
            }
        }
        Ok(())
    }

    /// The same object from there; without an entity tag nobody knows whether it is.
    async fn again(&self, place: u64, end: u64) -> Result<GetResult, BucketError> {
        if self.e_tag.is_none() {
            return Err(broken_off());
        }
        let options = GetOptions {
            if_match: self.e_tag.clone(),
            range: Some(GetRange::Offset(place)),
            ..GetOptions::default()
        };
        let found = self.store.get_opts(&self.path, options).await;
        let found = found.map_err(|error| BucketError::of(&error))?;
        // Not every store looks at the condition.
        if found.meta.e_tag != self.e_tag || found.range.end != end {
            return Err(BucketError::Changed);
        }
        Ok(found)
    }
}

impl Read for Object {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.left_bytes == 0 {
            return Ok(0);
        }
        while self.piece.is_empty() {
            self.piece = self.next_piece()?;
        }
        let most = usize::try_from(self.left_bytes).unwrap_or(usize::MAX);
        let taken = buffer.len().min(self.piece.len()).min(most);
        self.piece.copy_to_slice(&mut buffer[..taken]);
        self.left_bytes -= taken as u64;
        Ok(taken)
    }
}

/// Not an unexpected end of the file: the object is longer, only its reader is not there yet.
fn broken_off() -> BucketError {
    BucketError::Away {
        why: "the object ended before its announced length".to_owned(),
    }
}

/// An object that is read at any place; one after another costs one request.
#[derive(Debug)]
pub struct ObjectAt {
    bucket: Bucket,
    path: Path,
    size_bytes: u64,
    e_tag: Option<String>,
    /// The reading that goes on, and where it is.
    reading: Mutex<Option<(u64, Object)>>,
}

impl ObjectAt {
    pub(crate) fn open(bucket: &Bucket, path: Path) -> Result<ObjectAt, BucketError> {
        let object = Object::open(bucket, path.clone(), None)?;
        Ok(ObjectAt {
            bucket: bucket.clone(),
            path,
            size_bytes: object.size_bytes,
            e_tag: object.e_tag.clone(),
            reading: Mutex::new(Some((0, object))),
        })
    }

    /// How long it is.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Reads some of the bytes from there on; none at the end.
    ///
    /// # Errors
    /// The store does not hand them out, or has another object now.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset >= self.size_bytes || buffer.is_empty() {
            return Ok(0);
        }
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out: after an error the next call begins anew.
        let mut object = match reading.take() {
            Some((place, object)) if place == offset => object,
            _ => Object::open(&self.bucket, self.path.clone(), Some(self.again(offset)))?,
        };
        let read = object.read(buffer)?;
        *reading = Some((offset + read as u64, object));
        Ok(read)
    }

    fn again(&self, offset: u64) -> Again {
        Again {
            offset,
            e_tag: self.e_tag.clone(),
        }
    }
}
