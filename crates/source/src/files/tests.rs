//! A folder's own traps: links, devices, rights, names that only a disk takes.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode};
use tempfile::TempDir;

use super::*;

/// A store with a secret beside it.
struct Disk {
    folder: TempDir,
    store: FileStore,
    inner: Folder,
}

fn local(root: &Path) -> Result<FileStore, FileError> {
    FileStore::open_place(&FilePlace::Folder(root.to_owned()))
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("files/sub/deeper")).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        let root = folder.path().join("files");
        Disk {
            store: local(&root).unwrap(),
            inner: Folder::open(&root).unwrap(),
            folder,
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join("files").join(key)
    }

    /// What both ways of opening say: the kernel's one call, and folder by folder.
    fn both(&self, key: &str) -> [Result<String, FileError>; 2] {
        let by_hand = check(key).and_then(|()| {
            let file = self
                .inner
                .step_by_step(key)
                .map_err(|error| FileError::refused(key, error))?;
            Ok(File::from(file))
        });
        let opened = self.store.open(key);
        if let (Ok(file), Ok(opened)) = (&by_hand, &opened) {
            assert_eq!(file.metadata().unwrap().len(), opened.size_bytes());
        }
        [
            opened.map(|file| io::read_to_string(file).unwrap()),
            by_hand.and_then(|file| {
                if !file.metadata().unwrap().is_file() {
                    return Err(FileError::NotAFile {
                        key: key.to_owned(),
                    });
                }
                Ok(io::read_to_string(file).unwrap())
            }),
        ]
    }
}

#[test]
fn any_name_that_a_person_gave_is_found_as_it_is() {
    let disk = Disk::new();
    for key in [
        "report.pdf",
        "sub/deeper/x",
        "みなと保険 – x.csv",
        "100% done.txt",
        "%2e%2e%2fsecret",
        "a#b?",
        "a?b=c&d#e",
        " leading and trailing ",
        "...",
        "..hidden",
        "a..b",
        "-rf",
        "~",
        "$HOME",
        "*",
        "new\nline",
        "tab\t",
        "quote\"'`",
        r"back\slash",
        r"..\secret",
        "C:\\x.doc",
        "file::$DATA",
        "مرحبا.docx",
        "e\u{301}.txt",
        "👩‍👩‍👧.png",
        "\u{feff}bom",
        &"x".repeat(255),
    ] {
        fs::write(disk.path(key), key).unwrap();
        for found in disk.both(key) {
            assert_eq!(found.unwrap(), key);
        }
    }
    for found in disk.both("./sub//deeper/./x") {
        assert_eq!(found.unwrap(), "sub/deeper/x");
    }
}

#[test]
fn a_key_never_leads_out_of_the_root() {
    let disk = Disk::new();
    let secret = disk.folder.path().join("secret");
    symlink(&secret, disk.path("link")).unwrap();
    symlink("..", disk.path("up")).unwrap();
    symlink("report", disk.path("inside")).unwrap();
    fs::write(disk.path("report"), "report").unwrap();
    symlink("sub", disk.path("sub-link")).unwrap();
    fs::write(disk.path("sub/x"), "x").unwrap();
    let absolute = secret.to_string_lossy().into_owned();
    for key in [
        "../secret",
        "sub/../../secret",
        "..",
        "sub/..",
        "sub/../report",
        &absolute,
        "//etc/passwd",
        "/",
        "link",
        "up/secret",
        "sub-link/x",
        "inside",
        "/proc/self/root/etc/passwd",
    ] {
        for found in disk.both(key) {
            assert!(
                matches!(found, Err(FileError::Outside { .. })),
                "{key}: {found:?}"
            );
        }
    }
}

#[test]
fn what_is_no_name_at_all_is_invalid() {
    let disk = Disk::new();
    for key in ["", "\0", "report\0.pdf"] {
        for found in disk.both(key) {
            assert!(
                matches!(found, Err(FileError::Invalid { .. })),
                "{key:?}: {found:?}"
            );
        }
    }
}

