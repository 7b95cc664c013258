//! The product's files in a bucket: the same export as from a folder, the same gaps, and how it fails.
//!
//! Two servers of S3's kind that have no line in common.

use std::fs;
use std::path::Path;
use std::time::Duration;

use carryall_bucket::server::{Line, Moto, Server};
use carryall_bucket::{Access, Bucket};
use carryall_source::connect::{Source, SourceOptions};
use carryall_source::data_map::DataMap;
use carryall_source::export::{ExportError, ExportOrder, Silent, export};
use carryall_source::files::FilePlace;
use carryall_source::scope::Scope;
use carryall_source::subject::find_subject;

use crate::export_file::{ExportFile, LISTS};
use crate::importing::stage::{empty_for, import, try_import};
use crate::memory::assert_stays_under;
use crate::product::{DEMO_PEOPLE, KENJI, MARTA, Product, repository};
use crate::program::{FAILED, command};

/// What an export may hold that reads a bucket, in KiB: TLS, HTTP and some pieces of the object that is
/// read, beside what any export holds.
const GOAL_KIB: u64 = 64 << 10;

/// A product whose files are in a bucket, and the flags that say so.
struct Stage {
    product: Product,
    flags: Vec<String>,
}

impl Stage {
    /// The demo with these flags, its files copied into the bucket.
    fn copied(demo: &[&str], bucket: &Bucket, endpoint: &str, keys: (&str, &str)) -> Stage {
        let mut product = Product::demo_with(demo);
        copy(&product.files, &product.files, bucket);
        let folder = product.folder.path();
        let flags = ["access", "secret"].into_iter().zip([keys.0, keys.1]);
        let mut flags: Vec<String> = flags
            .flat_map(|(name, text)| {
                let path = folder.join(name);
                fs::write(&path, format!("{text}\n")).unwrap();
                let flag = format!("--files-s3-{name}-key-file");
                [flag, path.display().to_string()]
            })
            .collect();
        flags.extend(["--s3-endpoint".to_owned(), endpoint.to_owned()]);
        product.files = bucket.address().to_string().into();
        Stage { product, flags }
    }

    fn on(server: &Server) -> Stage {
        let (endpoint, id, secret) = server.credentials();
        let bucket = server.bucket("s3://exports/product/files");
        Stage::copied(&[], &bucket, &endpoint, (id, secret))
    }

    fn flags(&self) -> Vec<&str> {
        self.flags.iter().map(String::as_str).collect()
    }

    fn export(&self, who: &str) -> ExportFile {
        self.product.export_with(who, &self.flags())
    }

    /// The same, from the folder that was copied.
    fn export_from_folder(&self, who: &str) -> ExportFile {
        let folder = self.product.folder.path().join("files");
        let arguments = self.product.source();
        let out = self.product.folder.path().join("from-folder.json");
        let mut command = command(["export"]);
        command.args(arguments).arg("--files").arg(folder);
        command.args(["--subject", who, "--out"]).arg(&out);
        ExportFile::read(&out, command.output().unwrap().into())
    }
}

fn copy(root: &Path, folder: &Path, bucket: &Bucket) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            copy(root, &path, bucket);
            continue;
        }
        let key = path.strip_prefix(root).unwrap().to_str().unwrap();
        let mut upload = bucket.upload(key, "note-of-a-test", 0).unwrap();
        std::io::copy(&mut fs::File::open(&path).unwrap(), &mut upload).unwrap();
        upload.finish().unwrap();
    }
}

fn assert_same(bucket: &ExportFile, folder: &ExportFile) {
    for list in LISTS.iter().chain(&["gaps", "account_settings"]) {
        assert_eq!(bucket.json[list], folder.json[list], "{list}");
    }
    assert_eq!(bucket.outcome.code, folder.outcome.code);
}

