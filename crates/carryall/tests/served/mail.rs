//! The real program and a real mail server: STARTTLS, a password, a server that is away, a restart.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::server::{Demo, PATIENCE, Server};

/// aiosmtpd, in the Python that the check script sets up.
struct Sink {
    child: Child,
    port: u16,
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the check script says which Python has the readers"
)]
fn python() -> PathBuf {
    let named = std::env::var_os("CARRYALL_TEST_PYTHON").map(PathBuf::from);
    named.unwrap_or_else(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        root.expect("two folders below the root")
            .join("target/python/bin/python")
    })
}

impl Sink {
    fn open(folder: &Path) -> Sink {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/served/sink.py");
        let mut child = Command::new(python())
            .arg(script)
            .args(["server.pem", "server.key", "."])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("says where it is");
        let port = line.trim().parse().expect("a port");
        Sink { child, port }
    }
}

/// An authority of the test's own, and a certificate of 127.0.0.1 by it.
fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .output()
            .expect("openssl runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority",
    );
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=sink",
    );
    fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").expect("writes");
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
}

/// The letters so far, once there are so many.
fn letters(folder: &Path, at_least: usize) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut names: Vec<PathBuf> = fs::read_dir(folder)
            .expect("lists")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|kind| kind == "eml"))
            .collect();
        names.sort();
        if names.len() >= at_least || Instant::now() > deadline {
            let read = names
                .iter()
                .map(|path| fs::read_to_string(path).expect("text"));
            return read.collect();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn letters_wait_for_a_mail_server_that_is_away_survive_a_kill_and_go_over_tls_with_a_password() {
    let demo = Demo::write(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    certificates(folder.path());
    let password = folder.path().join("password");
    fs::write(&password, "a secret of the mail's\n").expect("writes");
    let authority = folder.path().join("ca.pem");

    // A port where nobody is yet.
    let port = {
        let sink = Sink::open(folder.path());
        sink.port
    };
    let serve = |port: u16| {
        let smtp = format!("smtp://export%40example.com@127.0.0.1:{port}");
        let flags = [
            "--mail-from",
            "Exports <export@example.com>",
            "--smtp",
            &smtp,
            "--smtp-password-file",
        ];
        let password = [password.to_str().expect("text")];
        Server::start_in(
            &demo,
            &[&flags[..], &password].concat(),
            &[("SSL_CERT_FILE", &authority)],
        )
    };
    let server = serve(port);
    let cookie = server.sign_in(&demo);
    let asked = server.send(
        "POST",
        "/exports",
        &cookie,
        "choice=everything&file_contents=yes",
    );
    let page = asked.header("location").expect("goes back to the page");
    let (_, id) = page.split_once("export=").expect("names the export");
    server.download(&cookie, id);
    // Both tried in vain, and then killed: a try that is cut off is made again when its time is over.
    let deadline = Instant::now() + PATIENCE;
    let tried = || {
        let log = fs::read_to_string(demo.log()).expect("a log");
        let lines = log.lines().filter(|line| line.contains("not told yet"));
        let events = lines.filter_map(|line| line.split_once("event=")?.1.split(' ').next());
        events.map(str::to_owned).collect::<HashSet<_>>().len()
    };
    while tried() < 2 {
        assert!(Instant::now() < deadline, "never tried");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(server);

    let sink = Sink::open(folder.path());
    let server = serve(sink.port);
    let letters = letters(folder.path(), 2);
    assert_eq!(
        letters.len(),
        2,
        "{}",
        fs::read_to_string(demo.log()).expect("a log")
    );
    let to = format!("To: {}", demo.email);
    // Tries of different letters wait for times of their own, so either may come first.
    for subject in ["data was asked for\r\n", "your export is ready\r\n"] {
        let about = letters.iter().filter(|letter| letter.contains(subject));
        assert_eq!(about.count(), 1, "{letters:?}");
    }
    for letter in &letters {
        assert!(letter.contains(&to), "{letter}");
        assert!(!letter.contains(id) && !letter.contains("http"), "{letter}");
    }
    drop(server);
    let log = fs::read_to_string(demo.log()).expect("a log");
    assert!(
        !log.contains("a secret of the mail"),
        "the password is in no log"
    );
    assert!(!log.contains(&demo.email), "nor is the address");
}
