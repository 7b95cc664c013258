//! How a store is reached, and what it must be: its endpoint, the keys, encryption on its side.
//!
//! Promises: without TLS nothing is sent but to this computer itself, unless that was asked for.

use std::fmt;
use std::time::Duration;

use object_store::ClientOptions;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{BackoffConfig, RetryConfig};
use url::{Host, Url};

use crate::{Address, BucketError};

/// For a store that does not care.
const REGION: &str = "us-east-1";
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Longer than any store thinks; an upload's part has to go through in it.
const SILENT_FOR: Duration = Duration::from_mins(1);
/// A store that restarts is back by then; a person who downloads still waits.
const ASKED_AGAIN_FOR: Duration = Duration::from_secs(20);

/// How a store is reached.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The store's address; AWS if there is none.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Whether the bucket is a part of the host's name. Always so at AWS.
    pub is_virtual_hosted: bool,
    /// Who asks. Without keys the environment says it, as for AWS's own tools: `AWS_*`, the container's or
    /// the machine's role.
    pub keys: Option<Keys>,
    /// Whether plain HTTP may go to other computers.
    pub may_be_plain: bool,
    /// What the store is told to encrypt with.
    pub encryption: Option<Encryption>,
    /// How long a store that is away is asked again; 20 seconds, if nothing is said.
    pub patience: Option<Duration>,
}

/// An access key.
#[derive(Clone)]
pub struct Keys {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// The token of a temporary one.
    pub token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keys(…)")
    }
}

/// Encryption by the store, as its header names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// With keys of the store: `AES256`.
    OfTheStore,
    /// With a key of its key service: `aws:kms`, `aws:kms:KEY`.
    OfKeyService(Option<String>),
}

impl std::str::FromStr for Encryption {
    type Err = String;

    fn from_str(text: &str) -> Result<Encryption, String> {
        match text.strip_prefix("aws:kms") {
            Some("") => return Ok(Encryption::OfKeyService(None)),
            Some(rest) if rest.len() > 1 && rest.starts_with(':') => {
                return Ok(Encryption::OfKeyService(Some(rest[1..].to_owned())));
            }
            _ => {}
        }
        if text == "AES256" {
            return Ok(Encryption::OfTheStore);
        }
        Err(format!("`{text}` is not AES256, aws:kms or aws:kms:KEY"))
    }
}

/// What speaks to the store.
pub(crate) fn client(address: &Address, access: &Access) -> Result<AmazonS3, BucketError> {
    // The library takes TLS from whoever is named for the process; a second naming changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = beginning(access).with_client_options(patience());
    let region = access.region.clone();
    let region = region.or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Region));
    let known = |key| builder.get_config_value(&key);
    let endpoint = access
        .endpoint
        .clone()
        .or_else(|| known(AmazonS3ConfigKey::S3Endpoint))
        .or_else(|| known(AmazonS3ConfigKey::Endpoint));
    let is_virtual_hosted = endpoint.is_none() || access.is_virtual_hosted;
    if let Some(endpoint) = endpoint {
        let bucket = access.is_virtual_hosted.then(|| address.bucket());
        let endpoint = checked(&endpoint, bucket, access.may_be_plain)?;
        let text = endpoint.as_str().trim_end_matches('/');
        builder = builder
            .with_config(AmazonS3ConfigKey::S3Endpoint, text)
            .with_allow_http(endpoint.scheme() == "http");
    }
    for (name, value) in headers(access.encryption.as_ref()) {
        if let Ok(key) = name.parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    builder
        .with_bucket_name(address.bucket())
        .with_region(region.unwrap_or_else(|| REGION.to_owned()))
        .with_virtual_hosted_style_request(is_virtual_hosted)
        .with_retry(retry(access.patience.unwrap_or(ASKED_AGAIN_FOR)))
        .build()
        .map_err(|error| BucketError::Settings {
            why: error.to_string(),
        })
}

