//! Writes the files of `tests/fixtures/v1` that are not there yet. It never writes one that is there.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use carryall_format::sign::KnownKeys;

#[path = "../tests/verifier/sample.rs"]
mod sample;

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1");
    let mut keys = KnownKeys::default();
    keys.put(sample::key().public_key().into());
    let files = [
        ("empty.json", sample::empty()),
        ("everything.json", sample::everything()),
        ("gaps.json", sample::gaps()),
        ("one-client.json", sample::slice()),
        ("keys.json", keys.to_json().into_bytes()),
    ];
    for (name, bytes) in files {
        match File::create_new(folder.join(name)) {
            Ok(mut file) => file.write_all(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
