//! The flags that say how an S3 store is reached, and what is kept there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use carryall_bucket::{Access, Address, Bucket, BucketError, Encryption, Keys};
use carryall_source::files::FilePlace;

use super::origin::with_hint;
use crate::exports::artifacts::Artifacts;

/// How an S3 store is reached.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = HEADING)]
#[expect(
    clippy::struct_field_names,
    reason = "fields are called as their flags are"
)]
pub struct ReachArgs {
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
}

const HEADING: &str = "S3, for places that begin with s3://";

/// Where finished exports are kept, when that is a store.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = HEADING)]
pub struct StoreArgs {
    #[command(flatten)]
    pub reach: ReachArgs,
    /// What the store encrypts finished exports with, beside their own encryption: AES256, aws:kms, aws:kms:KEY
    #[arg(long, value_name = "KIND", env = "CARRYALL_S3_ENCRYPTION")]
    s3_encryption: Option<Encryption>,
}

/// Where the product's files are.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct FilesArgs {
    /// The product's uploaded files: a folder, or `s3://BUCKET/PREFIX`; they are only ever read
    #[arg(long, value_name = "PLACE", env = "CARRYALL_FILES")]
    pub files: Option<PathBuf>,
    /// The store of --files, when it is not that of --s3-endpoint
    #[arg(
        long,
        value_name = "URL",
        env = "CARRYALL_FILES_S3_ENDPOINT",
        help_heading = HEADING
    )]
    files_s3_endpoint: Option<String>,
    /// Its region, when it is not that of --s3-region
    #[arg(
        long,
        value_name = "REGION",
        env = "CARRYALL_FILES_S3_REGION",
        help_heading = HEADING
    )]
    files_s3_region: Option<String>,
    /// A file with the id of a key that may read --files and nothing else [default: the other one]
    #[arg(
        long,
        value_name = "FILE",
        env = "CARRYALL_FILES_S3_ACCESS_KEY_FILE",
        requires = "files_s3_secret_key_file",
        help_heading = HEADING
    )]
    files_s3_access_key_file: Option<PathBuf>,
    /// A file with its secret
    #[arg(
        long,
        value_name = "FILE",
        env = "CARRYALL_FILES_S3_SECRET_KEY_FILE",
        requires = "files_s3_access_key_file",
        help_heading = HEADING
    )]
    files_s3_secret_key_file: Option<PathBuf>,
}

impl FilesArgs {
    /// Files with secrets.
    pub fn secret_files(&self) -> [Option<&PathBuf>; 2] {
        [
            self.files_s3_access_key_file.as_ref(),
            self.files_s3_secret_key_file.as_ref(),
        ]
    }

    /// Where they are, if that was said.
    pub fn place(&self, reach: &ReachArgs) -> anyhow::Result<Option<FilePlace>> {
        let Some(place) = &self.files else {
            return Ok(None);
        };
        let Some(address) = address(place)? else {
            return Ok(Some(FilePlace::Folder(place.clone())));
        };
        let mut access = reach.access()?;
        let (id, secret) = (
            &self.files_s3_access_key_file,
            &self.files_s3_secret_key_file,
        );
        access.keys = keys(id.as_deref(), secret.as_deref())?.or(access.keys);
        access.endpoint = self.files_s3_endpoint.clone().or(access.endpoint);
        access.region = self.files_s3_region.clone().or(access.region);
        Ok(Some(FilePlace::Bucket(address, Box::new(access))))
    }
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
        let access = Access {
            encryption: self.s3_encryption.clone(),
            ..self.reach.access()?
        };
        let bucket = Bucket::new(address, &access).map_err(advised)?;
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
}

impl ReachArgs {
    /// Files with secrets.
    pub fn secret_files(&self) -> [Option<&PathBuf>; 2] {
        [
            self.s3_access_key_file.as_ref(),
            self.s3_secret_key_file.as_ref(),
        ]
    }

    fn access(&self) -> anyhow::Result<Access> {
        let (id, secret) = (&self.s3_access_key_file, &self.s3_secret_key_file);
        Ok(Access {
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            is_virtual_hosted: self.s3_virtual_hosted,
            keys: keys(id.as_deref(), secret.as_deref())?,
            may_be_plain: self.s3_plain_http,
            encryption: None,
            patience: None,
        })
    }
}

fn keys(id: Option<&Path>, secret: Option<&Path>) -> anyhow::Result<Option<Keys>> {
    let (Some(id), Some(secret)) = (id, secret) else {
        return Ok(None);
    };
    Ok(Some(Keys {
        id: read(id)?,
        secret: read(secret)?,
        token: None,
    }))
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
        anyhow!("the key file {path} cannot be read: {error}\nhint: check the path after the flag that ends with `-key-file`")
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn advised(error: BucketError) -> anyhow::Error {
    let hint = error.hint().map(str::to_owned);
    with_hint(&error, hint)
}
