//! What stands in `deploy/`: a unit that systemd takes, and settings that the program knows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CARRYALL: &str = env!("CARGO_BIN_EXE_carryall");
/// Of 10, where 10 is a service that nothing guards.
const MOST_EXPOSED: &str = "15";

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy")
        .join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(deploy(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_unit_is_one_that_systemd_takes_and_guards() {
    let unit = read("carryall.service");
    let section = |line: &&str| line.starts_with('[');
    let sections: Vec<_> = unit.lines().filter(section).collect();
    assert_eq!(sections, ["[Unit]", "[Service]", "[Install]"]);
    for setting in [
        "ExecStart=/usr/local/bin/carryall serve",
        "User=carryall",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "MemoryDenyWriteExecute=yes",
        "SystemCallFilter=@system-service",
    ] {
        assert!(unit.lines().any(|line| line == setting), "{setting}");
    }
    // A machine without systemd has read the unit as far as it can.
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        println!("no systemd-analyze here: the unit was read, and not verified");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("carryall.service");
    // Where the program is on this machine.
    fs::write(&path, unit.replace("/usr/local/bin/carryall", CARRYALL)).expect("writes");
    for arguments in [
        &["verify"][..],
        &["security", "--offline=true", "--threshold", MOST_EXPOSED],
    ] {
        let checked = Command::new("systemd-analyze")
            .args(arguments)
            .arg(&path)
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(
            checked.status.success() && !said.contains("carryall.service:"),
            "{arguments:?}: {said}{}",
            String::from_utf8_lossy(&checked.stdout)
        );
    }
}

#[test]
fn every_setting_that_is_named_there_is_one_of_the_program() {
    let help = Command::new(CARRYALL).args(["serve", "--help"]).output();
    let help = String::from_utf8(help.expect("runs").stdout).expect("text");
    let mut named = 0;
    for file in ["carryall.env.example", "Containerfile", "carryall.service"] {
        let text = read(file);
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        for name in words.filter(|word| word.starts_with("CARRYALL_")) {
            named += 1;
            assert!(help.contains(&format!("[env: {name}=")), "{file}: {name}");
        }
    }
    assert!(named > 15, "{named}");
}

#[test]
fn the_container_has_the_release_binary_and_no_account_that_may_do_more() {
    let file = read("Containerfile");
    let lines: Vec<_> = file.lines().filter(|line| !line.starts_with('#')).collect();
    let has = |line: &str| assert!(lines.contains(&line), "{line}");
    has("COPY target/release/carryall /usr/local/bin/carryall");
    has("USER 10001:10001");
    has("ENTRYPOINT [\"/usr/local/bin/carryall\"]");
    has("STOPSIGNAL SIGTERM");
    for word in ["ADD ", "curl", "wget", "chmod 777"] {
        assert!(!file.contains(word), "{word}");
    }
}
