//! Pages of the host product: they may show ours in a frame, and ask the API with a token.
//!
//! Nobody may, unless the operator names the origin. The cookie is never taken from another origin: a request
//! with a token comes without it, and one without a token is refused as ever.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::Web;

/// Where the API is.
const API: &str = "/api/v1/";
/// Where a token becomes a session, so that a page can be shown in a frame.
pub const TOKEN_SIGN_IN: &str = "/sign-in/token";

/// The other origins that may ask the API; none may send a cookie.
pub fn cross_origin(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = origins
        .iter()
        .filter_map(|origin| origin.parse().ok())
        .collect();
    let is_named = move |origin: &HeaderValue, parts: &axum::http::request::Parts| {
        parts.uri.path().starts_with(API) && origins.contains(origin)
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_named))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::RANGE,
            header::IF_RANGE,
        ])
        .expose_headers([
            header::LOCATION,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            header::CONTENT_DISPOSITION,
            header::CONTENT_RANGE,
            header::ETAG,
        ])
}

/// Takes the cookie from what comes with a token, and with it the reason to ask where it comes from: a browser
/// sends no token by itself. What a named origin posts to the sign-in by token is let through too.
pub async fn without_cookie(
    State(web): State<Arc<Web>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let headers = request.headers();
    let is_with_token = path.starts_with(API) && headers.contains_key(header::AUTHORIZATION);
    let is_sign_in = path == TOKEN_SIGN_IN && web.is_host_page(headers.get(header::ORIGIN));
    if is_with_token || is_sign_in {
        let headers = request.headers_mut();
        headers.remove(header::COOKIE);
        headers.remove(header::ORIGIN);
        headers.remove(HeaderName::from_static("sec-fetch-site"));
    } else if path == TOKEN_SIGN_IN {
        // From nowhere else: a stranger's page would sign people in as somebody else.
        request
            .headers_mut()
            .insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
    }
    next.run(request).await
}

/// Lets the named origins show our pages in a frame: a person's, not those of operators.
pub async fn allow_frames(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let is_of_operators = request.uri().path().starts_with("/operator");
    let mut response = next.run(request).await;
    if is_of_operators {
        return response;
    }
    let origins = &web.site.host_origins;
    let headers = response.headers_mut();
    let policy = headers.get(header::CONTENT_SECURITY_POLICY);
    let policy = policy
        .and_then(|policy| policy.to_str().ok())
        .unwrap_or_default();
    let named = format!("frame-ancestors 'self' {}", origins.join(" "));
    let policy = policy.replace("frame-ancestors 'none'", &named);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        // It knows one origin only, and browsers that know the policy do not look at it.
        headers.remove(header::X_FRAME_OPTIONS);
    }
    response
}

impl Web {
    fn is_host_page(&self, origin: Option<&HeaderValue>) -> bool {
        let named = &self.site.host_origins;
        origin.is_some_and(|origin| named.iter().any(|known| origin == known.as_str()))
    }
}
