//! What lies in the folder: never in clear, readable only with the ledger, and not at all afterwards.

use std::io::Read as _;
use std::path::PathBuf;

use super::super::*;
use super::{Story, anna};
use crate::ledger::{Caller, ExportId, Status};
use crate::product::scripted::{Act, Scripted};

const TEXT: &str = "the very words of a private conversation";

impl Story {
    /// A story with a finished export of many chunks.
    async fn with_a_file() -> (Story, ExportId) {
        let story = Story::begin(Scripted::playing([Act::Write(TEXT.repeat(10_000).into())]));
        let running = story.exports.start();
        let id = story.request().await;
        assert_eq!(story.ended(id).await.status, Status::Ready);
        running.stop().await;
        (story, id)
    }

    fn file(&self) -> PathBuf {
        let mut files = std::fs::read_dir(self.folder.path().join("artifacts")).expect("lists");
        files.next().expect("a file").expect("lists").path()
    }

    async fn read(&self, id: ExportId) -> Option<std::io::Result<String>> {
        let opened = self.exports.open(&anna(), id).await.expect("answers");
        let (_, original) = opened?;
        let mut text = String::new();
        let read = original.from_start().read_to_string(&mut text);
        Some(read.map(|_| text))
    }

    /// Whether these bytes stand in the ledger or its journal.
    fn ledger_has(&self, bytes: &[u8]) -> bool {
        ["l.db", "l.db-wal"].iter().any(|name| {
            let found = std::fs::read(self.folder.path().join(name)).unwrap_or_default();
            found.windows(bytes.len()).any(|window| window == bytes)
        })
    }
}

#[tokio::test]
async fn nothing_of_a_finished_file_lies_in_the_folder_in_clear_and_its_owner_gets_all_of_it() {
    let (story, id) = Story::with_a_file().await;
    let bytes = std::fs::read(story.file()).expect("reads");
    assert!(bytes.len() > TEXT.len() * 10_000);
    let clear = TEXT.as_bytes();
    assert!(!bytes.windows(clear.len()).any(|window| window == clear));
    let read = story.read(id).await.expect("theirs").expect("opens");
    assert!(read == TEXT.repeat(10_000));
}

#[tokio::test]
async fn a_deleted_and_an_expired_export_take_their_key_out_of_the_ledger_and_its_journal() {
    for deletes in [true, false] {
        let (story, id) = Story::with_a_file().await;
        let artifact = story.find(id).await.artifact.expect("published");
        let ledger = &story.exports.ledger;
        let secret = ledger.artifact_secret(&artifact.key).await;
        let secret = secret.expect("answers").expect("kept");
        assert!(story.ledger_has(&secret.0[..]));
        if deletes {
            assert!(
                story
                    .exports
                    .delete(&anna(), id, &Caller::default())
                    .await
                    .expect("answers")
            );
        } else {
            story.hand.advance(Duration::from_hours(24));
        }
        story.exports.clean().await.expect("cleans");
        let gone = ledger.artifact_secret(&artifact.key).await;
        assert!(gone.expect("answers").is_none());
        assert!(!story.ledger_has(&secret.0[..]));
        assert_eq!(story.files(), 0);
    }
}

#[tokio::test]
async fn a_file_that_was_changed_is_not_delivered_and_the_person_is_told() {
    let (story, id) = Story::with_a_file().await;
    let mut bytes = std::fs::read(story.file()).expect("reads");
    bytes[200_000] ^= 1;
    std::fs::write(story.file(), &bytes).expect("writes");
    let error = story.read(id).await.expect("theirs").expect_err("damaged");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    // A shorter one is known before its first byte.
    std::fs::write(story.file(), &bytes[..100_000]).expect("writes");
    assert!(story.read(id).await.is_none());
    let export = story.find(id).await;
    assert_eq!(
        (export.status, export.failure.as_deref(), story.files()),
        (Status::Failed, Some("artifact_damaged"), 0)
    );
}

#[tokio::test]
async fn the_file_of_another_export_does_not_open_in_the_place_of_this_one() {
    let (story, id) = Story::with_a_file().await;
    let (other, _) = Story::with_a_file().await;
    std::fs::copy(other.file(), story.file()).expect("copies");
    assert!(story.read(id).await.expect("theirs").is_err());
}

#[tokio::test]
async fn a_file_that_an_older_version_wrote_in_clear_is_served_until_its_time_is_up() {
    let (story, id) = Story::with_a_file().await;
    let sealed = story.file();
    std::fs::remove_file(&sealed).expect("removes");
    std::fs::write(sealed.with_extension("json"), TEXT).expect("writes");
    assert!(story.read(id).await.is_none(), "not while there is a key");
    let ledger = rusqlite::Connection::open(story.folder.path().join("l.db")).expect("opens");
    ledger
        .execute("DELETE FROM artifact_keys", [])
        .expect("deletes");
    let read = story.read(id).await.expect("theirs").expect("reads");
    assert_eq!(read, TEXT);
    story.hand.advance(Duration::from_hours(24));
    story.exports.clean().await.expect("cleans");
    assert_eq!(story.files(), 0);
}
