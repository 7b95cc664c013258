//! `carryall serve` beside a product that has its own sign-in: whose tokens are taken, and which pages may embed ours.

use std::path::PathBuf;

use anyhow::Context as _;
use zeroize::Zeroizing;

use super::origin::with_hint;
use crate::tokens::{Expected, Fetch, KeyPlace, KeyRing, KeysError, Tokens};
use crate::web::HostTokens;

/// The host product's own tokens and pages.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The host product's own sign-in")]
pub struct HostArgs {
    /// Take the host product's tokens that these public keys sign: a JSON Web Key Set, in a file or at an https address
    #[arg(long, value_name = "PLACE", env = "CARRYALL_TOKEN_JWKS", conflicts_with = "token_secret_file", requires_all = ["token_issuer", "token_audience"])]
    token_jwks: Option<String>,
    /// Take the host product's tokens that the secret in this file signs (HS256)
    #[arg(long, value_name = "FILE", env = "CARRYALL_TOKEN_SECRET_FILE", requires_all = ["token_issuer", "token_audience"])]
    token_secret_file: Option<PathBuf>,
    /// Who issues them (`iss`), such as `https://PROJECT.supabase.co/auth/v1`
    #[arg(long, value_name = "NAME", env = "CARRYALL_TOKEN_ISSUER")]
    token_issuer: Option<String>,
    /// For whom they are (`aud`), such as authenticated
    #[arg(long, value_name = "NAME", env = "CARRYALL_TOKEN_AUDIENCE")]
    token_audience: Option<String>,
    /// Which claim is the person's key in the data map's `[subject]`; `email` looks at its address column
    #[arg(
        long,
        value_name = "CLAIM",
        env = "CARRYALL_TOKEN_SUBJECT_CLAIM",
        default_value = "sub"
    )]
    token_subject_claim: String,
    /// An origin whose pages may show ours in a frame and call the API, such as `https://app.example.com`
    #[arg(long = "host-origin", value_name = "ORIGIN", env = "CARRYALL_HOST_ORIGIN", value_delimiter = ',', value_parser = origin)]
    pub host_origins: Vec<String>,
}

impl HostArgs {
    /// The file with the secret that tokens are signed with.
    pub fn secret_file(&self) -> Option<&PathBuf> {
        self.token_secret_file.as_ref()
    }

    /// Whose tokens are taken, if any.
    pub fn tokens(&self) -> anyhow::Result<Option<HostTokens>> {
        let place = match (&self.token_jwks, &self.token_secret_file) {
            (None, None) => return Ok(None),
            (Some(place), _) => key_place(place).map_err(|error| advised(&error))?,
            (None, Some(path)) => {
                let secret = std::fs::read(path)
                    .with_context(|| format!("the secret {} cannot be read", path.display()))?;
                KeyPlace::Secret(Zeroizing::new(secret.trim_ascii().to_vec()))
            }
        };
        let expected = Expected {
            issuer: self
                .token_issuer
                .clone()
                .context("`--token-issuer` is missing")?,
            audience: self
                .token_audience
                .clone()
                .context("`--token-audience` is missing")?,
        };
        let keys = KeyRing::new(place).map_err(|error| advised(&error))?;
        Ok(Some(HostTokens {
            tokens: Tokens::new(keys, expected),
            subject_claim: self.token_subject_claim.clone(),
        }))
    }
}

fn key_place(text: &str) -> Result<KeyPlace, KeysError> {
    if text.contains("://") {
        Ok(KeyPlace::Address(Fetch::address(text)?, Fetch::new()?))
    } else {
        Ok(KeyPlace::File(PathBuf::from(text)))
    }
}

/// With what to do about it.
pub fn advised(error: &KeysError) -> anyhow::Error {
    with_hint(error, error.hint().map(str::to_owned))
}

/// `https://app.example.com`: as browsers send it, so that it can be compared.
fn origin(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is not an origin such as https://app.example.com");
    let url = Fetch::address(text).map_err(|_| wrong())?;
    let origin = url.origin().ascii_serialization();
    if text.trim_end_matches('/') == origin && !origin.contains('*') {
        Ok(origin)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port_and_nothing_else() {
        assert_eq!(
            origin("https://app.example.com/"),
            Ok("https://app.example.com".to_owned())
        );
        assert!(origin("http://127.0.0.1:3000").is_ok());
        for wrong in [
            "*",
            "app.example.com",
            "https://app.example.com/settings",
            "http://app.example.com",
            "https://*.example.com",
            "https://a b",
            "null",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
