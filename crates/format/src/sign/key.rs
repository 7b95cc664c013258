//! Ed25519 keys and the forms that they come in.
//!
//! The secret half is wiped when it is dropped and never shown. Whether a signature is good is asked in
//! the strict way: one signature, one key, no second form of either that passes too.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{IntegritySignature, KeyError, KeyId, signed_text};
use crate::write::hex;

/// PKCS#8 around the 32 bytes of a private key (RFC 8410 section 7), in the first version of the form:
/// the only one that every openssl reads.
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// `SubjectPublicKeyInfo` around the 32 bytes of a public key (RFC 8410 section 4).
const SPKI_HEAD: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// What signs.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key of 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> SigningKey {
        SigningKey(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads PKCS#8 in PEM form, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn from_pem(text: &str) -> Result<SigningKey, KeyError> {
        // The library's error is dropped: it could quote what stands in the file.
        ed25519_dalek::SigningKey::from_pkcs8_pem(text)
            .map(SigningKey)
            .map_err(|_| KeyError::NotAPrivateKey)
    }

    /// The same form again.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        let der = Zeroizing::new([&PKCS8_HEAD[..], self.0.as_bytes()].concat());
        let base64 = Zeroizing::new(STANDARD.encode(&*der));
        Zeroizing::new(pem("PRIVATE KEY", &base64))
    }

    /// The half that everybody may have.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a file by its digest and its id.
    #[must_use]
    pub fn sign(&self, sha256_hex: &str, export_id: &str) -> IntegritySignature {
        self.sign_text(&signed_text(sha256_hex, export_id))
    }

    /// Signs a line that begins with what it is, so that it can pass for no file and no other line.
    #[must_use]
    pub fn sign_text(&self, text: &str) -> IntegritySignature {
        IntegritySignature {
            key_id: self.public_key().id(),
            value: self.0.sign(text.as_bytes()).to_bytes(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, secret)", self.public_key().id())
    }
}

/// What checks.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key of these 32 bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<PublicKey, KeyError> {
        VerifyingKey::from_bytes(bytes)
            .ok()
            // Under such a key anybody can sign anything; the strict check refuses it as well.
            .filter(|key| !key.is_weak())
            .map(PublicKey)
            .ok_or(KeyError::NotAPublicKey)
    }

    /// Reads the base64 of the 32 bytes.
    pub fn from_base64(text: &str) -> Result<PublicKey, KeyError> {
        let bytes = STANDARD.decode(text.trim()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        PublicKey::from_bytes(&bytes.ok_or(KeyError::NotAPublicKey)?)
    }

    /// Reads SPKI in PEM form, as `openssl pkey -pubout` writes it.
    pub fn from_pem(text: &str) -> Result<PublicKey, KeyError> {
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyError::PrivateKeyGiven);
        }
        let key = VerifyingKey::from_public_key_pem(text).map_err(|_| KeyError::NotAPublicKey)?;
        PublicKey::from_bytes(key.as_bytes())
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The 32 bytes in base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0.as_bytes())
    }

    /// SPKI in PEM form, for `openssl`.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let der = [&SPKI_HEAD[..], self.0.as_bytes()].concat();
        pem("PUBLIC KEY", &STANDARD.encode(der))
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let digest = hex(&Sha256::digest(self.0.as_bytes()));
        KeyId(digest[..16].to_owned())
    }

    /// Whether this key signed exactly this digest and id.
    #[must_use]
    pub fn has_signed(
        &self,
        sha256_hex: &str,
        export_id: &str,
        signature: &IntegritySignature,
    ) -> bool {
        self.has_signed_text(&signed_text(sha256_hex, export_id), signature)
    }

    /// Whether this key signed exactly this text.
    #[must_use]
    pub fn has_signed_text(&self, text: &str, signature: &IntegritySignature) -> bool {
        let signature = Signature::from_bytes(&signature.value);
        self.0.verify_strict(text.as_bytes(), &signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.to_base64())
    }
}

/// RFC 7468. Both kinds of key fit on one line of base64.
fn pem(label: &str, base64: &str) -> String {
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 section 7.1: secret key, public key, message, signature.
    const VECTORS: [[&str; 4]; 3] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ],
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        digits
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn keys_and_signatures_are_those_of_rfc_8032() {
        for [secret, public, message, signature] in VECTORS {
            let seed = bytes(secret).try_into().unwrap();
            let key = SigningKey::from_seed(&seed);
            assert_eq!(hex(key.public_key().as_bytes()), public);
            assert_eq!(hex(&key.0.sign(&bytes(message)).to_bytes()), signature);
        }
    }

    #[test]
    fn a_second_form_of_a_good_signature_is_refused() {
        /// The order of the group (RFC 8032 section 5.1), lowest byte first.
        const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
        let key = SigningKey::from_seed(&[7; 32]);
        let mut signature = key.sign("digest", "id");
        assert!(key.public_key().has_signed("digest", "id", &signature));
        let mut carry = 0;
        for (byte, order) in signature.value[32..].iter_mut().zip(bytes(ORDER)) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        assert!(!key.public_key().has_signed("digest", "id", &signature));
    }

    #[test]
    fn a_key_under_which_anybody_can_sign_is_no_key() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(matches!(
            PublicKey::from_bytes(&identity),
            Err(KeyError::NotAPublicKey)
        ));
    }

    #[test]
    fn nothing_secret_is_shown_for_debugging() {
        let key = SigningKey::from_seed(&[7; 32]);
        let shown = format!("{key:?}");
        assert_eq!(
            shown,
            format!("SigningKey({}, secret)", key.public_key().id())
        );
    }
}
