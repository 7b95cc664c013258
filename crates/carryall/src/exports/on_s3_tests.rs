//! The job with a bucket for its files, over a line that breaks.

use std::io::{self, Read as _};
use std::time::Duration;

use carryall_bucket::server::{Line, Server};
use carryall_bucket::{Access, Bucket};

use super::super::*;
use super::{Story, anna};
use crate::ledger::{Caller, ExportId, Status};
use crate::product::scripted::{Act, Scripted};

/// Three parts of an upload.
const LARGE: usize = 20 << 20;

struct Shelf {
    server: Server,
    line: Line,
}

impl Shelf {
    fn start() -> Shelf {
        let server = Server::start();
        let line = Line::to(&server);
        Shelf { server, line }
    }

    /// A story that keeps its files here, over the line, with a store that is asked again for so long.
    fn story(&self, acts: impl IntoIterator<Item = Act>, patience: Duration) -> Story {
        self.story_for(acts, patience, Duration::ZERO)
    }

    /// The same, whose exports are tried again for so long.
    fn story_for(
        &self,
        acts: impl IntoIterator<Item = Act>,
        patience: Duration,
        retry_for: Duration,
    ) -> Story {
        let access = Access {
            patience: Some(patience),
            ..self.line.access()
        };
        let address = "s3://exports/kept".parse().expect("an address");
        let bucket = Bucket::new(address, &access).expect("settings that fit");
        let folder = tempfile::tempdir().expect("a folder");
        let artifacts = Artifacts::within(bucket);
        Story::set(Scripted::playing(acts), folder, artifacts, retry_for)
    }

    /// Objects and begun uploads.
    fn held(&self) -> (usize, usize) {
        let objects = std::fs::read_dir(self.server.objects().join("kept"));
        let objects = objects.map_or(0, Iterator::count);
        (objects, self.server.unfinished())
    }

    /// Cuts the line when the first parts are sent, and mends it after a while.
    async fn break_off(&self, pause: Option<Duration>) {
        while self.held() != (1, 1) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.line.cut();
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
            self.line.mend();
        }
    }
}

