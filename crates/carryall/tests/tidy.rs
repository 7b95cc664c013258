//! The house rules that a machine can check, over every text file of the project.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders that are made, not written.
const MADE: [&str; 5] = ["target", "node_modules", ".git", "demo", ".insta"];
const LONGEST: usize = 400;

struct Text {
    /// From the root of the project.
    path: String,
    content: String,
}

impl Text {
    fn has_kind(&self, kinds: &[&str]) -> bool {
        let kind = Path::new(&self.path).extension();
        kind.and_then(|kind| kind.to_str())
            .is_some_and(|kind| kinds.contains(&kind))
    }

    /// `path:line: what` for each line in which something is wrong.
    fn lines_with(&self, is_wrong: impl Fn(&str) -> bool) -> Vec<String> {
        let lines = self.content.lines().enumerate();
        lines
            .filter(|(_, line)| is_wrong(line))
            .map(|(number, line)| format!("{}:{}: {}", self.path, number + 1, line.trim()))
            .collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/carryall is two folders below the root")
        .to_owned()
}

/// Every text file under a folder of the project; "" is all of it.
fn texts(under: &str) -> Vec<Text> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(under)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("lists").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            // The folder of a product's demo is written, too: it has a module.
            if MADE.iter().any(|made| name == *made) && !path.join("mod.rs").exists() {
                continue;
            }
            if entry.file_type().expect("is there").is_dir() {
                folders.push(path);
            } else if let Ok(content) = fs::read_to_string(&path) {
                let path = path.strip_prefix(root()).expect("below the root");
                let path = path.to_string_lossy().into_owned();
                found.push(Text { path, content });
            }
        }
    }
    assert!(!found.is_empty(), "nothing under {under}");
    found
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[track_caller]
fn assert_none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_of_code_is_longer_than_a_reader_s_patience() {
    let long: Vec<_> = texts("")
        .into_iter()
        .filter(|text| text.has_kind(&["rs", "js", "mjs", "css", "html"]))
        .map(|text| (text.content.lines().count(), text.path))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert_none(&long, "split these by what they are about");
}

/// The names come from the products themselves, so that this file names none either. Tests of what is
/// under `products/` may: they are about one.
#[test]
fn no_file_of_the_program_names_a_product() {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("products"))
        .expect("lists")
        .flatten()
    {
        let Ok(map) = fs::read_to_string(entry.path().join("data-map.toml")) else {
            continue;
        };
        let map: toml::Table = map.parse().expect("a data map");
        names.push(entry.file_name().to_string_lossy().to_lowercase());
        names.push(map["product"].as_str().expect("a name").to_lowercase());
    }
    assert!(names.len() >= 4, "{names:?}");
    let wrong: Vec<_> = texts("crates")
        .iter()
        .filter(|text| !text.path.contains("/tests/"))
        // A product's export format is named where it is written.
        .filter(|text| !text.path.starts_with("crates/carryall/src/convert/"))
        .flat_map(|text| {
            text.lines_with(|line| {
                let line = line.to_lowercase();
                names.iter().any(|name| line.contains(name.as_str()))
            })
        })
        .collect();
    assert_none(&wrong, "a product's name belongs under products/");
}

#[test]
fn nothing_is_left_to_do_without_an_owner_and_no_test_is_switched_off() {
    // Put together here, so that this list is not found itself.
    let marks = [
        ("to", "do!"),
        ("unimpl", "emented!"),
        ("#[ign", "ore"),
        ("FIX", "ME"),
        ("test.sk", "ip("),
        ("test.to", "do("),
        (".on", "ly("),
        ("dbg", "!("),
    ]
    .map(|(start, end)| format!("{start}{end}"));
    let later = format!("TO{}", "DO");
    let owned = format!("{later}(");
    let wrong: Vec<_> = texts("")
        .iter()
        .filter(|text| text.has_kind(&["rs", "js", "mjs", "css", "html", "sh", "toml"]))
        .flat_map(|text| {
            text.lines_with(|line| {
                let is_later = line.contains(&later) && !line.contains(&owned);
                is_later || marks.iter().any(|mark| line.contains(mark.as_str()))
            })
        })
        .collect();
    assert_none(&wrong, "do it, or name who will");
}

#[test]
fn no_file_holds_a_path_of_the_machine_that_it_was_written_on() {
    let places = ["root", "work", "home", "Users"].map(|name| format!("/{name}/"));
    let wrong: Vec<_> = texts("")
        .iter()
        .flat_map(|text| {
            text.lines_with(|line| {
                places.iter().any(|place| {
                    let at = line.find(place.as_str());
                    // Not the middle of an address or of a longer path.
                    at.is_some_and(|at| {
                        !line[..at].ends_with(|before: char| {
                            before.is_alphanumeric() || ".}>-_*".contains(before)
                        })
                    })
                })
            })
        })
        .collect();
    assert_none(&wrong, "paths are relative or arguments");
}

#[test]
fn the_version_is_in_the_changelog() {
    let version = format!("## {}", env!("CARGO_PKG_VERSION"));
    let changelog = read("CHANGELOG.md").replace(['[', ']'], "");
    let is_told = changelog.lines().any(|line| line.starts_with(&version));
    assert!(is_told, "CHANGELOG.md has no `{version}`");
}

#[test]
fn the_readme_tells_of_every_command() {
    let output = Command::new(env!("CARGO_BIN_EXE_carryall"))
        .arg("--help")
        .output()
        .expect("runs");
    let help = String::from_utf8(output.stdout).expect("text");
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help");
    let readme = read("README.md");
    let mut known = 0;
    for command in commands {
        let is_told = [format!("carryall {command}"), format!("`{command}`")];
        assert!(
            is_told.iter().any(|words| readme.contains(words)),
            "README.md does not tell of `{command}`"
        );
        known += 1;
    }
    assert!(known >= 6, "--help lists its commands:\n{help}");
}

#[test]
fn the_readme_s_first_command_knows_which_program_to_run() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ]);
    let told = cargo.current_dir(root()).output().expect("cargo runs");
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let defaults = &told["workspace_default_members"];
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let mut programs = Vec::new();
    for package in list(&told["packages"]) {
        if list(defaults).contains(&package["id"]) {
            programs.extend(
                list(&package["targets"])
                    .into_iter()
                    .filter(|target| list(&target["kind"]).contains(&"bin".into())),
            );
        }
    }
    let names: Vec<_> = programs.iter().map(|program| &program["name"]).collect();
    assert_eq!(names, ["carryall"]);
}
