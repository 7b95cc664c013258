//! What a person reads when a page cannot be shown: what happened, and where to go from here.

use std::any::Any;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::Timestamp;

use super::Web;
use super::layout::{Layout, Place};
use super::words;
use crate::exports::failure::{ExportsError, is_storage_away};
use crate::keys::KeysError;
use crate::ledger::LedgerError;
use crate::product::ProductError;

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Nobody is signed in: off to the sign-in page, and back here afterwards.
    #[error("nobody is signed in")]
    SignInFirst {
        /// The page that was asked for.
        back_to: Option<&'static str>,
    },
    /// Nobody is signed in as an operator, or not recently enough.
    #[error("no operator is signed in")]
    OperatorFirst,
    /// There is no such page, or it is not this person's.
    #[error("there is no such page")]
    NotFound,
    /// Tried too often.
    #[error("there were too many tries")]
    TooMany {
        /// When the next one is possible.
        next: Timestamp,
        /// When this one was.
        now: Timestamp,
    },
    /// Longer than anything of the kind is.
    #[error("the input is too long")]
    TooLarge,
    /// A part of a file was asked for, by somebody whose proof of who they are is too old.
    #[error("the person has to prove again who they are")]
    ConfirmFirst,
    /// A file that was to be protected cannot be.
    #[error("the file cannot be protected, so none was written")]
    NotLocked,
    /// The product does not answer.
    #[error(transparent)]
    Product(#[from] ProductError),
    /// The ledger does not answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The store of artifacts does not answer.
    #[error("read finished exports")]
    Artifacts(#[source] std::io::Error),
    /// The public keys cannot be read.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The page could not be rendered.
    #[error("render the page")]
    Render(#[from] askama::Error),
}

impl From<ExportsError> for PageError {
    fn from(error: ExportsError) -> Self {
        match error {
            ExportsError::Ledger(error) => PageError::Ledger(error),
            ExportsError::Product(error) => PageError::Product(error),
            ExportsError::Artifacts(error) => PageError::Artifacts(error),
        }
    }
}

impl PageError {
    /// Whether the account is not there, or closed.
    pub fn is_about_the_account(&self) -> bool {
        matches!(self, PageError::Product(ProductError::NoAccount))
    }

    /// Whether the product's database is what does not answer, and not whether the account is there.
    pub fn is_the_product_s(&self) -> bool {
        matches!(self, PageError::Product(error) if !matches!(error, ProductError::NoAccount))
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            // The second: the session outlived the account.
            PageError::SignInFirst { back_to: None }
            | PageError::Product(ProductError::NoAccount) => {
                Redirect::to("/sign-in").into_response()
            }
            PageError::SignInFirst {
                back_to: Some(page),
            } => Redirect::to(&format!("/sign-in?next={page}")).into_response(),
            PageError::OperatorFirst => Redirect::to("/operator/sign-in").into_response(),
            PageError::NotFound => StatusCode::NOT_FOUND.into_response(),
            PageError::TooMany { next, now } => too_many(next, now),
            PageError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
            PageError::ConfirmFirst => StatusCode::UNAUTHORIZED.into_response(),
            PageError::Product(error @ (ProductError::Busy(_) | ProductError::Unavailable(_))) => {
                tracing::error!(error = %error, cause = ?error, "the product does not answer");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
            PageError::Artifacts(error) if is_storage_away(&error) => {
                tracing::error!(error = %error, "the store of finished exports does not answer");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
            PageError::Ledger(error) if error.is_passing() => {
                tracing::error!(error = %error, "the ledger does not answer");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
            error => {
                tracing::error!(error = %error, cause = ?error, "a page failed");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// When the next try is possible, for the page that says so.
#[derive(Debug, Clone, Copy)]
struct NextTry {
    next: Timestamp,
    now: Timestamp,
}

fn too_many(next: Timestamp, now: Timestamp) -> Response {
    let wait = (((next - now).as_millis().max(0) + 999) / 1_000).to_string();
    let mut response = StatusCode::TOO_MANY_REQUESTS.into_response();
    if let Ok(wait) = HeaderValue::from_str(&wait) {
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response.extensions_mut().insert(NextTry { next, now });
    response
}

/// A handler that panicked.
pub fn after_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    layout: Layout,
    heading: &'static str,
    message: String,
    contact: String,
}

/// Gives every error that has no page of its own the same one, whichever layer it comes from.
pub async fn dress(State(web): State<Arc<Web>>, response: Response) -> Response {
    let status = response.status();
    let media_type = response.headers().get(header::CONTENT_TYPE);
    let is_page = media_type.is_some_and(|media_type| {
        let kind = media_type.as_bytes();
        kind.starts_with(b"text/html") || kind.starts_with(b"application/")
    });
    let Some((heading, message)) = explained(status).filter(|_| !is_page) else {
        return response;
    };
    let message = match response.extensions().get::<NextTry>() {
        Some(NextTry { next, now }) => format!(
            "{message} The next try is possible {}, at {}.",
            words::from_now(*next, *now),
            words::moment(*next)
        ),
        None => message.to_owned(),
    };
    let product = &web.exports.product;
    let page = ErrorPage {
        layout: Layout::anonymous(heading, &product.map().product),
        heading,
        message,
        contact: product.support_contact().to_owned(),
    };
    let Ok(body) = page.render() else {
        return response;
    };
    let mut dressed = (status, Html(body)).into_response();
    for (name, value) in response.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            dressed
                .headers_mut()
                .append(name, HeaderValue::clone(value));
        }
    }
    dressed
}

fn explained(status: StatusCode) -> Option<(&'static str, &'static str)> {
    match status {
        StatusCode::NOT_FOUND => Some((
            "There is nothing here",
            "The page or file does not exist, is no longer kept, or belongs to another account.",
        )),
        StatusCode::FORBIDDEN => Some((
            "This did not come from our pages",
            "For your safety, actions are only accepted from this site itself. Go back and try it from here.",
        )),
        StatusCode::TOO_MANY_REQUESTS => Some((
            "That was too often",
            "For the safety of your data, there is a limit. Nothing is locked.",
        )),
        StatusCode::UNAUTHORIZED => Some((
            "Confirm that it is you",
            "This needs your password again. Open Data Protection and click Download again.",
        )),
        StatusCode::METHOD_NOT_ALLOWED
        | StatusCode::BAD_REQUEST
        | StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::URI_TOO_LONG
        | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Some((
            "That could not be understood",
            "Go back and try it again from the page itself.",
        )),
        StatusCode::SERVICE_UNAVAILABLE => Some((
            "Your data cannot be reached right now",
            "What holds it does not answer. Nothing is lost. Please try again in a minute.",
        )),
        StatusCode::INTERNAL_SERVER_ERROR => Some((
            "Something went wrong",
            "This is our fault, and nothing is lost. Please try again.",
        )),
        _ => None,
    }
}
