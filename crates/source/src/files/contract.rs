//! What any place of files must do: the folder, and a server of S3's kind behind a line that breaks.

use std::fs;
use std::path::Path;
use std::time::Duration;

use carryall_bucket::server::{Line, Server};
use carryall_bucket::{Access, BucketError, Keys};

use super::*;

type Put = dyn Fn(&str, &[u8]);

/// A place, how a file gets into it, and what must live as long as it is used.
struct Place {
    store: FileStore,
    put: Box<Put>,
    remove: Box<dyn Fn(&str)>,
    _kept: Box<dyn std::any::Any>,
}

fn put_beneath(root: &Path) -> Box<Put> {
    let root = root.to_owned();
    Box::new(move |key, bytes| {
        let path = root.join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    })
}

fn place(store: FileStore, root: &Path, kept: impl std::any::Any) -> Place {
    let path = root.to_owned();
    Place {
        store,
        put: put_beneath(root),
        remove: Box::new(move |key| fs::remove_file(path.join(key)).unwrap()),
        _kept: Box::new(kept),
    }
}

/// A secret stands beside each.
fn places() -> [Place; 2] {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("files");
    fs::create_dir(&root).unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    let store = FileStore::open_place(&FilePlace::Folder(root.clone())).unwrap();
    let folder = place(store, &root, folder);

    let server = Server::start();
    let root = server.objects().join("files");
    fs::write(server.objects().join("secret"), "secret").unwrap();
    let store = FileStore::open_place(&at(server.access())).unwrap();
    [folder, place(store, &root, server)]
}

fn at(access: Access) -> FilePlace {
    FilePlace::Bucket("s3://exports/files".parse().unwrap(), Box::new(access))
}

fn bytes_of(size: usize) -> Vec<u8> {
    (0..size)
        .map(|at| u8::try_from(at * 7 % 251).unwrap())
        .collect()
}

fn read(store: &FileStore, key: &str) -> Vec<u8> {
    let mut file = store.open(key).unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(file.size_bytes(), bytes.len() as u64);
    assert!(file.is_unchanged() && file.store_failure().is_none());
    bytes
}

#[test]
fn a_file_of_any_length_is_read_whole() {
    for place in places() {
        place.store.look().unwrap();
        for size in [0, 1, 70_000, 9 << 20] {
            (place.put)("sub/deeper/x", &bytes_of(size));
            assert!(
                read(&place.store, "sub/deeper/x") == bytes_of(size),
                "{size}"
            );
        }
    }
}

#[test]
fn a_name_that_a_person_gave_is_found_as_it_is() {
    for place in places() {
        for key in [
            "report.pdf",
            "sub/deeper/x",
            "みなと保険 – x.csv",
            "100% done.txt",
            "%2e%2e%2fsecret",
            "a#b?",
            "a?b=c&d#e",
            " leading and trailing ",
            "..hidden",
            "a..b",
            "-rf",
            "~",
            "$HOME",
            "*",
            "quote\"'`",
            "مرحبا.docx",
            "e\u{301}.txt",
            "👩‍👩‍👧.png",
            &"x".repeat(255),
        ] {
            (place.put)(key, key.as_bytes());
            assert_eq!(read(&place.store, key), key.as_bytes());
        }
    }
}

#[test]
fn a_key_never_leads_out_of_the_root() {
    for place in places() {
        (place.put)("sub/report", b"report");
        for key in [
            "../secret",
            "sub/../../secret",
            "..",
            "sub/..",
            "sub/../report",
            "/secret",
            "//secret",
            "/",
        ] {
            let opened = place.store.open(key);
            assert!(
                matches!(opened, Err(FileError::Outside { .. })),
                "{key}: {opened:?}"
            );
        }
        for key in ["", "\0", "report\0.pdf"] {
            let opened = place.store.open(key);
            assert!(
                matches!(opened, Err(FileError::Invalid { .. })),
                "{key:?}: {opened:?}"
            );
        }
    }
}

#[test]
fn what_is_not_there_is_missing_and_comes_when_it_is_put_there() {
    for place in places() {
        (place.put)("report", b"report");
        for key in ["gone", "gone/x", "Report", "secret", "report/x"] {
            let opened = place.store.open(key);
            assert!(
                matches!(opened, Err(FileError::Missing { .. })),
                "{key}: {opened:?}"
            );
        }
        (place.put)("gone", b"back");
        assert_eq!(read(&place.store, "gone"), b"back");
        (place.remove)("gone");
        assert!(matches!(
            place.store.open("gone"),
            Err(FileError::Missing { .. })
        ));
    }
}

#[test]
fn a_connection_that_is_cut_in_the_middle_of_a_file_is_taken_up_again() {
    let server = Server::start();
    let line = Line::to(&server);
    let store = FileStore::open_place(&at(line.access())).unwrap();
    put_beneath(&server.objects())("files/x", &bytes_of(20 << 20));
    for after in [100_000, 7_000_000, 19_000_000] {
        line.cut_once_after(after);
        assert!(read(&store, "x") == bytes_of(20 << 20), "{after}");
        assert!(line.was_cut());
    }
}

#[test]
fn a_store_that_goes_away_in_the_middle_of_a_file_or_before_it_is_no_missing_file() {
    let server = Server::start();
    let line = Line::to(&server);
    let access = Access {
        patience: Some(Duration::from_millis(200)),
        ..line.access()
    };
    let store = FileStore::open_place(&at(access)).unwrap();
    put_beneath(&server.objects())("files/x", &bytes_of(20 << 20));
    let mut file = store.open("x").unwrap();
    file.read_exact(&mut [0; 1000]).unwrap();
    assert!(file.store_failure().is_none());
    line.cut();
    io::copy(&mut file, &mut io::sink()).unwrap_err();
    let failure = file.store_failure().expect("it is the store's");
    assert!(is_away(&failure), "{failure}");
    for error in [store.open("x").unwrap_err(), store.look().unwrap_err()] {
        assert!(is_away(&error), "{error}");
        assert!(error.hint().unwrap().contains("--files-s3-endpoint"));
    }
}

fn is_away(error: &FileError) -> bool {
    matches!(
        error,
        FileError::Bucket {
            cause: BucketError::Away { .. },
            ..
        }
    )
}

#[test]
fn a_wrong_key_and_a_bucket_that_is_not_there_are_named_with_the_fix() {
    let server = Server::start();
    let keys = |id: &str, secret: &str| Keys {
        id: id.to_owned(),
        secret: secret.to_owned(),
        token: None,
    };
    let (_, id, secret) = server.credentials();
    for keys in [keys(id, "wrong"), keys("nobody", secret)] {
        let access = Access {
            keys: Some(keys),
            ..server.access()
        };
        let error = FileStore::open_place(&at(access)).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("read the files in s3://exports/files/: "),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("access key"), "{error}");
    }
    let none = "s3://none-of-this-name/files".parse().unwrap();
    let place = FilePlace::Bucket(none, Box::new(server.access()));
    let error = FileStore::open_place(&place).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the store has none of this name")
            && error.hint().unwrap().contains("make the bucket"),
        "{error}"
    );
}
