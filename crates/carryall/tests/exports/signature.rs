//! Signatures as people without this program check them: by the documentation's own commands, with the
//! real `openssl` and `sha256sum`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carryall_format::write::hex;
use sha2::{Digest as _, Sha256};

use crate::bad_input::assert_says;
use crate::export_file::ExportFile;
use crate::product::{MARTA, Product, TOMAS, repository};
use crate::readers::validate;

/// A key pair that openssl made.
struct KeyPair {
    private: PathBuf,
    public_base64: String,
}

impl KeyPair {
    fn made_in(folder: &Path, name: &str) -> KeyPair {
        let private = folder.join(name);
        let out = private.to_str().unwrap();
        openssl(&["genpkey", "-algorithm", "ed25519", "-out", out]);
        let spki = openssl(&["pkey", "-in", out, "-pubout", "-outform", "DER"]);
        KeyPair {
            public_base64: STANDARD.encode(&spki[spki.len() - 32..]),
            private,
        }
    }

    fn id(&self) -> String {
        let raw = STANDARD.decode(&self.public_base64).unwrap();
        hex(&Sha256::digest(raw)[..8])
    }

    fn flags(&self) -> [&str; 2] {
        ["--signing-key", self.private.to_str().unwrap()]
    }
}

fn openssl(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// The commands of the documentation, with this file and this key in them.
fn documented_commands(file: &Path, public_key: &str) -> String {
    let format = fs::read_to_string(repository().join("docs/FORMAT.md")).unwrap();
    let block = |name: &str| {
        let (_, rest) = format.split_once(&format!("\n```sh {name}\n")).unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let with = |block: &str, name: &str, value: &str| {
        let line = block.lines().find(|line| line.starts_with(name)).unwrap();
        block.replace(line, &format!("{name}'{value}'"))
    };
    let keys = with(&block("keys"), "public_key=", public_key);
    let signature = with(&block("signature"), "FILE=", file.to_str().unwrap());
    keys + &signature
}

/// Runs them as a person would, and stops at the first that fails. What they printed.
fn checked(bytes: &[u8], public_key: &str) -> Result<String, String> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("an export.json");
    fs::write(&file, bytes).unwrap();
    let output = Command::new("sh")
        .args(["-euc", &documented_commands(&file, public_key)])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    if output.status.success() {
        Ok(said)
    } else {
        Err(said)
    }
}

/// The file with its digest, and nothing else of the last line, made to fit again.
fn with_new_digest(text: &str) -> String {
    let end = text.trim_end().rfind('\n').unwrap() + 1;
    let (before, line) = text.split_at(end);
    let digest = hex(&Sha256::digest(before));
    let old = line.split('"').nth(5).unwrap();
    format!("{before}{}", line.replace(old, &digest))
}

#[test]
fn the_commands_of_the_documentation_tell_a_good_file_from_an_edited_one_and_from_another_keys() {
    let product = Product::demo();
    let key = KeyPair::made_in(product.folder.path(), "one.pem");
    let other = KeyPair::made_in(product.folder.path(), "other.pem");
    let file = product.export_with(MARTA, &key.flags());
    let text = file.text();
    let good = checked(&file.bytes, &key.public_base64);
    assert_eq!(good.as_deref(), Ok("Signature Verified Successfully\n"));

    let edited = text.replacen("Larkspur", "Larkspor", 1);
    assert_ne!(edited, text);
    let id = file.json["export"]["id"].as_str().unwrap();
    let another_id = text.replacen(id, &id.replace('0', "1"), 1);
    let added = text.replace("\"}}}\n", "\"}},\"messages\":[]}\n");
    assert_ne!(added, text);
    let unsigned = product.export(MARTA);
    for (what, bytes) in [
        ("edited", edited.as_str()),
        ("edited, with its digest anew", &with_new_digest(&edited)),
        ("called another", &with_new_digest(&another_id)),
        ("with more in its last line", &added),
        ("cut off", &text[..text.len() / 2]),
        ("not signed", unsigned.text()),
    ] {
        let said = checked(bytes.as_bytes(), &key.public_base64);
        assert!(said.is_err(), "{what}: {said:?}");
    }
    let said = checked(&file.bytes, &other.public_base64);
    assert!(said.is_err(), "another key: {said:?}");
    // Also when the file says that the other key signed it.
    let claimed = text.replace(&key.id(), &other.id());
    let said = checked(claimed.as_bytes(), &other.public_base64).unwrap_err();
    assert!(said.contains("Signature Verification Failure"), "{said}");
}

#[test]
fn a_signed_file_differs_from_an_unsigned_one_in_its_last_line_and_is_valid_under_the_schema() {
    let product = Product::demo();
    let key = KeyPair::made_in(product.folder.path(), "key.pem");
    let file = product.export_with(TOMAS, &key.flags());
    assert_eq!(file.json["integrity"]["signature"]["key_id"], key.id());
    let said = format!("signed with key {}\n", key.id());
    assert!(
        file.outcome.stderr.contains(&said),
        "{}",
        file.outcome.stderr
    );
    validate([&file]);
    let private = fs::read_to_string(&key.private).unwrap();
    let secret = private.lines().nth(1).unwrap();
    for text in [file.text(), &file.outcome.stderr] {
        assert!(!text.contains(secret));
    }
    // But for the ids and times of the first line, so are two files of one account.
    let unsigned = product.export(TOMAS);
    let data = |file: &ExportFile| -> Vec<String> {
        let lines: Vec<_> = file.text().lines().map(str::to_owned).collect();
        lines[2..lines.len() - 2].to_vec()
    };
    assert_eq!(data(&file), data(&unsigned));
}

#[test]
fn a_key_that_cannot_sign_stops_the_export_with_the_fix_and_leaves_nothing() {
    let product = Product::demo();
    let folder = product.folder.path();
    let key = KeyPair::made_in(folder, "key.pem");
    let rsa = folder.join("rsa.pem");
    openssl(&[
        "genpkey",
        "-algorithm",
        "RSA",
        "-out",
        rsa.to_str().unwrap(),
    ]);
    fs::write(folder.join("garbage.pem"), "garbage").unwrap();
    let mode = |name: &str, mode| {
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    for name in ["rsa.pem", "garbage.pem"] {
        mode(name, 0o600);
    }
    for (name, says) in [
        ("rsa.pem", "no Ed25519 private key"),
        ("garbage.pem", "no Ed25519 private key"),
        ("missing.pem", "No such file"),
        (".", "Is a directory"),
    ] {
        let path = folder.join(name).display().to_string();
        let said = product.export_fails(TOMAS, &["--signing-key", &path]);
        assert_says(&said, &[&path, says, "hint: "]);
        assert!(!said.contains("BEGIN"), "{said}");
    }
    mode("key.pem", 0o644);
    let said = product.export_fails(TOMAS, &key.flags());
    assert_says(
        &said,
        &["other users may read it (mode 0644)", "hint: `chmod 600 "],
    );
}
