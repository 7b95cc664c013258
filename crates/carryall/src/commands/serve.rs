//! `carryall serve`: the pages, the workers behind them and the clean-up, in one process.

use std::net::{IpAddr, SocketAddr};
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
use super::notice_args::NoticeArgs;
use super::oidc_args::OidcArgs;
use super::origin::{ProductArgs, SourcePassword, with_hint};
use super::stores::{FilesArgs, StoreArgs};
use super::worker::{NodeArgs, work};
use crate::clock::Clock;
use crate::exports::{Exports, Settings};
use crate::memory;
use crate::notices::Ways;
use crate::operators::Operators;
use crate::product::{Connected, Product};
use crate::products::{self, DemoOptions, DemoPerson};
use crate::random::Randomness;
use crate::web::{Site, Web};

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
    listen: SocketAddr,
    /// The product's database, as sqlite:PATH or `postgres://USER@HOST/DATABASE`; it is only ever read
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "CARRYALL_SOURCE",
        required_unless_present = "demo"
    )]
    source: Option<String>,
    #[command(flatten)]
    password: SourcePassword,
    #[command(flatten)]
    files: FilesArgs,
    #[command(flatten)]
    product: ProductArgs,
    /// Carryall's own records, as sqlite:PATH or `postgres://USER@HOST/DATABASE` [default: sqlite:./carryall.db]
    #[arg(long, value_name = "ADDRESS", env = "CARRYALL_LEDGER")]
    ledger: Option<String>,
    #[command(flatten)]
    ledger_password: LedgerPassword,
    #[command(flatten)]
    keys: KeyArgs,
    /// Where finished exports are kept: a folder, or `s3://BUCKET/PREFIX` [default: ./artifacts]
    #[arg(long, value_name = "PLACE", env = "CARRYALL_ARTIFACTS")]
    artifacts: Option<PathBuf>,
    /// How long a finished export is kept: 24h, 90m, 7d
    #[arg(long, value_name = "TIME", env = "CARRYALL_EXPIRE_AFTER", default_value = "24h", value_parser = length_of_time)]
    expire_after: Duration,
    /// How many exports are built at the same time
    #[arg(long, value_name = "N", env = "CARRYALL_BUILDERS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    builders: u16,
    /// Where people reach the site, when a proxy stands before it, such as `https://export.example.com`
    #[arg(long, value_name = "URL", env = "CARRYALL_PUBLIC_URL")]
    public_url: Option<String>,
    /// Whose word is believed on where a request comes from (X-Forwarded-For), such as 10.0.0.0/8
    #[arg(
        long = "trusted-proxy",
        value_name = "CIDR",
        env = "CARRYALL_TRUSTED_PROXY",
        value_delimiter = ',',
        value_parser = network
    )]
    trusted_proxies: Vec<IpNet>,
    /// How long a session may rest before the person is signed out: 30m, 2h
    #[arg(long, value_name = "TIME", env = "CARRYALL_IDLE_AFTER", default_value = "30m", value_parser = idle_time)]
    idle_after: Duration,
    /// How many exports a person may ask for within 24 hours; downloads are not counted
    #[arg(long, value_name = "N", env = "CARRYALL_EXPORTS_PER_DAY", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    exports_per_day: u32,
    #[command(flatten)]
    notices: NoticeArgs,
    /// A file of operators, who answer requests that arrive by letter, at /operator
    #[arg(long, value_name = "FILE", env = "CARRYALL_OPERATORS")]
    operators: Option<PathBuf>,
    #[command(flatten)]
    host: HostArgs,
    #[command(flatten)]
    oidc: OidcArgs,
    #[command(flatten)]
    node: NodeArgs,
    /// What to log: error, warn, info, debug
    #[arg(
        long,
        value_name = "LEVEL",
        env = "CARRYALL_LOG",
        default_value = "info"
    )]
    log: String,
    #[command(flatten)]
    store: StoreArgs,
}

impl Serve {
    pub fn run(mut self) -> anyhow::Result<ExitCode> {
        self.prepare()?;
        let people = if self.demo {
            self.prepare_demo(Path::new("demo"))?
        } else {
            Vec::new()
        };
        let exports = self.exports()?;
        let operators = match &self.operators {
            Some(path) => Operators::read(path)
                .map_err(|error| with_hint(&error, Some(error.hint().to_owned())))?,
            None => Operators::default(),
        };
        let site = Site {
            operators,
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
        runtime()?.block_on(serve(self.listen, exports, site, ways))?;
        Ok(ExitCode::SUCCESS)
    }

    /// The same without pages.
    pub fn run_as_worker(mut self) -> anyhow::Result<ExitCode> {
        self.prepare()?;
        if self.demo {
            self.prepare_demo(Path::new("demo"))?;
        }
        let (exports, ways) = (self.exports()?, self.notices.ways()?);
        runtime()?.block_on(work(exports, ways))?;
        Ok(ExitCode::SUCCESS)
    }

    /// What a process of ours is before it does anything.
    fn prepare(&self) -> anyhow::Result<()> {
        memory::keep_one_heap();
        let filter = tracing_subscriber::EnvFilter::try_new(&self.log)
            .with_context(|| format!("`--log {}` is not a level", self.log))?;
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
        Ok(())
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

    fn exports(&self) -> anyhow::Result<Arc<Exports>> {
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
        })
        .map_err(|error| with_hint(&error, error.hint()))?;
        let product = Connected::new(map, source, clock.clone())
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
        let settings = Settings {
            builders: if self.node.web_only {
                0
            } else {
                self.builders.into()
            },
            expire_after: self.expire_after,
            per_day: self.exports_per_day,
            idle_after: self.idle_after,
            ..Settings::new(format!("process {}", std::process::id()))
        };
        let product = Arc::new(Product::Connected(Box::new(product)));
        Ok(Exports::new(
            ledger, product, artifacts, keys, clock, random, settings,
        ))
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

/// `24h`, `90m`, `7d`.
fn length_of_time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a length of time such as 24h, 90m or 7d");
    let (number, unit) =
        text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number = number
        .parse::<u64>()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(wrong)?;
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

/// A session's last use is known within a minute.
fn idle_time(text: &str) -> Result<Duration, String> {
    let time = length_of_time(text)?;
    if time < Duration::from_mins(2) {
        return Err("a session has to last for two minutes at least".to_owned());
    }
    Ok(time)
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network = text.parse().ok().or_else(one);
    network.ok_or_else(|| format!("`{text}` is not a network such as 10.0.0.0/8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_written_with_their_unit() {
        assert_eq!(length_of_time("24h"), Ok(Duration::from_hours(24)));
        assert_eq!(length_of_time("7d"), Ok(Duration::from_hours(168)));
        for wrong in ["", "24", "h", "-1h", "0h", "1 week", "24€"] {
            assert!(
                length_of_time(wrong).is_err_and(|text| text.contains("such as")),
                "{wrong}"
            );
        }
        assert!(idle_time("1m").is_err() && idle_time("2m").is_ok());
    }

    #[test]
    fn a_trusted_proxy_is_a_network_or_one_address() {
        assert_eq!(
            network("10.1.2.3").map(|net| net.to_string()),
            Ok("10.1.2.3/32".to_owned())
        );
        assert_eq!(
            network("fd00::/8").map(|net| net.to_string()),
            Ok("fd00::/8".to_owned())
        );
        assert!(network("10.0.0.0/99").is_err() && network("everybody").is_err());
    }
}
