//! Makes one HTML file of the viewer's modules, style and page: no bundler, nothing to install.
//!
//! A module becomes a function that returns what it exports; an import takes a name out of that. What a
//! module may look like is narrow, and anything else ends the build: imports are
//! `import { a, b } from "./file.js";` at the start of a line, exports are `export` before `function`, `async
//! function`, `class` or `const`. The policy of the page names its one style and its one script by their
//! SHA-256, so that nothing else can run in it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Nothing is loaded, sent, framed or run but what is here. Pictures and PDF files are shown from memory, and the
/// workers run the page's own text. No text becomes HTML or a script, but for the address of the workers.
fn policy(script: &str, style: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src blob: data:; frame-src blob:; \
         worker-src blob:; connect-src 'none'; form-action 'none'; base-uri 'none'; \
         require-trusted-types-for 'script'; trusted-types carryall-worker",
        hash(script),
        hash(style)
    )
}

/// The page and its policy, as Rust that is included.
pub fn build(viewer: &Path, icon: &Path, style: &Path) -> String {
    let read = |path: &Path| {
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut modules = Modules {
        folder: viewer.join("src"),
        done: BTreeSet::new(),
        open: Vec::new(),
        code: "\"use strict\";\n".to_owned(),
    };
    modules.add("main.js");
    println!("cargo::rerun-if-changed={}", modules.folder.display());
    let style = read(style) + &read(&viewer.join("viewer.css"));
    assert!(
        !modules.code.contains("</script") && !modules.code.contains("<!--"),
        "this would end the script of the page"
    );
    let policy = policy(&modules.code, &style);
    let page = read(&viewer.join("viewer.html"))
        .replace("{icon}", &STANDARD.encode(read(icon)))
        .replace("{policy}", &policy)
        .replace("{style}", &style)
        .replace("{script}", &modules.code);
    format!(
        "/// The whole page.\nconst PAGE: &str = {page:?};\n/// Its content security policy.\nconst POLICY: &str = {policy:?};\n"
    )
}

struct Modules {
    folder: std::path::PathBuf,
    done: BTreeSet<String>,
    /// Those whose imports are being added: one that comes up again imports itself in a circle.
    open: Vec<String>,
    code: String,
}

impl Modules {
    /// Adds a module after those that it imports.
    fn add(&mut self, file: &str) {
        if self.done.contains(file) {
            return;
        }
        assert!(
            !self.open.iter().any(|open| open == file),
            "modules import each other in a circle: {} -> {file}",
            self.open.join(" -> ")
        );
        self.open.push(file.to_owned());
        let path = self.folder.join(file);
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (mut body, mut exports) = (String::new(), Vec::new());
        for line in text.lines() {
            if let Some(import) = line.strip_prefix("import ") {
                let (names, from) = parse_import(import)
                    .unwrap_or_else(|| panic!("{file}: not an import that is known here: {line}"));
                self.add(from);
                writeln!(body, "const {{ {names} }} = {};", variable(from)).expect("a String");
            } else if let Some(declaration) = line.strip_prefix("export ") {
                let name = declared(declaration)
                    .unwrap_or_else(|| panic!("{file}: not an export that is known here: {line}"));
                exports.push(name.to_owned());
                writeln!(body, "{declaration}").expect("a String");
            } else {
                writeln!(body, "{line}").expect("a String");
            }
        }
        writeln!(
            self.code,
            "// {file}\nconst {} = (() => {{\n{body}return {{ {} }};\n}})();",
            variable(file),
            exports.join(", ")
        )
        .expect("a String");
        self.open.pop();
        self.done.insert(file.to_owned());
    }
}

/// `page-start.js` -> `$page_start`
fn variable(file: &str) -> String {
    format!("${}", file.trim_end_matches(".js").replace('-', "_"))
}

/// `{ a, b } from "./c.js";` -> `a, b` and `c.js`.
fn parse_import(text: &str) -> Option<(&str, &str)> {
    let (names, from) = text.strip_prefix("{ ")?.split_once(" } from \"./")?;
    let is_plain = names
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == ',' || letter == ' ');
    Some((names, from.strip_suffix("\";")?)).filter(|_| is_plain && !names.contains(" as "))
}

/// The name that `function name(`, `class Name`, `const name =` declares.
fn declared(text: &str) -> Option<&str> {
    let kinds = [
        "async function* ",
        "async function ",
        "function* ",
        "function ",
        "class ",
        "const ",
    ];
    let rest = kinds.iter().find_map(|kind| text.strip_prefix(kind))?;
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_')?;
    Some(&rest[..end]).filter(|name| !name.is_empty())
}