impl Story {
    async fn downloaded(&self, id: ExportId, from: u64) -> io::Result<Vec<u8>> {
        let opened = self.exports.open(&anna(), id).await;
        let (_, original) = opened.map_err(io::Error::other)?.expect("theirs");
        let read = move || {
            let mut bytes = Vec::new();
            original.from(from).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        tokio::task::spawn_blocking(read).await.expect("ends")
    }
}

fn large() -> Vec<u8> {
    let line = b"the very words of a private conversation\n";
    line.iter().copied().cycle().take(LARGE).collect()
}

#[tokio::test]
async fn an_export_in_a_bucket_is_downloaded_from_any_place_and_leaves_nothing_behind() {
    for bytes in [large(), b"{}\n".to_vec()] {
        let shelf = Shelf::start();
        let story = shelf.story([Act::Write(bytes.clone())], Duration::from_secs(20));
        let running = story.exports.start();
        let id = story.request().await;
        assert_eq!(story.ended(id).await.status, Status::Ready);
        running.stop().await;
        for from in [0, 2, bytes.len() / 2] {
            let read = story.downloaded(id, from as u64).await.expect("reads");
            assert!(read == bytes[from..], "{from}");
        }
        assert_eq!(shelf.held(), (1, 0));
        let deleted = story.exports.delete(&anna(), id, &Caller::default()).await;
        assert!(deleted.expect("answers"));
        assert_eq!(shelf.held(), (0, 0));
    }
}

#[tokio::test]
async fn a_store_that_restarts_while_an_export_is_written_is_waited_for() {
    let shelf = Shelf::start();
    let story = shelf.story([Act::Write(large())], Duration::from_secs(20));
    let running = story.exports.start();
    let id = story.request().await;
    shelf.break_off(Some(Duration::from_secs(1))).await;
    assert_eq!(story.ended(id).await.status, Status::Ready);
    running.stop().await;
    assert!(story.downloaded(id, 0).await.expect("reads") == large());
    assert_eq!(shelf.held(), (1, 0));
}

#[tokio::test]
async fn a_store_that_comes_back_only_for_the_next_try_has_the_export_once_and_whole() {
    let shelf = Shelf::start();
    // The first try is given up while the store is away; the job begins anew.
    let acts = std::iter::repeat_with(|| Act::Write(large())).take(50);
    let (patience, retry_for) = (Duration::from_secs(2), Duration::from_mins(10));
    let story = shelf.story_for(acts, patience, retry_for);
    let running = story.exports.start();
    let id = story.request().await;
    shelf.break_off(Some(Duration::from_secs(3))).await;
    for _ in 0..400 {
        match story.find(id).await.status {
            Status::Ready => break,
            // Its time has come.
            Status::Queued => story.hand.advance(Duration::from_secs(2)),
            _ => {}
        }
        story.exports.wake();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(story.ended(id).await.status, Status::Ready);
    running.stop().await;
    assert!(story.downloaded(id, 0).await.expect("reads") == large());
    assert_eq!(shelf.held(), (1, 0));
}

#[tokio::test]
async fn a_store_that_stays_away_ends_the_export_in_plain_words_and_is_swept_when_it_is_back() {
    let shelf = Shelf::start();
    let acts = [1, 2, 3].map(|_| Act::Write(large()));
    let story = shelf.story(acts, Duration::from_millis(200));
    let running = story.exports.start();
    let id = story.request().await;
    shelf.break_off(None).await;
    let export = story.ended(id).await;
    assert_eq!(export.failure.as_deref(), Some("storage_away"));
    assert_eq!(shelf.held(), (1, 1), "a note, and what it speaks of");
    shelf.line.mend();
    story.exports.clean().await.expect("cleans");
    assert_eq!(shelf.held(), (0, 0));
    // The next one is as any.
    let id = story.request().await;
    assert_eq!(story.ended(id).await.status, Status::Ready);
    running.stop().await;
}

#[tokio::test]
async fn a_download_while_the_store_is_away_is_an_error_and_the_file_is_kept() {
    let shelf = Shelf::start();
    let story = shelf.story([Act::Write(large())], Duration::from_millis(200));
    let running = story.exports.start();
    let id = story.request().await;
    assert_eq!(story.ended(id).await.status, Status::Ready);
    running.stop().await;
    shelf.line.cut();
    let error = story.downloaded(id, 0).await.expect_err("away");
    assert!(failure::is_storage_away(&error) || error.to_string().contains("store"));
    shelf.line.mend();
    assert!(story.downloaded(id, 0).await.expect("reads") == large());

    // In the middle of it: the connection is taken up again, unless the store stays away.
    shelf.line.cut_once_after(5 << 20);
    assert!(story.downloaded(id, 0).await.expect("reads") == large());
    assert!(shelf.line.was_cut());
    assert_eq!(story.find(id).await.status, Status::Ready);
}

#[tokio::test]
async fn an_object_that_was_changed_is_not_delivered_and_the_person_is_told() {
    let shelf = Shelf::start();
    let story = shelf.story([Act::Write(large())], Duration::from_secs(20));
    let running = story.exports.start();
    let id = story.request().await;
    let artifact = story.ended(id).await.artifact.expect("published");
    running.stop().await;
    let object = shelf.server.objects().join("kept");
    let object = object.join(format!("{}.sealed", artifact.key));
    let mut bytes = std::fs::read(&object).expect("reads");
    bytes[10 << 20] ^= 1;
    std::fs::write(&object, &bytes).expect("writes");
    let error = story.downloaded(id, 0).await.expect_err("damaged");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    std::fs::write(&object, &bytes[..1 << 20]).expect("writes");
    assert!(
        story
            .exports
            .open(&anna(), id)
            .await
            .expect("answers")
            .is_none()
    );
    let export = story.find(id).await;
    assert_eq!(export.failure.as_deref(), Some("artifact_damaged"));
    assert_eq!(shelf.held(), (0, 0));
}

#[tokio::test]
async fn a_running_export_that_is_stopped_leaves_nothing_in_the_bucket() {
    let shelf = Shelf::start();
    let story = shelf.story([Act::Endless], Duration::from_secs(20));
    let running = story.exports.start();
    let id = story.request().await;
    while story.find(id).await.status != Status::Building {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stopped = story.exports.cancel(&anna(), id, &Caller::default()).await;
    assert!(stopped.expect("answers"));
    running.stop().await;
    assert_eq!(shelf.held(), (0, 0));
}
