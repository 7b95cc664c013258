//! Sign-in, and the proof before an export, through a provider of OpenID Connect.
//!
//! Both begin with a link and not with a form: browsers follow a form only to where the page's policy allows,
//! and where a provider sends people on its way is its own business. Nothing happens until a person comes
//! back, in the browser that began it, with a code that is good once.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use jiff::Timestamp;
use serde::Deserialize;

use super::Web;
use super::confirm;
use super::errors::PageError;
use super::host_tokens::NotTaken;
use super::limits::Door;
use super::sessions::{Opening, Person, SignedIn, cookie_of, known_page};
use super::sign_in;
use crate::ledger::{Caller, Event, Kind};
use crate::oidc::{Begun, OidcError, Provider, Purpose};
use crate::product::Subject;
use crate::tokens::TokenError;

/// Where the provider sends people back to, below the public URL.
pub const CALLBACK: &str = "/sign-in/oidc/callback";
/// As long as the ledger keeps the beginning.
const COOKIE_SECONDS: u64 = 600;

/// The provider, and who people are there.
pub struct OidcSignIn {
    /// It.
    pub provider: Provider,
    /// What the button calls it.
    pub name: String,
    /// `sub`, `email` or another.
    pub subject_claim: String,
}

pub fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/sign-in/oidc", get(begin))
        .route("/confirm/oidc", get(begin_step_up))
        .route(CALLBACK, get(come_back))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    next: String,
}

/// What the provider sends along.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Back {
    code: String,
    state: String,
    iss: Option<String>,
    error: Option<String>,
}

async fn begin(
    State(web): State<Arc<Web>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let next = known_page(&asked.next).unwrap_or("/").to_owned();
    web.send_away(Purpose::SignIn, next, &caller).await
}

async fn begin_step_up(
    State(web): State<Arc<Web>>,
    person: Person,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let session = person.session;
    let purpose = Purpose::StepUp {
        session_id: session.session.id.clone(),
    };
    let next = confirm::page_after(&asked.next);
    web.send_away(purpose, next, &session.caller).await
}

/// Why somebody who came back does not get in.
enum Stopped {
    /// The word for the record; the person reads one text for all.
    Refused(&'static str),
    /// What any page fails with.
    Page(PageError),
}

impl<E: Into<PageError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Stopped::Page(error.into())
    }
}

