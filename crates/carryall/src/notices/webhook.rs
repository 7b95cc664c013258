//! Tells the operator's own server what happened, signed, and with nothing of the person in it.
//!
//! The signature is HMAC-SHA256 over the time of sending, a full stop and the body; the receiver compares it
//! in constant time and refuses what is older than some minutes. Redirects are not followed: whoever
//! answers with one is not whom the operator named. Without TLS it goes to this very machine only.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use ring::hmac;
use serde_json::{Value, json};

use super::Told;
use crate::ledger::Entry;
use crate::random::hex;

const TIMEOUT: Duration = Duration::from_secs(15);
/// Fewer bytes are guessed.
const SHORTEST_SECRET_BYTES: usize = 32;
/// Facts that say nothing about what is in an export.
const FACTS: [&str; 9] = [
    "attempt",
    "bytes",
    "file_contents",
    "first",
    "gaps",
    "last",
    "of",
    "part",
    "records",
];

/// Why a webhook cannot be set up as the flags say.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// No address.
    #[error("`--webhook` is not an address such as https://example.com/carryall")]
    NoAddress,
    /// In clear over a network.
    #[error("`--webhook` leads to another machine without TLS")]
    InClear,
    /// Easy to guess.
    #[error("the secret of the webhook is shorter than 32 bytes")]
    ShortSecret,
    /// The client cannot be made.
    #[error("the webhook cannot be set up: {0}")]
    Client(reqwest::Error),
}

impl WebhookError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            WebhookError::NoAddress | WebhookError::InClear => {
                "`https://` it must be, or `http://127.0.0.1:PORT/…`"
            }
            WebhookError::ShortSecret => "`openssl rand -hex 32` makes one",
            WebhookError::Client(_) => return None,
        })
    }
}

/// The way to the operator's server.
pub struct Webhook {
    address: Url,
    key: hmac::Key,
    client: Client,
}

impl Webhook {
    /// Both ends know the secret.
    pub fn new(address: &str, secret: &[u8]) -> Result<Webhook, WebhookError> {
        let address = Url::parse(address).map_err(|_| WebhookError::NoAddress)?;
        match (address.scheme(), address.host_str()) {
            ("https", Some(_)) => {}
            ("http", Some(host)) if is_this_machine(host) => {}
            ("http", Some(_)) => return Err(WebhookError::InClear),
            _ => return Err(WebhookError::NoAddress),
        }
        if secret.len() < SHORTEST_SECRET_BYTES {
            return Err(WebhookError::ShortSecret);
        }
        // `main` does it for the program; a second time changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .user_agent(concat!("carryall/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(WebhookError::Client)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Ok(Webhook {
            address,
            key,
            client,
        })
    }

    /// Posts an event.
    pub async fn send(&self, entry: &Entry, now: Timestamp) -> Told {
        let body = body(entry).to_string();
        let time = now.as_second();
        let request = self
            .client
            .post(self.address.clone())
            .header("content-type", "application/json")
            .header("carryall-timestamp", time)
            .header("carryall-signature", signature(&self.key, time, &body))
            .body(body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Told::Sent,
            Ok(answer) => Told::Later(format!("the webhook answered {}", answer.status().as_u16())),
            // Its address may hold a secret of the operator's.
            Err(error) => Told::Later(error.without_url().to_string()),
        }
    }
}

/// `v1=` and hex: HMAC-SHA256 over `TIME.BODY`.
fn signature(key: &hmac::Key, time: i64, body: &str) -> String {
    let tag = hmac::sign(key, format!("{time}.{body}").as_bytes());
    format!("v1={}", hex(tag.as_ref()))
}

/// What happened, without whose and from where. `id` is the same for a second copy.
fn body(entry: &Entry) -> Value {
    let at = Timestamp::from_millisecond(entry.at);
    let facts: Value = serde_json::from_str(&entry.facts).unwrap_or(Value::Null);
    let mut told = serde_json::Map::new();
    for name in FACTS {
        if let Some(fact) = facts.get(name) {
            told.insert(name.to_owned(), fact.clone());
        }
    }
    json!({
        "id": entry.seq,
        "event": entry.event,
        "at": at.map_or(Value::Null, |at| at.to_string().into()),
        "export_id": entry.export_id,
        "outcome": entry.outcome,
        "facts": told,
    })
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
