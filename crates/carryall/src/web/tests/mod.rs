//! The pages as two people meet them, with the whole router and without a socket.

mod api;
mod asvs;
mod clear_answers;
mod codes;
mod confirming;
mod crowd;
mod downloading;
mod host_tokens;
mod letters;
mod letters_seen;
mod limits;
mod oidc;
mod oidc_lies;
mod oidc_provider;
mod pages;
mod protecting;
mod record;
mod sessions;
mod signing_in;
mod two_people;

use std::time::Duration;

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::clock::ClockHand;
use crate::exports::artifacts::Artifacts;
use crate::exports::{Running, Settings};
use crate::keys::Keys;
use crate::ledger::Ledger;
use crate::product::Product;
use crate::product::scripted::{Act, PASSWORD, Scripted};
use crate::random::Randomness;

pub const PAGE: &str = "/settings/data-protection";

/// The site with its workers.
pub struct Stage {
    pub router: Router,
    pub exports: Arc<Exports>,
    pub hand: ClockHand,
    running: Option<Running>,
    pub folder: tempfile::TempDir,
}

/// Somebody with a browser.
pub struct Visitor<'a> {
    site: &'a Stage,
    pub cookie: String,
    pub peer: SocketAddr,
}

impl Stage {
    pub fn open(scripted: Scripted, site: Site) -> Stage {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger = Ledger::open(&format!("sqlite:{}", folder.path().join("l.db").display()));
        let artifacts = Artifacts::open(&folder.path().join("artifacts")).expect("a folder");
        let (clock, hand) = ClockHand::at("2026-11-23T10:00:00Z");
        let settings = Settings {
            heartbeat: Duration::from_millis(5),
            patience: Vec::new(),
            last_builds: Duration::ZERO,
            // What fails is shown at once.
            retry_for: Duration::ZERO,
            ..Settings::new("test".to_owned())
        };
        let product = Arc::new(Product::Scripted(Box::new(scripted)));
        let random = Randomness::system();
        let exports = Exports::new(
            ledger.expect("a ledger"),
            product,
            artifacts,
            Keys::of_a_test(folder.path(), &clock),
            clock,
            random,
            settings,
        );
        let router = Web::new(Arc::clone(&exports), site)
            .router()
            .expect("a router");
        let running = Some(exports.start());
        Stage {
            router,
            exports,
            hand,
            running,
            folder,
        }
    }

    pub fn start() -> Stage {
        Stage::open(Scripted::new(), Site::default())
    }

    pub fn playing(acts: impl IntoIterator<Item = Act>) -> Stage {
        Stage::open(Scripted::playing(acts), Site::default())
    }

    pub fn anonymous(&self) -> Visitor<'_> {
        Visitor {
            site: self,
            cookie: String::new(),
            peer: SocketAddr::from(([203, 0, 113, 7], 40_000)),
        }
    }

    pub async fn signed_in(&self, email: &str) -> Visitor<'_> {
        let form = format!("login={email}&password={PASSWORD}").replace(' ', "+");
        let response = self.anonymous().post("/sign-in", &form).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let cookie = text(&response, "set-cookie")
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        Visitor {
            cookie,
            ..self.anonymous()
        }
    }

    pub async fn anna(&self) -> Visitor<'_> {
        self.signed_in("anna@example.com").await
    }

    pub async fn ben(&self) -> Visitor<'_> {
        self.signed_in("ben@example.com").await
    }

    pub fn scripted(&self) -> &Scripted {
        let Product::Scripted(scripted) = &*self.exports.product else {
            panic!("scripted")
        };
        scripted
    }

    pub async fn stop(mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }
}

impl Visitor<'_> {
    pub async fn send(&self, request: axum::http::request::Builder, body: &str) -> Response {
        let request = request
            .extension(ConnectInfo(self.peer))
            .header(header::HOST, "localhost:8080")
            .header(header::COOKIE, &self.cookie)
            .body(Body::from(body.to_owned()))
            .expect("a request");
        self.site
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible")
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(Request::get(path), "").await
    }

    pub async fn post(&self, path: &str, form: &str) -> Response {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header(header::ORIGIN, "http://localhost:8080");
        self.send(request, form).await
    }

    pub async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        body(response).await
    }

    /// Asks the API as a program on our own pages does.
    pub async fn api(&self, method: &str, path: &str, json: &str) -> Response {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("sec-fetch-site", "same-origin");
        self.send(request, json).await
    }

    /// Asks for everything; the answer is the page that the browser is sent to.
    pub async fn export(&self) -> String {
        let response = self
            .post("/exports", "choice=everything&file_contents=yes")
            .await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        text(&response, "location").to_owned()
    }

    pub async fn export_id(&self) -> String {
        self.export()
            .await
            .rsplit('=')
            .next()
            .unwrap_or_default()
            .to_owned()
    }
}

pub fn text<'r>(response: &'r Response, header: &str) -> &'r str {
    response
        .headers()
        .get(header)
        .map_or("", |value| value.to_str().unwrap_or_default())
}

/// What an answer says in its headers, but for the id that each request gets.
pub fn headers(response: &Response) -> HeaderMap {
    let mut headers = response.headers().clone();
    let id = headers.remove("x-request-id").expect("each has one");
    assert_eq!(id.len(), 36, "and it says nothing");
    headers
}

pub async fn body(response: Response) -> String {
    let bytes = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}
