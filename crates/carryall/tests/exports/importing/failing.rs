//! What cannot be imported, and that nothing is left of the attempt.

use std::fs;

use super::stage::{dump, empty_for, files, import, try_import};
use crate::product::{MARTA, Product, TOMAS, repository};
use crate::program::{FAILED, carryall};

/// An import that must fail and leave everything as it was; what it says.
#[track_caller]
fn fails(into: &Product, file: &std::path::Path, flags: &[&str]) -> String {
    let before = (dump(into), files(&into.files));
    let outcome = try_import(into, file, flags).ended_with(FAILED);
    assert_eq!((dump(into), files(&into.files)), before);
    assert!(outcome.stdout.is_empty(), "{}", outcome.text());
    outcome.stderr
}

#[test]
fn a_damaged_or_edited_file_is_refused() {
    let product = Product::demo();
    let export = product.export(MARTA);
    let empty = empty_for(&product, MARTA);
    let damaged = export.path.with_file_name("damaged.json");
    for text in [
        export.text()[..export.text().len() / 2].to_owned(),
        export
            .text()
            .replacen("\"role\":\"user\"", "\"role\":\"usex\"", 1),
        export
            .text()
            .replacen("\"thread_id\":\"", "\"thread_id\":\"0", 1),
        "{}".to_owned(),
    ] {
        fs::write(&damaged, text).unwrap();
        let said = fails(&empty, &damaged, &[]);
        assert!(
            said.contains("cannot be imported") && said.contains("carryall verify"),
            "{said}"
        );
    }
}

#[test]
fn a_rule_of_the_products_own_ends_it_and_undoes_everything() {
    let product = Product::demo();
    let export = product.export(MARTA);
    let empty = empty_for(&product, MARTA);
    empty.sql("CREATE TRIGGER no BEFORE INSERT ON feedback BEGIN SELECT RAISE(ABORT, 'the product is read-only today'); END");
    let said = fails(&empty, &export.path, &[]);
    assert!(
        said.contains("read-only today") && said.contains("feedback"),
        "{said}"
    );
    empty.sql("DROP TRIGGER no");
    import(&empty, &export.path, &[]);
}

#[test]
fn one_row_that_breaks_a_rule_is_told_and_the_others_come_in() {
    let product = Product::demo();
    product.sql("UPDATE user_memories SET source = 'auto'; UPDATE user_memories SET source = 'robot' WHERE id = (SELECT min(id) FROM user_memories)");
    let who = product.text("SELECT email FROM users WHERE id = (SELECT user_id FROM user_memories WHERE source = 'robot')");
    let export = product.export(&who);
    let empty = empty_for(&product, &who);
    let report = import(&empty, &export.path, &[]);
    let counts = super::stage::counts(&report, "user_memories");
    assert_eq!(counts["not_imported"], 1, "{report:#}");
    assert_eq!(counts["added"], export.list("user_memories").len() - 1);
}

#[test]
fn a_full_disk_ends_it_and_undoes_everything() {
    let product = Product::demo_with(&["--file-bytes", "3000000"]);
    let export = product.export(MARTA);
    let empty = empty_for(&product, MARTA);
    let before = (dump(&empty), files(&empty.files));
    // A file may not grow beyond 1 MiB: the journal and the database fit, the bytes of a file do not.
    let mut limited = std::process::Command::new("sh");
    limited.args([
        "-c",
        "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_carryall"),
    ]);
    limited.args(super::stage::arguments(&empty, &export.path, &[]));
    let outcome: crate::program::Outcome = limited.output().unwrap().into();
    let outcome = outcome.ended_with(FAILED);
    assert!(outcome.stderr.contains("hint: "), "{}", outcome.stderr);
    assert_eq!((dump(&empty), files(&empty.files)), before);
}

