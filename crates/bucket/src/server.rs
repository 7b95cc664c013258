//! For tests: a server of S3's kind in the test's own process, and a line to it that can be cut.
//!
//! It speaks real HTTP, checks signatures, and keeps its objects in a folder that goes with it.

mod line;
mod moto;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;

pub use self::line::Line;
pub use self::moto::Moto;
use crate::bridge::Bridge;
use crate::{Access, Address, Bucket, Keys};

const KEY: &str = "a-key-of-a-test";
const SECRET: &str = "a-secret-of-a-test";

/// How long a port that was just left may be taken.
const REBOUND_WITHIN: Duration = Duration::from_secs(10);

/// A server with a bucket `exports`.
#[derive(Debug)]
pub struct Server {
    root: PathBuf,
    address: SocketAddr,
    thread: Option<Bridge>,
    /// Goes with the server, when it is its own.
    _folder: Option<tempfile::TempDir>,
}

impl Server {
    /// Starts one whose bucket is empty.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    pub fn start() -> Server {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::start_in(folder.path());
        Server {
            _folder: Some(folder),
            ..server
        }
    }

    /// Starts one that keeps its objects in this folder.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    pub fn start_in(folder: &Path) -> Server {
        std::fs::create_dir_all(folder.join("exports")).expect("a bucket");
        let (thread, address) = run(folder, SocketAddr::from(([127, 0, 0, 1], 0)));
        Server {
            root: folder.to_owned(),
            address,
            thread: Some(thread),
            _folder: None,
        }
    }

    /// Stops it at once, whatever it was doing, and starts it again at the same address after a while.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn restart(&mut self, away: Duration) {
        self.thread = None;
        std::thread::sleep(away);
        self.thread = Some(run(&self.root, self.address).0);
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where objects of the bucket lie.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.root.join("exports")
    }

    /// How many uploads were begun and neither finished nor undone.
    ///
    /// # Panics
    /// The folder cannot be read.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        let is_one = |name: &str| name.starts_with(".upload-") && has_ending(name, "json");
        let entries = std::fs::read_dir(&self.root).expect("lists");
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_one(name))
            .count()
    }

    /// How it is reached.
    #[must_use]
    pub fn access(&self) -> Access {
        access_at(self.address)
    }

    /// A bucket of it.
    ///
    /// # Panics
    /// The address is none.
    #[must_use]
    pub fn bucket(&self, address: &str) -> Bucket {
        bucket_at(address, &self.access())
    }

    /// What programs in other processes take: endpoint, key, secret.
    #[must_use]
    pub fn credentials(&self) -> (String, &'static str, &'static str) {
        (format!("http://{}", self.address), KEY, SECRET)
    }
}

/// Answers there.
fn run(folder: &Path, address: SocketAddr) -> (Bridge, SocketAddr) {
    let files = s3s_fs::FileSystem::new(folder).expect("a store");
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    let thread = Bridge::start().expect("a thread");
    let deadline = Instant::now() + REBOUND_WITHIN;
    let listener = loop {
        let listener = thread.wait(TcpListener::bind(address)).expect("ends");
        match listener {
            // The one before is still going.
            Err(error) if Instant::now() > deadline => panic!("{address}: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
            Ok(listener) => break listener,
        }
    };
    let address = listener.local_addr().expect("has an address");
    thread.spawn(serve(listener, service, folder.to_owned()));
    (thread, address)
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|found| found == ending)
}

fn access_at(address: SocketAddr) -> Access {
    Access {
        endpoint: Some(format!("http://{address}")),
        keys: Some(Keys {
            id: KEY.to_owned(),
            secret: SECRET.to_owned(),
            token: None,
        }),
        ..Access::default()
    }
}

fn bucket_at(address: &str, access: &Access) -> Bucket {
    let address: Address = address.parse().expect("an address");
    Bucket::new(address, access).expect("settings that fit")
}

async fn serve(listener: TcpListener, service: S3Service, folder: PathBuf) {
    while let Ok((stream, _)) = listener.accept().await {
        let (service, folder) = (service.clone(), folder.clone());
        let answering = service_fn(move |request: Request<Incoming>| {
            let (method, address) = (request.method(), request.uri());
            let is_undone = *method == Method::DELETE && !is_begun(&folder, address);
            let service = service.clone();
            async move {
                let mut answer = service.call(request.map(s3s::Body::from)).await?;
                // This library denies access to an upload that there is not; S3 says that there is none.
                if is_undone && answer.status() == StatusCode::FORBIDDEN {
                    let said = "<Error><Code>NoSuchUpload</Code></Error>".to_owned();
                    *answer.status_mut() = StatusCode::NOT_FOUND;
                    answer.headers_mut().remove(header::CONTENT_LENGTH);
                    *answer.body_mut() = said.into();
                }
                Ok::<_, s3s::HttpError>(answer)
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), answering);
        tokio::spawn(async move {
            // A client that goes away is none of the server's business.
            let _ = connection.await;
        });
    }
}

/// Whether the upload that an address names was begun and neither finished nor undone; true of an
/// address that names none.
fn is_begun(folder: &Path, address: &Uri) -> bool {
    let query = address.query().unwrap_or_default();
    let id = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("uploadId="));
    id.is_none_or(|id| folder.join(format!(".upload-{id}.json")).exists())
}
