//! Who signed a token. jsonwebtoken reads it; ring, which is here anyway, does the arithmetic.
//!
//! jsonwebtoken's own arithmetic would be the `rsa` crate, whose timing leaks are known (RUSTSEC-2023-0071),
//! or a second library in C. It looks at the machine's clock, so times are looked at in `claims.rs`.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Validation, decode, decode_header};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use ring::{error::Unspecified, hmac};
use serde_json::{Map, Value};

use super::TokenError;

/// A key, and what it may be used for.
#[derive(Clone)]
pub struct Key {
    id: Option<String>,
    algorithms: &'static [Algorithm],
    with: DecodingKey,
}

impl Key {
    /// A secret that both ends know. It is for HMAC alone.
    pub fn of_secret(secret: &[u8]) -> Key {
        Key {
            id: None,
            algorithms: &[Algorithm::HS256],
            with: DecodingKey::from_secret(secret),
        }
    }

    /// A public key of a set; none when it is for something else, or not understood.
    pub fn of_set(value: &Value) -> Option<Key> {
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let common = &jwk.common;
        let is_for_us = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
            && common
                .key_operations
                .as_ref()
                .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let algorithms: &[Algorithm] = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => &[Algorithm::RS256, Algorithm::PS256],
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => &[Algorithm::ES256],
                EllipticCurve::P384 => &[Algorithm::ES384],
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                &[Algorithm::EdDSA]
            }
            // Above all no symmetric key: whoever reads the set could sign with it.
            _ => return None,
        };
        let said = value["alg"].as_str();
        let is_said = said.is_none_or(|said| algorithms.iter().any(|known| name(*known) == said));
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        (is_for_us && is_said).then(|| Key {
            id: common.key_id.clone(),
            algorithms,
            with: key,
        })
    }

    /// Whether this is the key that a token names; a token or key without an id may be of any.
    pub fn is_called(&self, id: Option<&str>) -> bool {
        match (id, &self.id) {
            (Some(id), Some(own)) => id == own,
            _ => true,
        }
    }
}

/// As a set of keys spells it.
fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::PS256 => "PS256",
        Algorithm::ES256 => "ES256",
        Algorithm::ES384 => "ES384",
        Algorithm::EdDSA => "EdDSA",
        _ => "",
    }
}

/// The id of the key that a token says it is signed with. Nothing of it is believed yet.
pub fn key_id(token: &str) -> Result<Option<String>, TokenError> {
    // `none` is no algorithm that the library knows.
    let head = decode_header(token).map_err(|_| TokenError::Malformed)?;
    // What a token calls critical has to be understood (RFC 7515, section 4.1.11), and nothing is.
    if head.crit.is_some() {
        return Err(TokenError::Malformed);
    }
    Ok(head.kid)
}

/// What a token says, once one of the keys is seen to have signed it.
pub fn verified(token: &str, keys: &[Key]) -> Result<Map<String, Value>, TokenError> {
    install();
    let head = decode_header(token).map_err(|_| TokenError::Malformed)?;
    let called: Vec<_> = keys
        .iter()
        .filter(|key| key.is_called(head.kid.as_deref()))
        .collect();
    if called.is_empty() {
        return Err(TokenError::UnknownKey);
    }
    let mut fitting = called
        .iter()
        .filter(|key| key.algorithms.contains(&head.alg))
        .peekable();
    if fitting.peek().is_none() {
        return Err(TokenError::Algorithm);
    }
    let mut rules = Validation::new(head.alg);
    // All of it is done in `claims.rs`, against a clock that is an argument.
    rules.required_spec_claims.clear();
    (rules.validate_exp, rules.validate_aud) = (false, false);
    let mut found = Err(TokenError::Signature);
    for key in fitting {
        found = match decode(token, &key.with, &rules) {
            Ok(token) => return Ok(token.claims),
            Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => found,
            Err(_) => Err(TokenError::Malformed),
        };
    }
    found
}

/// The library asks the whole process for its arithmetic.
fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

static PROVIDER: CryptoProvider = CryptoProvider {
    // Nothing here signs tokens.
    signer_factory: |_, _| Err(Error::from(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| {
        let (algorithm, key) = (*algorithm, key.clone());
        Ok(Box::new(Ring { algorithm, key }))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Ring {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.is_right(message, signature)
            .map_err(|Unspecified| signature::Error::new())
    }
}

impl Ring {
    fn is_right(&self, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        // The key's family was held against the algorithm by the list in `Key`; here a key that does not fit
        // is one that does not verify.
        match (self.algorithm, self.key.kind()) {
            (Algorithm::HS256, DecodingKeyKind::SecretOrDer(secret)) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::verify(&key, message, signature)
            }
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(
                    &RSA_PKCS1_2048_8192_SHA256,
                    message,
                    signature,
                )
            }
            (Algorithm::PS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(
                    &RSA_PSS_2048_8192_SHA256,
                    message,
                    signature,
                )
            }
            (algorithm, DecodingKeyKind::SecretOrDer(public)) => {
                let with: &'static dyn VerificationAlgorithm = match algorithm {
                    Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED,
                    Algorithm::ES384 => &ECDSA_P384_SHA384_FIXED,
                    Algorithm::EdDSA => &ED25519,
                    _ => return Err(Unspecified),
                };
                UnparsedPublicKey::new(with, public).verify(message, signature)
            }
            _ => Err(Unspecified),
        }
    }
}
