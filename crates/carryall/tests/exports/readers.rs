//! Programs that are not ours and read an export file: Python, jq, Node, Perl, a schema validator.
//!
//! A reader that is not installed fails the test with what to install; nothing is skipped.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use crate::export_file::ExportFile;
use crate::product::repository;
use crate::program::carryall;

/// Python packages: a validator, a database that reads tables, a reader of Markdown, converters of others.
const PACKAGES: [&str; 6] = [
    "jsonschema==4.25.1",
    "duckdb==1.4.2",
    "markdown-it-py==4.0.0",
    "ai-conversation-exporter==0.1.0",
    "claude-to-sqlite==0.2",
    "sqlite-utils==4.2.1",
];
const IMPORT: &str = "import jsonschema, duckdb, markdown_it, ai_exporter, claude_to_sqlite";

/// What each reader finds in a file: how many records each list has, and every message's text.
pub fn readings(file: &ExportFile) -> Vec<(&'static str, Vec<u8>)> {
    let path = file.path.as_os_str().to_owned();
    let script = |name: &str| scripts().join(name).into_os_string();
    let with_jq = vec!["-j".into(), "-f".into(), script("read.jq"), path.clone()];
    let readers: [(&str, &str, Vec<OsString>); 4] = [
        ("python3", "python3", vec![script("read.py"), path.clone()]),
        ("jq", "jq", with_jq),
        ("node", "nodejs", vec![script("read.js"), path.clone()]),
        ("perl", "perl", vec![script("read.pl"), path]),
    ];
    readers
        .into_iter()
        .map(|(program, package, arguments)| {
            (program, run(Path::new(program), package, &arguments))
        })
        .collect()
}

/// The same, by the JSON reader of these tests.
pub fn our_reading(file: &ExportFile) -> Vec<u8> {
    let mut lines = Vec::new();
    for (key, value) in file.json.as_object().unwrap() {
        if let Some(list) = value.as_array() {
            lines.push(format!("{key} {}\n", list.len()));
        }
    }
    for message in file.list("messages") {
        let word = |key: &str| message[key].as_str().unwrap_or_default();
        lines.push(format!("{}\n{}\n", word("id"), word("content")));
    }
    lines.concat().into_bytes()
}

/// Fails unless what an export was converted to holds what the export holds, but for these kinds.
#[track_caller]
pub fn read_back(format: &str, export: &ExportFile, converted: &Path, lost: &str) {
    let script = scripts().join("read_back.py").into_os_string();
    let (export, converted) = (export.path.clone().into(), converted.into());
    let arguments = [script, format.into(), export, converted, lost.into()];
    run(&PYTHON, "python3", &arguments);
}

/// Fails unless the files are valid under `carryall schema`.
#[track_caller]
pub fn validate<'f>(files: impl IntoIterator<Item = &'f ExportFile>) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let schema = folder.path().join("schema.json");
    std::fs::write(&schema, carryall(["schema"]).ended_with(0).stdout).unwrap();
    let mut arguments = vec![scripts().join("validate.py").into(), schema.into()];
    arguments.extend(
        files
            .into_iter()
            .map(|file| file.path.clone().into_os_string()),
    );
    run(&PYTHON, "python3", &arguments);
}

/// A Python that has the packages: `CARRYALL_TEST_PYTHON`, or one that is made here once.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no flags; the check script names the Python that it prepared"
    )]
    let named = std::env::var_os("CARRYALL_TEST_PYTHON");
    if let Some(python) = named {
        let python = PathBuf::from(python);
        let install = format!(
            "`pip install {}` for CARRYALL_TEST_PYTHON",
            PACKAGES.join(" ")
        );
        run(&python, &install, &["-c".into(), IMPORT.into()]);
        return python;
    }
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = home.join("bin/python");
    let has_packages = Command::new(&python)
        .args(["-c", IMPORT])
        .stderr(Stdio::null())
        .status();
    if has_packages.is_ok_and(|status| status.success()) {
        return python;
    }
    let make = ["-m".into(), "venv".into(), home.into_os_string()];
    run(Path::new("python3"), "python3 and python3-venv", &make);
    let install: Vec<_> = ["-m", "pip", "install", "--quiet"]
        .into_iter()
        .chain(PACKAGES)
        .map(OsString::from)
        .collect();
    run(&python, "python3-venv, with PyPI in reach", &install);
    python
});

/// Runs a reader, which must succeed, and returns what it prints.
#[track_caller]
fn run(program: &Path, package: &str, arguments: &[OsString]) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; install {package}", program.display()));
    assert!(
        output.status.success(),
        "{} {arguments:?} failed; it needs {package}\n{}{}",
        program.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn scripts() -> PathBuf {
    repository().join("crates/carryall/tests/exports/readers")
}
