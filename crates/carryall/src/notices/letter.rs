//! What a person is written: that something happened, when, and what to do. Nothing of what is in an
//! export, no link, and nothing that opens anything.
//!
//! A link would teach people to click on links in such mails; everybody knows where they sign in.

use jiff::Timestamp;

use super::Told;
use crate::exports::Exports;
use crate::exports::failure::Failure;
use crate::ledger::{Entry, ExportId, Kind, Status, SubjectKey};
use crate::product::ProductError;
use crate::web::words;

/// A letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Names the event, so that a second copy is known as one.
    pub id: String,
    /// The address, as the product has it.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// What is written about an event; an end of another kind when nothing is to be written now.
pub async fn write(exports: &Exports, entry: &Entry) -> Result<Letter, Told> {
    let key = entry.subject_key.clone().map(SubjectKey);
    let key = key.ok_or(Told::Never("nobody"))?;
    let (subject, what) = what(exports, entry, &key).await?;
    let to = address(exports, key).await?;
    let map = exports.product.map();
    let (product, contact) = (&map.product, &map.controller.contact);
    let text = format!(
        "{what}\n\n\
         If this was not you: sign in to {product}, open Settings > General, click \"Sign out everywhere\", \
         change your password, and write to {contact}.\n\n\
         There is no link in this e-mail, and we never ask for your password in one. Sign in as you \
         always do.\n"
    );
    Ok(Letter {
        id: format!("{}.{}", entry.seq, entry.at),
        to,
        subject: format!("{product}: {subject}"),
        text,
    })
}

/// Where mail reaches the person now: an address that was changed since is not written to.
async fn address(exports: &Exports, key: SubjectKey) -> Result<String, Told> {
    let found = exports
        .product
        .ask(move |product| product.find_active_subject(&key))
        .await;
    match found {
        Ok(subject) => subject.email.ok_or(Told::Never("no_address")),
        Err(ProductError::NoAccount) => Err(Told::Never("no_account")),
        Err(error) => Err(Told::Later(error.to_string())),
    }
}

/// The subject, and the first paragraph.
async fn what(
    exports: &Exports,
    entry: &Entry,
    key: &SubjectKey,
) -> Result<(&'static str, String), Told> {
    let at = Timestamp::from_millisecond(entry.at).map_err(|_| Told::Never("no_time"))?;
    let when = words::moment(at);
    Ok(match Kind::named(&entry.event) {
        Some(Kind::ExportRequested) => (
            "an export of your data was asked for",
            format!(
                "On {when}, somebody who is signed in to your account asked for an export of your data. \
                 We write again when it is ready. If it was you, there is nothing to do."
            ),
        ),
        Some(Kind::ExportFinished) => {
            let until = kept_until(exports, entry, key).await?;
            (
                "your export is ready",
                format!(
                    "The export of your data was finished on {when}. To download it, sign in and open \
                     Settings > Data Protection. It is kept until {until} and removed then. Save the \
                     file somewhere secure."
                ),
            )
        }
        Some(Kind::ExportFailed) => (
            "your export failed",
            format!(
                "The export of your data that was asked for ended on {when} without a file. {} Your \
                 data is unchanged. You can ask for it again under Settings > Data Protection.",
                Failure::named(&entry.outcome).what_happened()
            ),
        ),
        _ => return Err(Told::Never("nothing_to_tell")),
    })
}

/// Until when a finished export can be downloaded; nobody is told of one that is gone again.
async fn kept_until(exports: &Exports, entry: &Entry, key: &SubjectKey) -> Result<String, Told> {
    let id: Option<ExportId> = entry.export_id.as_deref().and_then(|id| id.parse().ok());
    let id = id.ok_or(Told::Never("no_export"))?;
    let found = exports.ledger.find_export(key, id).await;
    let export = found.map_err(|error| Told::Later(error.to_string()))?;
    export
        .filter(|export| export.status == Status::Ready)
        .and_then(|export| export.expires_at)
        .filter(|time| *time > exports.clock.now())
        .map(words::moment)
        .ok_or(Told::Never("gone_again"))
}
