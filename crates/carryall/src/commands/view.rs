//! `carryall view FILE`: the viewer and one file, on this computer and for its user alone.

use std::fs::File;
use std::future::IntoFuture as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use carryall_format::original::Original;
use carryall_format::verify::Input;
use tokio::net::TcpListener;

use super::given::OpenArgs;
use crate::random::Randomness;
use crate::web::viewer::{self, Served, ServedFile};
use crate::web::{Sent, add_headers, part_of, requested};

/// Look into an export file in your browser
///
/// Serves the viewer and the file to this computer alone, under an address that nobody can guess, until
/// Ctrl-C. Nothing leaves the computer. Who sees the address can read the file as long as this runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  carryall view export.json
  carryall view export.json.age --identity key.txt")]
pub struct View {
    /// The export file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    opening: OpenArgs,
    /// The port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
}

impl View {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let shown = Shown::open(&self.file, &self.opening)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        runtime.block_on(serve(shown, self.port))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The file that is shown, and as how large it was found.
#[derive(Debug)]
struct Shown {
    path: PathBuf,
    name: String,
    size: u64,
    /// An encrypted file is opened once, and deciphered wherever it is read.
    opened: Option<Original>,
}

impl Shown {
    fn open(path: &Path, opening: &OpenArgs) -> anyhow::Result<Shown> {
        let found = File::open(path)
            .and_then(|file| file.metadata())
            .with_context(|| format!("cannot open {}", path.display()))?;
        if !found.is_file() {
            bail!(
                "{} is no file: name the JSON file of an export",
                path.display()
            );
        }
        let given = opening.open(path)?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(Shown {
            path: path.to_owned(),
            name: name.to_string_lossy().into_owned(),
            size: given.size_bytes.unwrap_or(0),
            opened: match given.input {
                Input::File(original) if given.is_encrypted => Some(original),
                _ => None,
            },
        })
    }
}

async fn serve(shown: Shown, port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot listen on 127.0.0.1:{port}: is something else there?"))?;
    let address = listener.local_addr()?;
    let secret = Randomness::system().artifact_key();
    println!("http://{address}/{secret}/");
    println!("Open this address in your browser. Ctrl-C ends it.");
    let served = axum::serve(listener, router(shown, address, &secret));
    // A page that is still reading is no reason to stay.
    tokio::select! {
        ended = served.into_future() => ended?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}

/// The page and the file under the secret path; nothing elsewhere, and nothing under another host's name.
fn router(shown: Shown, address: SocketAddr, secret: &str) -> Router {
    Router::new()
        .route(&format!("/{secret}/"), get(page))
        .route(&format!("/{secret}/file"), get(file))
        .with_state(Arc::new(shown))
        .layer(axum::middleware::from_fn_with_state(
            address.to_string(),
            only_by_address,
        ))
        .layer(axum::middleware::map_response(add_headers))
}

/// A page elsewhere whose name was made to point to this computer would still send that name.
async fn only_by_address(State(address): State<String>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    if host.is_some_and(|host| host.as_bytes() == address.as_bytes()) {
        next.run(request).await
    } else {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    }
}

async fn page(State(shown): State<Arc<Shown>>, query: RawQuery) -> Response {
    let served = Served {
        keys: None,
        file: Some(ServedFile {
            url: "file".to_owned(),
            name: shown.name.clone(),
            size: shown.size,
        }),
    };
    viewer::answer(&served, &query)
}

/// The part that is asked for. A file that is no longer the one that was opened is not mixed with it.
async fn file(State(shown): State<Arc<Shown>>, headers: HeaderMap) -> Response {
    let range = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok());
    let part = requested(range, shown.size);
    let sent = |original| Sent {
        original,
        size_bytes: shown.size,
        content_type: "application/json",
    };
    let failed = |error: &std::io::Error| eprintln!("error: the file cannot be shown: {error}");
    if let Some(original) = &shown.opened {
        return part_of(&sent(original.clone()), part, failed);
    }
    let opened = File::open(&shown.path).and_then(|file| Ok((file.metadata()?.len(), file)));
    match opened {
        Ok((size, file)) if size == shown.size => part_of(&sent(file.into()), part, failed),
        Ok(_) => StatusCode::CONFLICT.into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    const ADDRESS: &str = "127.0.0.1:4321";

    /// A served file of ten bytes, and where it lies.
    fn stage() -> (Router, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("an export.json");
        std::fs::write(&path, "0123456789").expect("writes");
        let shown = Shown::open(&path, &OpenArgs::default()).expect("opens");
        let address = ADDRESS.parse().expect("an address");
        (router(shown, address, "secret"), folder)
    }

    async fn ask(
        router: &Router,
        path: &str,
        host: &str,
        range: Option<&str>,
    ) -> (Response, String) {
        let mut request = Request::get(path).header(header::HOST, host);
        if let Some(range) = range {
            request = request.header(header::RANGE, range);
        }
        let request = request.body(Body::empty()).expect("a request");
        let mut response = router.clone().oneshot(request).await.expect("infallible");
        let body = std::mem::take(response.body_mut());
        let body = body.collect().await.expect("a body").to_bytes();
        (response, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn page_and_parts_of_the_file_stand_under_the_secret_and_nothing_elsewhere() {
        let (router, _folder) = stage();
        let (page, html) = ask(&router, "/secret/", ADDRESS, None).await;
        assert_eq!(page.status(), StatusCode::OK);
        assert!(
            html.contains(
                r#"{"keys":null,"file":{"url":"file","name":"an export.json","size":10}}"#
            )
        );
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str();
        assert!(policy.expect("text").contains("connect-src 'self'"));
        let (part, bytes) = ask(&router, "/secret/file", ADDRESS, Some("bytes=3-5")).await;
        assert_eq!(
            (part.status(), bytes.as_str()),
            (StatusCode::PARTIAL_CONTENT, "345")
        );
        assert_eq!(part.headers()[header::CONTENT_RANGE], "bytes 3-5/10");
        for answer in [page, part] {
            assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
            assert_eq!(
                answer.headers()["cross-origin-resource-policy"],
                "same-origin"
            );
        }
        for path in [
            "/",
            "/file",
            "/viewer",
            "/secret/../file",
            "/secre/file",
            "/secret/an export.json",
        ] {
            let path = path.replace(' ', "%20");
            assert_eq!(
                ask(&router, &path, ADDRESS, None).await.0.status(),
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn a_page_elsewhere_whose_name_points_here_gets_nothing() {
        let (router, _folder) = stage();
        for host in [
            "evil.example:4321",
            "127.0.0.1",
            "127.0.0.1:4322",
            "localhost:4321",
            "",
        ] {
            let (answer, body) = ask(&router, "/secret/file", host, None).await;
            assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{host}");
            assert_eq!(body, "", "{host}");
        }
    }

    #[tokio::test]
    async fn a_file_that_has_changed_since_is_not_mixed_with_the_one_that_was_opened() {
        let (router, folder) = stage();
        let path = folder.path().join("an export.json");
        std::fs::write(&path, "another length").expect("writes");
        assert_eq!(
            ask(&router, "/secret/file", ADDRESS, None).await.0.status(),
            StatusCode::CONFLICT
        );
        std::fs::remove_file(&path).expect("removes");
        assert_eq!(
            ask(&router, "/secret/file", ADDRESS, None).await.0.status(),
            StatusCode::NOT_FOUND
        );
    }

    #[test]
    fn what_is_no_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error =
            Shown::open(folder.path(), &OpenArgs::default()).expect_err("a folder is no file");
        assert!(format!("{error:#}").contains("is no file"), "{error:#}");
        let error = Shown::open(&folder.path().join("none.json"), &OpenArgs::default())
            .expect_err("is not there");
        assert!(
            format!("{error:#}").starts_with("cannot open "),
            "{error:#}"
        );
    }
}
