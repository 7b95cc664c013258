//! What a store said, without the names that it said it about.

use std::error::Error as _;
use std::io;

use object_store::client::{HttpError, HttpErrorKind};

/// What went wrong with a bucket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// Not an address of a bucket.
    #[error("read the address `{address}`: {why}")]
    Address {
        /// What was given.
        address: String,
        /// Why not.
        why: &'static str,
    },
    /// Not an endpoint.
    #[error("read the endpoint `{endpoint}`: {why}")]
    Endpoint {
        /// What was given.
        endpoint: String,
        /// Why not.
        why: &'static str,
    },
    /// It would be sent in clear.
    #[error("reach the store: its endpoint is plain HTTP and another computer")]
    PlainHttp,
    /// The settings do not fit together.
    #[error("reach the store: {why}")]
    Settings {
        /// Why not.
        why: String,
    },
    /// No object can have this name.
    #[error("ask for the object: {why}")]
    Name {
        /// Why not.
        why: &'static str,
    },
    /// There is no such bucket.
    #[error("reach the bucket: the store has none of this name")]
    NoBucket,
    /// There is no such object.
    #[error("read the object: there is none")]
    Missing,
    /// The store does not let this key do it.
    #[error("ask the store: permission denied ({code})")]
    Denied {
        /// The store's own word.
        code: String,
    },
    /// The object is another one than before.
    #[error("read the object: it was replaced meanwhile")]
    Changed,
    /// The store does not answer, or says that it cannot just now.
    #[error("reach the store: {why}")]
    Away {
        /// What was seen of it.
        why: String,
    },
    /// The store says no.
    #[error("ask the store: it refused ({code})")]
    Refused {
        /// The store's own word.
        code: String,
    },
}

impl BucketError {
    /// Advice for who runs the program.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            BucketError::Address { .. } => "write it as s3://BUCKET or s3://BUCKET/PREFIX",
            BucketError::Endpoint { .. } => "write it as https://HOST or https://HOST:PORT",
            BucketError::PlainHttp => {
                "use https, or say `--s3-plain-http` where the network is your own"
            }
            BucketError::Settings { .. } => {
                "check the flags that begin with `--s3-` and the AWS_ environment variables"
            }
            BucketError::NoBucket => {
                "make the bucket, or check its name, the endpoint and the region"
            }
            BucketError::Denied { .. } => {
                "check the access key; it needs s3:ListBucket and s3:GetObject, to write also s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload"
            }
            BucketError::Away { .. } => {
                "check `--s3-endpoint` (or `--files-s3-endpoint`), and whether the store runs"
            }
            BucketError::Name { .. }
            | BucketError::Missing
            | BucketError::Changed
            | BucketError::Refused { .. } => return None,
        })
    }

    /// Whether it says nothing about the object that was asked for, but about the store, the bucket or the key.
    #[must_use]
    pub fn is_of_the_store(&self) -> bool {
        match self {
            BucketError::Address { .. }
            | BucketError::Endpoint { .. }
            | BucketError::PlainHttp
            | BucketError::Settings { .. }
            | BucketError::NoBucket
            | BucketError::Away { .. } => true,
            BucketError::Denied { code } => is_of_the_key(code) && code != "AccessDenied",
            BucketError::Name { .. }
            | BucketError::Missing
            | BucketError::Changed
            | BucketError::Refused { .. } => false,
        }
    }

    /// What the library's error means.
    pub(crate) fn of(error: &object_store::Error) -> BucketError {
        let text = error.to_string();
        let code = code_in(&text);
        // Not missing, although stores say so with the same status: nothing can be said of the object.
        if code.as_deref() == Some("NoSuchBucket") {
            return BucketError::NoBucket;
        }
        // Some stores answer a wrong key with a status of their own; the word is the same everywhere.
        if code.as_deref().is_some_and(is_of_the_key) {
            let code = code.unwrap_or_default();
            return BucketError::Denied { code };
        }
        // The library tells a refusal from others for objects only, and not for lists.
        if code.is_some() && matches!(status_in(&text), Some(401 | 403)) {
            let code = code.unwrap_or_default();
            return BucketError::Denied { code };
        }
        match error {
            object_store::Error::NotFound { .. } => BucketError::Missing,
            object_store::Error::Precondition { .. } => BucketError::Changed,
            object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. } => BucketError::Denied {
                code: code.unwrap_or_else(|| "no reason given".to_owned()),
            },
            error => away(error, &text).unwrap_or_else(|| BucketError::Refused {
                code: code
                    .or_else(|| status_in(&text).map(|status| status.to_string()))
                    .unwrap_or_else(|| "no reason given".to_owned()),
            }),
        }
    }

    /// The bridge's thread is gone.
    pub(crate) fn ended() -> BucketError {
        BucketError::Away {
            why: "the request came to no end".to_owned(),
        }
    }
}

