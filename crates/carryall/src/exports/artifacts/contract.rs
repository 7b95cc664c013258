//! What any place of finished exports must do: the folder, a server of S3's kind, and another one.

use std::io::{self, Read as _, Write as _};

use carryall_bucket::server::Server;
use carryall_format::original::Original;

use super::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";
/// More than one part of an upload.
const LARGE: usize = 20 << 20;

/// A place, and how a stranger puts something beside our files.
struct Place {
    artifacts: Artifacts,
    beside: Box<dyn Fn(&str)>,
    _kept: Box<dyn std::any::Any>,
}

fn folder() -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("deep/artifacts");
    Place {
        artifacts: Artifacts::open(&root).expect("opens"),
        beside: Box::new(move |name| std::fs::write(root.join(name), "").expect("writes")),
        _kept: Box::new(folder),
    }
}

fn server() -> Place {
    let server = Server::start();
    let bucket = server.bucket("s3://exports/deep/artifacts");
    let root = server.objects().join("deep/artifacts");
    std::fs::create_dir_all(&root).expect("a folder");
    Place {
        artifacts: Artifacts::within(bucket),
        beside: Box::new(move |name| std::fs::write(root.join(name), "").expect("writes")),
        _kept: Box::new(server),
    }
}

fn places() -> [Place; 2] {
    [folder(), server()]
}

fn text(size: usize) -> Vec<u8> {
    (0..size)
        .map(|at| u8::try_from(at * 7 % 251).expect("small"))
        .collect()
}

fn write(artifacts: &Artifacts, key: &str, bytes: &[u8]) -> io::Result<()> {
    let mut writing = artifacts.create(key, bytes.len() as u64)?;
    writing.write_all(bytes)?;
    artifacts.finish(key, writing, bytes.len() as u64)
}

fn missing<T: std::fmt::Debug>(found: io::Result<T>) -> bool {
    found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

#[test]
fn a_file_can_be_read_only_when_it_is_whole_and_then_at_any_place() {
    for Place {
        artifacts, _kept, ..
    } in places()
    {
        for size in [0, 2, LARGE] {
            let bytes = text(size);
            let mut writing = artifacts.create(KEY, size as u64).expect("creates");
            writing.write_all(&bytes).expect("writes");
            assert!(missing(artifacts.read(KEY)));
            artifacts
                .finish(KEY, writing, size as u64)
                .expect("finishes");

            let stored = artifacts.read(KEY).expect("reads");
            assert_eq!(stored.size_bytes().expect("known"), size as u64);
            let original = Original::new(stored);
            for from in [0, size / 2, size] {
                let mut read = Vec::new();
                let mut reading = original.from(from as u64);
                reading.read_to_end(&mut read).expect("reads");
                assert!(read == bytes[from..], "{size} from {from}");
            }
            assert_eq!(artifacts.keys().expect("lists"), [KEY.to_owned()].into());
            artifacts.remove(KEY).expect("removes");
            artifacts.remove(KEY).expect("removes again");
            assert!(missing(artifacts.read(KEY)));
            assert!(artifacts.keys().expect("lists").is_empty());
        }
    }
}

#[test]
fn a_file_of_another_size_than_was_written_is_never_there() {
    for Place {
        artifacts, _kept, ..
    } in places()
    {
        for size in [2, LARGE] {
            let mut writing = artifacts.create(KEY, 0).expect("creates");
            writing.write_all(&text(size)).expect("writes");
            let finished = artifacts.finish(KEY, writing, size as u64 + 1);
            assert!(is_wrong_size(&finished.expect_err("shorter")));
            assert!(missing(artifacts.read(KEY)));
            artifacts.remove(KEY).expect("removes");
        }
    }
}

#[test]
fn what_a_dead_worker_left_is_listed_and_removed_or_written_over() {
    for Place {
        artifacts, _kept, ..
    } in places()
    {
        let begin = || {
            let mut writing = artifacts.create(KEY, 0).expect("creates");
            writing.write_all(&text(LARGE)).expect("writes");
            drop(writing);
            assert_eq!(artifacts.keys().expect("lists"), [KEY.to_owned()].into());
        };
        begin();
        artifacts.remove(KEY).expect("removes");
        assert!(artifacts.keys().expect("lists").is_empty());
        begin();
        write(&artifacts, KEY, b"whole").expect("writes");
        let stored = artifacts.read(KEY).expect("reads");
        assert_eq!(stored.size_bytes().expect("known"), 5);
        artifacts.remove(KEY).expect("removes");
        assert!(artifacts.keys().expect("lists").is_empty());
    }
}

#[test]
fn files_of_others_beside_them_are_left_alone() {
    for place in places() {
        for name in [
            "notes.json",
            "0123.part",
            "0123456789abcdef0123456789abcdef.txt",
            "0123456789abcdef0123456789abcdef.sealed.old",
            "0123456789ABCDEF0123456789abcdef.sealed",
        ] {
            (place.beside)(name);
        }
        assert!(place.artifacts.keys().expect("lists").is_empty());
    }
}

#[test]
fn nobody_else_may_read_a_file_on_the_disk_and_its_space_is_known() {
    use std::os::unix::fs::PermissionsExt as _;
    let Place {
        artifacts, _kept, ..
    } = folder();
    let Writing::File(file) = artifacts.create(KEY, 0).expect("creates") else {
        panic!("a folder has files")
    };
    let mode = file.metadata().expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(artifacts.free_bytes().expect("asks").expect("known") > 0);
    assert_eq!(server().artifacts.free_bytes().expect("asks"), None);
}

#[test]
fn an_upload_that_is_removed_leaves_nothing_at_the_store() {
    let server = Server::start();
    let artifacts = Artifacts::within(server.bucket("s3://exports"));
    let mut writing = artifacts.create(KEY, 0).expect("creates");
    writing.write_all(&text(LARGE)).expect("writes");
    drop(writing);
    assert_eq!(server.unfinished(), 1);
    artifacts.remove(KEY).expect("removes");
    assert_eq!(server.unfinished(), 0);
}