/// With the keys that were given, or with what the environment says.
fn beginning(access: &Access) -> AmazonS3Builder {
    let Some(keys) = &access.keys else {
        return AmazonS3Builder::from_env();
    };
    let builder = AmazonS3Builder::new()
        .with_access_key_id(&keys.id)
        .with_secret_access_key(&keys.secret);
    match &keys.token {
        Some(token) => builder.with_token(token),
        None => builder,
    }
}

/// No limit on a whole answer: an object may take hours to be read by somebody who is slow.
fn patience() -> ClientOptions {
    ClientOptions::new()
        .with_timeout_disabled()
        .with_connect_timeout(CONNECT_WITHIN)
        .with_read_timeout(SILENT_FOR)
}

fn retry(patience: Duration) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(3),
            base: 2.0,
        },
        max_retries: 20,
        retry_timeout: patience,
    }
}

/// The library's names of what it sends with each new object.
fn headers(asked: Option<&Encryption>) -> Vec<(&'static str, String)> {
    let kind = |kind: &str| ("aws_server_side_encryption", kind.to_owned());
    match asked {
        None => Vec::new(),
        Some(Encryption::OfTheStore) => vec![kind("AES256")],
        Some(Encryption::OfKeyService(None)) => vec![kind("aws:kms")],
        Some(Encryption::OfKeyService(Some(key))) => {
            vec![kind("aws:kms"), ("aws_sse_kms_key_id", key.clone())]
        }
    }
}

/// An endpoint that may be spoken to, with the bucket before its host's name where that is wanted.
fn checked(endpoint: &str, bucket: Option<&str>, may_be_plain: bool) -> Result<Url, BucketError> {
    let wrong = |why| BucketError::Endpoint {
        endpoint: endpoint.to_owned(),
        why,
    };
    let mut url = Url::parse(endpoint)
        .map_err(|_| wrong("it is no address such as https://s3.example.com"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("keys do not belong into it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it ends with its path"));
    }
    match url.scheme() {
        "https" => {}
        "http" if may_be_plain || is_this_computer(&url) => {}
        "http" => return Err(BucketError::PlainHttp),
        _ => return Err(wrong("it does not begin with https://")),
    }
    if let Some(bucket) = bucket {
        let host = format!("{bucket}.{}", url.host_str().unwrap_or_default());
        url.set_host(Some(&host))
            .map_err(|_| wrong("a bucket cannot stand before its host"))?;
    }
    Ok(url)
}

fn is_this_computer(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_computer_is_spoken_to_unless_that_was_asked_for() {
        for loopback in [
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
            "http://localhost",
        ] {
            assert!(checked(loopback, None, false).is_ok(), "{loopback}");
        }
        for other in [
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
        ] {
            let error = checked(other, None, false).expect_err(other);
            assert!(matches!(error, BucketError::PlainHttp), "{error}");
            assert!(checked(other, None, true).is_ok(), "{other}");
        }
        for wrong in [
            "s3.example.com",
            "ftp://x",
            "https://key:secret@x",
            "https://x/?a",
        ] {
            let error = checked(wrong, None, true).expect_err(wrong);
            assert!(matches!(error, BucketError::Endpoint { .. }), "{error}");
        }
    }

    #[test]
    fn a_bucket_stands_before_the_host_where_that_is_wanted() {
        let url = checked("https://s3.example.com:9000", Some("exports"), false).unwrap();
        assert_eq!(url.as_str(), "https://exports.s3.example.com:9000/");
        assert!(checked("https://10.0.0.1", Some("exports"), false).is_err());
    }

    #[test]
    fn encryption_is_named_as_the_store_names_it() {
        assert_eq!("AES256".parse(), Ok(Encryption::OfTheStore));
        assert_eq!("aws:kms".parse(), Ok(Encryption::OfKeyService(None)));
        assert_eq!(
            "aws:kms:arn:aws:kms:x".parse(),
            Ok(Encryption::OfKeyService(Some("arn:aws:kms:x".to_owned())))
        );
        for wrong in ["", "aes256", "aws:kms:", "aws:kmsx", "none"] {
            assert!(wrong.parse::<Encryption>().is_err(), "{wrong}");
        }
    }
}
