//! How a request to the public address arrives here, for `carryall doctor`.
//!
//! The answer names no address, nobody's and none of the proxy: only whether the headers are there that the
//! site needs, and whether whoever sent them is believed.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::Web;
use super::client_address::{FORWARDED_FOR, is_trusted};

/// Where it is asked.
pub const ADDRESS: &str = "/.well-known/carryall-proxy.json";

/// How a request arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrived {
    /// Whether whoever connected is one of `--trusted-proxy`.
    pub from_trusted_proxy: bool,
    /// Whether somebody said on whose behalf.
    pub has_forwarded_for: bool,
}

pub fn router() -> Router<Arc<Web>> {
    Router::new().route(ADDRESS, get(arrived))
}

async fn arrived(State(web): State<Arc<Web>>, request: Request) -> impl IntoResponse {
    let trusted = &web.site.trusted_proxies;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let from_trusted_proxy =
        peer.is_some_and(|peer| is_trusted(peer.0.ip().to_canonical(), trusted));
    let arrived = Arrived {
        from_trusted_proxy,
        has_forwarded_for: request.headers().contains_key(FORWARDED_FOR),
    };
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, serde_json::json!(arrived).to_string())
}
