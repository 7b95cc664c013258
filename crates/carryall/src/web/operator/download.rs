//! The protected file, for the operator who asked, after another one has approved.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::get;

use super::super::Web;
use super::super::downloads::{Going, bytes_of, range, sent};
use super::super::errors::PageError;
use super::super::ranges::requested;
use super::{Operator, PROOF_LASTS};
use crate::ledger::State as Where;
use crate::operators::Role;

pub fn router() -> Router<Arc<Web>> {
    Router::new().route("/operator/letters/{id}/download", get(download))
}

async fn download(
    State(web): State<Arc<Web>>,
    operator: Operator,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    operator.must_be(&web, Role::Ask)?;
    let by = operator.acts(&web);
    if by.now - operator.session.created_at >= PROOF_LASTS {
        return Err(PageError::OperatorFirst);
    }
    let exports = &web.exports;
    let letter = exports
        .ledger
        .find_letter(&id)
        .await?
        .filter(|letter| letter.state == Where::Approved && letter.asked_by == operator.name());
    let letter = letter.ok_or(PageError::NotFound)?;
    let export = letter.export_id.ok_or(PageError::NotFound)?;
    let key = letter.subject_key;
    let opened = exports.open(&key, export).await?;
    let (artifact, original) = opened.ok_or(PageError::NotFound)?;
    let part = requested(range(&headers, &artifact), artifact.size_bytes);
    if let Some(bytes) = bytes_of(part, artifact.size_bytes).filter(|_| method == Method::GET) {
        let is_theirs = exports.ledger.begin_letter_download(&id, bytes, by).await?;
        if !is_theirs {
            return Err(PageError::NotFound);
        }
    }
    let going = Going {
        key,
        export,
        artifact,
        original,
    };
    Ok(sent(&web, going, part))
}