impl From<BucketError> for io::Error {
    fn from(error: BucketError) -> io::Error {
        let kind = match &error {
            BucketError::Missing => io::ErrorKind::NotFound,
            BucketError::Denied { .. } => io::ErrorKind::PermissionDenied,
            // Never one that means damage: the object may be sound.
            BucketError::Away { .. } => io::ErrorKind::NotConnected,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

/// Words of the S3 protocol for a key that is wrong or may not.
fn is_of_the_key(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "ExpiredToken"
            | "InvalidAccessKeyId"
            | "InvalidToken"
            | "NotSignedUp"
            | "SignatureDoesNotMatch"
    )
}

/// A store that cannot be spoken to, or that cannot answer just now.
fn away(error: &object_store::Error, text: &str) -> Option<BucketError> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(http) = cause.downcast_ref::<HttpError>() {
            let what = match http.kind() {
                HttpErrorKind::Connect => "no connection",
                HttpErrorKind::Timeout => "no answer in time",
                _ => "the connection broke off",
            };
            let why = match deepest(http) {
                Some(cause) => format!("{what}: {cause}"),
                None => what.to_owned(),
            };
            return Some(BucketError::Away { why });
        }
        next = cause.source();
    }
    let status = status_in(text)?;
    // 429: too many requests.
    (status >= 500 || status == 429).then(|| BucketError::Away {
        why: match code_in(text) {
            Some(code) => format!("it answers {status}, {code}"),
            None => format!("it answers {status}"),
        },
    })
}

/// The last cause, unless it speaks of an address: that would hold an object's name.
fn deepest(error: &HttpError) -> Option<String> {
    let mut last = error.source()?;
    while let Some(cause) = last.source() {
        last = cause;
    }
    let text = last.to_string();
    (!text.contains("://")).then_some(text)
}

/// The store's own word: `<Code>SlowDown</Code>`.
fn code_in(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_word = code.len() < 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_word.then(|| code.to_owned())
}

fn status_in(text: &str) -> Option<u16> {
    let (_, rest) = text.rsplit_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: text.into(),
        }
    }

    #[test]
    fn what_the_store_said_is_kept_and_the_names_it_said_it_about_are_not() {
        let name = "https://store/bucket/private.pdf";
        let text = format!(
            "Error performing GET {name} in 3s - Server returned non-2xx status code: 503 Service \
             Unavailable: <Error><Code>SlowDown</Code><Resource>/private.pdf</Resource></Error>"
        );
        let error = BucketError::of(&generic(&text));
        assert_eq!(
            error.to_string(),
            "reach the store: it answers 503, SlowDown"
        );
        let text = text
            .replace("503", "400")
            .replace("SlowDown", "a private name");
        let error = BucketError::of(&generic(&text));
        assert_eq!(error.to_string(), "ask the store: it refused (400)");
        let missing = |text: &str| object_store::Error::NotFound {
            path: "private.pdf".to_owned(),
            source: text.into(),
        };
        assert_eq!(
            BucketError::of(&missing("<Code>NoSuchBucket</Code>")),
            BucketError::NoBucket
        );
        assert_eq!(
            BucketError::of(&missing("<Code>NoSuchKey</Code>")),
            BucketError::Missing
        );
    }

    #[test]
    fn only_what_is_missing_and_what_is_denied_look_like_files_that_are() {
        let away = BucketError::Away {
            why: "no connection".to_owned(),
        };
        assert_eq!(io::Error::from(away).kind(), io::ErrorKind::NotConnected);
        let missing = io::Error::from(BucketError::Missing);
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert_eq!(
            io::Error::from(BucketError::NoBucket).kind(),
            io::ErrorKind::Other
        );
    }
}
