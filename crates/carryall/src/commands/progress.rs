//! Progress on a terminal; nothing in a pipe.

use std::time::Duration;

use carryall_format::section::Section;
use carryall_source::export::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar with a length.
pub fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg:24} {wide_bar} {percent:>3} %") {
        bar.set_style(style);
    }
    bar
}

/// A line that says which section is being written, and how far it is.
pub struct ExportProgress {
    line: ProgressBar,
}

impl ExportProgress {
    pub fn start() -> ExportProgress {
        let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {prefix}: {pos} records, {msg}, {elapsed}")
        {
            line.set_style(style);
        }
        line.enable_steady_tick(Duration::from_millis(120));
        ExportProgress { line }
    }

    pub fn finish(&self) {
        self.line.finish_and_clear();
    }
}

impl Progress for ExportProgress {
    fn section(&self, section: Section) {
        self.line.set_prefix(section.title());
        self.line.set_position(0);
    }

    fn advanced(&self, records: u64, bytes: u64) {
        self.line.set_position(records);
        self.line
            .set_message(indicatif::HumanBytes(bytes).to_string());
    }
}
