//! `carryall keys`: what it prints, and what it refuses.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use carryall_format::sign::{KnownKeys, SigningKey};

use crate::bad_input::assert_says;
use crate::product::Product;
use crate::program::{FAILED, Outcome, carryall};

/// Runs `carryall keys` with these flags on the keys beside a ledger in this folder.
fn keys(folder: &Path, flags: &[&str]) -> Outcome {
    let ledger = format!("sqlite:{}", folder.join("ledger.db").display());
    let mut arguments = vec!["keys"];
    arguments.extend(flags);
    arguments.extend(["--ledger", &ledger]);
    carryall(arguments)
}

/// A file that its owner alone may read.
fn private_file(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

#[test]
fn looking_before_there_is_a_key_fails_with_advice_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let said = keys(folder.path(), &[]).ended_with(FAILED);
    assert_says(
        &said.stderr,
        &[
            "there is none in",
            "carryall-keys",
            "hint: `carryall serve`",
        ],
    );
    assert!(said.stdout.is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn keys_are_printed_as_a_document_or_for_openssl_and_a_rotation_keeps_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let first = keys(folder.path(), &["rotate"]).ended_with(0);
    let first = KnownKeys::parse(first.text()).unwrap();
    assert_eq!(first.keys().len(), 1);
    keys(folder.path(), &["rotate"]).ended_with(0);
    let printed = keys(folder.path(), &[]).ended_with(0);
    let known = KnownKeys::parse(printed.text()).unwrap();
    assert_eq!(known.keys().len(), 2);
    let (new, old) = (&known.keys()[0], &known.keys()[1]);
    assert_eq!(old.key, first.keys()[0].key);
    assert!(new.retired_at.is_none() && old.retired_at.is_some());
    let pem = keys(folder.path(), &["--pem"]).ended_with(0);
    assert_eq!(pem.text(), new.key.to_pem() + &old.key.to_pem());
    let private = folder.path().join("carryall-keys/signing-key.pem");
    let private = SigningKey::from_pem(&fs::read_to_string(private).unwrap()).unwrap();
    assert_eq!(private.public_key(), new.key);
    // The folder can be named itself, too.
    let named = folder.path().join("carryall-keys").display().to_string();
    let named = carryall(["keys", "--keys", &named]).ended_with(0);
    assert_eq!(named.text(), printed.text());
}

#[test]
fn a_key_that_configuration_gives_is_printed_and_not_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let given = SigningKey::from_seed(&[1; 32]);
    let path = private_file(folder.path(), "given.pem", given.to_pem().as_bytes());
    let printed = keys(folder.path(), &["--signing-key", &path]).ended_with(0);
    insta::assert_snapshot!(printed.text(), @r#"
    {"keys":[
    {"key_id":"34750f98bd59fcfc","algorithm":"ed25519","public_key":"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=","created_at":null,"retired_at":null}
    ]}
    "#);
    let said = keys(folder.path(), &["rotate", "--signing-key", &path]).ended_with(FAILED);
    insta::assert_snapshot!(said.stderr, @"
    error: make a new signing key: `--signing-key` says which one signs
    hint: give another file after `--signing-key` and start again: the old public key stays listed
    ");
    assert!(said.stdout.is_empty());
}

#[test]
fn a_server_with_a_key_that_it_cannot_use_does_not_start_and_makes_nothing() {
    let product = Product::demo();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let mut arguments = vec!["serve".into()];
    arguments.extend(product.source());
    // An address that is none ends it in any case.
    let ledger = format!("sqlite:{}", at("ledger.db"));
    let flags = [
        "--public-url",
        "none",
        "--ledger",
        &ledger,
        "--artifacts",
        &at("artifacts"),
    ];
    arguments.extend(flags.map(OsString::from));
    let mut given = arguments.clone();
    given.extend(
        [
            "--signing-key",
            &private_file(folder.path(), "garbage.pem", b"garbage"),
        ]
        .map(OsString::from),
    );
    let said = carryall(given).ended_with(FAILED);
    assert_says(
        &said.stderr,
        &["garbage.pem", "no Ed25519 private key", "openssl genpkey"],
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    fs::create_dir(at("carryall-keys")).unwrap();
    private_file(
        &folder.path().join("carryall-keys"),
        "signing-key.pem",
        b"garbage",
    );
    let said = carryall(arguments).ended_with(FAILED);
    for words in [
        "error: use the key ",
        "signing-key.pem",
        "no Ed25519 private key",
        "move it away",
    ] {
        assert!(said.stderr.contains(words), "{}", said.stderr);
    }
    assert_eq!(
        fs::read(at("carryall-keys/signing-key.pem")).unwrap(),
        b"garbage"
    );
    assert!(!Path::new(&at("carryall-keys/public-keys.json")).exists());
}
