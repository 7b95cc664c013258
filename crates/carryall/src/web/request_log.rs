//! One line in the log for each request, and an id that everything that happens in it carries.
//!
//! Promises: no line holds an address of a person, a path with an id of theirs, a query, a form or a cookie: the
//! route is named as the program knows it. The id goes out with the answer, so that somebody who asks for help
//! can name it. A trace that the caller began (W3C Trace Context) is named, too.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use super::Web;

const ID: &str = "x-request-id";
/// <https://www.w3.org/TR/trace-context/#traceparent-header>
const TRACE: &str = "traceparent";

/// Runs a request within its span, and notes how it went.
pub async fn note(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let exports = &web.exports;
    let id = exports.random.uuid(exports.clock.now()).to_string();
    let trace = trace_id(request.headers());
    let span = tracing::info_span!("request", request_id = id, trace_id = trace);
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let method = named(request.method());
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    exports.metrics.answered(status, took);
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(method, route, status, millis, "answered"));
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

/// The trace's id: 16 bytes in hex, not all of them zero.
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(TRACE)?.to_str().ok()?;
    let is_hex = |part: &str, length| {
        let is_lower_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        part.len() == length && part.bytes().all(is_lower_hex)
    };
    let mut parts = text.split('-');
    let (version, trace, parent, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_one = is_hex(version, 2)
        && version != "ff"
        && is_hex(trace, 32)
        && is_hex(parent, 16)
        && is_hex(flags, 2)
        // Later versions may say more.
        && (version != "00" || parts.next().is_none());
    let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    (is_one && !is_zero(trace) && !is_zero(parent)).then(|| trace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_trace_parent_is_believed() {
        let of = |text: &'static str| {
            let header = (TRACE.parse().unwrap(), HeaderValue::from_static(text));
            trace_id(&HeaderMap::from_iter([header]))
        };
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        for whole in [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(of(whole).as_deref(), Some(trace), "{whole}");
        }
        for wrong in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-marta@northbridge.example0000000-00f067aa0ba902b7-01",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
