//! `carryall serve`: the pages, the workers behind them and the clean-up, in one process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use carryall_source::connect::{Source, SourceOptions};
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::host::HostArgs;
use super::keys::{DEFAULT_LEDGER, KeyArgs, advised};
use super::ledger::LedgerPassword;
use super::log_args::LogArgs;
use super::notice_args::NoticeArgs;
use super::oidc_args::OidcArgs;
use super::origin::{ProductArgs, SourcePassword, with_hint};
use super::reading::ReadingArgs;
use super::stores::{FilesArgs, StoreArgs};
use super::values::{idle_time, length_of_time, network, time_of_the_log};
use super::worker::{NodeArgs, work};
use crate::clock::Clock;
use crate::exports::{Exports, Settings};
use crate::notices::Ways;
use crate::operators::Operators;
use crate::product::{Connected, Product};
use crate::products::{self, DemoOptions, DemoPerson};
use crate::random::Randomness;
use crate::traces::Sending;
use crate::web::{Site, Web};
use crate::{health, memory};

/// How long downloads may go on after the program was asked to stop.
const LAST_DOWNLOADS: Duration = Duration::from_secs(10);

/// Serve the pages where people see and export their data
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  carryall serve --demo
  carryall serve --source sqlite:/srv/product/app.db --files /srv/product/files \\
      --data-map /etc/carryall/data-map.toml --public-url https://export.example.com")]
pub struct Serve {
    /// Serve a demo with people to sign in as; it is written to ./demo if it is not there yet
    #[arg(long, conflicts_with_all = ["source", "files", "data_map"])]
    demo: bool,
    /// Where to listen
    #[arg(
        long,
        value_name = "ADDR",
        env = "CARRYALL_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub(super) listen: SocketAddr,
    /// The product's database, as sqlite:PATH or `postgres://USER@HOST/DATABASE`; it is only ever read
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "CARRYALL_SOURCE",
        required_unless_present = "demo"
    )]
    pub(super) source: Option<String>,
    #[command(flatten)]
    pub(super) password: SourcePassword,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
    #[command(flatten)]
    pub(super) files: FilesArgs,
    #[command(flatten)]
    pub(super) product: ProductArgs,
    /// Carryall's own records, as sqlite:PATH or `postgres://USER@HOST/DATABASE` [default: sqlite:./carryall.db]
    #[arg(long, value_name = "ADDRESS", env = "CARRYALL_LEDGER")]
    pub(super) ledger: Option<String>,
    #[command(flatten)]
    pub(super) ledger_password: LedgerPassword,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    /// Where finished exports are kept: a folder, or `s3://BUCKET/PREFIX` [default: ./artifacts]
    #[arg(long, value_name = "PLACE", env = "CARRYALL_ARTIFACTS")]
    pub(super) artifacts: Option<PathBuf>,
    /// How long a finished export is kept: 24h, 90m, 7d
    #[arg(long, value_name = "TIME", env = "CARRYALL_EXPIRE_AFTER", default_value = "24h", value_parser = length_of_time)]
    expire_after: Duration,
    /// How many exports are built at the same time
    #[arg(long, value_name = "N", env = "CARRYALL_BUILDERS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    builders: u16,
    /// How long an export is tried again while the database, the files or the store do not answer, or the disk is full
    #[arg(long, value_name = "TIME", env = "CARRYALL_RETRY_FOR", default_value = "10m", value_parser = length_of_time)]
    retry_for: Duration,
    /// Where people reach the site, when a proxy stands before it, such as `https://export.example.com`
    #[arg(long, value_name = "URL", env = "CARRYALL_PUBLIC_URL")]
    pub(super) public_url: Option<String>,
    /// Whose word is believed on where a request comes from (X-Forwarded-For), such as 10.0.0.0/8
    #[arg(
        long = "trusted-proxy",
        value_name = "CIDR",
        env = "CARRYALL_TRUSTED_PROXY",
        value_delimiter = ',',
        value_parser = network
    )]
    pub(super) trusted_proxies: Vec<IpNet>,
    /// How long a session may rest before the person is signed out: 30m, 2h
    #[arg(long, value_name = "TIME", env = "CARRYALL_IDLE_AFTER", default_value = "30m", value_parser = idle_time)]
    idle_after: Duration,
    /// How many exports a person may ask for within 24 hours; downloads are not counted
    #[arg(long, value_name = "N", env = "CARRYALL_EXPORTS_PER_DAY", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    exports_per_day: u32,
    /// How many requests an address may send within a minute, to each node; downloads and pages are not counted
    #[arg(long, value_name = "N", env = "CARRYALL_REQUESTS_PER_MINUTE", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_minute: u32,
    /// How many exports all people together may ask for within an hour [default: no limit]
    #[arg(long, value_name = "N", env = "CARRYALL_EXPORTS_PER_HOUR", value_parser = clap::value_parser!(u32).range(1..))]
    exports_per_hour: Option<u32>,
    /// How long the audit log is kept, such as 400d; what is older is removed behind a signed checkpoint
    /// [default: for ever]
    #[arg(long, value_name = "TIME", env = "CARRYALL_AUDIT_KEEP", value_parser = time_of_the_log)]
    audit_keep: Option<Duration>,
    #[command(flatten)]
    pub(super) notices: NoticeArgs,
    /// A file of operators, who answer requests that arrive by letter, at /operator
    #[arg(long, value_name = "FILE", env = "CARRYALL_OPERATORS")]
    pub(super) operators: Option<PathBuf>,
    #[command(flatten)]
    pub(super) host: HostArgs,
    #[command(flatten)]
    pub(super) oidc: OidcArgs,
    #[command(flatten)]
    pub(super) node: NodeArgs,
    #[command(flatten)]
    log: LogArgs,
    #[command(flatten)]
    pub(super) store: StoreArgs,
}

