//! Signing, checking and the forms of keys, against files that were changed in every bit and against
//! what `openssl` makes.

use proptest::prelude::*;

use super::*;

const DIGEST: &str = "f490e60984260f730a18ea6a78fa004640d649fac92032c1ace94360006f9482";
const ID: &str = "01a20ae4-340a-730e-9089-7bbc1b5494c5";
/// Made by `openssl genpkey -algorithm ed25519` (3.0.19), and its `openssl pkey -pubout`.
const OPENSSL_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJOES4a/hDOiaHmMEM/rQvQvgmVcAl5/9WqlyUIAdywQ
-----END PRIVATE KEY-----
";
const OPENSSL_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGjHlO6EtGwQtSGJsCJoUr2s7MHHpxLhNciRNT8649Dg=
-----END PUBLIC KEY-----
";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn known(keys: &[&SigningKey]) -> KnownKeys {
    let mut known = KnownKeys::default();
    for key in keys {
        known.put(key.public_key().into());
    }
    known
}

fn is_good(check: SignatureCheck<'_>) -> bool {
    matches!(check, SignatureCheck::Good(_))
}

#[test]
fn what_is_signed_is_one_line_of_ascii() {
    assert_eq!(
        signed_text(DIGEST, ID),
        format!("carryall-export-v1 sha256 {DIGEST} {ID}\n")
    );
}

