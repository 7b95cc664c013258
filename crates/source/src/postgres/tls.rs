//! TLS to a PostgreSQL server, with libpq's words for how much of it is checked.
//!
//! Promises: `verify-ca` and `verify-full` connect to nobody whose certificate was not signed by the named
//! authority, `verify-full` to nobody of another name; what cannot be checked as asked is an error
//! before anything is sent. Handshakes are rustls's, with ring's cryptography.

mod verify;

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

/// What libpq 17 says of itself; a server may refuse who says nothing.
const PROTOCOL: &[u8] = b"postgresql";

/// How much is asked of the server, from `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Nothing is encrypted.
    Disable,
    /// Encrypted, if the server can.
    Prefer,
    /// Encrypted, with whomever.
    Require,
    /// The certificate is signed by the authority.
    VerifyCa,
    /// And is the one of this host.
    VerifyFull,
}

/// Whose signature counts, from `sslrootcert`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// Those that the operating system trusts.
    System,
    /// The certificates in a PEM file.
    File(PathBuf),
}

/// What TLS was asked for and cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Nothing to check a certificate with.
    #[error(
        "sslmode={0} needs sslrootcert=FILE, the certificate of the authority that signed the server's, or sslrootcert=system"
    )]
    NoAuthority(&'static str),
    /// The file cannot be used.
    #[error("the certificates in {} cannot be read: {detail}", .path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// Anybody may get a certificate from one of those.
    #[error("sslrootcert=system goes with sslmode=verify-full only")]
    WeakSystem,
    /// rustls refuses its own settings.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

impl Mode {
    /// The mode of this name. `allow` is `prefer`: both take what they get.
    pub(super) fn named(name: &str) -> Option<Mode> {
        Some(match name {
            "disable" => Mode::Disable,
            "allow" | "prefer" => Mode::Prefer,
            "require" => Mode::Require,
            "verify-ca" => Mode::VerifyCa,
            "verify-full" => Mode::VerifyFull,
            _ => return None,
        })
    }
}

/// Connects as it was asked for. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// As libpq does: an authority that is named is asked, also where `require` alone would not.
    pub(super) fn new(mode: Mode, authority: Option<&Authority>) -> Result<Tls, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let needs_name = mode == Mode::VerifyFull;
        let mut config = match (mode, authority) {
            (Mode::VerifyCa, None) => return Err(TlsError::NoAuthority("verify-ca")),
            (Mode::VerifyFull, None) => return Err(TlsError::NoAuthority("verify-full")),
            (_, Some(Authority::System)) if !needs_name => return Err(TlsError::WeakSystem),
            (Mode::VerifyFull, Some(authority)) => {
                builder.with_root_certificates(roots(authority)?)
            }
            (Mode::Require | Mode::VerifyCa, Some(authority)) => builder
                .dangerous()
                .with_custom_certificate_verifier(verify::signed_by(roots(authority)?, provider)),
            (Mode::Disable | Mode::Prefer | Mode::Require, _) => builder
                .dangerous()
                .with_custom_certificate_verifier(verify::nobody(provider)),
        }
        .with_no_client_auth();
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Tls {
            config: Arc::new(config),
        })
    }
}

fn roots(authority: &Authority) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    match authority {
        Authority::System => {
            // Those that cannot be read sign nothing; without any, every server is refused.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Authority::File(path) => {
            for certificate in read_certificates(path)? {
                store
                    .add(certificate)
                    .map_err(|error| unusable(path, &error))?;
            }
        }
    }
    Ok(store)
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(list) if list.is_empty() => Err(unusable(path, &"there are none")),
        Ok(list) => Ok(list),
        Err(error) => Err(unusable(path, &error)),
    }
}

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> TlsError {
    TlsError::Authority {
        path: path.to_owned(),
        detail: why.to_string(),
    }
}

/// Tls for one server.
pub struct TlsTo {
    config: Arc<ClientConfig>,
    /// None for a Unix socket, which has no name to check and needs no TLS.
    name: Option<ServerName<'static>>,
}

/// An encrypted connection.
pub struct Encrypted<S>(tokio_rustls::client::TlsStream<S>);

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type TlsConnect = TlsTo;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<TlsTo> {
        Ok(TlsTo {
            config: Arc::clone(&self.config),
            name: ServerName::try_from(host.to_owned()).ok(),
        })
    }
}

impl<S> TlsConnect<S> for TlsTo
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let name = self.name.ok_or_else(|| {
                let why = "the host's name cannot stand in a certificate";
                io::Error::new(io::ErrorKind::InvalidInput, why)
            })?;
            let connector = tokio_rustls::TlsConnector::from(self.config);
            connector.connect(name, stream).await.map(Encrypted)
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    /// None is offered: the server's SCRAM goes without.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
