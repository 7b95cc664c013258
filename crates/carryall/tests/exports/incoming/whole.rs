//! Property: the formats that keep everything do, whatever the export says; programs that are not ours read them.

use proptest::test_runner::TestRunner;

use super::Stage;
use super::round_trip::{made, write};
use crate::export_file::ExportFile;
use crate::program::carryall;
use crate::readers::read_back;

const WHOLE: [&str; 6] = ["jsonl", "csv", "sqlite", "parquet", "markdown", "html"];

#[test]
fn whatever_is_in_an_export_is_read_by_others_from_every_format_that_keeps_everything() {
    // A Python is started for each format of each.
    let config = proptest::test_runner::Config {
        cases: 4,
        failure_persistence: None,
        max_shrink_iters: 10,
        ..Default::default()
    };
    TestRunner::new(config)
        .run(&made(), |made| {
            let stage = Stage::new();
            let path = stage.path("made.json");
            write(&made, &path);
            let outcome = carryall(["verify", path.to_str().unwrap()]).ended_with(0);
            let export = ExportFile::read(&path, outcome);
            for format in WHOLE {
                let out = stage.path(format);
                let (file, to) = (path.to_str().unwrap(), out.to_str().unwrap());
                let arguments = ["convert", file, "--to", format, "--out", to, "--strict"];
                carryall(arguments).ended_with(0);
                read_back(format, &export, &out, "");
            }
            Ok(())
        })
        .unwrap();
}
