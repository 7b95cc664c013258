//! Headers on every answer, and limits on every request.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// Nothing but our own style, script and pictures; no frame around us; forms come back to us.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Addresses here hold ids of exports.
    (header::REFERRER_POLICY, "no-referrer"),
    // Pages and files are personal; only the style, script and icon say otherwise.
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// Adds what an answer does not say itself.
pub async fn add_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// For a year a browser comes back over TLS only. Whether other names of the same domain can be reached over
/// TLS is not for this program to say.
const TRANSPORT_SECURITY: &str = "max-age=31536000";

/// Adds what only makes sense where people reach the site over TLS.
pub async fn add_transport_security(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static(TRANSPORT_SECURITY),
    );
    response
}

/// No page here has a longer address.
const LONGEST_ADDRESS_BYTES: usize = 2_048;
/// Browsers and proxies send fewer.
const MOST_HEADERS: usize = 64;
/// Of all headers together.
const LARGEST_HEADERS_BYTES: usize = 16 * 1024;

/// Refuses what no browser sends, before anything is done with it.
pub async fn limit_request(request: Request, next: Next) -> Response {
    let address = request.uri().path_and_query();
    if address.is_some_and(|address| address.as_str().len() > LONGEST_ADDRESS_BYTES) {
        return StatusCode::URI_TOO_LONG.into_response();
    }
    let headers = request.headers();
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers.len() > MOST_HEADERS || bytes > LARGEST_HEADERS_BYTES {
        return StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response();
    }
    next.run(request).await
}

/// Refuses what a page of another origin fetches, embeds or links to. Old browsers, and programs, do not say
/// who asks; for them the session's cookie has to do.
pub async fn from_own_pages_only(request: Request, next: Next) -> Response {
    let asks = request.headers().get("sec-fetch-site");
    let is_own = asks.is_none_or(|asks| asks == "same-origin" || asks == "none");
    if is_own {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}
