//! Where the keys that sign tokens are known from: a secret, or a set of public keys in a file or at an address.
//!
//! A set is read again after an hour, and when a token names a key that is not in it, but at most once a minute,
//! so that made-up key ids ask nobody. While the address does not answer, the last set holds for a day.

use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde_json::Value;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::signatures::Key;

/// How long a set is taken as it is.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// How long it is taken while there is no newer one to be had.
const STALE: SignedDuration = SignedDuration::from_hours(24);
/// How often it is asked for, at most.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// No set of keys, and no document of a provider, is longer.
const LONGEST_BYTES: usize = 256 * 1024;
/// RFC 7518, section 3.2: as long as the digest.
pub const SHORTEST_SECRET_BYTES: usize = 32;
/// How long somebody who signs in waits for another server.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A secret that can be guessed.
    #[error("the secret that signs tokens is shorter than 32 bytes")]
    ShortSecret,
    /// The file cannot be read.
    #[error("read the keys of tokens from {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// In clear, or no address at all.
    #[error("`{address}` is not an https address")]
    Address {
        /// As given.
        address: String,
    },
    /// The other server does not answer as it should.
    #[error("ask another server: {0}")]
    Away(String),
    /// What it sent, or what is in the file, is no set of keys.
    #[error("the keys of tokens are not a JSON Web Key Set with a key that can be used")]
    NoSet,
}

impl KeysError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            KeysError::ShortSecret => {
                Some("it is the secret that the host product signs its tokens with")
            }
            KeysError::Address { .. } => {
                Some("write it with https://; http:// is for this machine alone")
            }
            KeysError::NoSet => Some("RSA from 2,048 bits, P-256, P-384 and Ed25519 can be used"),
            KeysError::File { .. } | KeysError::Away(_) => None,
        }
    }
}

/// Asks other servers, over TLS, without following where they point to.
#[derive(Clone)]
pub struct Fetch(Client);

impl Fetch {
    /// A client.
    pub fn new() -> Result<Fetch, KeysError> {
        // `main` does it for the program; a second time changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .user_agent(concat!("carryall/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| KeysError::Away(error.to_string()))?;
        Ok(Fetch(client))
    }

    /// An address that may be asked: over TLS, or on this very machine.
    pub fn address(text: &str) -> Result<Url, KeysError> {
        let wrong = || KeysError::Address {
            address: text.to_owned(),
        };
        let url = Url::parse(text).map_err(|_| wrong())?;
        let is_this_machine = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_this_machine => Ok(url),
            _ => Err(wrong()),
        }
    }

    /// A JSON document.
    pub async fn get(&self, url: Url) -> Result<Value, KeysError> {
        let (status, document) = self.send(self.0.get(url)).await?;
        if status == 200 {
            Ok(document)
        } else {
            Err(KeysError::Away(format!("it answered {status}")))
        }
    }

    /// What comes of a form: a status and a JSON document.
    pub async fn post(
        &self,
        url: Url,
        form: String,
        basic: Option<(&str, &str)>,
    ) -> Result<(u16, Value), KeysError> {
        let mut request = self
            .0
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        if let Some((name, secret)) = basic {
            request = request.basic_auth(name, Some(secret));
        }
        self.send(request).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<(u16, Value), KeysError> {
        // Addresses may hold what is not for a log.
        let away = |error: reqwest::Error| KeysError::Away(error.without_url().to_string());
        let request = request.header("accept", "application/json");
        let mut answer = request.send().await.map_err(away)?;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(away)? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > LONGEST_BYTES {
                return Err(KeysError::Away("it sent more than it should".to_owned()));
            }
        }
        let status = answer.status().as_u16();
        let document = serde_json::from_slice(&bytes)
            .map_err(|_| KeysError::Away(format!("it answered {status}, and no JSON")))?;
        Ok((status, document))
    }
}

/// Where keys come from.
pub enum KeyPlace {
    /// A secret that both ends know.
    Secret(Zeroizing<Vec<u8>>),
    /// A set of public keys in a file.
    File(PathBuf),
    /// A set of public keys at an address.
    Address(Url, Fetch),
}

/// The keys, as far as they are known.
pub struct KeyRing {
    place: KeyPlace,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Vec<Key>,
    read_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
}

impl KeyRing {
    /// Keys from there. A secret is looked at at once; what an address says, when the first token comes.
    pub fn new(place: KeyPlace) -> Result<KeyRing, KeysError> {
        let mut known = Known::default();
        if let KeyPlace::Secret(secret) = &place {
            if secret.len() < SHORTEST_SECRET_BYTES {
                return Err(KeysError::ShortSecret);
            }
            known.keys = vec![Key::of_secret(secret)];
        }
        if let KeyPlace::File(path) = &place {
            read_file(path)?;
        }
        let known = Mutex::new(known);
        Ok(KeyRing { place, known })
    }

    /// The keys, read again when it is time, or when none is called like this.
    pub async fn get(&self, id: Option<&str>, now: Timestamp) -> Result<Vec<Key>, KeysError> {
        let mut known = self.known.lock().await;
        if matches!(self.place, KeyPlace::Secret(_)) {
            return Ok(known.keys.clone());
        }
        let within = |at: Option<Timestamp>, span| at.is_some_and(|at| now - at < span);
        let has_it = known.keys.iter().any(|key| key.is_called(id));
        let is_enough = has_it && within(known.read_at, FRESH);
        if is_enough || (within(known.asked_at, PAUSE) && within(known.read_at, STALE)) {
            return Ok(known.keys.clone());
        }
        if within(known.asked_at, PAUSE) {
            return Err(KeysError::Away("it did not answer a moment ago".to_owned()));
        }
        known.asked_at = Some(now);
        match self.read().await {
            Ok(keys) => (known.keys, known.read_at) = (keys, Some(now)),
            Err(error) if within(known.read_at, STALE) => {
                tracing::warn!(error = %error, "the keys of tokens cannot be read again");
            }
            Err(error) => return Err(error),
        }
        Ok(known.keys.clone())
    }

    async fn read(&self) -> Result<Vec<Key>, KeysError> {
        match &self.place {
            KeyPlace::Secret(secret) => Ok(vec![Key::of_secret(secret)]),
            KeyPlace::File(path) => read_file(path),
            KeyPlace::Address(url, fetch) => usable(&fetch.get(url.clone()).await?),
        }
    }
}

fn read_file(path: &PathBuf) -> Result<Vec<Key>, KeysError> {
    let failed = |source| KeysError::File {
        path: path.clone(),
        source,
    };
    let bytes = std::fs::read(path).map_err(failed)?;
    usable(&serde_json::from_slice(&bytes).map_err(|_| KeysError::NoSet)?)
}

/// The keys of a set that can be used; there has to be one.
fn usable(set: &Value) -> Result<Vec<Key>, KeysError> {
    let all = set["keys"].as_array().ok_or(KeysError::NoSet)?;
    let keys: Vec<_> = all.iter().filter_map(Key::of_set).collect();
    if keys.is_empty() {
        return Err(KeysError::NoSet);
    }
    Ok(keys)
}
