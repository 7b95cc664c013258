//! The pages: server-rendered, whole without JavaScript, nothing from another host.
//!
//! A page's struct, handler and template share a name. Who asks comes from the session alone; every
//! POST must come from these pages.

mod account_facts;
mod api;
mod assets;
mod browsers;
mod client_address;
mod codes;
mod confirm;
mod crowd;
mod data_away;
mod data_protection;
mod downloads;
mod embedding;
mod errors;
mod event_views;
mod export_actions;
mod export_form;
mod export_views;
mod guards;
mod home;
mod host_tokens;
mod layout;
mod limits;
mod oidc;
mod operator;
mod parts;
mod passwords;
mod protect_form;
mod proxy_check;
mod public_keys;
mod ranges;
mod request_log;
mod session_list;
mod sessions;
mod settings;
mod sign_in;
mod token_sign_in;
pub mod viewer;
pub mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use ipnet::IpNet;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{ConfigError, CsrfLayer};
use tower_http::timeout::TimeoutLayer;

use crate::exports::Exports;
use crate::operators::Operators;
use crate::products::DemoPerson;
use crowd::Crowd;
pub use guards::add_headers;
pub use host_tokens::HostTokens;
pub use oidc::{CALLBACK as OIDC_CALLBACK, OidcSignIn};
pub use parts::{Sent, part_of};
use passwords::Passwords;
use protect_form::Locksmith;
pub use proxy_check::{ADDRESS as PROXY_CHECK, Arrived};
pub use public_keys::ADDRESS as PUBLIC_KEYS;
pub use ranges::requested;

/// No form here is larger.
const BODY_LIMIT_BYTES: usize = 16 * 1024;
/// How long an answer may take to begin. Its body may take as long as it needs.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// How the site is reached, and what its sign-in page offers.
#[derive(Clone, Default)]
pub struct Site {
    /// Where people reach it, when that is not where it listens.
    pub public_url: Option<String>,
    /// People of the demo, whom anybody may sign in as.
    pub demo_people: Vec<DemoPerson>,
    /// Proxies whose word on where a request comes from is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Who answers letters; nobody, and there is no page for it.
    pub operators: Operators,
    /// The host product's own tokens.
    pub host_tokens: Option<Arc<HostTokens>>,
    /// Origins whose pages may show ours in a frame and ask the API.
    pub host_origins: Vec<String>,
    /// The provider of OpenID Connect.
    pub oidc: Option<Arc<OidcSignIn>>,
    /// How many requests that cost something an address may send in a minute; none is without a limit.
    pub requests_per_minute: Option<u32>,
}

/// What every page needs.
pub struct Web {
    exports: Arc<Exports>,
    site: Site,
    passwords: Passwords,
    locksmith: Locksmith,
    crowd: Option<Crowd>,
}

impl Web {
    /// The pages of this site.
    pub fn new(exports: Arc<Exports>, site: Site) -> Arc<Web> {
        let random = &exports.random;
        let crowd = site
            .requests_per_minute
            .map(|limit| Crowd::new(limit, random));
        Arc::new(Web {
            crowd,
            exports,
            site,
            passwords: Passwords::default(),
            locksmith: Locksmith::default(),
        })
    }

    /// Every route, with what guards it.
    pub fn router(self: &Arc<Self>) -> Result<Router, ConfigError> {
        let mut csrf = CsrfLayer::new();
        if let Some(url) = &self.site.public_url {
            csrf = csrf.add_trusted_origin(url.trim_end_matches('/'))?;
        }
        let exports = export_actions::router()
            .merge(downloads::router())
            .layer(axum::middleware::from_fn(guards::from_own_pages_only));
        let router = Router::new()
            .merge(home::router())
            .merge(sign_in::router())
            .merge(token_sign_in::router())
            .merge(oidc::router())
            .merge(confirm::router())
            .merge(session_list::router())
            .merge(settings::router())
            .merge(data_protection::router())
            .merge(exports)
            .merge(assets::router())
            .merge(public_keys::router())
            .merge(proxy_check::router())
            .merge(viewer::router())
            .merge(api::router(self))
            .merge(operator::router(self))
            .with_state(Arc::clone(self))
            .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
            .layer(CatchPanicLayer::custom(errors::after_panic))
            .layer(TimeoutLayer::with_status_code(
                StatusCode::SERVICE_UNAVAILABLE,
                ANSWER_TIMEOUT,
            ))
            .layer(csrf)
            .layer(axum::middleware::from_fn_with_state(
                Arc::clone(self),
                embedding::without_cookie,
            ))
            .layer(axum::middleware::from_fn_with_state(
                Arc::clone(self),
                crowd::limit,
            ))
            .layer(axum::middleware::from_fn(guards::limit_request))
            .layer(axum::middleware::from_fn(api::as_problems))
            .layer(axum::middleware::map_response_with_state(
                Arc::clone(self),
                errors::dress,
            ))
            .layer(axum::middleware::map_response(guards::add_headers));
        let router = if self.is_secure() {
            router.layer(axum::middleware::map_response(
                guards::add_transport_security,
            ))
        } else {
            router
        };
        Ok(self
            .open_to_the_host(router)
            .layer(axum::middleware::from_fn_with_state(
                Arc::clone(self),
                request_log::note,
            )))
    }

    /// Nothing changes where no origin is named.
    fn open_to_the_host(self: &Arc<Self>, router: Router) -> Router {
        let origins = &self.site.host_origins;
        if origins.is_empty() {
            return router;
        }
        router
            .layer(axum::middleware::from_fn_with_state(
                Arc::clone(self),
                embedding::allow_frames,
            ))
            .layer(embedding::cross_origin(origins))
    }

    /// Whether people reach the site over TLS.
    fn is_secure(&self) -> bool {
        self.site
            .public_url
            .as_ref()
            .is_some_and(|url| url.starts_with("https://"))
    }
}
