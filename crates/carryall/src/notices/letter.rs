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
    let is_ours = matches!(
        Kind::named(&entry.event),
        Some(Kind::CommandExportFinished | Kind::CommandImportFinished)
    );
    let advice = if is_ours {
        format!("Why it was done is on the record. To ask for the reason, write to {contact}.")
    } else {
        format!(
            "If this was not you: sign in to {product}, open Settings > General, click \"Sign out everywhere\", \
             change your password, and write to {contact}."
        )
    };
    let text = format!(
        "{what}\n\n{advice}\n\n\
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
            let (is_by_letter, until) = kept_until(exports, entry, key).await?;
            if is_by_letter {
                return Ok((
                    FINISHED_BY_LETTER.0,
                    format!("On {when}, {}", FINISHED_BY_LETTER.1),
                ));
            }
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
        Some(kind) => by_operator(kind, &when)?,
        None => return Err(Told::Never("nothing_to_tell")),
    })
}

const FINISHED_BY_LETTER: (&str, &str) = (
    "the export that a letter asked for is written",
    "the export of your data that a letter asked for was written. It is protected, and comes to you the way \
     that the letter said.",
);

/// About what operators do: a request that arrived by letter, whoever wrote it, or an export of their own.
fn by_operator(kind: Kind, when: &str) -> Result<(&'static str, String), Told> {
    let (subject, what) = match kind {
        Kind::LetterFiled => (
            "a letter asks for your data",
            "we noted a letter that asks for a copy of your data. Nothing is given out before a second \
             person here has looked at it. If the letter is yours, there is nothing to do.",
        ),
        Kind::LetterRefused => (
            "a letter was refused",
            "a letter that asked for a copy of your data was refused, and nothing was given out. You get \
             the reasons, and where to complain, separately.",
        ),
        Kind::LetterExtended => (
            "an answer takes longer",
            "the time for the answer to your letter was extended by up to two months, as Art. 12(3) GDPR \
             allows. You get the reasons separately.",
        ),
        Kind::CommandExportFinished => (
            "your data was exported by whoever runs the site",
            "whoever runs the site exported your data to a file. That was not done in your name, and nobody \
             used your account.",
        ),
        Kind::CommandImportFinished => (
            "an export was brought into your account by whoever runs the site",
            "whoever runs the site added what stands in an export file to your account. Nothing that was there \
             was changed, and nobody used your account.",
        ),
        _ => return Err(Told::Never("nothing_to_tell")),
    };
    Ok((subject, format!("On {when}, {what}")))
}

/// Whether a finished export was asked for by letter, and until when it can be downloaded; nobody is told of one that is gone again.
async fn kept_until(
    exports: &Exports,
    entry: &Entry,
    key: &SubjectKey,
) -> Result<(bool, String), Told> {
    let id: Option<ExportId> = entry.export_id.as_deref().and_then(|id| id.parse().ok());
    let id = id.ok_or(Told::Never("no_export"))?;
    let found = exports.ledger.find_export(key, id).await;
    let export = found.map_err(|error| Told::Later(error.to_string()))?;
    export
        .filter(|export| export.status == Status::Ready)
        .and_then(|export| Some((export.is_by_letter, export.expires_at?)))
        .filter(|(_, time)| *time > exports.clock.now())
        .map(|(is_by_letter, time)| (is_by_letter, words::moment(time)))
        .ok_or(Told::Never("gone_again"))
}
