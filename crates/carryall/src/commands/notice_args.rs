//! Flags that say whom to tell what happened with exports: people by e-mail, the operator by a webhook.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use lettre::message::Mailbox;
use zeroize::Zeroizing;

use super::origin::with_hint;
use crate::notices::Ways;
use crate::notices::mail::Mail;
use crate::notices::webhook::Webhook;

/// Whom to tell, and how.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct NoticeArgs {
    /// Tell people by e-mail that an export was asked for, is ready or failed; from this address
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "CARRYALL_MAIL_FROM",
        requires = "smtp"
    )]
    mail_from: Option<Mailbox>,
    /// The mail server: `smtps://USER@HOST` (TLS), or `smtp://USER@HOST:587` (STARTTLS)
    #[arg(
        long,
        value_name = "URL",
        env = "CARRYALL_SMTP",
        requires = "mail_from"
    )]
    smtp: Option<String>,
    /// A file with the password of --smtp's user
    #[arg(
        long,
        value_name = "FILE",
        env = "CARRYALL_SMTP_PASSWORD_FILE",
        requires = "smtp"
    )]
    smtp_password_file: Option<PathBuf>,
    /// Tell this server of yours what happens with exports, without whose they are: `https://…`
    #[arg(
        long,
        value_name = "URL",
        env = "CARRYALL_WEBHOOK",
        requires = "webhook_secret_file"
    )]
    webhook: Option<String>,
    /// A file with the secret that the webhook is signed with, 32 bytes at least
    #[arg(
        long,
        value_name = "FILE",
        env = "CARRYALL_WEBHOOK_SECRET_FILE",
        requires = "webhook"
    )]
    webhook_secret_file: Option<PathBuf>,
}

impl NoticeArgs {
    /// Files with secrets.
    pub fn secret_files(&self) -> [Option<&PathBuf>; 2] {
        [
            self.smtp_password_file.as_ref(),
            self.webhook_secret_file.as_ref(),
        ]
    }

    /// The ways that the flags set up.
    pub fn ways(&self) -> anyhow::Result<Ways> {
        let mail = match (&self.mail_from, &self.smtp) {
            (Some(from), Some(server)) => Some(self.mail(from, server)?),
            _ => None,
        };
        let webhook = match (&self.webhook, &self.webhook_secret_file) {
            (Some(address), Some(file)) => {
                let secret = secret(file, "--webhook-secret-file")?;
                let webhook = Webhook::new(address, secret.as_bytes());
                Some(webhook.map_err(|error| with_hint(&error, error.hint().map(str::to_owned)))?)
            }
            _ => None,
        };
        Ok(Ways { mail, webhook })
    }

    fn mail(&self, from: &Mailbox, server: &str) -> anyhow::Result<Mail> {
        let password = self
            .smtp_password_file
            .as_deref()
            .map(|file| secret(file, "--smtp-password-file"))
            .transpose()?;
        Mail::new(from.clone(), server, password)
            .map_err(|error| with_hint(&error, error.hint().map(str::to_owned)))
    }
}

/// The text of a file; a line feed at its end is none of it.
fn secret(file: &Path, flag: &str) -> anyhow::Result<Zeroizing<String>> {
    let text = fs::read_to_string(file)
        .map(Zeroizing::new)
        .with_context(|| format!("{} cannot be read: `{flag}` names it", file.display()))?;
    Ok(Zeroizing::new(
        text.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}
