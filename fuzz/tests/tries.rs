//! The program that fuzzes, as it is called.

use std::process::{Command, Output};

fn fuzz(flags: &[&str]) -> Output {
    let mut fuzz = Command::new(env!("CARGO_BIN_EXE_carryall-fuzz"));
    fuzz.args(flags).output().expect("it runs")
}

#[test]
fn an_input_is_tried_again_by_its_seed_alone() {
    let tried = fuzz(&["--seed", "7", "--seconds", "0"]);
    assert!(tried.status.success(), "{tried:?}");
    let said = String::from_utf8(tried.stdout).expect("words");
    assert!(said.starts_with("1 inputs from "), "{said}");
    assert!(!fuzz(&["--seed", "seven"]).status.success());
}
