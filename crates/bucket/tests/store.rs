//! What a bucket promises, against a server of S3's kind, over a line that breaks.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use carryall_bucket::server::{Line, Moto, Server};
use carryall_bucket::{Access, Bucket, BucketError, Keys};

fn text(size: usize) -> Vec<u8> {
    (0..size)
        .map(|at| u8::try_from(at * 7 % 251).unwrap())
        .collect()
}

fn write(bucket: &Bucket, name: &str, bytes: &[u8]) {
    let mut upload = bucket.upload(name, "note", 0).unwrap();
    upload.write_all(bytes).unwrap();
    assert_eq!(upload.written_bytes(), bytes.len() as u64);
    upload.finish().unwrap();
}

fn read(bucket: &Bucket, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    bucket.open(name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn names(bucket: &Bucket) -> Vec<String> {
    let mut names = Vec::new();
    bucket
        .each_name(|name| names.push(name.to_owned()))
        .unwrap();
    names.sort();
    names
}

/// Names that people give to files.
const NAMES: [&str; 14] = [
    "report.pdf",
    "100% done.txt",
    "a#b?",
    "a?b=c&d#e",
    "%2e%2e%2fsecret",
    " leading and trailing ",
    "a+b",
    "a..b",
    "~",
    "*",
    "quote\"'`<>|^{}[]",
    "みなと保険 – x.csv",
    "👩‍👩‍👧.png",
    "e\u{301}.txt",
];

const PART: usize = 8 << 20;

#[test]
fn what_was_written_is_read_whatever_its_length_and_nothing_else_is_left() {
    let server = Server::start();
    written_is_read(&server.bucket("s3://exports/a/b"));
    assert_eq!(server.unfinished(), 0);
}

#[test]
fn another_server_takes_and_gives_the_same() {
    let moto = Moto::start(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let bucket = moto.bucket("s3://exports/a/b");
    written_is_read(&bucket);
    for name in NAMES {
        write(&bucket, name, name.as_bytes());
        assert_eq!(read(&bucket, name), name.as_bytes(), "{name}");
    }
    let mut upload = bucket.upload("x", "x.note", 0).unwrap();
    upload.write_all(&text(2 * PART)).unwrap();
    drop(upload);
    bucket.undo_upload("x", "x.note").unwrap();
    bucket.undo_upload("x", "x.note").unwrap();
    assert_eq!(bucket.open("x.note").unwrap_err(), BucketError::Missing);
    assert_eq!(bucket.open("x").unwrap_err(), BucketError::Missing);
    let none = moto.bucket("s3://none-of-this-name");
    assert_eq!(none.look().unwrap_err(), BucketError::NoBucket);
}

fn written_is_read(bucket: &Bucket) {
    bucket.look().unwrap();
    for size in [0, 1, 70_000, PART - 1, PART, PART + 1, 3 * PART + 5] {
        let bytes = text(size);
        write(bucket, "x", &bytes);
        assert_eq!(bucket.size_bytes("x").unwrap(), size as u64);
        assert!(read(bucket, "x") == bytes, "{size}");
        let at = bucket.open_at("x").unwrap();
        for place in [0, size / 3, size.saturating_sub(1), 5] {
            let mut buffer = vec![0; 1000];
            let read = at.read_at(&mut buffer, place as u64).unwrap();
            assert!(
                buffer[..read] == bytes[place.min(size)..(place + read).min(size)],
                "{place}"
            );
            assert!(read > 0 || place >= size);
        }
        assert_eq!(names(bucket), ["x"]);
    }
    bucket.remove("x").unwrap();
    bucket.remove("x").unwrap();
    assert!(names(bucket).is_empty());
    assert_eq!(bucket.open("x").unwrap_err(), BucketError::Missing);
}

#[test]
fn a_name_is_the_object_s_key_as_it_is() {
    let server = Server::start();
    let bucket = server.bucket("s3://exports/files");
    for name in NAMES {
        write(&bucket, name, name.as_bytes());
        assert_eq!(read(&bucket, name), name.as_bytes(), "{name}");
        let on_disk = server.objects().join("files").join(name);
        assert_eq!(std::fs::read(on_disk).unwrap(), name.as_bytes(), "{name}");
    }
    for name in ["../secret", "a//b", "/a", "a/", "a\nb", "", ".", "a/../b"] {
        let error = bucket.open(name).unwrap_err();
        assert!(
            matches!(error, BucketError::Name { .. }),
            "{name:?}: {error}"
        );
    }
}

#[test]
fn names_of_other_folders_are_not_listed_and_more_than_a_page_is() {
    let server = Server::start();
    let folder = server.objects().join("mine");
    std::fs::create_dir_all(folder.join("deeper")).unwrap();
    std::fs::write(folder.join("deeper/x"), "").unwrap();
    std::fs::write(server.objects().join("mine-too"), "").unwrap();
    for number in 0..1_200 {
        std::fs::write(folder.join(format!("{number:05}")), "").unwrap();
    }
    let names = names(&server.bucket("s3://exports/mine"));
    assert_eq!(names.len(), 1_200);
    assert_eq!(names[1_199], "01199");
}

#[test]
fn an_upload_that_nobody_finishes_leaves_no_object_and_can_be_undone_by_anybody() {
    let server = Server::start();
    let bucket = server.bucket("s3://exports");
    let mut upload = bucket.upload("x", "x.note", 0).unwrap();
    upload.write_all(&text(3 * PART)).unwrap();
    drop(upload);
    assert_eq!(
        (names(&bucket), server.unfinished()),
        (vec!["x.note".to_owned()], 1)
    );
    // As if the process had died: another one comes.
    let other = server.bucket("s3://exports");
    other.undo_upload("x", "x.note").unwrap();
    assert!(names(&bucket).is_empty());
    assert_eq!(server.unfinished(), 0);
    other.undo_upload("x", "x.note").unwrap();
}

#[test]
fn an_upload_whose_note_cannot_be_written_is_undone_by_the_next_look() {
    let server = Server::start();
    let access = Access {
        patience: Some(Duration::from_millis(100)),
        ..server.access()
    };
    let bucket = Bucket::new("s3://exports".parse().unwrap(), &access).unwrap();
    // What stands in the note's place cannot be written over.
    let in_its_place = server.objects().join("note/x");
    std::fs::create_dir_all(&in_its_place).unwrap();
    let mut upload = bucket.upload("x", "note", 0).unwrap();
    upload.write_all(&text(2 * PART)).unwrap_err();
    drop(upload);
    assert_eq!(server.unfinished(), 1);
    assert!(names(&bucket).is_empty());
    assert_eq!(server.unfinished(), 0);
}

#[test]
fn a_connection_that_breaks_off_is_taken_up_again_where_it_broke() {
    let server = Server::start();
    let line = Line::to(&server);
    let (bucket, bytes) = (line.bucket("s3://exports"), text(20 << 20));
    line.cut_once_after(10 << 20);
    write(&bucket, "x", &bytes);
    assert!(line.was_cut());
    assert!(read(&server.bucket("s3://exports"), "x") == bytes);
    for after in [100_000, 7_000_000, 19_000_000] {
        line.cut_once_after(after);
        assert!(read(&bucket, "x") == bytes, "{after}");
        assert!(line.was_cut());
    }
}

#[test]
fn a_slow_reader_whose_connection_breaks_off_long_after_the_first_byte_gets_the_rest() {
    let server = Server::start();
    let line = Line::to(&server);
    let access = Access {
        patience: Some(Duration::from_millis(500)),
        ..line.access()
    };
    let bucket = Bucket::new("s3://exports".parse().unwrap(), &access).unwrap();
    let bytes = text(20 << 20);
    write(&bucket, "x", &bytes);
    let mut object = bucket.open("x").unwrap();
    let mut read = vec![0; 1 << 20];
    object.read_exact(&mut read).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    line.cut();
    line.mend();
    object.read_to_end(&mut read).unwrap();
    assert!(read == bytes);
}

#[test]
fn an_object_that_is_replaced_while_a_broken_connection_is_mended_is_an_error_and_never_a_mixture()
{
    let server = Server::start();
    let line = Line::to(&server);
    write(&server.bucket("s3://exports"), "x", &text(20 << 20));
    let mut object = line.bucket("s3://exports").open("x").unwrap();
    let mut beginning = vec![0; 1 << 20];
    object.read_exact(&mut beginning).unwrap();
    line.cut();
    let replaced: Vec<u8> = text(20 << 20).into_iter().rev().collect();
    write(&server.bucket("s3://exports"), "x", &replaced);
    line.mend();
    let mut rest = Vec::new();
    let error = object.read_to_end(&mut rest).unwrap_err();
    assert!(error.to_string().contains("replaced"), "{error}");
    beginning.extend(rest);
    assert!(text(20 << 20).starts_with(&beginning));
}

#[test]
fn a_store_that_is_away_is_waited_for_and_then_is_an_error_that_says_so() {
    let server = Server::start();
    let line = Line::to(&server);
    let bucket = line.bucket("s3://exports");
    line.cut();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(2));
            line.mend();
        });
        write(&bucket, "x", b"text");
    });
    line.cut();
    let (begun, access) = (
        Instant::now(),
        Access {
            patience: Some(Duration::from_secs(2)),
            ..line.access()
        },
    );
    let bucket = Bucket::new(bucket.address().clone(), &access).unwrap();
    let error = bucket.open("x").unwrap_err();
    assert!(matches!(error, BucketError::Away { .. }), "{error}");
    assert!(
        !format!("{error} {error:?}").contains("exports/x"),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn what_is_wrong_with_the_bucket_or_the_key_is_told_apart() {
    let server = Server::start();
    let none = server.bucket("s3://none-of-this-name");
    assert_eq!(none.look().unwrap_err(), BucketError::NoBucket);
    let address = "s3://exports".parse().unwrap();
    let stranger = Access {
        keys: server.access().keys.map(|keys| Keys {
            secret: "x".to_owned(),
            ..keys
        }),
        ..server.access()
    };
    let error = Bucket::new(address, &stranger).unwrap().look().unwrap_err();
    assert!(matches!(error, BucketError::Denied { .. }), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn an_upload_is_undone_once_and_undoing_it_again_is_no_error() {
    let server = Server::start();
    let bucket = server.bucket("s3://exports");
    let mut upload = bucket.upload("a", "a.note", 0).unwrap();
    upload.write_all(&vec![1; 20 << 20]).unwrap();
    drop(upload);
    let note = std::fs::read(server.objects().join("a.note")).unwrap();
    bucket.undo_upload("a", "a.note").unwrap();
    // As if the answer had been lost before the note was removed.
    std::fs::write(server.objects().join("a.note"), note).unwrap();
    bucket.undo_upload("a", "a.note").unwrap();
    assert!(!server.objects().join("a.note").exists());
    assert_eq!(server.unfinished(), 0);
}
