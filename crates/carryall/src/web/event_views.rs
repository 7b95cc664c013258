//! What happened with a person's data, in plain words: the audit log as its subject sees it.

use jiff::Timestamp;
use serde_json::Value;

use super::client_address::roughly;
use super::words;
use crate::exports::failure::Failure;
use crate::ledger::{Entry, Kind};

/// One line of the list.
pub struct EventView {
    /// When, for machines.
    pub at: Timestamp,
    /// When.
    pub when: String,
    /// What.
    pub what: String,
    /// From where, if somebody did it.
    pub from: Option<String>,
}

impl EventView {
    /// The line; none for an event of a newer version. `own_session` is the session that looks.
    pub fn of(entry: &Entry, own_session: &str) -> Option<EventView> {
        let kind = Kind::named(&entry.event)?;
        let at = Timestamp::from_millisecond(entry.at).ok()?;
        let facts = serde_json::from_str(&entry.facts).unwrap_or(Value::Null);
        let place = entry.address.as_ref().map(|address| {
            let is_own = entry.session_id.as_deref() == Some(own_session);
            let session = if is_own { ", this session" } else { "" };
            format!("from {}{session}", roughly(address.parse().ok()))
        });
        Some(EventView {
            at,
            when: words::moment(at),
            what: what(kind, &entry.outcome, &facts),
            from: place,
        })
    }
}

fn what(kind: Kind, outcome: &str, facts: &Value) -> String {
    let number = |name: &str| facts[name].as_u64().unwrap_or(0);
    let plain = match kind {
        Kind::SignIn => "You signed in.",
        Kind::SignInRefused => refusal(outcome),
        Kind::StepUp => "You confirmed that it is you.",
        Kind::StepUpRefused if outcome == "wrong" || outcome == "second_step" => {
            "A confirmation was refused: the password was not right."
        }
        Kind::StepUpRefused if outcome.ends_with("_code") => {
            "A confirmation was refused: the password was right, and the code was not."
        }
        Kind::StepUpRefused => "A confirmation through another sign-in was refused.",
        Kind::SignOut => match outcome {
            "everywhere" => "You signed out everywhere.",
            "replaced" => "A session ended, because somebody signed in with the same browser.",
            "one" => "You signed another session out.",
            _ => "You signed out.",
        },
        Kind::ExportRequested if outcome == "already_running" => {
            "You asked for an export while one was being written."
        }
        Kind::ExportRequested if outcome == "by_letter" => {
            "An export was asked for, because of a letter."
        }
        Kind::ExportRequested => "You asked for an export.",
        Kind::ExportStarted => "Your export began to be written.",
        Kind::ExportFinished => {
            return format!(
                "Your export was finished: {}, {}.",
                words::count_of(number("records"), "record", "records"),
                words::size(number("bytes"))
            );
        }
        Kind::ExportFailed => {
            let why = Failure::named(outcome).what_happened();
            return format!("Your export failed. {why}");
        }
        Kind::ExportCancelled if outcome == "account_closed" => {
            "Your export was stopped, because the account was closed."
        }
        Kind::ExportCancelled => "You stopped an export.",
        Kind::Download if outcome == "whole" => "An export was downloaded.",
        Kind::Download => "A part of an export was downloaded.",
        Kind::Denied if outcome == "own_letter" => {
            "An operator tried to approve alone what takes two, and could not."
        }
        Kind::Denied => "An export was asked for that is not there, and was not given.",
        Kind::Limited => "Tries were refused, because there were too many.",
        Kind::ExportExpired => "An export was removed, because its time was up.",
        Kind::ExportDeleted if outcome == "account_closed" => {
            "An export was removed, because the account was closed."
        }
        Kind::ExportDeleted => "You deleted an export.",
        Kind::NoticeSent => told(facts),
        Kind::LetterFiled
        | Kind::LetterApproved
        | Kind::LetterRefused
        | Kind::LetterExtended
        | Kind::LetterClosed
        | Kind::LetterDownload
        | Kind::CommandExportStarted
        | Kind::CommandExportFinished
        | Kind::CommandExportFailed
        | Kind::CommandImportStarted
        | Kind::CommandImportFinished
        | Kind::CommandImportFailed => by_operator(kind),
        Kind::AuditPruned => "Old events were removed.",
        Kind::OperatorSignIn | Kind::OperatorSignInRefused => "An operator signed in.",
        Kind::NoticeGivenUp => "An e-mail about an export could not be sent to you.",
    };
    plain.to_owned()
}

fn by_operator(kind: Kind) -> &'static str {
    match kind {
        Kind::CommandExportStarted => "Whoever runs this site began to export your data.",
        Kind::CommandExportFinished => "Whoever runs this site exported your data to a file.",
        Kind::CommandExportFailed => "The export by whoever runs this site ended without a file.",
        Kind::CommandImportStarted => {
            "Whoever runs this site began to bring an export into your account."
        }
        Kind::CommandImportFinished => {
            "Whoever runs this site brought an export into your account."
        }
        Kind::CommandImportFailed => "The import by whoever runs this site changed nothing.",
        Kind::LetterFiled => "An operator filed a letter that asks for your data.",
        Kind::LetterApproved => "A second operator approved it.",
        Kind::LetterRefused => "A second operator refused it.",
        Kind::LetterExtended => "The answer to your letter takes up to two months longer.",
        Kind::LetterDownload => "An operator fetched the protected file for your letter.",
        _ => "Your letter was answered, or withdrawn.",
    }
}

fn told(facts: &Value) -> &'static str {
    match facts["about"].as_str() {
        Some("export_requested") => "We told you by e-mail that an export was asked for.",
        Some("export_finished") => "We told you by e-mail that an export is ready.",
        Some("letter_filed") => "We told you by e-mail that a letter asks for your data.",
        Some("letter_refused") => "We told you by e-mail that a letter was refused.",
        Some("letter_extended") => "We told you by e-mail that an answer takes longer.",
        Some("command_export_finished") => {
            "We told you by e-mail that your data was exported by whoever runs this site."
        }
        Some("export_failed") => "We told you by e-mail that an export failed.",
        _ => "We wrote you an e-mail about an export.",
    }
}

fn refusal(outcome: &str) -> &'static str {
    match outcome {
        "closed" => "A sign-in was refused: the account is closed or disabled.",
        "second_step" => "A sign-in was refused: the account has a second step.",
        "wrong_code" | "used_code" => {
            "A sign-in was refused: the password was right, and the code was not."
        }
        _ => "A sign-in was refused: the password was not right.",
    }
}
