//! What other nodes hear at once: that an export waits.
//!
//! Promises nothing but speed. Whoever misses the word finds the export when it looks by itself.

use std::time::Duration;

use super::engines::WAITS;
use super::{Engine, Ledger};

/// How long a listener goes on listening before it looks whether it is still wanted.
const GLANCE: Duration = Duration::from_millis(500);
/// How long it waits before it calls again.
const CALL_AGAIN: Duration = Duration::from_secs(1);

impl Ledger {
    /// Calls `told` whenever an export may wait, until `is_over`. In SQLite there is nobody to listen to.
    pub fn listen(
        &self,
        is_over: impl Fn() -> bool + Send + 'static,
        told: impl Fn() + Send + 'static,
    ) {
        if matches!(*self.0, Engine::Sqlite(_)) {
            return;
        }
        let ledger = self.clone();
        let listener = std::thread::Builder::new().name("ledger-news".to_owned());
        let started = listener.spawn(move || {
            while !is_over() {
                if let Engine::Postgres(pool) = &*ledger.0
                    && let Err(error) = pool.listen(WAITS, GLANCE, &is_over, &told)
                {
                    tracing::warn!(error = %error, "no news from the ledger: it is asked again and again");
                }
                if !is_over() {
                    std::thread::sleep(CALL_AGAIN);
                }
            }
        });
        if let Err(error) = started {
            tracing::warn!(error = %error, "no thread to listen to the ledger with");
        }
    }
}
