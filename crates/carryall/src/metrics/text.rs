//! Prometheus' text format, version 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::fmt::{Display, Write as _};

use super::histogram::Histogram;

/// The text, family by family. Names and labels are words of the program.
#[derive(Debug, Default)]
pub struct Text {
    text: String,
    described: String,
}

impl Text {
    /// What a scraper is told that this is.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// One number that only grows.
    pub fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.describe(name, help, "counter");
        self.line(name, "", value);
    }

    /// Numbers that only grow, told apart by one label.
    pub fn counters<'l>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl Iterator<Item = (&'l str, u64)>,
    ) {
        self.describe(name, help, "counter");
        for (which, value) in values {
            self.line(name, &format!("{label}=\"{which}\""), value);
        }
    }

    /// One number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.labelled(name, help, "", value);
    }

    /// One of several, as `label="which"`.
    pub fn labelled(&mut self, name: &str, help: &str, labels: &str, value: impl Display) {
        self.describe(name, help, "gauge");
        self.line(name, labels, value);
    }

    /// Durations, in seconds.
    pub(super) fn histogram<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        labels: &str,
        histogram: &Histogram<N>,
    ) {
        self.describe(name, help, "histogram");
        let read = histogram.read();
        let comma = if labels.is_empty() { "" } else { "," };
        let bucket = format!("{name}_bucket");
        for (bound, count) in read.buckets {
            self.line(&bucket, &format!("{labels}{comma}le=\"{bound}\""), count);
        }
        self.line(&bucket, &format!("{labels}{comma}le=\"+Inf\""), read.count);
        self.line(&format!("{name}_sum"), labels, read.sum);
        self.line(&format!("{name}_count"), labels, read.count);
    }

    /// All of it.
    pub fn finish(self) -> String {
        self.text
    }

    /// Once for each family, whose lines stand together.
    fn describe(&mut self, name: &str, help: &str, kind: &str) {
        if self.described != name {
            let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            name.clone_into(&mut self.described);
        }
    }

    fn line(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = match labels {
            "" => writeln!(self.text, "{name} {value}"),
            labels => writeln!(self.text, "{name}{{{labels}}} {value}"),
        };
    }
}
