//! A provider of OpenID Connect that says what a test wants, and a browser that goes there and back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use super::{Site, Stage, Visitor, text};
use crate::oidc::{Provider, Registration};
use crate::product::scripted::Scripted;
use crate::tokens::tests::{Issuer, NOW};
use crate::web::OidcSignIn;

pub const CLIENT: &str = "carryall";

/// What the provider keeps.
pub struct Kept {
    issuer: String,
    signer: Issuer,
    /// Code: digest of the verifier, and what the token says.
    codes: Mutex<BTreeMap<String, (String, Value)>>,
    /// What its document says beside the usual.
    pub lies: Mutex<Value>,
}

/// The site, and the provider that it sends people to.
pub struct Both {
    pub site: Stage,
    pub provider: Arc<Kept>,
    serving: tokio::task::JoinHandle<()>,
}

/// Where a browser is sent, taken apart.
pub struct Sent {
    pub address: reqwest::Url,
    /// Of the way back.
    pub cookie: String,
}

impl Sent {
    pub fn get(&self, name: &str) -> String {
        let mut pairs = self.address.query_pairs();
        pairs
            .find(|(key, _)| key == name)
            .map_or(String::new(), |(_, value)| value.into_owned())
    }
}

impl Both {
    pub async fn start() -> Both {
        Both::with_claim("email").await
    }

    pub async fn with_claim(claim: &str) -> Both {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let provider = Arc::new(Kept {
            issuer: issuer.clone(),
            signer: Issuer::new(),
            codes: Mutex::default(),
            lies: Mutex::new(json!({})),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(document))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&provider));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serves");
        });
        let oidc = OidcSignIn {
            provider: Provider::new(Registration {
                issuer,
                client_id: CLIENT.to_owned(),
                client_secret: None,
                redirect_uri: "http://localhost:8080/sign-in/oidc/callback".to_owned(),
            })
            .expect("a provider"),
            name: "Example ID".to_owned(),
            subject_claim: claim.to_owned(),
        };
        let site = Site {
            oidc: Some(Arc::new(oidc)),
            ..Site::default()
        };
        Both {
            site: Stage::open(Scripted::new(), site),
            provider,
            serving,
        }
    }

    /// Follows the link; `at` is where it stands.
    pub async fn sent_away(&self, visitor: &Visitor<'_>, at: &str) -> Sent {
        let answer = visitor.get(at).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{at}");
        let cookie = text(&answer, "set-cookie");
        assert!(cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
        Sent {
            address: text(&answer, "location").parse().expect("an address"),
            cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
        }
    }

    /// What the provider says of somebody who has just signed in there.
    pub fn claims(&self, sent: &Sent, email: &str) -> Value {
        json!({
            "iss": self.provider.issuer, "aud": CLIENT, "sub": email, "email": email, "email_verified": true,
            "nonce": sent.get("nonce"), "iat": NOW, "exp": NOW + 300, "auth_time": NOW,
        })
    }

    /// A code that is good for these claims, once.
    pub fn grant(&self, sent: &Sent, claims: Value) -> String {
        let mut codes = self.provider.codes.lock().expect("not poisoned");
        let code = format!("code-{}-{}", codes.len(), sent.get("state"));
        codes.insert(code.clone(), (sent.get("code_challenge"), claims));
        code
    }

    /// Comes back with a code, in the browser that was sent away.
    pub async fn come_back(&self, visitor: &Visitor<'_>, sent: &Sent, code: &str) -> Response {
        let back = Visitor {
            cookie: format!("{}; {}", visitor.cookie, sent.cookie),
            ..self.site.anonymous()
        };
        back.get(&format!(
            "/sign-in/oidc/callback?code={code}&state={}",
            sent.get("state")
        ))
        .await
    }

    /// The whole way, to a session.
    pub async fn signed_in(&self, email: &str) -> Visitor<'_> {
        let mut visitor = self.site.anonymous();
        let sent = self.sent_away(&visitor, "/sign-in/oidc").await;
        let code = self.grant(&sent, self.claims(&sent, email));
        let answer = self.come_back(&visitor, &sent, &code).await;
        visitor.cookie = session_cookie(&answer).expect("a session");
        visitor
    }

    /// Nobody answers any more.
    pub fn stop_provider(&self) {
        self.serving.abort();
    }

    pub async fn stop(self) {
        self.serving.abort();
        self.site.stop().await;
    }
}

/// The session that an answer begins or renews.
pub fn session_cookie(answer: &Response) -> Option<String> {
    let cookies = answer.headers().get_all("set-cookie").iter();
    let mut cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    cookies
        .find(|cookie| cookie.starts_with("carryall_session="))
        .map(str::to_owned)
}

async fn document(State(kept): State<Arc<Kept>>) -> String {
    let issuer = &kept.issuer;
    let mut document = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/jwks"),
    });
    for (name, value) in kept
        .lies
        .lock()
        .expect("not poisoned")
        .as_object()
        .expect("an object")
    {
        document[name] = value.clone();
    }
    document.to_string()
}

async fn keys(State(kept): State<Arc<Kept>>) -> String {
    kept.signer.set().to_string()
}

async fn token(
    State(kept): State<Arc<Kept>>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let found = kept
        .codes
        .lock()
        .expect("not poisoned")
        .remove(&form["code"]);
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    let refused = (
        StatusCode::BAD_REQUEST,
        json!({"error": "invalid_grant"}).to_string(),
    );
    match found {
        Some((challenge, claims)) if challenge == digest && form["client_id"] == CLIENT => {
            let token = kept.signer.sign("RS256", "rsa", &claims);
            json!({"id_token": token, "access_token": "x", "token_type": "Bearer"})
                .to_string()
                .into_response()
        }
        _ => refused.into_response(),
    }
}
