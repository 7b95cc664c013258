//! A source, a folder or an output that cannot be meant: exit code 2, words that name the thing and the
//! fix, nothing written.

use std::fs;
use std::path::Path;

use crate::bad_input::assert_says;
use crate::product::{MARTA, Product, TOMAS};
use crate::program::{FAILED, carryall};

/// What an export says that is run with these flags.
fn fails(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let out = folder.path().join("export.json");
    let mut all: Vec<&str> = vec!["export"];
    all.extend(arguments);
    let out = out.display().to_string();
    if !arguments.contains(&"--out") {
        all.extend(["--out", &out]);
    }
    let outcome = carryall(all).ended_with(FAILED);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(outcome.stdout.is_empty());
    outcome.stderr
}

#[test]
fn a_source_that_is_not_the_products_database_is_named() {
    let product = Product::demo();
    let folder = product.folder.path();
    let files = product.files.display().to_string();
    let said_of = |path: &Path| {
        let address = format!("sqlite:{}", path.display());
        fails(&["--source", &address, "--files", &files, "--subject", MARTA])
    };
    let other = Product::open_webui();
    assert_says(
        &said_of(&other.database),
        &[
            "webui.db",
            "no table `users`",
            "hint: ",
            "this is the product's database",
        ],
    );
    let said = said_of(&folder.join("owners.jsonl"));
    assert_says(
        &said,
        &[
            "owners.jsonl: it is not a SQLite database",
            "hint: name the product's SQLite database",
        ],
    );
    fs::write(folder.join("empty.db"), "").unwrap();
    assert_says(
        &said_of(&folder.join("empty.db")),
        &["empty.db: it is not a SQLite database"],
    );
    let said = said_of(&folder.join("no.db"));
    assert_says(
        &said,
        &[
            "no.db: there is no such file",
            "hint: check the path after `sqlite:`",
        ],
    );
    assert_says(
        &said_of(folder),
        &["it is not a file", "hint: name the database file itself"],
    );
    let mut bytes = fs::read(&product.database).unwrap();
    bytes[4096..40_960].fill(0xA5);
    fs::write(folder.join("damaged.db"), bytes).unwrap();
    assert_says(
        &said_of(&folder.join("damaged.db")),
        &["damaged.db", "hint: "],
    );
    let said = fails(&[
        "--source",
        "mysql://anna:secret@host/db",
        "--subject",
        MARTA,
    ]);
    assert_says(
        &said,
        &["mysql://…@host/db", "hint: write it as sqlite:PATH"],
    );
    assert!(!said.contains("secret"));
}

#[test]
fn a_flag_that_cannot_be_meant_is_named() {
    let product = Product::demo();
    let source = format!("sqlite:{}", product.database.display());
    let files = product.files.display().to_string();
    let said_of = |flags: &[&str]| {
        let mut all = vec!["--source", &source, "--subject", MARTA];
        all.extend(flags);
        fails(&all)
    };
    let said = said_of(&[
        "--files",
        &files,
        "--since",
        "2026-02-02",
        "--until",
        "2026-02-01",
    ]);
    assert_says(&said, &["--since is not before --until"]);
    let said = said_of(&["--files", &files, "--since", "yesterday"]);
    assert_says(&said, &["'yesterday'", "--since", "2026-03-01"]);
    let missing = format!("{files}-gone");
    let said = said_of(&["--files", &missing]);
    assert_says(&said, &[&missing, "hint: check the path after `--files`"]);
    assert_says(
        &said_of(&[]),
        &[
            "the place of the product's files is not known",
            "--files PLACE",
            "--without-file-contents",
        ],
    );
    let said = said_of(&["--files", &files, "--product", "nothing"]);
    assert_says(
        &said,
        &["no product `nothing`", "isms-copilot", "open-webui"],
    );
    let said = said_of(&["--files", &files, "--data-map", "no/such.toml"]);
    assert_says(
        &said,
        &["no/such.toml", "hint: check the path after `--data-map`"],
    );
}

#[test]
fn an_output_that_cannot_be_written_is_named_and_nothing_is_left_there() {
    let product = Product::demo();
    let folder = product.folder.path();
    fs::create_dir(folder.join("a folder")).unwrap();
    fs::write(folder.join("a file"), "").unwrap();
    for (out, why) in [
        ("no/such/export.json", "No such file"),
        ("a folder", "it is a folder"),
        ("a file/export.json", "Not a directory"),
    ] {
        let out = folder.join(out);
        let outcome = carryall(product.export_arguments(TOMAS, &out, &[])).ended_with(FAILED);
        let named = format!("{} cannot be written: {why}", out.display());
        assert_says(
            &outcome.stderr,
            &[&named, "hint: name a file after `--out`"],
        );
        assert!(!outcome.stderr.contains(".export-"), "{}", outcome.stderr);
    }
    assert_eq!(fs::read_dir(folder.join("a folder")).unwrap().count(), 0);
    assert_eq!(fs::read(folder.join("a file")).unwrap(), b"");
    let full = carryall(product.export_arguments(TOMAS, Path::new("/dev/full"), &[]));
    assert_says(
        &full.ended_with(FAILED).stderr,
        &["could not be written", "No space left"],
    );
}

#[test]
fn an_older_file_stays_when_the_new_export_fails() {
    let product = Product::demo();
    let out = product.folder.path().join("export.json");
    fs::write(&out, "the older one").unwrap();
    carryall(product.export_arguments("nobody@example.com", &out, &[])).ended_with(FAILED);
    assert_eq!(fs::read(&out).unwrap(), b"the older one");
    carryall(product.export_arguments(TOMAS, &out, &[])).ended_with(0);
    assert!(fs::read(&out).unwrap().starts_with(b"{\n"));
}
