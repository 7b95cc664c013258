//! What a collector of traces is told of an export: each try, and, by whoever ends it, the whole of it.

use std::time::Duration;

use jiff::Timestamp;

use super::Exports;
use crate::clock::later;
use crate::ledger::Lease;
use crate::metrics::Outcome;
use crate::traces::{Attribute, Context, Span};

impl Exports {
    /// A worker's try that began then and took so long.
    pub(super) fn note_try(&self, lease: &Lease, began: Timestamp, took: Duration, end: Outcome) {
        let traces = &self.settings.traces;
        if !traces.are_wanted() {
            return;
        }
        let export = &lease.export;
        let (whole, ended) = (Context::of_export(export.id), later(began, took));
        let mut span = Span {
            context: Context::within(whole.trace_id.clone(), &self.random),
            parent: Some(whole.span_id.clone()),
            link: None,
            name: "build".to_owned(),
            is_server: false,
            began,
            ended,
            attributes: vec![
                ("carryall.export_id", Attribute::Word(export.id.to_string())),
                ("carryall.attempt", Attribute::Number(export.attempt.into())),
                ("carryall.outcome", Attribute::Word(end.name().to_owned())),
            ],
            has_failed: end == Outcome::Failed,
        };
        traces.note(span.clone());
        if matches!(end, Outcome::Ready | Outcome::Failed) {
            (span.context, span.parent) = (whole, None);
            (span.name, span.began) = ("export".to_owned(), export.created_at);
            traces.note(span);
        }
    }
}
