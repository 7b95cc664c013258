//! Encrypted exports: stock `age` opens what Carryall writes, Carryall opens what stock `age` writes, and
//! whatever cannot be encrypted is not written.

mod stage;

use std::fs;
use std::path::Path;

use carryall_format::write::hex;
use sha2::{Digest as _, Sha256};

use self::stage::{PASSPHRASE, Stage, new_key, run, run_typing, text, verify};
use crate::bad_input::assert_says;
use crate::product::{MARTA, TOMAS};
use crate::program::{FAILED, Outcome, carryall};

#[test]
fn stock_age_opens_a_file_that_was_encrypted_to_public_keys_and_finds_the_export_in_it() {
    let stage = Stage::set();
    let second = stage.folder.join("second.txt");
    let list = stage.folder.join("recipients.txt");
    fs::write(&list, format!("# the safe\n\n{}\n", new_key(&second))).unwrap();
    let flags = [
        "--recipient",
        &stage.public,
        "--recipients-file",
        text(&list),
    ];
    let (file, outcome) = stage.export(&flags);
    let bytes = fs::read(&file).unwrap();
    let digest = hex(&Sha256::digest(&bytes));
    assert!(
        outcome.stderr.contains(" encrypted, "),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.ends_with(&format!("SHA-256 {digest}\n")));
    assert!(!String::from_utf8_lossy(&bytes).contains("\"format\""));
    for key in [&stage.key, &second] {
        let plain = stage.folder.join("plain.json");
        run(
            "age",
            &["-d", "-i", text(key), "-o", text(&plain), text(&file)],
        );
        verify(&plain, &[]).ended_with(0);
        verify(&file, &["--identity", text(key)]).ended_with(0);
    }
}

#[test]
fn stock_age_opens_a_file_that_was_encrypted_with_a_passphrase_whichever_way_it_was_given() {
    let stage = Stage::set();
    let plain = stage.folder.join("plain.json");
    let file = stage.with_passphrase();
    run_typing(PASSPHRASE, &["age", "-d", "-o", text(&plain), text(&file)]);
    verify(&plain, &[]).ended_with(0);
    fs::remove_file(&file).unwrap();

    let program = env!("CARGO_BIN_EXE_carryall");
    let arguments = stage
        .product
        .export_arguments(TOMAS, &file, &["--passphrase"]);
    let arguments = arguments.iter().map(|one| one.to_str().unwrap());
    let all: Vec<&str> = std::iter::once(program).chain(arguments).collect();
    run_typing("typed twice on a terminal", &all);
    run_typing(
        "typed twice on a terminal",
        &["age", "-d", "-o", text(&plain), text(&file)],
    );
    verify(&plain, &[]).ended_with(0);
    run_typing(
        "typed twice on a terminal",
        &[program, "verify", text(&file)],
    );
}

#[test]
fn what_stock_age_encrypted_is_verified_traced_and_read_from_a_pipe_in_armor_too() {
    let stage = Stage::set();
    let export = stage.product.export(MARTA);
    let file = stage.folder.join("by age");
    for armor in [&["-a"][..], &[]] {
        let flags = ["-r", &stage.public, "-o", text(&file), text(&export.path)];
        run("age", &[armor, &flags].concat());
        let identity = ["--identity", text(&stage.key)];
        let report = verify(&file, &identity).ended_with(0);
        let of_plain = verify(&export.path, &[]).ended_with(0);
        let named = |outcome: &Outcome, file| outcome.text().replace(text(file), "FILE");
        assert_eq!(named(&report, &file), named(&of_plain, &export.path));
        let tree = |file: &Path| {
            let arguments = ["trace", text(file), "Larkspur Health – ISO 27001", "--json"];
            let outcome = carryall(arguments.iter().chain(&identity)).ended_with(0);
            outcome.text().replace(text(file), "FILE")
        };
        assert_eq!(tree(&file), tree(&export.path));
        let mut piped = crate::program::command(["verify", "-"].iter().chain(&identity));
        piped.stdin(fs::File::open(&file).unwrap());
        Outcome::from(piped.output().unwrap()).ended_with(0);
    }
}

