//! Why something was not done, for programs: one reason for each case, and what to do about it (RFC 9457).

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::LedgerError;
use crate::product::ProductError;
use crate::web::errors::PageError;
use crate::web::sessions::PROOF_LASTS;

pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// There is no credential, or its session has ended.
    SignInFirst,
    /// The token is not one that is taken here.
    TokenRefused,
    /// The proof of who the person is is too old.
    ConfirmFirst,
    /// The account is unknown, closed or disabled.
    NoAccount,
    /// A page of another origin asks with a cookie.
    OtherOrigin,
    /// There is no such thing, or it is not this person's.
    NotFound,
    /// The address knows no such method.
    MethodNotAllowed,
    /// The export is still being written.
    StillRunning,
    /// The export has no file, or no longer.
    NoFile,
    /// The body, the address or the headers are too long.
    TooLarge,
    /// The body is no JSON.
    NotJson,
    /// The file ends before the range begins.
    RangeNotSatisfiable,
    /// The body is not as documented.
    WrongRequest,
    /// Tried too often.
    TooMany,
    /// Our fault.
    Failed,
    /// The product's database does not answer.
    DataUnavailable,
}

impl Reason {
    /// Status, title, what to do.
    const fn words(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Reason::SignInFirst => (
                StatusCode::UNAUTHORIZED,
                "Nobody is signed in",
                "Send the session's cookie or a token in `Authorization: Bearer`.",
            ),
            Reason::TokenRefused => (
                StatusCode::UNAUTHORIZED,
                "The token is not taken here",
                "Get a new token from the product's own sign-in.",
            ),
            Reason::ConfirmFirst => (
                StatusCode::UNAUTHORIZED,
                "The person has to confirm that it is them",
                "Let the person prove who they are: with a session on the page /confirm, with a token by \
                 signing in again to the product. Then ask once more.",
            ),
            Reason::NoAccount => (
                StatusCode::FORBIDDEN,
                "The account is unknown, closed or disabled",
                "Nothing can be exported for this account. For questions, write to the support contact.",
            ),
            Reason::OtherOrigin => (
                StatusCode::FORBIDDEN,
                "This did not come from our pages",
                "From another origin, ask with a token and without a cookie.",
            ),
            Reason::NotFound => (
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "Look at the list of exports: this one is not in it.",
            ),
            Reason::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "The method is not allowed here",
                "Use one of the methods in the header Allow.",
            ),
            Reason::StillRunning => (
                StatusCode::CONFLICT,
                "The export is still being written",
                "Ask for its status until it is ready, or cancel it.",
            ),
            Reason::NoFile => (
                StatusCode::GONE,
                "The export has no file",
                "Look at its status, and ask for a new export.",
            ),
            Reason::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "The request is too long",
                "Send less; the document of this API names the limits.",
            ),
            Reason::NotJson => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body is not application/json",
                "Send JSON, and say so in Content-Type.",
            ),
            Reason::RangeNotSatisfiable => (
                StatusCode::RANGE_NOT_SATISFIABLE,
                "The file ends before that",
                "Look at Content-Range for the size of the file.",
            ),
            Reason::WrongRequest => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "The request is not as documented",
                "Compare it with the document of this API.",
            ),
            Reason::TooMany => (
                StatusCode::TOO_MANY_REQUESTS,
                "That was too often",
                "Wait until the time in next_try_at. Nothing is locked, and downloads are not limited.",
            ),
            Reason::Failed => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "Nothing is lost. Try it again.",
            ),
            Reason::DataUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The data cannot be reached right now",
                "Nothing is lost. Try it again in a minute.",
            ),
        }
    }

    /// The reason behind a refusal that says no more than its status.
    pub fn of(status: StatusCode) -> Option<Reason> {
        Some(match status {
            StatusCode::UNAUTHORIZED => Reason::SignInFirst,
            StatusCode::FORBIDDEN => Reason::OtherOrigin,
            StatusCode::NOT_FOUND => Reason::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Reason::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::URI_TOO_LONG
            | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Reason::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Reason::NotJson,
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Reason::WrongRequest,
            StatusCode::TOO_MANY_REQUESTS => Reason::TooMany,
            StatusCode::SERVICE_UNAVAILABLE => Reason::DataUnavailable,
            status if status.is_server_error() => Reason::Failed,
            _ => return None,
        })
    }
}

