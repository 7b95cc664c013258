//! OpenID Connect, as a client: the code flow with PKCE, and nothing else of it.
//!
//! Promises: where to send people and whose keys to believe comes from the issuer's own document; a code is good
//! for the browser and the question that began with it, once; a step-up is a new proof, made after it was
//! asked for.

mod begun;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::tokens::{
    Claims, Expected, Fetch, KeyPlace, KeyRing, KeysError, TokenError, Tokens, Unverified,
};
pub use begun::{Begun, Purpose};

/// How long the issuer's document is taken as it is.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// How far the provider's clock and ours may be apart when it says that a proof is new.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(1);

/// Who proved longer ago who they are than a session lasts here has to do it again.
const OLDEST_SECONDS: &str = "43200";

/// Why somebody does not come in through the provider.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// It does not answer as it should.
    #[error("ask the provider of sign-in: {0}")]
    Away(#[from] KeysError),
    /// Its document is about another issuer, or lacks something.
    #[error("the provider's document has no right `{0}`")]
    Document(&'static str),
    /// It does not take the code: used, too old, or somebody else's.
    #[error("the provider does not take the code: {0}")]
    Code(String),
    /// Its token is not taken.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The person did not prove anew who they are.
    #[error("the provider says that the person has proved who they are too long ago")]
    NotProved,
}

impl From<Unverified> for OidcError {
    fn from(error: Unverified) -> Self {
        match error {
            Unverified::Refused(error) => OidcError::Token(error),
            Unverified::Keys(error) => OidcError::Away(error),
        }
    }
}

impl OidcError {
    /// The word in the audit log.
    pub fn name(&self) -> &'static str {
        match self {
            OidcError::Away(_) | OidcError::Document(_) => "provider_away",
            OidcError::Code(_) => "code",
            OidcError::Token(error) => error.name(),
            OidcError::NotProved => "not_proved",
        }
    }
}

/// Who we are to the provider.
#[derive(Clone)]
pub struct Registration {
    /// The provider, as it calls itself.
    pub issuer: String,
    /// As what it knows us.
    pub client_id: String,
    /// What proves that we are it; a public client has none, and PKCE alone.
    pub client_secret: Option<Zeroizing<String>>,
    /// Where it sends people back to.
    pub redirect_uri: String,
}

/// The provider.
pub struct Provider {
    who: Registration,
    fetch: Fetch,
    found: Mutex<Option<(Arc<Found>, Timestamp)>>,
}

/// What its document says.
struct Found {
    authorization: Url,
    token: Url,
    tokens: Tokens,
}

impl Provider {
    /// A provider; it is asked when the first person signs in.
    pub fn new(who: Registration) -> Result<Provider, KeysError> {
        Fetch::address(&who.issuer)?;
        Ok(Provider {
            who,
            fetch: Fetch::new()?,
            found: Mutex::new(None),
        })
    }

    async fn find(&self, now: Timestamp) -> Result<Arc<Found>, OidcError> {
        let mut known = self.found.lock().await;
        if let Some((found, at)) = &*known
            && now - *at < FRESH
        {
            return Ok(Arc::clone(found));
        }
        let base = self.who.issuer.trim_end_matches('/');
        let address = format!("{base}/.well-known/openid-configuration");
        let document = self.fetch.get(Fetch::address(&address)?).await?;
        let found = Arc::new(self.read(&document)?);
        *known = Some((Arc::clone(&found), now));
        Ok(found)
    }

