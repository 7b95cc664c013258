//! From code that blocks to code that does not: one thread with a runtime of its own.

use std::future::Future;
use std::io;
use std::sync::mpsc::sync_channel;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The thread. It ends when this is dropped, with all that still runs on it.
#[derive(Debug)]
pub(crate) struct Bridge {
    runtime: Handle,
    /// Dropped, it tells the thread to end.
    _stop: oneshot::Sender<()>,
}

impl Bridge {
    pub(crate) fn start() -> io::Result<Bridge> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("bucket".to_owned())
            .spawn(move || {
                let _ = runtime.block_on(stopped);
            })?;
        Ok(Bridge {
            runtime: handle,
            _stop: stop,
        })
    }

    /// Starts something, and goes on.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.runtime.spawn(work)
    }

    /// Waits for it. None when it came to no end: it panicked.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = sync_channel(1);
        self.spawn(async move {
            // Nobody waits any more: what for is over.
            let _ = tell.send(work.await);
        });
        told.recv().ok()
    }
}
