//! One line in the log for each request, and an id that everything that happens in it carries.
//!
//! Promises: no line holds an address of a person, a path with an id of theirs, a query, a form or a cookie: the
//! route is named as the program knows it. The id goes out with the answer, so that somebody who asks for help
//! can name it. A trace that the caller began (W3C Trace Context) is named, too.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use super::Web;
use crate::clock::later;
use crate::traces::{self, Attribute, Context, Parent, Span};

const ID: &str = "x-request-id";
const TRACE: &str = "traceparent";

/// Runs a request within its span, and notes how it went.
pub async fn note(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let (exports, began) = (&web.exports, Instant::now());
    let at = exports.clock.now();
    let id = exports.random.uuid(at).to_string();
    let parent = request.headers().get(TRACE);
    let parent = parent.and_then(|parent| Parent::read(parent.to_str().ok()?));
    let trace = parent.as_ref().map(Parent::trace_id);
    let span = tracing::info_span!("request", request_id = id, trace_id = trace);
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let method = named(request.method());
    let answering = traces::watching(next.run(request)).instrument(span.clone());
    let (mut response, export) = answering.await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    exports.metrics.answered(status, took);
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(method, route, status, millis, "answered"));
    if exports.settings.traces.are_wanted() {
        let word = |word: &str| Attribute::Word(word.to_owned());
        exports.settings.traces.note(Span {
            context: Context::below(parent.as_ref(), &exports.random),
            parent: parent.as_ref().map(Parent::span_id),
            link: export.map(Context::of_export),
            name: format!("{method} {route}"),
            is_server: true,
            began: at,
            ended: later(at, took),
            attributes: vec![
                ("http.request.method", word(method)),
                ("http.route", word(&route)),
                (
                    "http.response.status_code",
                    Attribute::Number(status.into()),
                ),
                ("carryall.request_id", word(&id)),
            ],
            has_failed: status >= 500,
        });
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(ID, id);
    }
    response
}

/// Anybody may send any word as a method.
fn named(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "another",
    }
}
