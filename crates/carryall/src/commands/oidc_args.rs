//! `carryall serve` with a provider of OpenID Connect: which, as whom, and who people are there.

use std::path::PathBuf;

use anyhow::Context as _;
use zeroize::Zeroizing;

use super::host::advised;
use crate::oidc::{Provider, Registration};
use crate::web::{OIDC_CALLBACK, OidcSignIn};

/// The provider.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sign-in through OpenID Connect")]
pub struct OidcArgs {
    /// Let people sign in through this provider, such as `https://login.example.com`
    #[arg(id = "oidc_issuer", long = "oidc-issuer", value_name = "URL", env = "CARRYALL_OIDC_ISSUER", requires_all = ["oidc_client_id", "public_url"])]
    issuer: Option<String>,
    /// As what it knows this site; let it send people back to PUBLIC_URL/sign-in/oidc/callback
    #[arg(
        id = "oidc_client_id",
        long = "oidc-client-id",
        value_name = "ID",
        env = "CARRYALL_OIDC_CLIENT_ID"
    )]
    client_id: Option<String>,
    /// A file with the client's secret; without one it is a public client, with PKCE alone
    #[arg(
        id = "oidc_client_secret_file",
        long = "oidc-client-secret-file",
        value_name = "FILE",
        env = "CARRYALL_OIDC_CLIENT_SECRET_FILE"
    )]
    client_secret_file: Option<PathBuf>,
    /// Which claim is the person's key in the data map's `[subject]`; `email` looks for a verified address
    #[arg(
        id = "oidc_subject_claim",
        long = "oidc-subject-claim",
        value_name = "CLAIM",
        env = "CARRYALL_OIDC_SUBJECT_CLAIM",
        default_value = "sub"
    )]
    subject_claim: String,
    /// What the button calls the provider
    #[arg(
        id = "oidc_name",
        long = "oidc-name",
        value_name = "NAME",
        env = "CARRYALL_OIDC_NAME",
        default_value = "your organisation"
    )]
    name: String,
}

impl OidcArgs {
    /// The file with the client's secret.
    pub fn secret_file(&self) -> Option<&PathBuf> {
        self.client_secret_file.as_ref()
    }

    /// The provider, if there is one.
    pub fn provider(&self, public_url: Option<&str>) -> anyhow::Result<Option<OidcSignIn>> {
        let Some(issuer) = &self.issuer else {
            return Ok(None);
        };
        let base = public_url
            .context("`--public-url` is missing")?
            .trim_end_matches('/');
        let secret = self.client_secret_file.as_ref().map(|path| {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("the secret {} cannot be read", path.display()))?;
            anyhow::Ok(Zeroizing::new(text.trim().to_owned()))
        });
        let provider = Provider::new(Registration {
            issuer: issuer.clone(),
            client_id: self
                .client_id
                .clone()
                .context("`--oidc-client-id` is missing")?,
            client_secret: secret.transpose()?,
            redirect_uri: format!("{base}{OIDC_CALLBACK}"),
        });
        Ok(Some(OidcSignIn {
            provider: provider.map_err(|error| advised(&error))?,
            name: self.name.clone(),
            subject_claim: self.subject_claim.clone(),
        }))
    }
}
