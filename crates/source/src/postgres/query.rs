//! A statement on a [`Session`], fetched piece by piece.

use super::bind::Bound;
use super::session::{Flow, Prepared, Session};
use crate::error::SourceError;
use crate::snapshot::Row;
use crate::value::Value;

/// A prepared SELECT and its connection.
#[derive(Debug)]
pub(crate) struct Query<'s> {
    session: &'s Session,
    pub(crate) prepared: Prepared,
}

impl<'s> Query<'s> {
    pub(crate) fn new(
        session: &'s Session,
        purpose: &str,
        sql: &str,
    ) -> Result<Query<'s>, SourceError> {
        Ok(Query {
            session,
            prepared: session.prepare(purpose, sql)?,
        })
    }

    /// Shows each row to `visit`, until that fails. Other statements may run meanwhile.
    pub(crate) fn for_each<E: From<SourceError>>(
        &self,
        purpose: &str,
        params: &[Value<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(params) = self.bound(params) else {
            return Ok(());
        };
        let mut piece = self.session.open(purpose, &self.prepared, params)?;
        loop {
            piece.batch.rows().try_for_each(|row| visit(&row))?;
            let Some(rest) = piece.rest.take() else {
                return Ok(());
            };
            piece = self.session.fetch(purpose, &self.prepared, rest)?;
        }
    }

    /// The same for a result of few rows, which is there at once.
    pub(crate) fn for_few<E: From<SourceError>>(
        &self,
        purpose: &str,
        params: &[Value<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(params) = self.bound(params) else {
            return Ok(());
        };
        let batch = self.session.few(purpose, &self.prepared, params)?;
        batch.rows().try_for_each(|row| visit(&row))
    }

    /// Sends all rows along from the connection's own thread.
    pub(crate) fn stream(&self, params: &[Value<'_>], flow: Flow) {
        match self.bound(params) {
            Some(params) => self.session.stream(&self.prepared, params, flow),
            None => drop(flow.end.send(Ok(()))),
        }
    }

    /// The parameters; none when one could not stand in its column, so that no row has it.
    fn bound(&self, params: &[Value<'_>]) -> Option<Vec<Bound>> {
        let types = self.prepared.parameter_types();
        let bound = params.iter().zip(types).map(|(value, ty)| {
            let bound = Bound::from(*value);
            bound.fits(ty).then_some(bound)
        });
        bound.collect()
    }
}