#[test]
fn what_cannot_be_opened_or_written_is_named() {
    let product = Product::demo();
    let export = product.export(TOMAS);
    let mut empty = empty_for(&product, TOMAS);
    let right = empty.files.clone();
    for (name, why) in [("gone", "No such file"), ("a file", "ot a directory")] {
        empty.files = empty.folder.path().join(name);
        fs::write(empty.folder.path().join("a file"), "").unwrap();
        let outcome = try_import(&empty, &export.path, &[]).ended_with(FAILED);
        assert!(
            outcome.stderr.contains(why) && outcome.stderr.contains("--files"),
            "{}",
            outcome.stderr
        );
    }
    empty.files = right;
    // A folder where the file's name would be.
    let said = {
        let report = import(&empty, &export.path, &["--dry-run"]);
        assert_eq!(report["dry_run"], true);
        fs::write(empty.files.join("imported"), "in the way").unwrap();
        let with_files = product.export(MARTA);
        let empty = empty_for(&product, MARTA);
        fs::write(empty.files.join("imported"), "in the way").unwrap();
        fails(&empty, &with_files.path, &[])
    };
    assert!(said.contains("write a file into"), "{said}");
}

#[test]
fn wrong_flags_are_named_with_the_right_ones() {
    let product = Product::demo();
    let export = product.export(TOMAS);
    let file = export.path.to_str().unwrap();
    let database = format!("sqlite:{}", product.database.display());
    let files = product.files.to_str().unwrap();
    let usual = ["--into", &database, "--files", files];
    let said = |file: &str, usual: &[&str], more: &str| {
        let flags = ["import", file].into_iter().chain(usual.iter().copied());
        let flags = flags.chain(more.split_whitespace());
        carryall(flags).ended_with(FAILED).stderr
    };
    for (more, word) in [
        (
            "--as nobody@example.com",
            "find the person `nobody@example.com`",
        ),
        ("--product open-webui", "import into Open WebUI"),
        ("--without-file-contents", "cannot be used with"),
        ("--into-password-file /no/such", "--into-password-file"),
    ] {
        let said = said(file, &usual, more);
        assert!(said.contains(word), "{more}: {said}");
    }
    for (flags, word) in [
        (&usual[2..], "--into <ADDRESS>"),
        (&usual[..2], "--without-file-contents"),
        (&["--into", "mysql://x", "--files", files], "sqlite:PATH"),
        (
            &["--into", "sqlite:/no/such.db", "--files", files],
            "there is no such file",
        ),
        (
            &["--into", &database, "--files", "s3://bucket/x"],
            "write files into s3://bucket/x",
        ),
    ] {
        let said = said(file, flags, "");
        assert!(said.contains(word), "{flags:?}: {said}");
    }
    let said = said("/no/such.json", &usual, "");
    assert!(said.contains("/no/such.json cannot be opened"), "{said}");
}

#[test]
fn a_map_that_cannot_be_turned_round_is_refused_with_place_and_fix() {
    for (from, to, word) in [
        ("on_import.scan        = { absent = \"{}\" }\n", "", ""),
        (
            "on_import.storage_key = { file_key = \"imported/\" }\non_import.extension",
            "on_import.extension",
            "on_import.storage_key",
        ),
        (
            "fields.source           = \"source\"\nfields.source_thread_id = \"source_thread_id\"\nfields.created_at       = \"created_at\"",
            "fields.source = { column = \"source\", values = { manual = \"manual\", auto = \"auto\", old = \"auto\" } }\nfields.source_thread_id = \"source_thread_id\"\nfields.created_at       = \"created_at\"",
            "`auto` and `old` both became `auto`",
        ),
    ] {
        let map =
            fs::read_to_string(repository().join("products/isms-copilot/data-map.toml")).unwrap();
        assert_eq!(map.matches(from).count(), 1, "{from}");
        let product = Product::demo();
        let export = product.export(TOMAS);
        let empty = empty_for(&product, TOMAS).with_map_changed(from, to);
        if word.is_empty() {
            // Without it a row without a scan is refused, and one with a scan is not.
            import(&empty, &export.path, &[]);
        } else {
            let said = fails(&empty, &export.path, &[]);
            assert!(said.contains(word), "{said}");
        }
    }
}
