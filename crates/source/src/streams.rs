//! The rows of many small statements as a server sends them: one statement on each connection, all at once.
//!
//! Promises: everything comes in the order of the outer statement's places, however many connections read, or there is
//! an error; memory is bounded by batches, not by rows.
//!
//! A server answers a thousand small statements slower than a long one. So the outer rows are numbered, each
//! connection takes every n-th of them with its inner rows, and here they are put in order again.

use std::sync::mpsc::{SyncSender, sync_channel};

use tokio::sync::mpsc::{Receiver, channel};

use crate::batch::{Batch, Mark};
use crate::error::SourceError;
use crate::postgres::session::Flow;
use crate::read_ahead::Met;
use crate::snapshot::{Row, Snapshot};
use crate::value::Value;

/// As many batches wait on each connection.
const BATCHES_AHEAD: usize = 6;

/// One outer statement, and one that is run for each of its rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joined<'s> {
    /// What is read, for errors.
    pub(crate) purpose: &'s str,
    /// The outer SELECT: `id`, and `place`, which counts from 0. Parameter 1 is `key`.
    pub(crate) outer: &'s str,
    /// The inner SELECT, for the outer row `carryall_thread.id`. With an ORDER BY or an OFFSET it stays a SELECT of its
    /// own, which a server can only run for one outer row after the other.
    pub(crate) inner: &'s str,
}

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
    /// No outer row that comes has a smaller place.
    least: i64,
    /// How far the places of one connection are apart.
    step: i64,
}

/// Shows every outer row that has inner rows, and these, to `visit`, in order.
pub(crate) fn for_each<E: From<SourceError>>(
    snapshots: &[&Snapshot],
    joined: &Joined<'_>,
    key: Value<'_>,
    visit: impl FnMut(Met<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let count = snapshots.len();
    let mut lanes = Vec::new();
    for (index, snapshot) in snapshots.iter().enumerate() {
        lanes.push(Lane::start(snapshot, joined, (index, count), key)?);
    }
    merge(&mut lanes, visit)
}

fn merge<E: From<SourceError>>(
    lanes: &mut [Lane],
    mut visit: impl FnMut(Met<'_>) -> Result<(), E>,
) -> Result<(), E> {
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

/// SQL promises no order of a join. A server that joins outer row by outer row keeps both orders, and the places show
/// that it did: see [`Lane::outer_place`].
fn lane_sql(joined: &Joined<'_>, (index, count): (usize, usize)) -> String {
    let Joined { outer, inner, .. } = joined;
    format!(
        "SELECT carryall_thread.place, carryall_thread.id, m.* \
         FROM (SELECT n.place, n.id FROM ({outer}) AS n WHERE n.place % {count} = {index} ORDER BY n.place) \
         AS carryall_thread CROSS JOIN LATERAL ({inner}) AS m"
    )
}

impl Lane {
    fn start(
        snapshot: &Snapshot,
        joined: &Joined<'_>,
        (index, count): (usize, usize),
        key: Value<'_>,
    ) -> Result<Lane, SourceError> {
        let sql = lane_sql(joined, (index, count));
        let statement = snapshot.prepare_for(joined.purpose, &sql)?;
        let (lane, flow) = Lane::new(joined.purpose, (index, count));
        statement.stream(&[key], flow);
        Ok(lane)
    }

    /// Both ends.
    fn new(purpose: &str, (index, count): (usize, usize)) -> (Lane, Flow) {
        let (to_lane, full) = channel(BATCHES_AHEAD);
        let (give_back, empty) = sync_channel(BATCHES_AHEAD + 2);
        let (tell, end) = sync_channel(1);
        let lane = Lane {
            full,
            give_back,
            end,
            purpose: purpose.to_owned(),
            batch: Batch::default(),
            next: 0,
            is_over: false,
            least: i64::try_from(index).unwrap_or(i64::MAX),
            step: i64::try_from(count).unwrap_or(i64::MAX),
        };
        let flow = Flow {
            full: to_lane,
            empty,
            end: tell,
            purpose: purpose.to_owned(),
        };
        (lane, flow)
    }

    /// The place of the outer row that is next; none when there is none any more. It must be one of this connection's
    /// own, and none may come twice or late.
    fn outer_place(&mut self) -> Result<Option<i64>, SourceError> {
        let Some(mark) = self.mark()? else {
            return Ok(None);
        };
        if let Mark::Outer(cell) = mark
            && let Value::Integer(place) = self.batch.value(cell, 0)
        {
            if place < self.least || (place - self.least) % self.step != 0 {
                return Err(self.failed("the server sent rows out of their order"));
            }
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
                Mark::Outer(cell) => {
                    if let Value::Integer(place) = self.batch.value(cell, 0) {
                        self.least = place + self.step;
                    }
                    visit(Met::Outer(self.batch.value(cell, 1)))?;
                }
                Mark::Inner(start) => visit(Met::Inner(&Row::ahead(&self.batch, start)))?,
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
            // Given back before the next is waited for: there may be no room for both.
            let mut seen = std::mem::take(&mut self.batch);
            self.next = 0;
            if seen.is_worth_keeping() {
                seen.clear();
                // Nobody waits for it any more when everything is read.
                let _ = self.give_back.try_send(seen);
            } else {
                drop(seen);
            }
            let Some(batch) = self.full.blocking_recv() else {
                self.is_over = true;
                let gone = |_| Err(self.failed("the connection's thread has ended"));
                self.end.recv().unwrap_or_else(gone)?;
                continue;
            };
            self.batch = batch;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is met when each connection sends outer rows with these places, and one inner row for each.
    fn merged(sent: &[&[i64]]) -> Result<Vec<i64>, SourceError> {
        let mut lanes = Vec::new();
        for (index, places) in sent.iter().enumerate() {
            let (lane, flow) = Lane::new("read", (index, sent.len()));
            // A batch for each, so that what came before is not there any more.
            for place in *places {
                let mut batch = Batch::default();
                batch.begin_outer();
                batch.push(Value::Integer(*place));
                batch.push(Value::Integer(place * 10));
                batch.begin_row(0);
                batch.push(Value::Integer(place * 10));
                batch.end_outer();
                flow.full.try_send(batch).unwrap();
            }
            flow.end.send(Ok(())).unwrap();
            lanes.push(lane);
        }
        let mut met = Vec::new();
        merge(&mut lanes, |what| {
            if let Met::Outer(Value::Integer(id)) = what {
                met.push(id);
            }
            Ok::<(), SourceError>(())
        })?;
        Ok(met)
    }

    #[test]
    fn outer_rows_come_in_order_whoever_sends_them() {
        assert_eq!(merged(&[&[0, 1, 5]]).unwrap(), [0, 10, 50]);
        let both: [&[i64]; 2] = [&[2, 4], &[1, 3, 9]];
        assert_eq!(merged(&both).unwrap(), [10, 20, 30, 40, 90]);
    }

    #[test]
    fn rows_out_of_order_twice_or_of_another_connection_are_an_error() {
        let wrong: [&[&[i64]]; 4] = [&[&[1, 0]], &[&[3, 3]], &[&[0, 1], &[]], &[&[2, 4], &[3, 1]]];
        for sent in wrong {
            let said = merged(sent).unwrap_err().to_string();
            assert!(said.contains("out of their order"), "{sent:?}: {said}");
        }
    }
}
