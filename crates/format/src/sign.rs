//! The last line of a file: what makes damage visible, and, where there is a key, forgery too.
//!
//! What is signed is one line of ASCII, [`signed_text`], so that `openssl` can check it without a
//! program of ours. The last line has exactly one spelling, [`integrity_line`]: nothing else in it
//! could be covered by a digest of the lines before it, so a reader writes it again and compares.

mod key;
mod known;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

pub use self::key::{PublicKey, SigningKey};
pub use self::known::{KnownKey, KnownKeys};

/// The only algorithm: Ed25519 (RFC 8032). Two signatures of one text under one key are equal.
pub const ALGORITHM: &str = "ed25519";

/// What a signature signs: the digest of every byte before the last line, and whose file it is.
#[must_use]
pub fn signed_text(sha256_hex: &str, export_id: &str) -> String {
    format!("carryall-export-v1 sha256 {sha256_hex} {export_id}\n")
}

/// The last line of a file, in its one legal spelling.
#[must_use]
pub fn integrity_line(sha256_hex: &str, signature: Option<&IntegritySignature>) -> String {
    let signature = signature.map(|signature| {
        json!({
            "algorithm": ALGORITHM,
            "key_id": signature.key_id.as_str(),
            "value": signature.to_base64(),
        })
    });
    let integrity = json!({ "sha256": sha256_hex, "signature": signature });
    format!("\"integrity\":{integrity}}}\n")
}

/// The last line of a file, read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Integrity {
    /// SHA-256 in hex of every byte before the line, as the line states it.
    pub sha256: String,
    /// The signature, where the file has one.
    pub signature: Option<IntegritySignature>,
}

impl Integrity {
    /// Reads the last line, with its line feed. `None` when it is not spelled as [`integrity_line`] spells it.
    #[must_use]
    pub fn of_line(line: &[u8]) -> Option<Integrity> {
        let object = line.strip_prefix(b"\"integrity\":")?.strip_suffix(b"}\n")?;
        let integrity: Integrity = serde_json::from_slice(object).ok()?;
        let again = integrity_line(&integrity.sha256, integrity.signature.as_ref());
        (again.as_bytes() == line).then_some(integrity)
    }
}

/// `integrity.signature` of a file.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SignatureText")]
pub struct IntegritySignature {
    key_id: KeyId,
    value: [u8; 64],
}

/// As it stands in the file.
#[derive(Deserialize)]
struct SignatureText {
    algorithm: String,
    key_id: String,
    value: String,
}

impl IntegritySignature {
    /// A signature as a file states it: 16 hex digits and the base64 of 64 bytes.
    pub fn from_text(key_id: &str, value: &str) -> Result<IntegritySignature, KeyError> {
        let bytes = STANDARD.decode(value).ok();
        let value = bytes.and_then(|bytes| bytes.try_into().ok());
        Ok(IntegritySignature {
            key_id: KeyId::parse(key_id)?,
            value: value.ok_or(KeyError::NotASignature)?,
        })
    }

    /// Which key it says it was made with.
    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// Its 64 bytes.
    #[must_use]
    pub fn value(&self) -> &[u8; 64] {
        &self.value
    }

    /// Its bytes as the file has them.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.value)
    }
}

impl TryFrom<SignatureText> for IntegritySignature {
    type Error = KeyError;

    fn try_from(text: SignatureText) -> Result<IntegritySignature, KeyError> {
        if text.algorithm != ALGORITHM {
            return Err(KeyError::NotASignature);
        }
        IntegritySignature::from_text(&text.key_id, &text.value)
    }
}

impl fmt::Debug for IntegritySignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "IntegritySignature({} {})",
            self.key_id,
            self.to_base64()
        )
    }
}

/// A name for a public key: the first 16 hex digits of the SHA-256 of its 32 bytes. It finds a key and
/// proves nothing: only the check of the signature does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// 16 digits of lower-case hex.
    pub fn parse(text: &str) -> Result<KeyId, KeyError> {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 16 && text.bytes().all(is_digit) {
            Ok(KeyId(text.to_owned()))
        } else {
            Err(KeyError::NotAKeyId)
        }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a file's signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureCheck<'a> {
    /// Made with this key over exactly this digest and id.
    Good(&'a KnownKey),
    /// Made with a key that is not known here, or it says so: nothing can be told.
    UnknownKey,
    /// Not made with the key that it names, or not over this file.
    Bad,
}

/// Why a key or a signature could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Something else than an Ed25519 private key.
    #[error("read the signing key: it is no Ed25519 private key in PEM form")]
    NotAPrivateKey,
    /// Something else than an Ed25519 public key.
    #[error("read the public key: it is no Ed25519 public key")]
    NotAPublicKey,
    /// The secret half, where the other one belongs.
    #[error("read the public key: this is a private key")]
    PrivateKeyGiven,
    /// Neither a keys document nor PEM nor base64.
    #[error("read the public keys: the text is no keys document")]
    NotADocument(#[source] serde_json::Error),
    /// A time in a keys document cannot be read.
    #[error("read the public keys: `{text}` is no time")]
    NotATime {
        /// As it stands there.
        text: String,
    },
    /// A keys document that contradicts itself.
    #[error("read the public keys: the key called {stated} is {computed}")]
    WrongId {
        /// What the document calls it.
        stated: String,
        /// What it is.
        computed: KeyId,
    },
    /// Nothing in it.
    #[error("read the public keys: there is no key in the text")]
    NoKey,
    /// Something else than 16 hex digits.
    #[error("read a key's id: it is not 16 digits of lower-case hex")]
    NotAKeyId,
    /// Something else than an Ed25519 signature.
    #[error("read a signature: it is no Ed25519 signature")]
    NotASignature,
}

impl KeyError {
    /// Advice for whoever gave the key.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            KeyError::NotAPrivateKey => {
                Some("`openssl genpkey -algorithm ed25519 -out FILE` makes one")
            }
            KeyError::PrivateKeyGiven => {
                Some("keep it secret; `openssl pkey -in FILE -pubout` prints its public key")
            }
            KeyError::NotAPublicKey
            | KeyError::NotADocument(_)
            | KeyError::NotATime { .. }
            | KeyError::WrongId { .. }
            | KeyError::NoKey => Some(
                "give the product's /.well-known/carryall-keys.json, or what `carryall keys` prints",
            ),
            KeyError::NotAKeyId | KeyError::NotASignature => None,
        }
    }
}

#[cfg(test)]
mod tests;
