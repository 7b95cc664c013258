//! Exports as the API shows and takes them.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::exports::failure::Failure;
use crate::ledger::{Export, Protection, Status};
use crate::product::Scope;
use crate::web::Web;
use crate::web::export_form::ExportForm;
use crate::web::export_views::progress_words;
use crate::web::protect_form::{Chosen, ProtectForm};

/// What to export. Nothing said is everything; a workspace and dates exclude each other.
///
/// It has no `Debug`: nothing may print a passphrase.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"workspace": "w1", "file_contents": false}))]
pub struct ExportRequest {
    /// Id of one workspace.
    #[schema(min_length = 1, max_length = 256)]
    pub workspace: Option<String>,
    /// First day, in UTC.
    #[schema(format = Date, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-11-01")]
    pub since: Option<String>,
    /// Last day, in UTC; it is included.
    #[schema(format = Date, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-11-30")]
    pub until: Option<String>,
    /// Whether the bytes of files go in. Yes, unless something else is said.
    #[schema(default = true)]
    pub file_contents: Option<bool>,
    /// Protects the file with a passphrase, in the age format. It is kept nowhere.
    #[schema(value_type = Option<String>, min_length = 12, max_length = 1024)]
    #[serde(default, deserialize_with = "secret")]
    pub passphrase: Option<Zeroizing<String>>,
    /// Protects the file to a public key of age; a passphrase and a key exclude each other.
    #[schema(pattern = "^age1[0-9a-z]{58}$")]
    pub recipient: Option<String>,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Zeroizing<String>>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Zeroizing::new))
}

/// What is asked for, once it makes sense.
pub struct Wanted {
    /// Which part.
    pub scope: Scope,
    /// With what the file is to be protected.
    pub protect: Chosen,
}

/// No product's key is longer.
const LONGEST_WORKSPACE: usize = 256;

impl ExportRequest {
    /// What is asked for, by the rules of the page; or what is wrong with it.
    pub fn wanted(self) -> Result<Wanted, String> {
        let protect = ProtectForm::of(self.passphrase.clone(), self.recipient.clone()).chosen()?;
        let scope = self.scope()?;
        Ok(Wanted { scope, protect })
    }

    fn scope(self) -> Result<Scope, &'static str> {
        let has_dates = self.since.is_some() || self.until.is_some();
        let choice = match &self.workspace {
            Some(_) if has_dates => return Err("Give a workspace or dates, not both."),
            Some(id) if id.chars().count() > LONGEST_WORKSPACE => {
                return Err("No workspace has such a long id.");
            }
            Some(_) => "workspace",
            None if has_dates => "dates",
            None => "everything",
        };
        let days = [self.since, self.until].map(Option::unwrap_or_default);
        if days.iter().any(|day| !day.is_empty() && day.len() != 10) {
            return Err("Please write dates as year-month-day, for example 2026-11-23.");
        }
        let [since, until] = days;
        let form = ExportForm {
            choice: choice.to_owned(),
            workspace: self.workspace.unwrap_or_default(),
            since,
            until,
            file_contents: if self.file_contents == Some(false) {
                ""
            } else {
                "yes"
            }
            .to_owned(),
        };
        form.scope()
    }
}

/// Where an export stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for a worker.
    Queued,
    /// Is being written.
    Building,
    /// Can be downloaded.
    Ready,
    /// Ended without a file.
    Failed,
    /// Was stopped.
    Cancelled,
    /// Its file was removed when its time was up.
    Expired,
    /// Its file was removed before.
    Deleted,
}

/// One export.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportView {
    /// Its id, which also stands in the file.
    #[schema(value_type = uuid::Uuid)]
    id: String,
    /// Where it stands.
    status: State,
    /// What was asked for.
    scope: ScopeView,
    /// How far it is, while it is being written.
    progress: Option<ProgressView>,
    /// The file, once there was one.
    file: Option<FileView>,
    /// Why there is none.
    failure: Option<FailureView>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ended.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// When its file is removed.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When its file was first downloaded.
    #[schema(format = DateTime)]
    downloaded_at: Option<String>,
}

/// Exports, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportList {
    /// At most a hundred.
    pub exports: Vec<ExportView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ScopeView {
    /// Id of the one workspace; null when it is all of them.
    workspace: Option<String>,
    /// First day.
    #[schema(format = Date)]
    since: Option<String>,
    /// Last day.
    #[schema(format = Date)]
    until: Option<String>,
    /// Whether the bytes of files go in.
    file_contents: bool,
    /// With what the file is protected: `passphrase` or `key`.
    protection: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProgressView {
    /// Key of the section being written.
    section: Option<String>,
    /// Records of that section so far.
    records: u64,
    /// Bytes so far.
    bytes: u64,
    /// Of the size that is expected; never 100 before it is ready.
    #[schema(minimum = 0, maximum = 99)]
    percent: Option<u64>,
    /// The same for people.
    text: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct FileView {
    /// Its name for the person.
    name: String,
    /// Its size.
    size_bytes: u64,
    /// SHA-256 of it.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    /// The id of the key that signed it.
    signed_by: Option<String>,
    /// How much the file says could not be read.
    gap_count: u64,
    /// Where to download it; null when it is gone.
    url: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FailureView {
    /// In one word.
    code: &'static str,
    /// For the person.
    text: &'static str,
}

impl ExportView {
    /// The export at this moment.
    pub fn of(web: &Web, export: &Export) -> ExportView {
        let time = |time: Option<jiff::Timestamp>| time.map(|time| time.to_string());
        let is_here = web.exports.downloadable(export.clone()).is_some();
        let (text, percent) = progress_words(export);
        let progress = &export.progress;
        let failure = export.failure.as_deref().map(Failure::named);
        ExportView {
            id: export.id.to_string(),
            status: state(export.status, is_here),
            scope: ScopeView::of(export),
            progress: export.status.is_running().then(|| ProgressView {
                section: progress.section.clone(),
                records: progress.records,
                bytes: progress.bytes,
                percent,
                text,
            }),
            file: export.artifact.as_ref().map(|artifact| FileView {
                name: artifact.file_name.clone(),
                size_bytes: artifact.size_bytes,
                sha256: artifact.sha256.clone(),
                signed_by: artifact.signed_by.clone(),
                gap_count: artifact.gap_count,
                url: is_here.then(|| format!("/api/v1/exports/{}/file", export.id)),
            }),
            failure: failure.map(|failure| FailureView {
                code: failure.code(),
                text: failure.what_happened(),
            }),
            created_at: export.created_at.to_string(),
            finished_at: time(export.finished_at),
            expires_at: time(export.expires_at),
            downloaded_at: time(export.downloaded_at),
        }
    }
}

impl ScopeView {
    fn of(export: &Export) -> ScopeView {
        let scope = &export.scope;
        let form = ExportForm::again(scope);
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        ScopeView {
            workspace: scope.workspace.clone(),
            since: given(form.since),
            until: given(form.until),
            file_contents: scope.file_contents,
            protection: export.protection.map(Protection::name),
        }
    }
}

/// A file whose time is up has expired, also before the clean-up comes round.
fn state(status: Status, is_here: bool) -> State {
    match status {
        Status::Queued => State::Queued,
        Status::Building => State::Building,
        Status::Ready if is_here => State::Ready,
        Status::Ready | Status::Expired => State::Expired,
        Status::Failed => State::Failed,
        Status::Cancelled => State::Cancelled,
        Status::Deleted => State::Deleted,
    }
}