#[test]
fn everybody_s_export_is_the_same_from_a_folder_and_from_both_servers() {
    let server = Server::start();
    let moto = Moto::start(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let bucket = moto.bucket("s3://exports/product/files");
    let at = format!("http://{}", moto.address());
    let stages = [
        Stage::on(&server),
        Stage::copied(&[], &bucket, &at, ("any", "any")),
    ];
    for stage in &stages {
        for who in DEMO_PEOPLE {
            assert_same(&stage.export(who), &stage.export_from_folder(who));
        }
    }
}

#[test]
fn a_missing_object_and_a_key_that_leads_out_are_the_gaps_that_they_are_in_a_folder() {
    let server = Server::start();
    let stage = Stage::on(&server);
    fs::write(server.objects().join("product/secret"), "a stranger's").unwrap();
    let file = "SELECT id FROM uploaded_files WHERE user_id = (SELECT id FROM users WHERE email = 'marta@northbridge.example')";
    let product = &stage.product;
    let key = product.text(&format!(
        "SELECT storage_key FROM uploaded_files WHERE id = ({file} LIMIT 1)"
    ));
    for root in [
        server.objects().join("product/files"),
        product.folder.path().join("files"),
    ] {
        fs::remove_file(root.join(&key)).unwrap();
    }
    product.sql(&format!(
        "UPDATE uploaded_files SET storage_key = '../secret' WHERE id = ({file} LIMIT 1 OFFSET 1)"
    ));
    let found = stage.export(MARTA);
    assert_eq!(found.list("gaps").len(), 2, "{:?}", found.gaps());
    assert!(!found.text().contains("YSBzdHJhbmdlcidz"), "the secret");
    assert_same(&found, &stage.export_from_folder(MARTA));
}

#[test]
fn a_store_that_is_not_there_and_a_key_that_it_does_not_know_are_named_with_the_fix() {
    let server = Server::start();
    let stage = Stage::on(&server);
    let wrong = stage.product.folder.path().join("secret");
    fs::write(&wrong, "wrong").unwrap();
    let said = stage.product.export_fails(KENJI, &stage.flags());
    assert!(
        said.contains("read the files in s3://exports/product/files/: ask the store: permission denied (SignatureDoesNotMatch)")
            && said.contains("hint: check the access key; it needs s3:ListBucket and s3:GetObject"),
        "{said}"
    );
    let line = Line::to(&server);
    let gone = line.access().endpoint.unwrap();
    drop(line);
    let mut flags = stage.flags();
    flags.extend(["--files-s3-endpoint", &gone]);
    let said = stage.product.export_fails(KENJI, &flags);
    assert!(
        said.contains("reach the store: no connection") && said.contains("hint: check"),
        "{said}"
    );
}

#[test]
fn a_store_that_goes_away_during_an_export_is_its_end_and_no_list_of_gaps() {
    let server = Server::start();
    let stage = Stage::on(&server);
    let line = Line::to(&server);
    let access = Access {
        patience: Some(Duration::from_millis(200)),
        ..line.access()
    };
    let bucket = "s3://exports/product/files".parse().unwrap();
    let options = SourceOptions {
        database: format!("sqlite:{}", stage.product.database.display()),
        files: Some(FilePlace::Bucket(bucket, Box::new(access))),
        ..SourceOptions::default()
    };
    let source = Source::connect(&options).unwrap();
    let map = repository().join("products/isms-copilot/data-map.toml");
    let map = DataMap::parse(&fs::read_to_string(map).unwrap(), "map").unwrap();
    let subject = find_subject(&source.snapshot().unwrap(), &map, MARTA).unwrap();
    line.cut();
    let order = ExportOrder {
        map: &map,
        subject: &subject,
        scope: &Scope::default(),
        export_id: "1",
        signing_key: None,
        clock: &|| jiff::Timestamp::UNIX_EPOCH,
        generator_version: "1",
    };
    let error = export(&source, &order, std::io::sink(), &Silent).unwrap_err();
    assert!(matches!(error, ExportError::Files(_)), "{error}");
    assert!(error.hint().unwrap().contains("whether the store runs"));
}

#[test]
fn a_large_object_is_read_in_constant_memory() {
    let server = Server::start();
    let (endpoint, id, secret) = server.credentials();
    let bucket = server.bucket("s3://exports/product/files");
    let size = ["--messages", "1000", "--file-bytes", "150000000"];
    let stage = Stage::copied(&size, &bucket, &endpoint, (id, secret));
    let arguments = stage
        .product
        .export_arguments(MARTA, Path::new("/dev/null"), &stage.flags());
    assert_stays_under(GOAL_KIB, command(arguments));
}

#[test]
fn an_import_restores_files_into_a_bucket_and_leaves_none_when_it_fails_or_only_tries() {
    let server = Server::start();
    let stage = Stage::on(&server);
    let export = stage.product.export_with(MARTA, &stage.flags());
    let mut empty = empty_for(&stage.product, MARTA);
    empty.files = "s3://exports/restored".into();
    let objects = || {
        let folder = fs::read_dir(server.objects().join("restored/imported"));
        folder.map_or(0, Iterator::count)
    };
    let flags = stage.flags();
    let dry = import(&empty, &export.path, &[&flags[..], &["--dry-run"]].concat());
    assert_eq!(objects(), 0);

    // The commit itself is refused, when all files are there.
    empty.sql(
        "CREATE TABLE witness (person TEXT REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER late AFTER INSERT ON uploaded_files BEGIN INSERT INTO witness VALUES ('nobody'); END",
    );
    let outcome = try_import(&empty, &export.path, &flags).ended_with(FAILED);
    assert_eq!(objects(), 0, "{}", outcome.stderr);
    empty.sql("DROP TRIGGER late; DROP TABLE witness");

    let report = import(&empty, &export.path, &flags);
    assert_eq!(report["files"], dry["files"]);
    assert_eq!(report["files"]["restored"], objects());
    assert!(objects() > 0);
    let back = empty.export_with(MARTA, &flags);
    let contents = |file: &ExportFile| -> Vec<Vec<u8>> {
        let mut all: Vec<_> = file.contents().into_values().collect();
        all.sort();
        all
    };
    assert_eq!(contents(&back), contents(&export));
    assert_eq!(back.gaps(), Vec::<String>::new());
}
