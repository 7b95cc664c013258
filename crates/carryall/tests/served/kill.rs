//! A process that is killed in the middle of an export, and the next one that ends it.
//!
//! Drives the real program: nothing that a process could do on its way out is done.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::server::{Demo, PATIENCE, Server, between};

/// Kills the program when its unfinished file has grown to so many bytes.
fn kill_when_written(server: Server, artifacts: &Path, bytes: u64) {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let written = fs::read_dir(artifacts).into_iter().flatten().flatten();
        let largest = written
            .filter_map(|file| Some(file.metadata().ok()?.len()))
            .max();
        if largest.is_some_and(|largest| largest >= bytes) {
            return drop(server);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("no export was begun");
}

#[test]
fn an_export_whose_process_is_killed_is_ended_by_the_next_one_and_leaves_nothing_behind() {
    let demo = Demo::write(&["--messages", "60000"]);
    let server = Server::start(&demo);
    let cookie = server.sign_in(&demo);
    let address = server.address.clone();
    let (artifacts, sent) = (demo.artifacts(), cookie.clone());
    // The click itself waits for a moment, and is cut off by the kill.
    let click = std::thread::spawn(move || {
        let form = "choice=everything&file_contents=yes";
        let mut stream = TcpStream::connect(address).expect("connects");
        let request = format!(
            "POST /exports HTTP/1.1\r\nhost: x\r\ncookie: {sent}\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        );
        stream.write_all(request.as_bytes()).expect("sends");
        let _ = stream.read(&mut [0; 1]);
    });
    kill_when_written(server, &artifacts, 1);
    click.join().expect("the click ends");

    let server = Server::start(&demo);
    let page = server.send("GET", "/settings/data-protection", &cookie, "");
    let page = String::from_utf8(page.body).expect("text");
    assert!(
        page.contains("Your export is being written"),
        "the session and the export survive"
    );
    let (id, _) = between(&page, "data-status=\"/exports/", "/status");
    let download = server.download(&cookie, id);
    let length: usize = download
        .header("content-length")
        .and_then(|n| n.parse().ok())
        .expect("size");
    assert_eq!(download.body.len(), length);
    let file: serde_json::Value = serde_json::from_slice(&download.body).expect("whole JSON");
    assert_eq!(file["export"]["id"].as_str(), Some(id));
    assert!(file["integrity"]["sha256"].is_string());
    // The first attempt's file is swept by the clean-up at the start.
    assert_eq!(demo.artifact_count(), 1);
}
