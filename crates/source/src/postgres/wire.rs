//! The way to a server: a socket or a host, encrypted or not, with a [`Tap`] on it.
//!
//! Promises: `sslmode` is kept as libpq keeps it; whoever cancels goes the same way.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;

use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, SslNegotiation, TargetSessionAttrs};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{CancelToken, Client, Config, NoTls, Socket};
use tokio_util::either::Either;

use super::failure::{of_tls, with_causes};
use super::tap::{Tap, Tapped};
use super::tls::{Encrypted, Tls};

const DEFAULT_PORT: u16 = 5432;

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum NotConnected {
    Driver(tokio_postgres::Error),
    Socket(io::Error),
}

impl From<tokio_postgres::Error> for NotConnected {
    fn from(error: tokio_postgres::Error) -> NotConnected {
        NotConnected::Driver(error)
    }
}

/// The task that moves a connection's bytes; it ends with why the connection did.
pub(super) type Moving = JoinHandle<Result<(), tokio_postgres::Error>>;

/// A connection.
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) moving: Moving,
    pub(super) tap: Tap,
    pub(super) way: Way,
}

/// How this connection was made.
#[derive(Clone)]
pub(super) enum Way {
    Host(Connector),
    Socket(PathBuf),
}

impl Way {
    /// Asks the server, over a connection of its own, to end what another does. Whether it heard is not known.
    pub(super) async fn cancel(&self, token: &CancelToken) -> Result<(), NotConnected> {
        match self {
            Way::Host(connector) => token.cancel_query(connector.clone()).await?,
            Way::Socket(path) => {
                let stream = UnixStream::connect(path)
                    .await
                    .map_err(NotConnected::Socket)?;
                token.cancel_query_raw(stream, NoTls).await?;
            }
        }
        Ok(())
    }
}

/// Connects, over TLS as the configuration asks for it.
pub(super) async fn connect(config: &Config, tls: &Tls) -> Result<Connected, NotConnected> {
    let is_local = |host: &Host| matches!(host, Host::Unix(_));
    if config.get_hosts().iter().all(is_local) && !config.get_hosts().is_empty() {
        return connect_locally(config).await;
    }
    let mode = config.get_ssl_mode();
    if mode == SslMode::Disable {
        return connect_to_host(config, None).await;
    }
    let encrypted = connect_to_host(config.clone().ssl_mode(SslMode::Require), Some(tls)).await;
    match encrypted {
        // As libpq does: who prefers TLS takes a connection without.
        Err(NotConnected::Driver(error)) if mode == SslMode::Prefer && is_without_tls(&error) => {
            connect_to_host(config, None).await
        }
        encrypted => encrypted,
    }
}

fn is_without_tls(error: &tokio_postgres::Error) -> bool {
    of_tls(error).is_some() || with_causes(error).contains("server does not support TLS")
}

async fn connect_to_host(config: &Config, tls: Option<&Tls>) -> Result<Connected, NotConnected> {
    let mut config = config.clone();
    if tls.is_none() {
        // The driver asks for nothing and takes the stream that the connector makes: the bare socket.
        config
            .ssl_mode(SslMode::Require)
            .ssl_negotiation(SslNegotiation::Direct);
    }
    let connector = Connector {
        tls: tls.cloned(),
        tap: Tap::default(),
    };
    let (client, connection) = config.connect(connector.clone()).await?;
    Ok(Connected {
        client,
        moving: tokio::spawn(connection),
        tap: connector.tap,
        // Whoever cancels has a connection of their own, and no part of this one's data.
        way: Way::Host(Connector {
            tls: connector.tls,
            tap: Tap::default(),
        }),
    })
}

/// The driver has no connector for sockets in the file system, so they are opened here.
async fn connect_locally(config: &Config) -> Result<Connected, NotConnected> {
    let ports = config.get_ports();
    let mut refused = NotConnected::Socket(io::ErrorKind::NotFound.into());
    for (index, host) in config.get_hosts().iter().enumerate() {
        let Host::Unix(folder) = host else { continue };
        let port = ports.get(index).or(ports.first()).unwrap_or(&DEFAULT_PORT);
        let path = folder.join(format!(".s.PGSQL.{port}"));
        match connect_to_socket(config, path).await {
            Ok(connected) => return Ok(connected),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

async fn connect_to_socket(config: &Config, path: PathBuf) -> Result<Connected, NotConnected> {
    let opened = UnixStream::connect(&path);
    let stream = match config.get_connect_timeout() {
        Some(limit) => tokio::time::timeout(*limit, opened)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
        None => opened.await,
    };
    let tap = Tap::default();
    let stream = Tapped::new(stream.map_err(NotConnected::Socket)?, tap.clone());
    let (client, connection) = config.connect_raw(stream, NoTls).await?;
    let connected = Connected {
        client,
        moving: tokio::spawn(connection),
        tap,
        way: Way::Socket(path),
    };
    check_writable(config, &connected.client).await?;
    Ok(connected)
}

/// `target_session_attrs`, which the driver looks at for hosts only.
async fn check_writable(config: &Config, client: &Client) -> Result<(), NotConnected> {
    let wanted = match config.get_target_session_attrs() {
        TargetSessionAttrs::ReadWrite => "off",
        TargetSessionAttrs::ReadOnly => "on",
        _ => return Ok(()),
    };
    let row = client.query_one("SHOW transaction_read_only", &[]).await?;
    if row.try_get::<_, &str>(0)? == wanted {
        return Ok(());
    }
    let why = "the server is not of the kind that target_session_attrs asks for";
    Err(NotConnected::Socket(io::Error::other(why)))
}

/// Makes the driver's stream of a socket.
#[derive(Clone)]
pub(super) struct Connector {
    /// None: as it is.
    tls: Option<Tls>,
    tap: Tap,
}

type Stream = Tapped<Either<Socket, Encrypted<Socket>>>;

/// The stream for one server.
pub(super) struct ConnectTo {
    tls: Option<super::tls::TlsTo>,
    tap: Tap,
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Stream;
    type TlsConnect = ConnectTo;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<ConnectTo> {
        let tls = self
            .tls
            .as_mut()
            .map(|tls| <Tls as MakeTlsConnect<Socket>>::make_tls_connect(tls, host));
        Ok(ConnectTo {
            tls: tls.transpose()?,
            tap: self.tap.clone(),
        })
    }
}

impl TlsConnect<Socket> for ConnectTo {
    type Stream = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let stream = match self.tls {
                Some(tls) => Either::Right(tls.connect(socket).await?),
                None => Either::Left(socket),
            };
            Ok(Tapped::new(stream, self.tap))
        })
    }
}
