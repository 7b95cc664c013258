//! What reading a file and hashing it costs, with the library that carryall uses, and nothing else.

use std::fs::File;
use std::io::Read;

use anyhow::Context;
use carryall_format::ReadBuffer;
use sha2::{Digest, Sha256};

fn main() -> anyhow::Result<()> {
    let path = std::env::args_os().nth(1).context("name a file")?;
    let mut file = File::open(path)?;
    let mut buffer = ReadBuffer::new(1 << 20);
    let mut sha256 = Sha256::new();
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => sha256.update(&buffer[..read]),
        }
    }
    let digest = sha256.finalize();
    println!("{:02x}{:02x}…", digest[0], digest[1]);
    Ok(())
}
