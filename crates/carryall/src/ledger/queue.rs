//! How the queue stands, for whoever watches it.

use std::time::Duration;

use jiff::Timestamp;

use super::sql::named_params;
use super::{Ledger, LedgerError};

/// The queue of all nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queue {
    /// Exports that wait for a worker.
    pub queued: u64,
    /// Exports that a worker has.
    pub building: u64,
    /// How long ago the oldest that waits was asked for.
    pub oldest_queued: Option<Duration>,
    /// How long ago the oldest that a worker has was asked for.
    pub oldest_building: Option<Duration>,
    /// E-mails and webhooks that are still to go out.
    pub notices: u64,
}

const STATES: &str = "SELECT status, count(*) AS number, min(created_at) AS oldest FROM exports
    WHERE status IN ('queued', 'building') GROUP BY status";
const NOTICES: &str = "SELECT count(*) AS number FROM notices";

impl Ledger {
    /// How many exports wait and run, and since when.
    pub async fn queue(&self, now: Timestamp) -> Result<Queue, LedgerError> {
        self.run(move |tx| {
            let mut queue = Queue::default();
            tx.each(STATES, named_params! {}, &mut |row| {
                let (number, oldest): (u64, i64) = (row.get("number")?, row.get("oldest")?);
                let age = now.as_millisecond().saturating_sub(oldest);
                let age = Some(Duration::from_millis(u64::try_from(age).unwrap_or(0)));
                if row.get::<String>("status")? == "queued" {
                    (queue.queued, queue.oldest_queued) = (number, age);
                } else {
                    (queue.building, queue.oldest_building) = (number, age);
                }
                Ok(true)
            })?;
            let notices = tx.one(NOTICES, named_params! {}, |row| row.get("number"))?;
            queue.notices = notices.unwrap_or(0);
            Ok(queue)
        })
        .await
    }
}
