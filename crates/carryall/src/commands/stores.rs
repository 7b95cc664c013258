//! The flags that say how an S3 store is reached, and what is kept there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use carryall_bucket::{Access, Address, Bucket, BucketError, Encryption, Keys};

use super::origin::with_hint;
use crate::exports::artifacts::Artifacts;

/// How an S3 store is reached.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "S3, for places that begin with s3://")]
#[expect(
    clippy::struct_field_names,
    reason = "fields are called as their flags are"
)]
pub struct StoreArgs {
    /// The store's address, such as `https://s3.example.com` [default: AWS]
    #[arg(long, value_name = "URL", env = "CARRYALL_S3_ENDPOINT")]
    s3_endpoint: Option<String>,
    /// The store's region [default: us-east-1, or what `AWS_REGION` says]
    #[arg(long, value_name = "REGION", env = "CARRYALL_S3_REGION")]
    s3_region: Option<String>,
    /// The bucket is a part of the endpoint's host name, and not of its path
    #[arg(long, env = "CARRYALL_S3_VIRTUAL_HOSTED", requires = "s3_endpoint")]
    s3_virtual_hosted: bool,
    /// Speak plain HTTP to an endpoint on another computer; what is sent there can be read on the way
    #[arg(long, env = "CARRYALL_S3_PLAIN_HTTP")]
    s3_plain_http: bool,
    /// A file with the id of the access key [default: `AWS_ACCESS_KEY_ID`, or the machine's role]
    #[arg(
        long,
        value_name = "FILE",
        env = "CARRYALL_S3_ACCESS_KEY_FILE",
        requires = "s3_secret_key_file"
    )]
    s3_access_key_file: Option<PathBuf>,
    /// A file with its secret [default: `AWS_SECRET_ACCESS_KEY`]
    #[arg(
        long,
        value_name = "FILE",
        env = "CARRYALL_S3_SECRET_KEY_FILE",
        requires = "s3_access_key_file"
    )]
    s3_secret_key_file: Option<PathBuf>,
    /// What the store encrypts finished exports with, beside their own encryption: AES256, aws:kms, aws:kms:KEY
    #[arg(long, value_name = "KIND", env = "CARRYALL_S3_ENCRYPTION")]
    s3_encryption: Option<Encryption>,
}

impl StoreArgs {
    /// Where finished exports are kept: a folder, or a bucket.
    pub fn artifacts(&self, place: &Path) -> anyhow::Result<Artifacts> {
        let Some(address) = address(place)? else {
            return Artifacts::open(place).with_context(|| {
                let place = place.display();
                format!("the folder for finished exports {place} cannot be used")
            });
        };
        let bucket = Bucket::new(address, &self.access()?).map_err(advised)?;
        match bucket.look() {
            // It may be back before somebody asks for an export, and until then says so itself.
            Err(error @ BucketError::Away { .. }) => {
                tracing::warn!(error = %error, "the store of finished exports does not answer");
            }
            looked => looked.map_err(advised).with_context(|| {
                format!("finished exports cannot be kept in {}", place.display())
            })?,
        }
        Ok(Artifacts::within(bucket))
    }

    fn access(&self) -> anyhow::Result<Access> {
        let keys = match (&self.s3_access_key_file, &self.s3_secret_key_file) {
            (Some(id), Some(secret)) => Some(Keys {
                id: read(id)?,
                secret: read(secret)?,
                token: None,
            }),
            _ => None,
        };
        Ok(Access {
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            is_virtual_hosted: self.s3_virtual_hosted,
            keys,
            may_be_plain: self.s3_plain_http,
            encryption: self.s3_encryption.clone(),
            patience: None,
        })
    }
}

/// The address of a bucket, if it is no folder.
fn address(place: &Path) -> anyhow::Result<Option<Address>> {
    match place.to_str().filter(|text| Address::is_one(text)) {
        Some(text) => text.parse().map(Some).map_err(advised),
        None => Ok(None),
    }
}

/// A secret; a line feed at its end is none of it.
fn read(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        anyhow!("the key file {path} cannot be read: {error}\nhint: check the path after `--s3-access-key-file` and `--s3-secret-key-file`")
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn advised(error: BucketError) -> anyhow::Error {
    let hint = error.hint().map(str::to_owned);
    with_hint(&error, hint)
}