/// What a program reads in place of what it asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The same for people.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong with this request, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
    /// The kind of problem in one word.
    reason: Reason,
    /// What helps.
    what_to_do: &'static str,
    /// When the next try is possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    next_try_at: Option<String>,
    /// How old a proof of who the person is may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max_age_seconds: Option<i64>,
}

/// A refusal on its way out.
#[derive(Debug)]
pub struct Problem {
    reason: Reason,
    status: StatusCode,
    detail: Option<String>,
    next: Option<(Timestamp, Timestamp)>,
}

impl From<Reason> for Problem {
    fn from(reason: Reason) -> Self {
        let (status, ..) = reason.words();
        Problem {
            reason,
            status,
            detail: None,
            next: None,
        }
    }
}

impl Problem {
    /// The same, with these words for people.
    pub fn because(reason: Reason, detail: impl Into<String>) -> Problem {
        let detail = Some(detail.into());
        Problem {
            detail,
            ..reason.into()
        }
    }

    /// The same, under the status that it already has.
    pub fn with_status(self, status: StatusCode) -> Problem {
        Problem { status, ..self }
    }

    /// What to prove who one is with (RFC 6750, RFC 9470).
    fn challenge(&self) -> Option<String> {
        let max_age = PROOF_LASTS.as_secs();
        match self.reason {
            Reason::SignInFirst => Some("Bearer".to_owned()),
            Reason::TokenRefused => Some("Bearer error=\"invalid_token\"".to_owned()),
            Reason::ConfirmFirst => Some(format!(
                "Bearer error=\"insufficient_user_authentication\", max_age=\"{max_age}\""
            )),
            _ => None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (_, title, what_to_do) = self.reason.words();
        let name = serde_json::to_value(self.reason).unwrap_or_default();
        let max_age = (self.reason == Reason::ConfirmFirst).then(|| PROOF_LASTS.as_secs());
        let body = ProblemBody {
            kind: format!("urn:carryall:problem:{}", name.as_str().unwrap_or_default()),
            title,
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            reason: self.reason,
            what_to_do,
            next_try_at: self.next.map(|(next, _)| next.to_string()),
            max_age_seconds: max_age,
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response =
            (self.status, [(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response();
        let wait = self
            .next
            .map(|(next, now)| (((next - now).as_millis().max(0) + 999) / 1_000).to_string());
        let named = [
            (header::RETRY_AFTER, wait),
            (header::WWW_AUTHENTICATE, self.challenge()),
        ];
        for (name, value) in named {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl From<PageError> for Problem {
    fn from(error: PageError) -> Self {
        match error {
            PageError::SignInFirst { .. } => Reason::SignInFirst.into(),
            PageError::Product(ProductError::NoAccount) => Reason::NoAccount.into(),
            PageError::NotFound => Reason::NotFound.into(),
            PageError::TooMany { next, now } => Problem {
                next: Some((next, now)),
                ..Reason::TooMany.into()
            },
            PageError::TooLarge => Reason::TooLarge.into(),
            PageError::ConfirmFirst => Reason::ConfirmFirst.into(),
            // Noted in the log by the answer that a page would have had.
            error => {
                let status = error.into_response().status();
                Reason::of(status).unwrap_or(Reason::Failed).into()
            }
        }
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        PageError::from(error).into()
    }
}

/// Whether an answer is JSON of some kind.
pub fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE);
    media_type.is_some_and(|kind| kind == "application/json" || kind == MEDIA_TYPE)
}