#[test]
fn what_is_missing_and_what_is_no_file_are_told_apart() {
    let disk = Disk::new();
    fs::write(disk.path("report"), "report").unwrap();
    for key in [
        "gone",
        "gone/x",
        "report/x",
        "report/",
        &"x".repeat(256),
        &"x/".repeat(3000),
    ] {
        let [found, _] = disk.both(key);
        assert!(
            matches!(found, Err(FileError::Missing { .. })),
            "{key:?}: {found:?}"
        );
    }
    let _socket = UnixListener::bind(disk.path("socket")).unwrap();
    rustix::fs::mkfifoat(CWD, disk.path("pipe"), Mode::RWXU).unwrap();
    for key in ["sub", "sub/deeper/", ".", "./", "socket", "pipe"] {
        for found in disk.both(key) {
            assert!(
                matches!(found, Err(FileError::NotAFile { .. })),
                "{key:?}: {found:?}"
            );
        }
    }
}

#[test]
fn a_file_that_may_not_be_read_is_denied() {
    let disk = Disk::new();
    fs::set_permissions(disk.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(disk.path("private"), "private").unwrap();
    fs::set_permissions(disk.path("private"), fs::Permissions::from_mode(0o000)).unwrap();
    std::thread::scope(|scope| {
        let nobody = scope.spawn(|| {
            if rustix::process::geteuid().is_root() {
                let nobody = rustix::process::Uid::from_raw(65_534);
                rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
            }
            disk.both("private")
        });
        for found in nobody.join().unwrap() {
            assert!(matches!(found, Err(FileError::Denied { .. })), "{found:?}");
        }
    });
}

#[test]
fn a_file_that_changes_while_it_is_read_is_noticed() {
    let disk = Disk::new();
    fs::write(disk.path("log"), "one").unwrap();
    let mut file = disk.store.open("log").unwrap();
    assert!(file.size_bytes() == 3 && file.is_unchanged());
    fs::write(disk.path("log"), "one and two").unwrap();
    assert!(!file.is_unchanged());
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"one and two");
}

#[test]
fn a_root_that_is_not_there_is_named_with_the_fix() {
    let disk = Disk::new();
    let error = local(&disk.path("gone")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("files/gone: No such file or directory")
    );
    assert_eq!(error.hint().unwrap(), "check the path after `--files`");
    assert!(local(&disk.folder.path().join("secret")).is_err());
    disk.store.look().unwrap();
    fs::remove_dir_all(disk.path("")).unwrap();
    let error = disk.store.look().unwrap_err();
    assert!(matches!(error, FileError::Root { .. }), "{error}");
}

#[test]
fn a_key_is_cut_as_the_data_map_says() {
    let content = |after: Option<&str>, prefixes: &[&str]| Content {
        key: Some("path".to_owned()),
        after: after.map(str::to_owned),
        strip_prefix: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
        column: None,
    };
    let last = content(Some("last_slash"), &[]);
    assert_eq!(
        object_key(&last, "/app/uploads/a#b?.txt").unwrap(),
        "a#b?.txt"
    );
    assert_eq!(object_key(&last, "a%2Fb.txt").unwrap(), "a%2Fb.txt");
    assert_eq!(object_key(&last, "folder/").unwrap(), "");
    let cut = content(None, &["s3://bucket/", "s3://bucket/uploads/", "/data/"]);
    assert_eq!(
        object_key(&cut, "s3://bucket/uploads/x").unwrap(),
        "uploads/x"
    );
    assert_eq!(
        object_key(&cut, "/data//etc/passwd").unwrap(),
        "/etc/passwd"
    );
    assert_eq!(object_key(&cut, "other/x").unwrap(), "other/x");
    assert_eq!(object_key(&cut, ""), None);
}