#[test]
fn an_encrypted_export_is_converted_with_its_key_and_not_without() {
    let stage = Stage::set();
    let (export, out) = (stage.to_key(), stage.folder.join("lines.jsonl"));
    let arguments = [
        "convert",
        text(&export),
        "--to",
        "jsonl",
        "--out",
        text(&out),
    ];
    carryall(arguments).ended_with(FAILED);
    assert!(!out.exists());
    let with_key = arguments
        .into_iter()
        .chain(["--identity", text(&stage.key)]);
    carryall(with_key).ended_with(0);
    let lines = fs::read_to_string(&out).unwrap();
    assert!(
        lines.starts_with("{\"part\":\"export\",\"record\":{"),
        "{lines}"
    );
}

#[test]
fn what_cannot_be_encrypted_is_not_written() {
    let stage = Stage::set();
    let at = |name: &str, content: &str| {
        let path = stage.folder.join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let private = fs::read_to_string(&stage.key).unwrap();
    let private = private.lines().last().unwrap();
    let fails = |flags: &[&str]| stage.product.export_fails(TOMAS, flags);
    let cases: [(&[&str], &str); 9] = [
        (
            &["--recipient", "age1nonsense"],
            "`age1nonsense` is no public key",
        ),
        (
            &["--recipient", &stage.public, "--recipient", ""],
            "`` is no public key",
        ),
        (&["--recipient", private], "a private key of age was given"),
        (
            &["--recipients-file", &at("none", "# nobody\n")],
            "holds no key of age",
        ),
        (
            &["--recipients-file", &at("odd", "ssh-ed25519 AAAA\n")],
            "odd, line 1: no key",
        ),
        (
            &["--recipients-file", text(&stage.folder)],
            "cannot be read",
        ),
        (
            &["--passphrase-file", &at("empty", "\n")],
            "holds nothing instead of one",
        ),
        (
            &["--passphrase-file", &at("short", "hunter2\n")],
            "shorter than 12 characters",
        ),
        (
            &[
                "--passphrase-file",
                &at("two", "one of them\ntwo of them\n"),
            ],
            "several lines",
        ),
    ];
    for (flags, said) in cases {
        let text = fails(flags);
        assert_says(&text, &["so none was written", said]);
        assert!(
            !text.contains(private) && !text.contains("hunter2"),
            "{text}"
        );
    }
    let out = stage.folder.join("clear.json.age");
    let outcome = carryall(stage.product.export_arguments(TOMAS, &out, &[])).ended_with(FAILED);
    assert_says(
        &outcome.stderr,
        &["has the name of an encrypted file", "hint: "],
    );
    assert!(!out.exists());
}

#[test]
fn a_wrong_key_or_passphrase_or_none_is_a_clear_answer() {
    let stage = Stage::set();
    let other = stage.folder.join("other.txt");
    new_key(&other);
    let wrong = stage.folder.join("wrong.txt");
    fs::write(&wrong, "another passphrase").unwrap();
    let (key, passphrase) = (text(&stage.key), text(&stage.passphrase));
    let answers = |file: &Path, cases: [(&[&str], &str); 3]| {
        for (flags, said) in cases {
            let verified = verify(file, flags).ended_with(FAILED);
            assert_says(&verified.stderr, &["export.json.age: ", said, "hint: "]);
            let arguments = ["trace", text(file), "any"];
            let traced = carryall(arguments.iter().chain(flags)).ended_with(FAILED);
            assert_eq!(traced.stderr, verified.stderr);
            let viewed = carryall(["view", text(file)].iter().chain(flags)).ended_with(FAILED);
            assert_eq!(viewed.stderr, verified.stderr);
        }
    };
    answers(
        &stage.to_key(),
        [
            (&["--identity", text(&other)], "is encrypted to other keys"),
            (&["--passphrase-file", passphrase], "not with a passphrase"),
            (&[], "is encrypted to a public key"),
        ],
    );
    answers(
        &stage.with_passphrase(),
        [
            (
                &["--passphrase-file", text(&wrong)],
                "the passphrase does not open it",
            ),
            (&["--identity", key], "is encrypted with a passphrase"),
            (
                &["--identity", passphrase],
                "passphrase.txt, line 1: no key of age",
            ),
        ],
    );
}

#[test]
fn a_file_that_was_changed_or_cut_off_anywhere_is_never_sound_and_ends_nothing() {
    let stage = Stage::set();
    let file = stage.folder.join("marta.age");
    let flags = ["--recipient", &stage.public];
    carryall(stage.product.export_arguments(MARTA, &file, &flags)).ended_with(0);
    let bytes = fs::read(&file).unwrap();
    let damaged = stage.folder.join("damaged.age");
    let check = |what: &str, bytes: &[u8]| {
        fs::write(&damaged, bytes).unwrap();
        let outcome = verify(&damaged, &["--identity", text(&stage.key)]);
        assert!(matches!(outcome.code, 1 | 2), "{what}: {outcome:?}");
    };
    let length = bytes.len();
    for at in [
        0,
        10,
        21,
        40,
        120,
        170,
        200,
        300,
        length / 2,
        length - 17,
        length - 1,
    ] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        check(&format!("changed at {at}"), &changed);
        check(&format!("cut off at {at}"), &bytes[..at]);
    }
    // The payload begins after the line of the header's MAC and a nonce; a sealed chunk has 65,552 bytes.
    let mac = bytes
        .windows(5)
        .position(|bytes| bytes == b"\n--- ")
        .unwrap();
    let payload = mac + 5 + 43 + 1 + 16;
    for chunks in 0..4 {
        check(
            &format!("cut off after {chunks} chunks"),
            &bytes[..payload + chunks * 65_552],
        );
    }
    check("longer than it was", &[&bytes[..], b"\n"].concat());
    let file = verify(&damaged, &["--identity", text(&stage.key)]);
    assert_says(
        &file.stderr,
        &["the encrypted file was changed or is damaged"],
    );
}

