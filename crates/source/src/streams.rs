//! The rows of many small statements as a server sends them: one statement on each connection, all at once.
//!
//! Promises: everything comes in the order of the outer statement, however many connections read; memory is
//! bounded by batches, not by rows.
//!
//! A server answers a thousand small statements slower than a long one. So the outer rows are numbered, each
//! connection takes every n-th of them with its inner rows, and here they are put in order again.

use std::sync::mpsc::{SyncSender, sync_channel};

use tokio::sync::mpsc::{Receiver, channel};

use crate::batch::{Batch, Mark};
use crate::error::SourceError;
use crate::postgres::session::Flow;
use crate::read_ahead::{Met, Nested};
use crate::snapshot::{Row, Snapshot};
use crate::value::Value;

/// As many batches wait on each connection.
const BATCHES_AHEAD: usize = 6;

/// What one connection sends.
struct Lane {
    full: Receiver<Batch>,
    give_back: SyncSender<Batch>,
    end: std::sync::mpsc::Receiver<Result<(), SourceError>>,
    purpose: String,
    batch: Batch,
    /// Which mark of the batch is next.
    next: usize,
    is_over: bool,
}

/// Shows every outer row that has inner rows, and these, to `visit`, in order. `key` is parameter 1 of the outer
/// statement.
pub(crate) fn for_each<E: From<SourceError>>(
    snapshots: &[&Snapshot],
    nested: &Nested,
    joined: &str,
    key: Value<'_>,
    mut visit: impl FnMut(Met<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let count = snapshots.len();
    let mut lanes = Vec::new();
    for (index, snapshot) in snapshots.iter().enumerate() {
        let sql = lane_sql(nested, joined, (index, count));
        lanes.push(Lane::start(snapshot, nested, &sql, key)?);
    }
    loop {
        let mut first: Option<(i64, usize)> = None;
        for (index, lane) in lanes.iter_mut().enumerate() {
            if let Some(place) = lane.outer_place()?
                && first.is_none_or(|(least, _)| place < least)
            {
                first = Some((place, index));
            }
        }
        let Some((_, index)) = first else {
            return Ok(());
        };
        lanes[index].visit_outer(&mut visit)?;
    }
}

/// The inner one's order holds within each outer row, because it is run for one after the other.
fn lane_sql(nested: &Nested, joined: &str, (index, count): (usize, usize)) -> String {
    let numbered = format!(
        "SELECT o.id, row_number() OVER () - 1 AS place FROM ({}) AS o (id)",
        nested.outer
    );
    format!(
        "SELECT carryall_thread.place, carryall_thread.id, m.* \
         FROM (SELECT n.place, n.id FROM ({numbered}) AS n WHERE n.place % {count} = {index}) AS carryall_thread \
         CROSS JOIN LATERAL ({joined}) AS m"
    )
}

impl Lane {
    fn start(
        snapshot: &Snapshot,
        nested: &Nested,
        sql: &str,
        key: Value<'_>,
    ) -> Result<Lane, SourceError> {
        let statement = snapshot.prepare_for(&nested.purpose, sql)?;
        let (to_lane, full) = channel(BATCHES_AHEAD);
        let (give_back, empty) = sync_channel(BATCHES_AHEAD + 2);
        let (tell, over) = sync_channel(1);
        statement.stream(
            &[key],
            Flow {
                full: to_lane,
                empty,
                end: tell,
                purpose: nested.purpose.clone(),
            },
        );
        Ok(Lane {
            full,
            give_back,
            end: over,
            purpose: nested.purpose.clone(),
            batch: Batch::default(),
            next: 0,
            is_over: false,
        })
    }

    /// The place of the outer row that is next; none when there is none any more.
    fn outer_place(&mut self) -> Result<Option<i64>, SourceError> {
        let Some(mark) = self.mark()? else {
            return Ok(None);
        };
        if let Mark::Outer(cell) = mark
            && let Value::Integer(place) = self.batch.value(cell, 0)
        {
            return Ok(Some(place));
        }
        // What cannot be put in order must not pass for the end.
        Err(self.failed("rows came without their place"))
    }

    /// Shows one outer row and its inner rows.
    fn visit_outer<E: From<SourceError>>(
        &mut self,
        visit: &mut impl FnMut(Met<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(mark) = self.mark()? {
            self.next += 1;
            match mark {
                Mark::Outer(cell) => visit(Met::Outer(self.batch.value(cell, 1)))?,
                Mark::Inner(cell) => visit(Met::Inner(&Row::ahead(&self.batch, cell)))?,
                Mark::End => return visit(Met::End),
            }
        }
        Err(self.failed("the rows ended in the middle").into())
    }

    fn failed(&self, detail: &str) -> SourceError {
        SourceError::Sql {
            purpose: self.purpose.clone(),
            detail: detail.to_owned(),
        }
    }

    /// What is next, waited for if need be.
    fn mark(&mut self) -> Result<Option<Mark>, SourceError> {
        loop {
            if let Some(mark) = self.batch.marks().get(self.next) {
                return Ok(Some(*mark));
            }
            if self.is_over {
                return Ok(None);
            }
            let Some(batch) = self.full.blocking_recv() else {
                self.is_over = true;
                let gone = |_| Err(self.failed("the connection's thread has ended"));
                self.end.recv().unwrap_or_else(gone)?;
                continue;
            };
            let mut seen = std::mem::replace(&mut self.batch, batch);
            self.next = 0;
            if seen.is_worth_keeping() {
                seen.clear();
                // Nobody waits for it any more when everything is read.
                let _ = self.give_back.try_send(seen);
            }
        }
    }
}
