//! How many pieces of a file are in memory at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How many more pieces may be read.
#[derive(Debug)]
pub struct Credits(Arc<(Mutex<Left>, Condvar)>);

#[derive(Debug)]
struct Left {
    count: usize,
    has_stopped: bool,
}

/// Leave to read one piece. It goes back when nothing of the piece is kept any more.
#[derive(Debug)]
pub struct Credit(Arc<(Mutex<Left>, Condvar)>);

/// The credit of a piece that something is kept of.
pub type Hold = Arc<Credit>;

impl Credits {
    /// For so many pieces at once.
    pub fn new(count: usize) -> Credits {
        let left = Left {
            count,
            has_stopped: false,
        };
        Credits(Arc::new((Mutex::new(left), Condvar::new())))
    }

    /// Leave to read a piece, as soon as there is some; none when nothing is read any more.
    pub fn take(&self) -> Option<Hold> {
        let (left, came_back) = &*self.0;
        let waits = |left: &mut Left| left.count == 0 && !left.has_stopped;
        let left = came_back.wait_while(lock(left), waits);
        let mut left = left.unwrap_or_else(PoisonError::into_inner);
        if left.has_stopped {
            return None;
        }
        left.count -= 1;
        Some(Arc::new(Credit(Arc::clone(&self.0))))
    }

    /// Nothing is read any more, and nobody waits.
    pub fn stop(&self) {
        let (left, came_back) = &*self.0;
        lock(left).has_stopped = true;
        came_back.notify_all();
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        let (left, came_back) = &*self.0;
        lock(left).count += 1;
        came_back.notify_one();
    }
}

/// A thread that panicked is found when it is joined.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
