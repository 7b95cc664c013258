//! Tokens as issuers make them, and as somebody makes them who is none.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use super::*;

pub const SECRET: &[u8] = b"a secret of the tests that is long enough";
pub const ISSUER: &str = "https://issuer.example/auth/v1";
/// 2026-11-23T10:00:00Z, when the tests' clocks begin.
pub const NOW: i64 = 1_795_428_000;

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with this head and these claims, signed by `sign`.
fn made(head: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!(
        "{}.{}",
        text(head.to_string().as_bytes()),
        text(claims.to_string().as_bytes())
    );
    let signature = sign(message.as_bytes());
    format!("{message}.{}", text(&signature))
}

/// Signed with HS256 and this secret.
pub fn with_secret(secret: &[u8], claims: &Value) -> String {
    made(&json!({"alg": "HS256", "typ": "JWT"}), claims, |message| {
        mac(secret, message)
    })
}

fn mac(secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message)
        .as_ref()
        .to_vec()
}

/// What an issuer says of somebody who signed in just now.
pub fn claims(subject: &str) -> Value {
    json!({
        "iss": ISSUER, "aud": "authenticated", "sub": subject, "iat": NOW, "exp": NOW + 3_600,
        "aal": "aal1", "amr": [{"method": "password", "timestamp": NOW}],
    })
}

/// The same with some changed, or taken out where null.
#[expect(clippy::needless_pass_by_value, reason = "made where it is used")]
pub fn but(mut claims: Value, changed: Value) -> Value {
    for (name, value) in changed.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .expect("an object")
        .retain(|_, value| !value.is_null());
    claims
}

pub fn with_these(place: KeyPlace) -> Tokens {
    let keys = KeyRing::new(place).expect("keys");
    let expected = Expected {
        issuer: ISSUER.to_owned(),
        audience: "authenticated".to_owned(),
    };
    Tokens::new(keys, expected)
}

/// Tokens that the secret signs.
pub fn with_the_secret() -> Tokens {
    with_these(KeyPlace::Secret(SECRET.to_vec().into()))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

async fn check(tokens: &Tokens, token: &str, second: i64) -> Result<Claims, TokenError> {
    match tokens.check(token, at(second)).await {
        Ok(claims) => Ok(claims),
        Err(Unverified::Refused(error)) => Err(error),
        Err(Unverified::Keys(error)) => panic!("{error}"),
    }
}

/// Signs as an issuer with keys of its own does.
pub struct Issuer {
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    rsa: RsaKeyPair,
}

impl Issuer {
    pub fn new() -> Issuer {
        let random = SystemRandom::new();
        let ec =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let ed = Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
        let rsa = Command::new("openssl")
            .args([
                "genpkey",
                "-algorithm",
                "RSA",
                "-pkeyopt",
                "rsa_keygen_bits:2048",
                "-outform",
                "DER",
            ])
            .output()
            .expect("openssl runs");
        let ec = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random);
        Issuer {
            ec: ec.expect("a key"),
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).expect("a key"),
            // One version of openssl writes PKCS #8, another PKCS #1.
            rsa: RsaKeyPair::from_pkcs8(&rsa.stdout)
                .or_else(|_| RsaKeyPair::from_der(&rsa.stdout))
                .expect("a key"),
        }
    }

    /// Its public keys, and one for encryption, and a secret that must not be believed.
    pub fn set(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        let rsa: RsaPublicKeyComponents<Vec<u8>> = self.rsa.public().into();
        json!({ "keys": [
            {"kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "alg": "ES256", "x": text(&point[1..33]), "y": text(&point[33..])},
            {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": text(self.ed.public_key().as_ref())},
            {"kty": "RSA", "kid": "rsa", "use": "sig", "n": text(&rsa.n), "e": text(&rsa.e)},
            {"kty": "RSA", "kid": "for-secrets", "use": "enc", "n": text(&rsa.n), "e": "AQAB"},
            {"kty": "oct", "kid": "shared", "alg": "HS256", "k": text(SECRET)},
            {"kty": "AKP", "kid": "of-tomorrow", "pub": "AAAA"},
        ]})
    }

    pub fn sign(&self, algorithm: &str, kid: &str, claims: &Value) -> String {
        let head = json!({"alg": algorithm, "kid": kid});
        let random = SystemRandom::new();
        made(&head, claims, |message| match algorithm {
            "ES256" => self
                .ec
                .sign(&random, message)
                .expect("signs")
                .as_ref()
                .to_vec(),
            "EdDSA" => self.ed.sign(message).as_ref().to_vec(),
            _ => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa
                    .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .expect("signs");
                signature
            }
        })
    }
}

