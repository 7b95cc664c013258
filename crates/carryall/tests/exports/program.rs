//! Runs the built program.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

/// Delivered, with gaps.
pub const WITH_GAPS: i32 = 3;
/// Failed, and nothing was left behind.
pub const FAILED: i32 = 2;

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Outcome {
    /// Standard output as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// The same run, which must have ended with this code.
    #[track_caller]
    pub fn ended_with(self, code: i32) -> Outcome {
        assert_eq!(self.code, code, "{}\n{}", self.stderr, self.text());
        self
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Outcome {
        Outcome {
            code: output.status.code().expect("the program was killed"),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs `carryall` with these arguments and none of this machine's settings.
pub fn carryall<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Outcome {
    command(arguments).output().unwrap().into()
}

/// `carryall` with these arguments, not yet started.
pub fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_carryall"));
    let settings = [
        "SOURCE",
        "FILES",
        "PRODUCT",
        "DATA_MAP",
        "LEDGER",
        "KEYS",
        "SIGNING_KEY_FILE",
    ];
    for setting in settings {
        command.env_remove(format!("CARRYALL_{setting}"));
    }
    command.args(arguments).stdin(Stdio::null());
    command
}