impl Serve {
    pub fn run(mut self) -> anyhow::Result<ExitCode> {
        self.prepare()?;
        let people = if self.demo {
            self.prepare_demo(Path::new("demo"))?
        } else {
            Vec::new()
        };
        let (exports, sending) = self.exports()?;
        let operators = match &self.operators {
            Some(path) => Operators::read(path)
                .map_err(|error| with_hint(&error, Some(error.hint().to_owned())))?,
            None => Operators::default(),
        };
        let site = Site {
            operators,
            requests_per_minute: Some(self.requests_per_minute),
            public_url: self.public_url.clone(),
            demo_people: people,
            trusted_proxies: self.trusted_proxies.clone(),
            host_tokens: self.host.tokens()?.map(Arc::new),
            host_origins: self.host.host_origins.clone(),
            oidc: self
                .oidc
                .provider(self.public_url.as_deref())?
                .map(Arc::new),
        };
        let ways = self.notices.ways()?;
        let (listen, metrics) = (self.listen, self.node.metrics_listen);
        runtime()?.block_on(async {
            watch(metrics, sending, &exports).await?;
            serve(listen, exports, site, ways).await
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// The same without pages.
    pub fn run_as_worker(mut self) -> anyhow::Result<ExitCode> {
        self.prepare()?;
        if self.demo {
            self.prepare_demo(Path::new("demo"))?;
        }
        let ((exports, sending), ways) = (self.exports()?, self.notices.ways()?);
        let metrics = self.node.metrics_listen;
        runtime()?.block_on(async {
            watch(metrics, sending, &exports).await?;
            work(exports, ways).await
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// What `carryall doctor` needs: the demo, if that is what the flags mean.
    pub(super) fn prepare_for_a_look(&mut self) -> anyhow::Result<()> {
        if self.demo {
            self.prepare_demo(Path::new("demo"))?;
        }
        Ok(())
    }

    /// Files with secrets that these flags name.
    pub(super) fn secret_files(&self) -> impl Iterator<Item = &PathBuf> {
        let of_stores = self.store.reach.secret_files();
        let of_files = self.files.secret_files();
        let others = [
            self.password.secret_file(),
            self.ledger_password.secret_file(),
            self.host.secret_file(),
            self.oidc.secret_file(),
        ];
        let all = others.into_iter().chain(of_stores).chain(of_files);
        all.chain(self.notices.secret_files()).flatten()
    }

    /// What a process of ours is before it does anything.
    fn prepare(&self) -> anyhow::Result<()> {
        memory::keep_one_heap();
        self.log.start()
    }

    /// Writes the demo, unless it is there, and takes everything from its folder.
    fn prepare_demo(&mut self, folder: &Path) -> anyhow::Result<Vec<DemoPerson>> {
        let product = products::named(&self.product.product)?;
        let demo = product
            .demo
            .as_ref()
            .with_context(|| format!("the product `{}` has no demo", product.name))?;
        let database = folder.join(format!("{}.db", product.name));
        if !database.exists() {
            let options = DemoOptions {
                people: 4,
                messages: None,
                file_bytes: None,
            };
            (demo.write)(folder, &options, &mut |_, _, _| {}).with_context(|| {
                format!("the demo could not be written to {}", folder.display())
            })?;
        }
        self.source = Some(format!("sqlite:{}", database.display()));
        self.files.files = Some(folder.join("files"));
        self.ledger
            .get_or_insert_with(|| format!("sqlite:{}", folder.join("carryall.db").display()));
        self.artifacts
            .get_or_insert_with(|| folder.join("artifacts"));
        Ok((demo.people)())
    }

    /// Everything that exports need, and what sends their spans.
    fn exports(&self) -> anyhow::Result<(Arc<Exports>, Option<Sending>)> {
        let (clock, random) = (Clock::system(), Randomness::system());
        let database = self
            .source
            .clone()
            .context("`--source` says where the product's data is")?;
        let map = self.product.load()?;
        let source = Source::connect(&SourceOptions {
            database,
            password: self.password.read()?,
            schemas: map.database.schemas.clone(),
            files: self.files.place(&self.store.reach)?,
            reading: self.reading.reading(),
        })
        .map_err(|error| with_hint(&error, error.hint()))?;
        let product = Connected::new(&map, source, clock.clone())
            .map_err(|error| with_hint(&error, error.hint()))?;
        let address = self.ledger.as_deref().unwrap_or(DEFAULT_LEDGER);
        let mut keys = self.keys.keys(address)?;
        let ledger = self.ledger_password.open(address)?;
        keys.prepare().map_err(advised)?;
        let folder = self
            .artifacts
            .clone()
            .unwrap_or_else(|| PathBuf::from("artifacts"));
        let artifacts = self.store.artifacts(&folder)?;
        let (traces, sending) = self.node.traces()?;
        let settings = Settings {
            traces,
            builders: if self.node.web_only {
                0
            } else {
                self.builders.into()
            },
            expire_after: self.expire_after,
            retry_for: self.retry_for,
            per_day: self.exports_per_day,
            per_hour: self.exports_per_hour,
            idle_after: self.idle_after,
            audit_keep: self.audit_keep,
            ..Settings::new(format!("process {}", std::process::id()))
        };
        let product = Arc::new(Product::Connected(Box::new(product)));
        let exports = Exports::new(ledger, product, artifacts, keys, clock, random, settings);
        Ok((exports, sending))
    }
}

/// Serves until SIGTERM or Ctrl-C, then lets downloads end and hands unfinished exports back.
async fn serve(
    listen: SocketAddr,
    exports: Arc<Exports>,
    site: Site,
    ways: Ways,
) -> anyhow::Result<()> {
    let url = site.public_url.clone();
    let (is_behind_a_proxy, trusts_nobody) = (url.is_some(), site.trusted_proxies.is_empty());
    let web = Web::new(Arc::clone(&exports), site);
    let router = web
        .router()
        .context("`--public-url` is not an address such as https://example.com")?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}: is something else there?"))?;
    let url = url.unwrap_or(format!("http://{}", listener.local_addr()?));
    println!("Carryall is at {url}");
    if is_behind_a_proxy && trusts_nobody {
        tracing::warn!(
            "everybody who comes through the proxy counts as one address: name it with --trusted-proxy"
        );
    }
    let posts = ways.start(&exports).await?;
    let workers = exports.start();
    let stop = CancellationToken::new();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service)
        .with_graceful_shutdown(stop.clone().cancelled_owned())
        .into_future();
    let server = tokio::spawn(server);
    asked_to_stop().await?;
    tracing::info!("stopping: what is not finished in time goes back into the queue");
    stop.cancel();
    workers.stop().await;
    posts.stop().await;
    // Downloads that take longer are resumed by the browser.
    let _ = tokio::time::timeout(LAST_DOWNLOADS, server).await;
    Ok(())
}

/// Lets the operator's own programs watch, if that was asked for.
async fn watch(
    listen: Option<SocketAddr>,
    sending: Option<Sending>,
    exports: &Arc<Exports>,
) -> anyhow::Result<()> {
    if let Some(sending) = sending {
        tokio::spawn(sending.run());
    }
    if let Some(listen) = listen {
        health::listen(listen, exports).await.with_context(|| {
            format!("cannot listen on {listen} (`--metrics-listen`): is something else there?")
        })?;
    }
    Ok(())
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}

/// Waits for SIGTERM or Ctrl-C.
pub async fn asked_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}
