//! Exports as the page shows them: the one that matters now, and the earlier ones.

use carryall_format::section::Section;
use jiff::{SignedDuration, Timestamp};

use super::export_form::ExportForm;
use super::protect_form::protection_words;
use super::words;
use crate::exports::failure::Failure;
use crate::ledger::{Export, ExportId, Status};
use crate::product::Scope;

/// How long a failure stays on the page.
const FAILURE_SHOWN: SignedDuration = SignedDuration::from_hours(24);

/// The export that the page is about at the moment.
pub enum CurrentExport {
    /// It runs.
    Running {
        /// Its id.
        id: ExportId,
        /// How far it is.
        text: String,
        /// The same for the bar; none before anything is written.
        percent: Option<u64>,
        /// What it holds.
        scope: String,
    },
    /// Asked for just now, and here it is.
    Ready(Box<EarlierExport>),
    /// It ended without a file.
    Failed {
        /// What happened.
        what_happened: &'static str,
        /// Whether it also failed the time before.
        is_repeated: bool,
        /// The same once more; none when its passphrase has to be typed again.
        again: Option<ExportForm>,
    },
    /// The person stopped it.
    Stopped,
}

/// An export in the list.
pub struct EarlierExport {
    /// Its id.
    pub id: ExportId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The same in words.
    pub when: String,
    /// What it holds.
    pub scope: String,
    /// The file's name.
    pub file_name: String,
    /// The file's size.
    pub size: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The id of the key that signed it.
    pub signed_by: Option<String>,
    /// With what it is protected.
    pub protection: Option<&'static str>,
    /// How much the file says could not be read, if anything.
    pub gaps: Option<String>,
    /// When the file is removed; none when it is gone.
    pub expires: Option<String>,
    /// What became of the file, when it is gone.
    pub gone: &'static str,
    /// Whether the download has begun before.
    pub was_downloaded: bool,
}

impl CurrentExport {
    /// What to show of the latest export. `asked_for` is the one that a click just now was about.
    pub fn of(
        latest: &Export,
        asked_for: Option<ExportId>,
        failures_in_a_row: usize,
        scope: String,
        now: Timestamp,
    ) -> Option<CurrentExport> {
        let is_asked_for = asked_for == Some(latest.id);
        match latest.status {
            Status::Queued | Status::Building => {
                let (text, percent) = progress_words(latest);
                Some(CurrentExport::Running {
                    id: latest.id,
                    text,
                    percent,
                    scope,
                })
            }
            Status::Ready if is_asked_for => EarlierExport::of(latest, scope, now)
                .map(|export| CurrentExport::Ready(Box::new(export))),
            Status::Failed if is_asked_for || is_recent(latest, now) => {
                Some(CurrentExport::Failed {
                    what_happened: Failure::named(latest.failure.as_deref().unwrap_or_default())
                        .what_happened(),
                    is_repeated: failures_in_a_row > 1,
                    again: (latest.protection.is_none()).then(|| ExportForm::again(&latest.scope)),
                })
            }
            Status::Cancelled if is_asked_for => Some(CurrentExport::Stopped),
            _ => None,
        }
    }
}

impl EarlierExport {
    /// The entry of the list; none for an export that never had a file.
    pub fn of(export: &Export, scope: String, now: Timestamp) -> Option<EarlierExport> {
        let artifact = export.artifact.as_ref()?;
        let time_left = export.expires_at.filter(|time| *time > now);
        let is_here = export.status == Status::Ready && time_left.is_some();
        Some(EarlierExport {
            id: export.id,
            created_at: export.created_at,
            when: words::moment(export.created_at),
            scope,
            file_name: artifact.file_name.clone(),
            size: words::size(artifact.size_bytes),
            sha256: artifact.sha256.clone(),
            signed_by: artifact.signed_by.clone(),
            protection: export.protection.map(protection_words),
            gaps: (artifact.gap_count > 0)
                .then(|| words::count_of(artifact.gap_count, "gap", "gaps")),
            expires: time_left
                .filter(|_| is_here)
                .map(|time| words::from_now(time, now)),
            gone: match export.status {
                Status::Deleted => "Deleted",
                Status::Failed => "Damaged",
                _ => "Expired",
            },
            was_downloaded: export.downloaded_at.is_some(),
        })
    }
}

fn is_recent(export: &Export, now: Timestamp) -> bool {
    let ended = export.finished_at.unwrap_or(export.created_at);
    now - ended < FAILURE_SHOWN
}

/// What is being written, for who listens: `Writing messages.`
pub fn section_words(export: &Export) -> String {
    let section = export.progress.section.as_deref().and_then(Section::named);
    section
        .map(|section| format!("Writing {}.", section.title().to_lowercase()))
        .unwrap_or_default()
}

/// How far an export is, in words and in percent.
pub fn progress_words(export: &Export) -> (String, Option<u64>) {
    let progress = &export.progress;
    let section = progress.section.as_deref().and_then(Section::named);
    let (Status::Building, Some(section)) = (export.status, section) else {
        return ("Your export is about to start.".to_owned(), None);
    };
    let text = format!(
        "Writing {}: {}, {} so far.",
        section.title().to_lowercase(),
        words::count_of(progress.records, "record", "records"),
        words::size(progress.bytes)
    );
    // The size is an estimate: the bar never says that it is done before it is.
    let percent = progress
        .expected_bytes
        .filter(|expected| *expected > 0)
        .map(|expected| (progress.bytes.saturating_mul(100) / expected).min(99));
    (text, percent)
}

/// What an export holds and how its file is protected, in words.
pub fn export_words(export: &Export, workspace_name: impl Fn(&str) -> Option<String>) -> String {
    let scope = scope_words(&export.scope, workspace_name);
    let by_letter = if export.is_by_letter {
        ", asked for by letter"
    } else {
        ""
    };
    match export.protection {
        Some(protection) => format!(
            "{scope}, protected {}{by_letter}",
            protection_words(protection)
        ),
        None => scope,
    }
}

/// What an export holds, in words.
pub fn scope_words(scope: &Scope, workspace_name: impl Fn(&str) -> Option<String>) -> String {
    let mut text = match (&scope.workspace, scope.since, scope.until) {
        (Some(id), ..) => {
            format!(
                "Workspace “{}”",
                workspace_name(id).unwrap_or_else(|| id.clone())
            )
        }
        (None, None, None) => "Everything".to_owned(),
        (None, Some(since), None) => format!("From {}", words::day(since)),
        (None, since, Some(until)) => {
            let last = until - SignedDuration::from_nanos(1);
            match since {
                Some(since) => format!("{} to {}", words::day(since), words::day(last)),
                None => format!("Until {}", words::day(last)),
            }
        }
    };
    if !scope.file_contents {
        text.push_str(", without file contents");
    }
    text
}
