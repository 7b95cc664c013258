//! Zips that mean harm, and sizes that would.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::{Stage, chatgpt};

#[test]
fn names_in_a_zip_are_never_paths() {
    let stage = Stage::new();
    let list = json!([chatgpt::small("c")]).to_string();
    let zip = stage.zip(
        "export.zip",
        &[
            ("../../conversations.json", list.as_bytes()),
            ("../../../escaped.png", b"x"),
            ("/etc/absolute.png", b"y"),
            ("C:\\windows\\back.png", b"z"),
            ("user-1/nul\0inside.png", b"w"),
        ],
    );
    let file = stage.brought("chatgpt", &zip);
    let names: Vec<_> = file
        .list("uploaded_files")
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"escaped.png") && names.contains(&"absolute.png"),
        "{names:?}"
    );
    assert_eq!(file.contents().len(), 4);
    let parent = stage.path("..").canonicalize().unwrap();
    assert!(
        !parent.join("escaped.png").exists()
            && !parent.parent().unwrap().join("escaped.png").exists()
    );
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let stage = Stage::new();
    let zeros = vec![b' '; 100 << 20];
    let zip = stage.zip("bomb.zip", &[("conversations.json", &zeros)]);
    assert!(fs::metadata(&zip).unwrap().len() < 200_000);
    stage.refuses("chatgpt", &zip, &["would become", "no export does that"]);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&zeros).unwrap();
    let gzip = stage.file("bomb.json.gz", gzip.finish().unwrap());
    stage.refuses("chatgpt", &gzip, &["unpacks to more"]);
}

#[test]
fn a_zip_with_a_password_says_so_and_a_damaged_one_too() {
    let stage = Stage::new();
    let list = json!([chatgpt::small("c")]).to_string();
    let zip = stage.zip("export.zip", &[("conversations.json", list.as_bytes())]);
    let good = fs::read(&zip).unwrap();
    let mut locked = good.clone();
    // The flag of encryption, in the entry's own header and in the directory at the end.
    locked[6] |= 1;
    let directory = locked
        .windows(4)
        .rposition(|four| four == b"PK\x01\x02")
        .unwrap();
    locked[directory + 8] |= 1;
    stage.refuses(
        "chatgpt",
        &stage.file("locked.zip", locked),
        &["encrypted", "unpack it"],
    );
    stage.refuses(
        "chatgpt",
        &stage.file("cut.zip", &good[..good.len() / 2]),
        &["zip", "download it again"],
    );
    let mut damaged = good;
    let middle = damaged.len() / 3;
    damaged[middle] ^= 0xff;
    let outcome = stage
        .bring("chatgpt", &stage.file("damaged.zip", damaged), &[])
        .ended_with(2);
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}

#[test]
fn a_gzip_is_known_by_its_first_bytes() {
    let stage = Stage::new();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(json!([chatgpt::small("c")]).to_string().as_bytes())
        .unwrap();
    let path = stage.file("conversations.json", gzip.finish().unwrap());
    assert_eq!(stage.brought("chatgpt", &path).list("messages").len(), 2);
}

#[test]
fn a_large_entry_in_zip64_is_read() {
    use zip::write::SimpleFileOptions;
    let stage = Stage::new();
    let path = stage.path("large.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let options = SimpleFileOptions::default().large_file(true);
    zip.start_file("conversations.json", options).unwrap();
    zip.write_all(json!([chatgpt::small("c")]).to_string().as_bytes())
        .unwrap();
    zip.finish().unwrap();
    assert_eq!(stage.brought("chatgpt", &path).list("messages").len(), 2);
}

/// The rest of the file is larger than what it may take in memory.
#[test]
fn conversations_are_read_one_at_a_time() {
    let stage = Stage::new();
    let path = stage.path("large.json");
    let mut out = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    let count = 40_000;
    write!(out, "[").unwrap();
    for number in 0..count {
        let mut one = chatgpt::small(&format!("c{number}"));
        one["title"] = json!("x".repeat(4000));
        write!(out, "{}{one}", if number == 0 { "" } else { "," }).unwrap();
    }
    write!(out, "]").unwrap();
    out.into_inner().unwrap().sync_all().unwrap();
    let size_bytes = fs::metadata(&path).unwrap().len();
    let new = stage.path("new.json");
    let limit_kib = 160 << 10;
    assert!(size_bytes > limit_kib << 10, "{size_bytes}");
    let script = format!("ulimit -v {limit_kib}; exec \"$@\"");
    let status = std::process::Command::new("sh")
        .args([
            "-c",
            &script,
            "sh",
            env!("CARGO_BIN_EXE_carryall"),
            "convert",
        ])
        .args([
            path.as_os_str(),
            "--from".as_ref(),
            "chatgpt".as_ref(),
            "--out".as_ref(),
            new.as_os_str(),
        ])
        .output()
        .unwrap();
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stderr)
    );
    assert!(String::from_utf8_lossy(&status.stderr).contains(&format!("{}", count * 2)));
}