#[test]
fn an_extract_of_an_encrypted_export_is_encrypted_when_it_is_asked_for_and_said_when_it_is_not() {
    let stage = Stage::set();
    let export = stage.product.export(MARTA);
    let file = stage.folder.join("marta.age");
    run(
        "age",
        &["-r", &stage.public, "-o", text(&file), text(&export.path)],
    );
    let extract = |name: &str, flags: &[&str]| {
        let out = stage.folder.join(name);
        let arguments = [
            "trace",
            text(&file),
            "Larkspur Health – ISO 27001",
            "--identity",
            text(&stage.key),
        ];
        let arguments = arguments.into_iter().chain(["--extract", text(&out)]);
        let outcome = carryall(arguments.chain(flags.iter().copied())).ended_with(0);
        (out, outcome.stderr)
    };
    let (plain, said) = extract("plain.json", &[]);
    assert!(
        said.contains("note: the export is encrypted, and this extract of it is not"),
        "{said}"
    );
    verify(&plain, &[]).ended_with(0);
    let (to_key, said) = extract("key.json.age", &["--recipient", &stage.public]);
    assert!(!said.contains("is not\n"), "{said}");
    verify(&to_key, &["--identity", text(&stage.key)]).ended_with(0);
    let (closed, _) = extract(
        "pass.json.age",
        &["--extract-passphrase-file", text(&stage.passphrase)],
    );
    let passphrase = ["--passphrase-file", text(&stage.passphrase)];
    verify(&closed, &passphrase).ended_with(0);
}
