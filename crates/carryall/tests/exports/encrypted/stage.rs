//! Keys, a passphrase, and the programs of stock `age`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::product::{Product, TOMAS};
use crate::program::{Outcome, carryall};

pub const PASSPHRASE: &str = "seven quiet lanterns over Lisbon";

/// Types a passphrase whenever the program asks for one: `age` takes it from a terminal only.
const TYPIST: &str = r"
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
said = b''
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    said += more
    if said.rstrip().endswith(b':'):
        os.write(terminal, sys.argv[1].encode() + b'\n')
        said = b''
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
";

/// A folder with a key pair that `age-keygen` made, a passphrase, and the export of one person.
pub struct Stage {
    pub product: Product,
    pub folder: PathBuf,
    pub key: PathBuf,
    pub public: String,
    pub passphrase: PathBuf,
}

impl Stage {
    pub fn set() -> Stage {
        let product = Product::demo();
        let folder = product.folder.path().join("files of a person");
        fs::create_dir(&folder).unwrap();
        let key = folder.join("key.txt");
        let public = new_key(&key);
        let passphrase = folder.join("passphrase.txt");
        fs::write(&passphrase, format!("{PASSPHRASE}\n")).unwrap();
        Stage {
            product,
            folder,
            key,
            public,
            passphrase,
        }
    }

    /// An export of Tomas, encrypted as these flags say.
    pub fn export(&self, flags: &[&str]) -> (PathBuf, Outcome) {
        let out = self.folder.join("export.json.age");
        let outcome = carryall(self.product.export_arguments(TOMAS, &out, flags));
        (out, outcome.ended_with(0))
    }

    pub fn to_key(&self) -> PathBuf {
        self.export(&["--recipient", &self.public]).0
    }

    pub fn with_passphrase(&self) -> PathBuf {
        self.export(&["--passphrase-file", text(&self.passphrase)])
            .0
    }
}

pub fn verify(file: &Path, flags: &[&str]) -> Outcome {
    carryall(["verify", text(file)].iter().chain(flags))
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Makes a private key; the public one.
pub fn new_key(path: &Path) -> String {
    run("age-keygen", &["-o", text(path)]);
    let public = run("age-keygen", &["-y", text(path)]);
    String::from_utf8(public).unwrap().trim().to_owned()
}

#[track_caller]
pub fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// Runs a program on a terminal of its own, where the passphrase is typed.
#[track_caller]
pub fn run_typing(passphrase: &str, arguments: &[&str]) {
    let all: Vec<&str> = ["-c", TYPIST, passphrase]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    run("python3", &all);
}
