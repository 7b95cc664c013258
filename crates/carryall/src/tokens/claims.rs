//! What a token says: from whom, for whom, since and until when, about whom, and how the person proved it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::TokenError;

/// How far the issuer's clock and ours may be apart.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(1);

/// How Supabase names ways in which a person has just shown who they are. `token_refresh`, `anonymous`, an
/// invitation and a link that only changes an address are none of them.
const PROOFS: [&str; 8] = [
    "password",
    "otp",
    "totp",
    "magiclink",
    "oauth",
    "sso/saml",
    "webauthn",
    "web3",
];

/// What has to stand in a token.
#[derive(Debug, Clone)]
pub struct Expected {
    /// From whom.
    pub issuer: String,
    /// For whom.
    pub audience: String,
}

/// What a token says, and is believed.
#[derive(Debug, Clone)]
pub struct Claims(Map<String, Value>);

impl Claims {
    pub(super) fn new(claims: Map<String, Value>) -> Claims {
        Claims(claims)
    }

    pub(super) fn check(&self, expected: &Expected, now: Timestamp) -> Result<(), TokenError> {
        if self.text("iss") != Some(&expected.issuer) {
            return Err(TokenError::Issuer);
        }
        let is_for_us = match self.0.get("aud") {
            Some(Value::String(one)) => *one == expected.audience,
            Some(Value::Array(several)) => several.iter().any(|one| *one == expected.audience),
            _ => false,
        };
        if !is_for_us {
            return Err(TokenError::Audience);
        }
        let until = self.time("exp")?.ok_or(TokenError::Expired)?;
        if now - until >= CLOCK_SKEW {
            return Err(TokenError::Expired);
        }
        for name in ["nbf", "iat"] {
            let from = self.time(name)?;
            if from.is_some_and(|from| from - now > CLOCK_SKEW) {
                return Err(TokenError::NotYet);
            }
        }
        Ok(())
    }

    /// A claim that is text and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Who the person is, by this claim. Keys that are numbers are taken as they are written; an address
    /// that the issuer says it has not verified is nobody's.
    pub fn subject(&self, claim: &str) -> Result<String, TokenError> {
        if claim == "email" && self.0.get("email_verified") == Some(&Value::Bool(false)) {
            return Err(TokenError::Nobody);
        }
        match self.0.get(claim) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            Some(Value::Number(number)) if number.is_i64() => Ok(number.to_string()),
            _ => Err(TokenError::Nobody),
        }
    }

    /// Whether the issuer says that it has verified the address.
    pub fn has_verified_address(&self) -> bool {
        self.0.get("email_verified") == Some(&Value::Bool(true))
    }

    /// When the person last showed who they are: `auth_time`, or else the latest proof in Supabase's `amr`.
    ///
    /// Never `iat`: a token that was refreshed is new, and nobody was there.
    pub fn proved_at(&self, now: Timestamp) -> Option<Timestamp> {
        let at = match self.time("auth_time") {
            Ok(Some(at)) => Some(at),
            Ok(None) => self.latest_proof(),
            Err(_) => None,
        };
        // A proof that is still to come is none.
        at.filter(|at| *at - now <= CLOCK_SKEW)
            .map(|at| at.min(now))
    }

    fn latest_proof(&self) -> Option<Timestamp> {
        let methods = self.0.get("amr")?.as_array()?;
        let times = methods.iter().filter_map(|method| {
            let name = method.get("method")?.as_str()?;
            let is_proof = PROOFS.contains(&name) || name.starts_with("mfa/");
            seconds(method.get("timestamp")?).filter(|_| is_proof)
        });
        times.max()
    }

    /// Whether the token itself says that a second factor is still missing (Supabase's `aal`).
    pub fn is_first_factor_only(&self) -> bool {
        self.text("aal") == Some("aal1")
    }

    /// A time; one that is no number makes the token none.
    fn time(&self, name: &str) -> Result<Option<Timestamp>, TokenError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => seconds(value).map(Some).ok_or(TokenError::Malformed),
        }
    }
}

/// Seconds since 1970, with or without a fraction (RFC 7519).
fn seconds(value: &Value) -> Option<Timestamp> {
    let whole = value.as_i64().map(Timestamp::from_second);
    let fraction = || {
        let span = SignedDuration::try_from_secs_f64(value.as_f64()?).ok()?;
        Some(Timestamp::from_duration(span))
    };
    whole.or_else(fraction)?.ok()
}
