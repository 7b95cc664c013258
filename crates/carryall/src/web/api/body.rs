//! The body of a request: JSON that says so, as documented, or a refusal that says what is wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse as _;
use serde::de::DeserializeOwned;

use super::problem::{Problem, Reason};

/// A body that was read.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media_type = request.headers().get(header::CONTENT_TYPE);
        if !media_type.is_some_and(is_json) {
            return Err(Reason::NotJson.into());
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|refusal| {
            let status = refusal.into_response().status();
            Problem::from(Reason::of(status).unwrap_or(Reason::WrongRequest))
        })?;
        serde_json::from_slice(&bytes)
            .map(Json)
            .map_err(|error| Problem::because(Reason::WrongRequest, error.to_string()))
    }
}

/// `application/json`, with or without parameters.
fn is_json(media_type: &HeaderValue) -> bool {
    let text = media_type.to_str().unwrap_or_default();
    let name = text.split(';').next().unwrap_or_default().trim();
    name.eq_ignore_ascii_case("application/json")
}
