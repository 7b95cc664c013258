//! Which threads have a message of the dates that were asked for.

use carryall_format::IdSet;
use carryall_format::section::Section;
use carryall_format::write::WriteError;

use super::{Run, read};
use crate::error::SourceError;
use crate::export::ExportError;
use crate::plan::{Dialect, EntryPlan, FindMessage};
use crate::read_ahead::Met;
use crate::record::as_text;
use crate::scope::Admission;
use crate::snapshot::{Row, Snapshot, Statement};
use crate::streams::{self, Joined};
use crate::value::Value;

/// With at least one thread in so many, reading all of them ahead is faster than asking for each.
const FEW: u64 = 4;

/// What is known of the threads, and how to ask about one.
#[derive(Default)]
pub(in crate::export) struct Range<'a> {
    /// The threads that have a message for the file, where all were asked about together.
    known: Option<IdSet>,
    times: Option<Statement<'a>>,
    of_thread: Option<Statement<'a>>,
    /// Threads that were asked about.
    asked: u64,
    /// Those that have a message for the file.
    found: u64,
}

impl Range<'_> {
    /// Whether few of the person's threads have something of it.
    pub(in crate::export) fn is_small(&self) -> bool {
        self.found * FEW < self.asked
    }
}

impl<'a> Run<'a> {
    /// Asks about all threads together, as their messages are read: a server far away answers that as soon as what is
    /// asked about one.
    pub(super) fn expect_range(&mut self) -> Result<(), ExportError> {
        let plan = self.plan;
        // An export of one workspace has few threads of many.
        if !self.scope.has_dates() || self.scope.workspace.is_some() || !self.snapshot.can_stream()
        {
            return Ok(());
        }
        let Some(entry) = plan.of(Section::Messages).next() else {
            return Ok(());
        };
        let inner = entry
            .find_message
            .as_ref()
            .and_then(|find| find.for_each_thread.as_deref());
        let (Some(inner), Some(outer)) = (inner, plan.numbered_threads()) else {
            return Ok(());
        };
        let purpose = read(entry);
        let all: Vec<_> = std::iter::once(self.snapshot).chain(&self.others).collect();
        let mut known = IdSet::default();
        for outer in outer {
            let joined = Joined {
                purpose: &purpose,
                outer,
                inner,
            };
            let (mut thread, mut has_one) = (Vec::new(), false);
            streams::for_each(&all, &joined, self.subject.key.value(), |met| {
                match met {
                    Met::Outer(_) if self.progress.is_cancelled() => {
                        return Err(ExportError::Cancelled);
                    }
                    Met::Outer(id) => (thread, has_one) = (as_text(id).into_owned(), false),
                    Met::Inner(row) => has_one = has_one || self.is_for_the_file(entry, row),
                    Met::End if has_one => known.insert(&thread).map_err(WriteError::from)?,
                    Met::End => {}
                }
                Ok(())
            })?;
        }
        self.range.known = Some(known);
        Ok(())
    }

    /// Whether a message of a thread, of which (author, time) are read, is for the file.
    fn is_for_the_file(&self, entry: &EntryPlan, row: &Row<'_>) -> bool {
        self.admit_found(entry, row.value(0), row.value(1)) == Admission::Included
    }

    /// Whether a thread has a message of these dates that is not somebody else's.
    pub(super) fn has_message_in_range(&mut self, thread: Value<'_>) -> Result<bool, ExportError> {
        let plan = self.plan;
        let messages = plan.of(Section::Messages).next();
        let Some((entry, find)) =
            messages.and_then(|entry| Some((entry, entry.find_message.as_ref()?)))
        else {
            return Ok(false);
        };
        let mut range = std::mem::take(&mut self.range);
        let has_one = match &mut range.known {
            Some(known) => known.contains(&as_text(thread)).map_err(WriteError::from)?,
            None => self.ask_about(&mut range, (entry, find), thread)?,
        };
        range.asked += 1;
        range.found += u64::from(has_one);
        self.range = range;
        Ok(has_one)
    }

    fn ask_about(
        &self,
        range: &mut Range<'a>,
        (entry, find): (&EntryPlan, &FindMessage),
        thread: Value<'_>,
    ) -> Result<bool, SourceError> {
        let snapshot = self.snapshot;
        let is_in_range = |row: &Row<'_>| self.scope.covers(entry.created_from(row.value(1)));
        let is_included = |row: &Row<'_>| self.is_for_the_file(entry, row);
        // An index has the times alone; for the authors every message would have to be looked at.
        if let Some(sql) = &find.times {
            let times = kept(&mut range.times, snapshot, entry, sql)?;
            if !any(times, snapshot, thread, is_in_range)? {
                return Ok(false);
            }
        }
        let of_thread = kept(&mut range.of_thread, snapshot, entry, &find.of_thread)?;
        any(of_thread, snapshot, thread, is_included)
    }
}

/// The statement, prepared once.
fn kept<'k, 'a>(
    statement: &'k mut Option<Statement<'a>>,
    snapshot: &'a Snapshot,
    entry: &EntryPlan,
    sql: &str,
) -> Result<&'k mut Statement<'a>, SourceError> {
    Ok(match statement {
        Some(statement) => statement,
        none => none.insert(snapshot.prepare_for(&read(entry), sql)?),
    })
}

/// Why rows are not read further.
enum Stop {
    Found,
    Failed(SourceError),
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Stop {
        Stop::Failed(error)
    }
}

/// Whether a row of the thread fits.
fn any(
    statement: &mut Statement<'_>,
    snapshot: &Snapshot,
    thread: Value<'_>,
    fits: impl Fn(&Row<'_>) -> bool,
) -> Result<bool, SourceError> {
    // On a server a cursor would stay open.
    let may_stop = snapshot.dialect() == Dialect::Sqlite;
    let mut has_one = false;
    let read = statement.for_each(&[thread], |row| {
        has_one = has_one || fits(row);
        if has_one && may_stop {
            Err(Stop::Found)
        } else {
            Ok(())
        }
    });
    match read {
        Err(Stop::Failed(error)) => Err(error),
        Ok(()) | Err(Stop::Found) => Ok(has_one),
    }
}
