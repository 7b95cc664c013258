//! Whoever reads what a command prints may stop, as `head` does: nothing is said, nothing panics.

use crate::product::{MARTA, Product};
use crate::program::{Outcome, command};

/// How a command ends whose reader is gone before it begins.
fn unread(arguments: &[&str]) -> Outcome {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command(arguments).stdout(writer).output().unwrap().into()
}

#[test]
fn a_command_that_nobody_reads_ends_as_it_would_have() {
    let product = Product::demo();
    let folder = product.folder.path();
    let export = folder.join("marta.json").display().to_string();
    let source = format!("sqlite:{}", product.database.display());
    let files = product.files.display().to_string();
    let keys = folder.join("keys").display().to_string();
    let exporting = ["export", "--source", &source, "--files", &files];
    let whole = [&exporting[..], &["--subject", MARTA, "--out", &export]].concat();
    command(whole).status().unwrap();
    for arguments in [
        &["schema"][..],
        &["grants"],
        &["coverage", "--source", &source],
        &["verify", &export],
        &["verify", "--json", &export],
        &["trace", &export, "Larkspur Health – ISO 27001"],
        &["trace", "--json", &export, "Larkspur Health – ISO 27001"],
        &["keys", "rotate", "--keys", &keys],
    ] {
        let outcome = unread(arguments).ended_with(0);
        assert_eq!(outcome.stderr, "", "{arguments:?}");
    }

    // A file that nobody takes is no success.
    let outcome = unread(&[&exporting[..], &["--subject", MARTA, "--out", "-"]].concat());
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
}
