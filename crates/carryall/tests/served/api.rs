//! The API against its own document: schemathesis reads it and tries whatever it allows, and what it does not.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::server::{Demo, Server};

/// As `./check` installs it.
const PACKAGE: &str = "schemathesis==4.32.5";
/// Requests for each operation and kind of test: a few seconds together.
const EXAMPLES: &str = "15";

/// What makes no sense is refused although the document's grammar allows it: a first day after the last one, a file
/// that is gone, bytes behind its end.
const SETTINGS: &str = r#"
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "410", "416", "422", "429"]
"#;

/// A Python that has the package: `CARRYALL_TEST_PYTHON`, or one that is made here once.
fn schemathesis() -> PathBuf {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no flags; the check script names the Python that it prepared"
    )]
    let named = std::env::var_os("CARRYALL_TEST_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
        let python = home.join("bin/python");
        if !home.join("bin/schemathesis").exists() {
            run(Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&home));
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE]));
        }
        python
    });
    let program = python.with_file_name("schemathesis");
    assert!(
        program.exists(),
        "`pip install {PACKAGE}` for {}",
        python.display()
    );
    program
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn schemathesis_finds_no_5xx_and_no_answer_that_is_not_documented() {
    let demo = Demo::write(&["--messages", "60"]);
    let server = Server::start(&demo);
    let cookie = server.sign_in(&demo);
    let settings = demo.folder.path().join("schemathesis.toml");
    std::fs::write(&settings, SETTINGS).expect("written");
    run(Command::new(schemathesis())
        .arg("--config-file")
        .arg(&settings)
        .arg("run")
        .arg(format!("http://{}/api/v1/openapi.json", server.address))
        .args(["--header", &format!("Cookie: {cookie}")])
        .args(["--checks", "all", "--max-examples", EXAMPLES, "--seed", "5"])
        .args(["--generation-database", "none", "--no-color"])
        .current_dir(demo.folder.path()));
    let file = server.send("GET", "/api/v1/exports", &cookie, "");
    let list: serde_json::Value = serde_json::from_slice(&file.body).expect("JSON");
    let exports = list["exports"].as_array().expect("a list");
    assert!(!exports.is_empty(), "it got as far as asking for exports");
}