#[tokio::test]
async fn a_token_that_the_secret_signs_says_who_and_when_they_proved_it() {
    let tokens = with_the_secret();
    let claims = check(&tokens, &with_secret(SECRET, &claims("u1")), NOW)
        .await
        .expect("taken");
    assert_eq!(claims.subject("sub"), Ok("u1".to_owned()));
    assert_eq!(claims.proved_at(at(NOW + 300)), Some(at(NOW)));
    assert!(KeyRing::new(KeyPlace::Secret(b"short".to_vec().into())).is_err());
}

#[tokio::test]
async fn tokens_signed_with_rsa_p_256_and_ed25519_are_taken_and_each_by_its_own_key_alone() {
    let issuer = Issuer::new();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("jwks.json");
    std::fs::write(&file, issuer.set().to_string()).expect("written");
    let tokens = with_these(KeyPlace::File(file));
    let claims = claims("u1");
    for (algorithm, kid) in [("ES256", "ec"), ("EdDSA", "ed"), ("RS256", "rsa")] {
        let token = issuer.sign(algorithm, kid, &claims);
        assert!(check(&tokens, &token, NOW).await.is_ok(), "{algorithm}");
        let other = Issuer::new().sign(algorithm, kid, &claims);
        assert_eq!(
            check(&tokens, &other, NOW).await.err(),
            Some(TokenError::Signature),
            "{algorithm}"
        );
    }
    let refused = async |algorithm, kid| {
        check(&tokens, &issuer.sign(algorithm, kid, &claims), NOW)
            .await
            .expect_err("refused")
    };
    assert_eq!(refused("EdDSA", "ec").await, TokenError::Algorithm);
    assert_eq!(
        refused("RS256", "for-secrets").await,
        TokenError::UnknownKey
    );
    assert_eq!(refused("RS256", "nobody-s").await, TokenError::UnknownKey);
}

#[tokio::test]
async fn no_token_chooses_its_own_algorithm_and_none_is_none() {
    let issuer = Issuer::new();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("jwks.json");
    std::fs::write(&file, issuer.set().to_string()).expect("written");
    let tokens = with_these(KeyPlace::File(file));
    let claims = claims("u1");
    // A public key as the secret of an HMAC; and the secret that stood in the set.
    let set = issuer.set();
    let public = set["keys"][2]["n"].as_str().expect("a modulus");
    let der = issuer.rsa.public().as_ref().to_vec();
    for (kid, secret) in [
        ("rsa", public.as_bytes()),
        ("rsa", &der),
        ("shared", SECRET),
    ] {
        let head = json!({"alg": "HS256", "kid": kid});
        let token = made(&head, &claims, |message| mac(secret, message));
        let error = check(&tokens, &token, NOW).await.expect_err("refused");
        assert!(error.is_forgery(), "{kid}: {error}");
    }
    for algorithm in ["none", "None", "NONE", "", "HS1"] {
        for signature in [Vec::new(), vec![0; 32]] {
            let token = made(&json!({"alg": algorithm}), &claims, |_| signature.clone());
            for tokens in [&tokens, &with_the_secret()] {
                let error = check(tokens, &token, NOW).await.err();
                assert_eq!(error, Some(TokenError::Malformed), "{algorithm}");
            }
        }
    }
    // A secret does not verify what an asymmetric key signed, and the other way round.
    let token = issuer.sign("RS256", "rsa", &claims);
    assert_eq!(
        check(&with_the_secret(), &token, NOW).await.err(),
        Some(TokenError::Algorithm)
    );
    let critical = made(
        &json!({"alg": "HS256", "crit": ["b64"], "b64": false}),
        &claims,
        |m| mac(SECRET, m),
    );
    assert_eq!(
        check(&with_the_secret(), &critical, NOW).await.err(),
        Some(TokenError::Malformed)
    );
}

#[tokio::test]
async fn issuer_audience_and_time_are_looked_at_and_clocks_may_differ_by_a_minute() {
    let tokens = with_the_secret();
    for (changed, expected) in [
        (
            json!({"iss": "https://issuer.example"}),
            Some(TokenError::Issuer),
        ),
        (json!({"iss": null}), Some(TokenError::Issuer)),
        (json!({"iss": [ISSUER]}), Some(TokenError::Issuer)),
        (json!({"aud": "somebody else"}), Some(TokenError::Audience)),
        (json!({"aud": null}), Some(TokenError::Audience)),
        (json!({"aud": ["x", "authenticated"]}), None),
        (json!({"exp": null}), Some(TokenError::Expired)),
        (json!({"exp": "9999999999"}), Some(TokenError::Malformed)),
        (json!({"exp": NOW - 60}), Some(TokenError::Expired)),
        (json!({"exp": NOW - 59}), None),
        (json!({"exp": 1e300}), Some(TokenError::Malformed)),
        (json!({"nbf": NOW + 60}), None),
        (json!({"nbf": NOW + 61}), Some(TokenError::NotYet)),
        (json!({"nbf": "soon"}), Some(TokenError::Malformed)),
        (json!({"iat": NOW + 61}), Some(TokenError::NotYet)),
    ] {
        let token = with_secret(SECRET, &but(claims("u1"), changed.clone()));
        assert_eq!(
            check(&tokens, &token, NOW).await.err(),
            expected,
            "{changed}"
        );
    }
}