async fn come_back(
    State(web): State<Arc<Web>>,
    caller: Caller,
    session: Result<SignedIn, PageError>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, PageError> {
    let now = web.exports.clock.now();
    let browser = cookie_of(&headers, web.oidc_cookie_name()).unwrap_or_default();
    let begun = web
        .exports
        .ledger
        .take_sign_in(&back.state, browser, now)
        .await?;
    let Some(begun) = begun else {
        return web.refuse(&Purpose::SignIn, "state", &caller).await;
    };
    let (subject, proved_at) = match web.recognise_by_code(&back, &begun).await {
        Ok(found) => found,
        Err(Stopped::Page(error)) => return Err(error),
        Err(Stopped::Refused(why)) => return web.refuse(&begun.purpose, why, &caller).await,
    };
    let cookie = match &begun.purpose {
        Purpose::SignIn => {
            let opening = Opening {
                subject: &subject.key,
                proved_at: proved_at.unwrap_or_default(),
                how: "oidc",
            };
            Some(web.open_session(opening, &headers, &caller).await?)
        }
        Purpose::StepUp { session_id } => match session {
            Ok(own) if own.session.id == *session_id && own.subject_key == subject.key => {
                web.renew_session(&own, &headers).await?
            }
            // Somebody else proved who they are, or the session has ended meanwhile.
            _ => None,
        },
    };
    let Some(cookie) = cookie else {
        return web.refuse(&begun.purpose, "other_account", &caller).await;
    };
    let mut response = Redirect::to(&begun.next).into_response();
    for cookie in [cookie, web.oidc_cookie("", 0)] {
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

impl Web {
    /// Notes a beginning, and sends the browser to the provider.
    async fn send_away(
        &self,
        purpose: Purpose,
        next: String,
        by: &Caller,
    ) -> Result<Response, PageError> {
        let oidc = self.site.oidc.as_ref().ok_or(PageError::NotFound)?;
        self.admit(Door::Provider, None, "", by).await?;
        let (exports, now) = (&self.exports, self.exports.clock.now());
        let begun = Begun::new(&exports.random, purpose, next, now);
        let address = match oidc.provider.address(&begun, now).await {
            Ok(address) => address,
            Err(error) => {
                tracing::error!(error = %error, "nobody can be sent to the provider of sign-in");
                return self.refuse(&begun.purpose, error.name(), by).await;
            }
        };
        let cookie = self.oidc_cookie(&begun.browser, COOKIE_SECONDS);
        exports.ledger.begin_sign_in(begun).await?;
        Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&address)).into_response())
    }

    /// The account that comes with a code, and when the person last proved who they are.
    async fn recognise_by_code(
        &self,
        back: &Back,
        begun: &Begun,
    ) -> Result<(Subject, Option<Timestamp>), Stopped> {
        let oidc = self.site.oidc.as_ref().ok_or(PageError::NotFound)?;
        if back.error.is_some() {
            return Err(Stopped::Refused("provider_refused"));
        }
        let said = back.iss.as_deref();
        if said.is_some_and(|issuer| !oidc.provider.is_called(issuer)) {
            return Err(Stopped::Refused(TokenError::Issuer.name()));
        }
        let now = self.exports.clock.now();
        let finished = oidc.provider.finish(&back.code, begun, now).await;
        let (claims, proved_at) = finished.map_err(|error| {
            log(&error);
            Stopped::Refused(error.name())
        })?;
        if oidc.subject_claim == "email" && !claims.has_verified_address() {
            return Err(Stopped::Refused(TokenError::Nobody.name()));
        }
        match self.account_of(&claims, &oidc.subject_claim).await {
            Ok(subject) => Ok((subject, proved_at)),
            Err(NotTaken::Page(error)) if !error.is_about_the_account() => Err(error.into()),
            Err(NotTaken::Token(error)) => Err(Stopped::Refused(error.name())),
            Err(_) => Err(Stopped::Refused("no_account")),
        }
    }

    /// Puts a refusal on the record, and says so in the words of the page where it began.
    async fn refuse(
        &self,
        purpose: &Purpose,
        why: &'static str,
        by: &Caller,
    ) -> Result<Response, PageError> {
        let kind = match purpose {
            Purpose::SignIn => Kind::SignInRefused,
            Purpose::StepUp { .. } => Kind::StepUpRefused,
        };
        let event = Event::new(kind, None, by).ended(why);
        self.exports
            .ledger
            .note(self.exports.clock.now(), event)
            .await?;
        let name = self
            .site
            .oidc
            .as_ref()
            .map_or("the provider", |oidc| oidc.name.as_str());
        let (status, problem) = match why {
            "provider_away" => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("{name} does not answer right now. Please try again in a minute."),
            ),
            _ => (
                StatusCode::UNAUTHORIZED,
                format!("You were not signed in through {name}. Please try it again from here."),
            ),
        };
        let mut response = sign_in::refused(self, problem, "")?;
        *response.status_mut() = status;
        Ok(response)
    }

    fn oidc_cookie_name(&self) -> &'static str {
        if self.is_secure() {
            "__Host-carryall_sign_in"
        } else {
            "carryall_sign_in"
        }
    }

    /// `Lax`, because the person comes back from another site.
    fn oidc_cookie(&self, value: &str, seconds: u64) -> String {
        let name = self.oidc_cookie_name();
        let secure = if self.is_secure() { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }
}

fn log(error: &OidcError) {
    match error {
        OidcError::Away(_) | OidcError::Document(_) | OidcError::Code(_) => {
            tracing::error!(error = %error, "the provider of sign-in did not answer as it should");
        }
        error => tracing::warn!(error = %error, "a sign-in through the provider was refused"),
    }
}
