//! What was asked for, and whether a row is part of it.

use carryall_format::section::Section;
use jiff::Timestamp;

/// What was asked for. The default is everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// One workspace only. Account-wide sections then stay out: the file may go to a client.
    pub workspace: Option<String>,
    /// Messages from this moment on.
    pub since: Option<Timestamp>,
    /// Messages before this moment.
    pub until: Option<Timestamp>,
    /// Whether the bytes of files are included.
    pub file_contents: bool,
}

impl Default for Scope {
    fn default() -> Self {
        Scope {
            workspace: None,
            since: None,
            until: None,
            file_contents: true,
        }
    }
}

impl Scope {
    /// Whether some records stay out because they were not asked for.
    #[must_use]
    pub fn is_slice(&self) -> bool {
        self.workspace.is_some() || self.has_dates()
    }

    /// Which kind of part it is, in one word. Not which part: a workspace's id is the person's own business.
    #[must_use]
    pub fn part(&self) -> &'static str {
        match (&self.workspace, self.has_dates()) {
            (Some(_), _) => "workspace",
            (None, true) => "dates",
            (None, false) => "everything",
        }
    }

    /// Whether messages are limited by date.
    #[must_use]
    pub fn has_dates(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Whether a moment was asked for. What has no date is never lost to a range.
    #[must_use]
    pub fn covers(&self, moment: Option<Timestamp>) -> bool {
        let Some(moment) = moment else { return true };
        self.since.is_none_or(|since| moment >= since)
            && self.until.is_none_or(|until| moment < until)
    }

    /// Whether a section can have records at all.
    #[must_use]
    pub fn covers_section(&self, section: Section) -> bool {
        match section {
            Section::FileContents => self.file_contents,
            _ => self.workspace.is_none() || !section.is_account_wide(),
        }
    }
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is exported.
    Included,
    /// Somebody else wrote it.
    LeftOut,
    /// It was not asked for.
    OutOfScope,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_takes_its_first_moment_and_not_its_last_and_loses_nothing_undated() {
        let scope = Scope {
            since: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            until: Some("2026-02-01T00:00:00Z".parse().unwrap()),
            ..Scope::default()
        };
        assert!(scope.covers(Some("2026-01-01T00:00:00Z".parse().unwrap())));
        assert!(!scope.covers(Some("2026-02-01T00:00:00Z".parse().unwrap())));
        assert!(scope.covers(None));
    }

    #[test]
    fn an_extract_of_one_workspace_carries_nothing_about_the_account() {
        let scope = Scope {
            workspace: Some("w".to_owned()),
            ..Scope::default()
        };
        let out: Vec<_> = Section::ALL
            .into_iter()
            .filter(|section| !scope.covers_section(*section))
            .map(Section::name)
            .collect();
        assert_eq!(out, ["account_settings", "user_memories", "subscriptions"]);
    }
}
