//! moto: another server of S3's kind, from `PyPI`, so that no two of our own mistakes agree.
//!
//! A Python without it fails the test with what to install; nothing is skipped.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{access_at, bucket_at};
use crate::{Access, Bucket};

const PACKAGE: &str = "moto[server]==5.2.5";

/// A running one with an empty bucket `exports`.
#[derive(Debug)]
pub struct Moto {
    process: Child,
    address: SocketAddr,
}

impl Moto {
    /// Starts one with the Python that `CARRYALL_TEST_PYTHON` names, or one that is made once in this folder.
    ///
    /// # Panics
    /// There is no Python, or moto is not installed and cannot be.
    #[must_use]
    pub fn start(folder: &Path) -> Moto {
        let mut process = Command::new(python(folder))
            .args(["-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Python starts");
        // ` * Running on http://127.0.0.1:PORT`
        let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines();
        let address = lines.find_map(|line| {
            let (_, address) = line.ok()?.split_once("http://").map(own)?;
            address.trim().parse().ok()
        });
        let address = address.expect("moto says where it is");
        // Read on, or it stops when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        let moto = Moto { process, address };
        moto.make_bucket();
        moto
    }

    fn make_bucket(&self) {
        let mut stream = TcpStream::connect(self.address).expect("connects");
        // It takes any key, and this header for a region.
        let request = format!(
            "PUT /exports HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\nconnection: close\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=x/20261124/us-east-1/s3/aws4_request\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).expect("sends");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is reached.
    #[must_use]
    pub fn access(&self) -> Access {
        access_at(self.address)
    }

    /// A bucket of it.
    #[must_use]
    pub fn bucket(&self, address: &str) -> Bucket {
        bucket_at(address, &self.access())
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn own((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

fn python(folder: &Path) -> PathBuf {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no flags; the check script names the Python that it prepared"
    )]
    let named = std::env::var_os("CARRYALL_TEST_PYTHON");
    let has_moto = |python: &Path| {
        let tried = Command::new(python)
            .args(["-c", "import moto.server"])
            .stderr(Stdio::null())
            .status();
        tried.is_ok_and(|status| status.success())
    };
    if let Some(python) = named.map(PathBuf::from) {
        assert!(
            has_moto(&python),
            "`pip install '{PACKAGE}'` for CARRYALL_TEST_PYTHON"
        );
        return python;
    }
    let home = folder.join("python-moto");
    let python = home.join("bin/python");
    if !has_moto(&python) {
        run(
            Path::new("python3"),
            &["-m", "venv", &home.to_string_lossy()],
        );
        run(&python, &["-m", "pip", "install", "--quiet", PACKAGE]);
    }
    python
}

fn run(program: &Path, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{} {arguments:?} failed; install python3-venv, and let PyPI be in reach",
        program.display()
    );
}
