//! What a person chose to export.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::product::Scope;

/// The form under Data Protection, as the browser sends it.
#[derive(Debug, Clone, Deserialize)]
pub struct ExportForm {
    /// `everything`, `workspace` or `dates`.
    #[serde(default)]
    pub choice: String,
    /// Id of the workspace.
    #[serde(default)]
    pub workspace: String,
    /// First day.
    #[serde(default)]
    pub since: String,
    /// Last day.
    #[serde(default)]
    pub until: String,
    /// `yes` when the files' bytes go in.
    #[serde(default)]
    pub file_contents: String,
}

impl Default for ExportForm {
    fn default() -> Self {
        let empty = String::new;
        ExportForm {
            choice: "everything".to_owned(),
            workspace: empty(),
            since: empty(),
            until: empty(),
            file_contents: "yes".to_owned(),
        }
    }
}

impl ExportForm {
    /// The form that asks for this once more.
    pub fn again(scope: &Scope) -> ExportForm {
        let choice = if scope.workspace.is_some() {
            "workspace"
        } else if scope.since.is_some() || scope.until.is_some() {
            "dates"
        } else {
            "everything"
        };
        let first_day = |time: Option<Timestamp>| time.map(|time| day_of(time).to_string());
        // The end is the first moment that is not included any more.
        let last_day = |time: Option<Timestamp>| {
            time.map(|time| day_of(time).yesterday().unwrap_or(Date::MIN).to_string())
        };
        ExportForm {
            choice: choice.to_owned(),
            workspace: scope.workspace.clone().unwrap_or_default(),
            since: first_day(scope.since).unwrap_or_default(),
            until: last_day(scope.until).unwrap_or_default(),
            file_contents: if scope.file_contents { "yes" } else { "" }.to_owned(),
        }
    }

    /// What is asked for, or what is wrong with it, for the person.
    pub fn scope(&self) -> Result<Scope, &'static str> {
        let file_contents = self.file_contents == "yes";
        let everything = Scope {
            workspace: None,
            since: None,
            until: None,
            file_contents,
        };
        match self.choice.as_str() {
            "everything" => Ok(everything),
            "workspace" if self.workspace.is_empty() => Err("Please choose a workspace."),
            "workspace" => Ok(Scope {
                workspace: Some(self.workspace.clone()),
                ..everything
            }),
            "dates" => self.dates(everything),
            _ => Err("Please choose what to export."),
        }
    }

    /// Whole days in UTC, the first and the last included.
    fn dates(&self, everything: Scope) -> Result<Scope, &'static str> {
        let since = parse_day(&self.since)?;
        let until = parse_day(&self.until)?;
        if since.is_none() && until.is_none() {
            return Err("Please give a first day, a last day, or both.");
        }
        if since.zip(until).is_some_and(|(since, until)| since > until) {
            return Err("The first day is after the last day.");
        }
        let end = until
            .map(|day| day.tomorrow().map_err(|_| NOT_A_DATE))
            .transpose()?;
        let start_of = |day: Date| {
            TimeZone::UTC
                .to_timestamp(day.to_datetime(Time::midnight()))
                .map_err(|_| NOT_A_DATE)
        };
        Ok(Scope {
            since: since.map(start_of).transpose()?,
            until: end.map(start_of).transpose()?,
            ..everything
        })
    }
}

const NOT_A_DATE: &str = "Please write dates as year-month-day, for example 2026-11-23.";

fn parse_day(text: &str) -> Result<Option<Date>, &'static str> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| NOT_A_DATE),
    }
}

fn day_of(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(since: &str, until: &str) -> ExportForm {
        ExportForm {
            choice: "dates".to_owned(),
            since: since.to_owned(),
            until: until.to_owned(),
            ..ExportForm::default()
        }
    }

    #[test]
    fn a_range_includes_its_first_and_its_last_day() {
        let form = dates("2026-11-01", "2026-11-30");
        let scope = form.scope().expect("a scope");
        assert_eq!(
            scope.since,
            Some("2026-11-01T00:00:00Z".parse().expect("a timestamp"))
        );
        assert_eq!(
            scope.until,
            Some("2026-12-01T00:00:00Z".parse().expect("a timestamp"))
        );
        let again = ExportForm::again(&scope);
        assert_eq!((again.since, again.until), (form.since, form.until));
    }

    #[test]
    fn what_does_not_make_sense_is_refused_in_plain_words() {
        let refused = |form: ExportForm| form.scope().expect_err("refused");
        assert!(refused(dates("", "")).contains("first day, a last day"));
        assert!(refused(dates("2026-11-30", "2026-11-01")).contains("after"));
        assert!(refused(dates("yesterday", "")).contains("2026-11-23"));
        assert!(refused(dates("", "9999-12-31")).contains("2026-11-23"));
        let workspace = ExportForm {
            choice: "workspace".to_owned(),
            ..ExportForm::default()
        };
        assert!(refused(workspace).contains("workspace"));
        assert!(
            refused(ExportForm {
                choice: "?".to_owned(),
                ..ExportForm::default()
            })
            .contains("what")
        );
    }
}