#[tokio::test]
async fn what_was_changed_cut_or_made_up_is_no_token() {
    let tokens = with_the_secret();
    let token = with_secret(SECRET, &claims("u1"));
    let (head, rest) = token.split_once('.').expect("three parts");
    let (body, signature) = rest.split_once('.').expect("three parts");
    let other = text(claims("u2").to_string().as_bytes());
    let wrong = [
        format!("{head}.{other}.{signature}"),
        format!("{head}.{body}."),
        format!("{head}.{body}"),
        format!("{head}.{body}.{signature}.{signature}"),
        format!("{head}.{body}.{signature}="),
        with_secret(b"another secret of the same kind, longer", &claims("u1")),
        String::new(),
        "...".to_owned(),
        "x".repeat(9_000),
    ];
    for wrong in wrong {
        let error = check(&tokens, &wrong, NOW).await.expect_err("refused");
        assert!(error.is_forgery(), "{wrong}: {error}");
    }
}

#[tokio::test]
async fn a_refreshed_token_proves_nothing_and_neither_does_one_of_tomorrow() {
    let tokens = with_the_secret();
    let then = NOW - 7_200;
    for (changed, expected) in [
        (
            json!({"amr": [{"method": "token_refresh", "timestamp": NOW}, {"method": "password", "timestamp": then}]}),
            Some(then),
        ),
        (
            json!({"amr": [{"method": "anonymous", "timestamp": NOW}]}),
            None,
        ),
        (
            json!({"amr": [{"method": "password", "timestamp": then}, {"method": "mfa/totp", "timestamp": NOW}]}),
            Some(NOW),
        ),
        (json!({"amr": ["pwd", "mfa"]}), None),
        (json!({"amr": null}), None),
        (json!({"auth_time": then}), Some(then)),
        (json!({"auth_time": NOW + 30}), Some(NOW)),
        (json!({"auth_time": NOW + 90}), None),
        (json!({"auth_time": "now"}), None),
    ] {
        let token = with_secret(SECRET, &but(claims("u1"), changed.clone()));
        let claims = check(&tokens, &token, NOW).await.expect("taken");
        assert_eq!(claims.proved_at(at(NOW)), expected.map(at), "{changed}");
    }
}

#[tokio::test]
async fn keys_are_read_again_when_a_token_names_a_new_one_and_not_for_every_token() {
    let (old, new) = (Issuer::new(), Issuer::new());
    let renamed = |issuer: &Issuer, kid: &str| {
        let mut set = issuer.set();
        set["keys"][0]["kid"] = kid.into();
        set.to_string()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("jwks.json");
    std::fs::write(&file, renamed(&old, "first")).expect("written");
    let tokens = with_these(KeyPlace::File(file.clone()));
    let claims = claims("u1");
    assert!(
        check(&tokens, &old.sign("ES256", "first", &claims), NOW)
            .await
            .is_ok()
    );
    std::fs::write(&file, renamed(&new, "second")).expect("written");
    let token = new.sign("ES256", "second", &claims);
    let within_a_minute = check(&tokens, &token, NOW + 59).await.err();
    assert_eq!(
        within_a_minute,
        Some(TokenError::UnknownKey),
        "made-up ids ask nobody"
    );
    assert!(check(&tokens, &token, NOW + 60).await.is_ok());
    let withdrawn = check(&tokens, &old.sign("ES256", "first", &claims), NOW + 60)
        .await
        .err();
    assert_eq!(withdrawn, Some(TokenError::UnknownKey));
    std::fs::remove_file(&file).expect("removed");
    assert!(
        check(&tokens, &token, NOW + 3_600).await.is_ok(),
        "the last set holds for a day"
    );
    let later = with_secret(SECRET, &claims);
    let gone = tokens.check(&later, at(NOW + 100_000)).await;
    assert!(matches!(
        gone,
        Err(Unverified::Keys(KeysError::File { .. }))
    ));
}
