//! The public keys that somebody knows, and the document that publishes them.
//!
//! A product serves it at `/.well-known/carryall-keys.json`; keys that sign no more stay in it, so that
//! old exports can still be checked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ALGORITHM, IntegritySignature, KeyError, PublicKey, SignatureCheck, signed_text};

/// A public key, and since when and until when it signed, where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// The key.
    pub key: PublicKey,
    /// Since when it signs.
    pub created_at: Option<Timestamp>,
    /// When it stopped signing. What it had signed before stays good.
    pub retired_at: Option<Timestamp>,
}

/// Public keys, as a keys document lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownKeys {
    keys: Vec<KnownKey>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    keys: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    key_id: String,
    algorithm: String,
    public_key: String,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    retired_at: Option<String>,
}

impl KnownKeys {
    /// Reads a keys document, public keys in PEM form one after the other, or one key's base64.
    pub fn parse(text: &str) -> Result<KnownKeys, KeyError> {
        let text = text.trim();
        let keys = if text.starts_with('{') {
            let document: Document = serde_json::from_str(text).map_err(KeyError::NotADocument)?;
            document
                .keys
                .into_iter()
                // Another algorithm is one that a later program knows; its signatures are not ours.
                .filter(|line| line.algorithm == ALGORITHM)
                .map(KnownKey::try_from)
                .collect::<Result<Vec<_>, _>>()?
        } else if text.contains("-----BEGIN") {
            text.split_inclusive("-----END PUBLIC KEY-----")
                .filter(|pem| !pem.trim().is_empty())
                .map(|pem| Ok(PublicKey::from_pem(pem.trim_start())?.into()))
                .collect::<Result<Vec<_>, KeyError>>()?
        } else {
            vec![PublicKey::from_base64(text)?.into()]
        };
        if keys.is_empty() {
            return Err(KeyError::NoKey);
        }
        Ok(KnownKeys { keys })
    }

    /// The keys, in the document's order.
    #[must_use]
    pub fn keys(&self) -> &[KnownKey] {
        &self.keys
    }

    /// Puts a key first, or changes what is said of one that is there.
    pub fn put(&mut self, known: KnownKey) {
        match self.keys.iter_mut().find(|other| other.key == known.key) {
            Some(place) => *place = known,
            None => self.keys.insert(0, known),
        }
    }

    /// The keys document, a key a line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let lines: Vec<_> = self.keys.iter().map(KnownKey::to_json).collect();
        format!("{{\"keys\":[\n{}\n]}}\n", lines.join(",\n"))
    }

    /// The keys in PEM form, one after the other.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.keys.iter().map(|known| known.key.to_pem()).collect()
    }

    /// What a signature is worth for the file with this digest and id.
    #[must_use]
    pub fn check(
        &self,
        sha256_hex: &str,
        export_id: &str,
        signature: &IntegritySignature,
    ) -> SignatureCheck<'_> {
        self.check_text(&signed_text(sha256_hex, export_id), signature)
    }

    /// What a signature is worth for this text.
    #[must_use]
    pub fn check_text(&self, text: &str, signature: &IntegritySignature) -> SignatureCheck<'_> {
        // Ids are short: two keys may share one, so each of that name is asked.
        let mut named = self
            .keys
            .iter()
            .filter(|known| known.key.id() == *signature.key_id())
            .peekable();
        if named.peek().is_none() {
            return SignatureCheck::UnknownKey;
        }
        named
            .find(|known| known.key.has_signed_text(text, signature))
            .map_or(SignatureCheck::Bad, SignatureCheck::Good)
    }
}

impl KnownKeys {
    /// Whether any of these keys made a signature, whatever it is called there.
    #[must_use]
    pub fn has_signed(
        &self,
        sha256_hex: &str,
        export_id: &str,
        signature: &IntegritySignature,
    ) -> bool {
        let mut keys = self.keys.iter();
        keys.any(|known| known.key.has_signed(sha256_hex, export_id, signature))
    }
}

impl KnownKey {
    fn to_json(&self) -> String {
        serde_json::json!({
            "key_id": self.key.id().as_str(),
            "algorithm": ALGORITHM,
            "public_key": self.key.to_base64(),
            "created_at": self.created_at.map(|time| time.to_string()),
            "retired_at": self.retired_at.map(|time| time.to_string()),
        })
        .to_string()
    }
}

impl From<PublicKey> for KnownKey {
    fn from(key: PublicKey) -> KnownKey {
        KnownKey {
            key,
            created_at: None,
            retired_at: None,
        }
    }
}

impl TryFrom<Line> for KnownKey {
    type Error = KeyError;

    fn try_from(line: Line) -> Result<KnownKey, KeyError> {
        let key = PublicKey::from_base64(&line.public_key)?;
        let computed = key.id();
        if computed.as_str() != line.key_id {
            let stated = line.key_id;
            return Err(KeyError::WrongId { stated, computed });
        }
        Ok(KnownKey {
            key,
            created_at: line.created_at.map(time).transpose()?,
            retired_at: line.retired_at.map(time).transpose()?,
        })
    }
}

fn time(text: String) -> Result<Timestamp, KeyError> {
    text.parse().map_err(|_| KeyError::NotATime { text })
}