#[test]
fn the_last_line_has_one_spelling() {
    let signature = key(1).sign(DIGEST, ID);
    insta::assert_snapshot!(integrity_line(DIGEST, Some(&signature)), @r#""integrity":{"sha256":"f490e60984260f730a18ea6a78fa004640d649fac92032c1ace94360006f9482","signature":{"algorithm":"ed25519","key_id":"34750f98bd59fcfc","value":"8u18H5yAnYtRKp48XhOoR7GqLE6EopjxymUomMyrenKveJOh8mjpjRKdhpSvQ383VzyYQT5RNwbh4ip9Qqd0Aw=="}}}"#);
    insta::assert_snapshot!(integrity_line(DIGEST, None), @r#""integrity":{"sha256":"f490e60984260f730a18ea6a78fa004640d649fac92032c1ace94360006f9482","signature":null}}"#);
}

#[test]
fn a_last_line_is_read_back_and_in_no_other_spelling() {
    let signature = key(1).sign(DIGEST, ID);
    let line = integrity_line(DIGEST, Some(&signature));
    let read = Integrity::of_line(line.as_bytes()).unwrap();
    assert_eq!(read.sha256, DIGEST);
    assert_eq!(read.signature, Some(signature));
    assert!(Integrity::of_line(integrity_line(DIGEST, None).as_bytes()).is_some());
    let value = read.signature.unwrap().to_base64();
    for (from, to) in [
        (":{\"sha", ": {\"sha"),
        ("}}}\n", "}}}"),
        ("}}}\n", "}}}\r\n"),
        ("}}}\n", "},\"more\":1}}\n"),
        // A second list of messages in the one line that no digest covers.
        ("}}}\n", "}},\"messages\":[]}\n"),
        ("\"ed25519\"", "\"ed448\""),
        ("\"algorithm\"", "\"\\u0061lgorithm\""),
        (value.as_str(), &value[..84]),
        (value.as_str(), &format!("{}B==", &value[..85])),
    ] {
        let other = line.replace(from, to);
        assert_ne!(other, line);
        assert_eq!(Integrity::of_line(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn a_key_that_is_known_tells_good_from_bad_and_one_that_is_not_tells_nothing() {
    let keys = known(&[&key(1), &key(2)]);
    let check = keys.check(DIGEST, ID, &key(2).sign(DIGEST, ID));
    let SignatureCheck::Good(by) = check else {
        panic!("{check:?}");
    };
    assert_eq!(by.key, key(2).public_key());
    let unknown = keys.check(DIGEST, ID, &key(3).sign(DIGEST, ID));
    assert_eq!(unknown, SignatureCheck::UnknownKey);
    let mut forged = key(3).sign(DIGEST, ID);
    forged.key_id = key(1).public_key().id();
    assert_eq!(keys.check(DIGEST, ID, &forged), SignatureCheck::Bad);
}

#[test]
fn one_bit_changed_anywhere_in_the_signature_the_text_or_the_key_is_bad() {
    let signing = key(1);
    let keys = known(&[&signing]);
    let signature = signing.sign(DIGEST, ID);
    for bit in 0..512 {
        let mut changed = signature.clone();
        changed.value[bit / 8] ^= 1 << (bit % 8);
        let check = keys.check(DIGEST, ID, &changed);
        assert_eq!(check, SignatureCheck::Bad, "bit {bit} of the signature");
    }
    for place in 0..DIGEST.len() + ID.len() {
        for bit in 0..7 {
            let mut text = [DIGEST, ID].concat().into_bytes();
            text[place] ^= 1 << bit;
            let text = String::from_utf8(text).unwrap();
            let (digest, id) = text.split_at(DIGEST.len());
            let check = keys.check(digest, id, &signature);
            assert_eq!(check, SignatureCheck::Bad, "{text}");
        }
    }
    for bit in 0..256 {
        let mut bytes = *signing.public_key().as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        // About half of them are no point of the curve, and so no key at all.
        if let Ok(other) = PublicKey::from_bytes(&bytes) {
            assert!(
                !other.has_signed(DIGEST, ID, &signature),
                "bit {bit} of the key"
            );
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_signed_checks_and_nothing_else_does(
        seed: [u8; 32], digest in "[0-9a-f]{64}", other in "[0-9a-f]{64}", id in "[0-9a-f-]{36}"
    ) {
        let signing = SigningKey::from_seed(&seed);
        let keys = known(&[&signing]);
        let signature = signing.sign(&digest, &id);
        prop_assert!(is_good(keys.check(&digest, &id, &signature)));
        prop_assert_eq!(is_good(keys.check(&other, &id, &signature)), other == digest);
        let line = integrity_line(&digest, Some(&signature));
        let read = Integrity::of_line(line.as_bytes());
        prop_assert_eq!(read.and_then(|read| read.signature), Some(signature));
    }
}

#[test]
fn keys_that_openssl_made_are_read_and_written_as_openssl_writes_them() {
    let signing = SigningKey::from_pem(OPENSSL_PRIVATE).unwrap();
    assert_eq!(*signing.to_pem(), OPENSSL_PRIVATE);
    let public = PublicKey::from_pem(OPENSSL_PUBLIC).unwrap();
    assert_eq!(signing.public_key(), public);
    assert_eq!(public.to_pem(), OPENSSL_PUBLIC);
    assert_eq!(PublicKey::from_base64(&public.to_base64()).unwrap(), public);
}

#[test]
fn what_is_no_key_is_refused_with_advice() {
    for text in [
        "",
        "garbage",
        OPENSSL_PUBLIC,
        &OPENSSL_PRIVATE.replace('M', "N"),
    ] {
        let error = SigningKey::from_pem(text).unwrap_err();
        assert!(
            error.hint().is_some_and(|hint| hint.contains("genpkey")),
            "{error}"
        );
    }
    for text in [
        "",
        "garbage",
        "AAAA",
        "{}",
        "{\"keys\":[]}",
        &OPENSSL_PUBLIC.replace('M', "N"),
    ] {
        let error = KnownKeys::parse(text).unwrap_err();
        assert!(error.hint().is_some(), "{error}");
    }
    let error = KnownKeys::parse(OPENSSL_PRIVATE).unwrap_err();
    assert!(matches!(error, KeyError::PrivateKeyGiven), "{error}");
}

#[test]
fn known_keys_come_as_a_document_as_pem_or_as_base64() {
    let (old, new) = (key(1), key(2));
    let mut keys = known(&[&old, &new]);
    keys.put(KnownKey {
        key: old.public_key(),
        created_at: Some("2026-01-01T00:00:00Z".parse().unwrap()),
        retired_at: Some("2026-06-01T00:00:00Z".parse().unwrap()),
    });
    insta::assert_snapshot!(keys.to_json(), @r#"
    {"keys":[
    {"key_id":"6a3803d5f059902a","algorithm":"ed25519","public_key":"gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=","created_at":null,"retired_at":null},
    {"key_id":"34750f98bd59fcfc","algorithm":"ed25519","public_key":"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=","created_at":"2026-01-01T00:00:00Z","retired_at":"2026-06-01T00:00:00Z"}
    ]}
    "#);
    assert_eq!(KnownKeys::parse(&keys.to_json()).unwrap(), keys);
    let pem = KnownKeys::parse(&keys.to_pem()).unwrap();
    let base64 = KnownKeys::parse(&old.public_key().to_base64()).unwrap();
    let signature = old.sign(DIGEST, ID);
    for keys in [&keys, &pem, &base64] {
        assert!(is_good(keys.check(DIGEST, ID, &signature)), "{keys:?}");
    }
    assert_eq!(pem.keys().len(), 2);
    assert_eq!(
        base64.check(DIGEST, ID, &new.sign(DIGEST, ID)),
        SignatureCheck::UnknownKey
    );
}

#[test]
fn a_document_that_calls_a_key_by_another_name_is_refused_and_other_algorithms_are_passed_over() {
    let keys = known(&[&key(1)]).to_json();
    let id = key(1).public_key().id();
    let error = KnownKeys::parse(&keys.replace(id.as_str(), "0123456789abcdef")).unwrap_err();
    assert!(matches!(error, KeyError::WrongId { .. }), "{error}");
    let later = keys.replace(
        "[\n",
        "[\n{\"key_id\":\"x\",\"algorithm\":\"later\",\"public_key\":\"y\"},",
    );
    assert_eq!(KnownKeys::parse(&later).unwrap().keys().len(), 1);
    let error = KnownKeys::parse(&keys.replace("null", "\"today\"")).unwrap_err();
    assert!(matches!(error, KeyError::NotATime { .. }), "{error}");
}
