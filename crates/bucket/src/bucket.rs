//! The bucket itself: objects by name, one request each.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use object_store::MultipartId;
use object_store::ObjectStoreExt as _;
use object_store::aws::AmazonS3;
use object_store::list::{PaginatedListOptions, PaginatedListStore as _};
use object_store::multipart::MultipartStore as _;
use object_store::path::Path;

use crate::address::why_not;
use crate::bridge::Bridge;
use crate::object::Object;
use crate::{Access, Address, BucketError, ObjectAt, Upload};

/// Notes are short; what is longer is none of ours.
const NOTE_BYTES: u64 = 4096;

/// A bucket, or what has its prefix there. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: Address,
    store: AmazonS3,
    bridge: Bridge,
    /// Uploads that no note speaks of, because the store went away before it was written.
    unnoted: Mutex<Vec<(Path, MultipartId)>>,
}

impl Bucket {
    /// Nothing is asked of the store yet.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn new(address: Address, access: &Access) -> Result<Bucket, BucketError> {
        let store = crate::access::client(&address, access)?;
        let bridge = Bridge::start().map_err(|error| BucketError::Settings {
            why: format!("no thread can be started: {error}"),
        })?;
        Ok(Bucket(Arc::new(Inner {
            address,
            store,
            bridge,
            unnoted: Mutex::default(),
        })))
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// Looks whether the bucket is there and may be listed. A key that may not list a bucket is told
    /// "denied" where there is no such object.
    ///
    /// # Errors
    /// It is not, or may not.
    pub fn look(&self) -> Result<(), BucketError> {
        self.page(None, Some(1)).map(drop)
    }

    /// Opens an object, to be read once from its start.
    ///
    /// # Errors
    /// There is none, or the store does not hand it out.
    pub fn open(&self, name: &str) -> Result<Object, BucketError> {
        Object::open(self, self.path(name)?, None)
    }

    /// Opens an object, to be read at any place.
    ///
    /// # Errors
    /// There is none, or the store does not hand it out.
    pub fn open_at(&self, name: &str) -> Result<ObjectAt, BucketError> {
        ObjectAt::open(self, self.path(name)?)
    }

    /// How long an object is.
    ///
    /// # Errors
    /// There is none, or the store does not say.
    pub fn size_bytes(&self, name: &str) -> Result<u64, BucketError> {
        let path = self.path(name)?;
        let found = self.ask(|store| async move { store.head(&path).await })?;
        Ok(found.size)
    }

    /// Begins an object. It is there when [`Upload::finish`] says so, and nothing of it before. Until then
    /// the object `note` says how [`Bucket::undo_upload`] gets rid of what was sent.
    ///
    /// # Errors
    /// No object can have this name.
    pub fn upload(
        &self,
        name: &str,
        note: &str,
        expected_bytes: u64,
    ) -> Result<Upload, BucketError> {
        let (path, note) = (self.path(name)?, self.path(note)?);
        Ok(Upload::new(self.clone(), path, note, expected_bytes))
    }

    /// Gets rid of what an upload has sent that nobody will finish. Without a note there is nothing.
    ///
    /// # Errors
    /// The store does not do it.
    pub fn undo_upload(&self, name: &str, note: &str) -> Result<(), BucketError> {
        let path = self.path(name)?;
        let id = match self.read_note(note) {
            Err(BucketError::Missing) => return Ok(()),
            id => id?,
        };
        let undone = self.ask(|store| async move { store.abort_multipart(&path, &id).await });
        match undone {
            // Finished or undone already.
            Err(BucketError::Missing) | Ok(()) => self.remove(note),
            Err(error) => Err(error),
        }
    }

    fn read_note(&self, note: &str) -> Result<String, BucketError> {
        use std::io::Read as _;
        let mut id = String::new();
        let read = self.open(note)?.take(NOTE_BYTES).read_to_string(&mut id);
        read.map_err(|error| BucketError::Away {
            why: error.to_string(),
        })?;
        Ok(id)
    }

    /// Removes an object. One that is not there is removed already.
    ///
    /// # Errors
    /// The store does not do it.
    pub fn remove(&self, name: &str) -> Result<(), BucketError> {
        let path = self.path(name)?;
        match self.ask(|store| async move { store.delete(&path).await }) {
            Err(BucketError::Missing) => Ok(()),
            end => end,
        }
    }

    /// Shows the name of every object that stands under the prefix itself, a page at a time. Uploads of this
    /// process that no note speaks of are undone first.
    ///
    /// # Errors
    /// The store does not list them.
    pub fn each_name(&self, mut show: impl FnMut(&str)) -> Result<(), BucketError> {
        self.undo_unnoted()?;
        let mut token = None;
        loop {
            let (names, next) = self.page(token, None)?;
            for name in names {
                show(&name);
            }
            token = next;
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// To be undone when the store is back.
    pub(crate) fn remember(&self, path: Path, id: MultipartId) {
        let unnoted = self.0.unnoted.lock();
        unnoted
            .unwrap_or_else(PoisonError::into_inner)
            .push((path, id));
    }

    fn undo_unnoted(&self) -> Result<(), BucketError> {
        let mut unnoted = self
            .0
            .unnoted
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while let Some((path, id)) = unnoted.last().cloned() {
            match self.ask(|store| async move { store.abort_multipart(&path, &id).await }) {
                Err(BucketError::Missing) | Ok(()) => unnoted.pop(),
                Err(error) => return Err(error),
            };
        }
        Ok(())
    }

    fn page(
        &self,
        page_token: Option<String>,
        max_keys: Option<usize>,
    ) -> Result<(Vec<String>, Option<String>), BucketError> {
        let prefix = self.0.address.prefix().to_owned();
        let options = PaginatedListOptions {
            delimiter: Some("/".into()),
            max_keys,
            page_token,
            ..PaginatedListOptions::default()
        };
        let asked = prefix.clone();
        let page = self.ask(|store| async move {
            let prefix = Some(&*asked).filter(|prefix| !prefix.is_empty());
            store.list_paginated(prefix, options).await
        })?;
        let names = page.result.objects.iter().filter_map(|object| {
            let name = object.location.as_ref().strip_prefix(&*prefix)?;
            Some(name.to_owned())
        });
        Ok((names.collect(), page.page_token))
    }

    /// Writes a small object.
    pub(crate) fn put(&self, path: &Path, bytes: impl Into<Bytes>) -> Result<(), BucketError> {
        let (path, payload) = (path.clone(), bytes.into().into());
        self.ask(|store| async move { store.put(&path, payload).await })
            .map(drop)
    }

    fn path(&self, name: &str) -> Result<Path, BucketError> {
        let refused = |why| BucketError::Name { why };
        if let Some(why) = why_not(name) {
            return Err(refused(why));
        }
        let key = format!("{}{name}", self.0.address.prefix());
        Path::parse(key).map_err(|_| refused("the name cannot be that of an object"))
    }

    pub(crate) fn store(&self) -> AmazonS3 {
        self.0.store.clone()
    }

    pub(crate) fn bridge(&self) -> &Bridge {
        &self.0.bridge
    }

    /// Asks and waits.
    pub(crate) fn ask<T, F>(&self, ask: impl FnOnce(AmazonS3) -> F) -> Result<T, BucketError>
    where
        T: Send + 'static,
        F: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        let answer = self.bridge().wait(ask(self.store()));
        let answer = answer.ok_or_else(BucketError::ended)?;
        answer.map_err(|error| BucketError::of(&error))
    }
}