    fn read(&self, document: &Value) -> Result<Found, OidcError> {
        // A document that speaks for somebody else is how one provider passes for another.
        if document["issuer"] != self.who.issuer {
            return Err(OidcError::Document("issuer"));
        }
        let address = |name: &'static str| {
            let text = document[name].as_str().ok_or(OidcError::Document(name))?;
            Fetch::address(text).map_err(|_| OidcError::Document(name))
        };
        let keys = KeyPlace::Address(address("jwks_uri")?, self.fetch.clone());
        let expected = Expected {
            issuer: self.who.issuer.clone(),
            audience: self.who.client_id.clone(),
        };
        Ok(Found {
            authorization: address("authorization_endpoint")?,
            token: address("token_endpoint")?,
            tokens: Tokens::new(KeyRing::new(keys)?, expected),
        })
    }

    /// Where the person goes, to come back with a code for this beginning.
    pub async fn address(&self, begun: &Begun, now: Timestamp) -> Result<String, OidcError> {
        let mut url = self.find(now).await?.authorization.clone();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(begun.verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.who.client_id)
            .append_pair("redirect_uri", &self.who.redirect_uri)
            .append_pair("scope", "openid email")
            .append_pair("state", &begun.state)
            .append_pair("nonce", &begun.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if matches!(begun.purpose, Purpose::StepUp { .. }) {
            // Who is signed in there already proves nothing about who sits here now.
            url.query_pairs_mut()
                .append_pair("prompt", "login")
                .append_pair("max_age", "0");
        } else {
            // A provider that is asked for an age says when the person proved who they are.
            url.query_pairs_mut().append_pair("max_age", OLDEST_SECONDS);
        }
        Ok(url.into())
    }

    /// Who comes back with this code, and when they proved who they are.
    pub async fn finish(
        &self,
        code: &str,
        begun: &Begun,
        now: Timestamp,
    ) -> Result<(Claims, Option<Timestamp>), OidcError> {
        let found = self.find(now).await?;
        let token = self.exchange(&found, code, &begun.verifier).await?;
        let claims = found.tokens.check(&token, now).await?;
        if claims.text("nonce") != Some(&begun.nonce) {
            return Err(TokenError::Nonce.into());
        }
        // For several audiences the provider says whose token it is (OpenID Connect Core, 3.1.3.7).
        if claims
            .text("azp")
            .is_some_and(|party| party != self.who.client_id)
        {
            return Err(TokenError::Audience.into());
        }
        let proved_at = claims.proved_at(now);
        let is_new = proved_at.is_some_and(|at| begun.at - at <= CLOCK_SKEW);
        if matches!(begun.purpose, Purpose::StepUp { .. }) && !is_new {
            return Err(OidcError::NotProved);
        }
        Ok((claims, proved_at))
    }

    async fn exchange(
        &self,
        found: &Found,
        code: &str,
        verifier: &str,
    ) -> Result<String, OidcError> {
        let mut form = Url::parse("form:").map_err(|_| OidcError::Document("token_endpoint"))?;
        form.query_pairs_mut()
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.who.redirect_uri)
            .append_pair("code_verifier", verifier);
        let secret = self.who.client_secret.as_ref();
        let id = encoded(&self.who.client_id);
        let secret = secret.map(|secret| encoded(secret));
        if secret.is_none() {
            form.query_pairs_mut()
                .append_pair("client_id", &self.who.client_id);
        }
        let body = form.query().unwrap_or_default().to_owned();
        let basic = secret.as_ref().map(|secret| (id.as_str(), secret.as_str()));
        let (status, answer) = self.fetch.post(found.token.clone(), body, basic).await?;
        match (status, answer["id_token"].as_str()) {
            (200, Some(token)) => Ok(token.to_owned()),
            (200, None) => Err(OidcError::Document("id_token")),
            // One of the words of RFC 6749; anything else is not for the log.
            (400 | 401, _) => Err(OidcError::Code(word(&answer["error"]).to_owned())),
            _ => Err(KeysError::Away(format!("it answered {status}")).into()),
        }
    }

    /// Whether this is how the provider calls itself, where it says so in the way back (RFC 9207).
    pub fn is_called(&self, issuer: &str) -> bool {
        issuer == self.who.issuer
    }
}

/// As RFC 6749, section 2.3.1 has name and secret spelled.
fn encoded(text: &str) -> String {
    let mut form = Url::parse("form:").ok();
    if let Some(form) = &mut form {
        form.query_pairs_mut().append_key_only(text);
    }
    form.and_then(|form| form.query().map(str::to_owned))
        .unwrap_or_default()
}

fn word(error: &Value) -> &'static str {
    let known = [
        "invalid_grant",
        "invalid_client",
        "invalid_request",
        "unauthorized_client",
        "unsupported_grant_type",
    ];
    let said = error.as_str().unwrap_or_default();
    known
        .into_iter()
        .find(|known| *known == said)
        .unwrap_or("another error")
}
