//! `carryall worker`: a node without pages. And the flags that say what a node does.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;

use super::serve::{Serve, asked_to_stop};
use crate::exports::Exports;
use crate::notices::Ways;
use crate::traces::{Sending, Traces};

/// What a node does.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct NodeArgs {
    /// Serve the pages only: exports are built by `carryall worker` or `carryall serve` on the same ledger
    #[arg(long, env = "CARRYALL_WEB_ONLY")]
    pub web_only: bool,
    /// Where to answer /healthz, /readyz and /metrics, for the operator's own programs [default: nowhere]
    #[arg(long, value_name = "ADDR", env = "CARRYALL_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// A collector of traces, as OTLP over HTTP takes them, such as `http://127.0.0.1:4318` [default: none]
    #[arg(long, value_name = "URL", env = "CARRYALL_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
}

impl NodeArgs {
    /// Where spans go, and what sends them.
    pub fn traces(&self) -> anyhow::Result<(Traces, Option<Sending>)> {
        let Some(endpoint) = &self.otlp_endpoint else {
            return Ok((Traces::default(), None));
        };
        let (traces, sending) = Traces::to(endpoint).map_err(|error| {
            anyhow!("{error}\nhint: check the address after `--otlp-endpoint`; spans go to /v1/traces below it")
        })?;
        Ok((traces, Some(sending)))
    }
}

/// Build exports that `carryall serve` accepts, without serving pages
///
/// Takes the flags of `carryall serve`, so that one configuration is every node's; those of the pages mean
/// nothing here. All nodes need the same ledger, keys and artifacts.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  carryall worker --source postgres://carryall@db/product --ledger postgres://carryall@db/carryall \\
      --keys /srv/carryall/keys --artifacts /srv/carryall/artifacts")]
pub struct Worker {
    #[command(flatten)]
    node: Serve,
}

impl Worker {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        self.node.run_as_worker()
    }
}

/// Builds until SIGTERM or Ctrl-C, then hands back what is not finished in time.
pub async fn work(exports: Arc<Exports>, ways: Ways) -> anyhow::Result<()> {
    let posts = ways.start(&exports).await?;
    let workers = exports.start();
    println!("Carryall builds exports");
    asked_to_stop().await?;
    tracing::info!("stopping: what is not finished in time goes back into the queue");
    workers.stop().await;
    posts.stop().await;
    Ok(())
}
