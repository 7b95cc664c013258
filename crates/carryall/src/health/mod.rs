//! What the operator's own programs ask a node, on a listener of its own: `/healthz`, `/readyz`, `/metrics`.
//!
//! Promises: nothing of it is on the site's listener; an answer names no person and no export; however often
//! somebody asks, the ledger, the product and the stores are looked at one at a time and at most every two
//! seconds.

mod checks;
mod numbers;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::exports::Exports;
use crate::metrics::Text;
use checks::Checks;

/// One node, as it is watched.
#[derive(Clone)]
struct Watched {
    exports: Arc<Exports>,
    checks: Arc<Checks>,
}

/// Answers there until the process ends; the listener is open when this returns.
pub async fn listen(address: SocketAddr, exports: &Arc<Exports>) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "health and metrics are answered");
    let router = router(exports);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(error = %error, "health and metrics are answered no more");
        }
    });
    Ok(())
}

fn router(exports: &Arc<Exports>) -> Router {
    let watched = Watched {
        exports: Arc::clone(exports),
        checks: Arc::new(Checks::new(Arc::clone(exports))),
    };
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(watched)
}

/// Whether requests are to be sent here: line by line what was looked at.
async fn readyz(State(watched): State<Watched>) -> (StatusCode, String) {
    if watched.exports.is_stopping() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    let report = watched.checks.report().await;
    let status = if report.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, report.to_string())
}

async fn metrics(State(watched): State<Watched>) -> impl IntoResponse {
    let mut text = Text::default();
    watched.exports.metrics.write(&mut text);
    let report = watched.checks.report().await;
    numbers::write(&watched.exports, &report, &mut text).await;
    ([(header::CONTENT_TYPE, Text::CONTENT_TYPE)], text.finish())
}
