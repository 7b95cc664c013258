//! The job under every failure that can be played without killing the process.

#[path = "at_rest_tests.rs"]
mod at_rest;
#[path = "on_s3_tests.rs"]
mod on_s3;
#[path = "retry_tests.rs"]
mod retry;

use std::io::Read as _;
use std::time::Duration;

use super::*;
use crate::clock::ClockHand;
use crate::ledger::{Caller, Export, ExportId, Status, SubjectKey};
use crate::product::scripted::{Act, Scripted};
use crate::product::{Product, Scope};

struct Story {
    exports: Arc<Exports>,
    hand: ClockHand,
    folder: tempfile::TempDir,
}

impl Story {
    fn begin(scripted: Scripted) -> Story {
        let folder = tempfile::tempdir().expect("a folder");
        let artifacts = Artifacts::open(&folder.path().join("artifacts"));
        Story::in_place(scripted, folder, artifacts.expect("a folder"))
    }

    fn in_place(scripted: Scripted, folder: tempfile::TempDir, artifacts: Artifacts) -> Story {
        Story::set(scripted, folder, artifacts, Duration::ZERO)
    }

    fn set(
        scripted: Scripted,
        folder: tempfile::TempDir,
        artifacts: Artifacts,
        retry_for: Duration,
    ) -> Story {
        let ledger = Ledger::open(&format!("sqlite:{}", folder.path().join("l.db").display()));
        let (clock, hand) = ClockHand::at("2026-11-23T10:00:00Z");
        let settings = Settings {
            heartbeat: Duration::from_millis(5),
            patience: vec![Duration::from_millis(1); 2],
            last_builds: Duration::ZERO,
            retry_for,
            ..Settings::new("test".to_owned())
        };
        let exports = Exports::new(
            ledger.expect("a ledger"),
            Arc::new(Product::Scripted(Box::new(scripted))),
            artifacts,
            Keys::of_a_test(folder.path(), &clock),
            clock,
            Randomness::system(),
            settings,
        );
        Story {
            exports,
            hand,
            folder,
        }
    }

    async fn request(&self) -> ExportId {
        let scope = Scope {
            file_contents: true,
            ..Scope::default()
        };
        self.exports
            .request(&anna(), scope, None, &Caller::default())
            .await
            .expect("answers")
            .export()
            .expect("not too many")
            .id
    }

    async fn find(&self, id: ExportId) -> Export {
        self.exports
            .ledger
            .find_export(&anna(), id)
            .await
            .expect("answers")
            .expect("known")
    }

    async fn ended(&self, id: ExportId) -> Export {
        let patience = Duration::from_mins(1);
        self.exports
            .wait_briefly(&anna(), id, patience)
            .await
            .expect("answers");
        self.find(id).await
    }

    async fn outcome(acts: impl IntoIterator<Item = Act>) -> (Status, Option<String>, usize) {
        let story = Story::begin(Scripted::playing(acts));
        let running = story.exports.start();
        let id = story.request().await;
        let export = story.ended(id).await;
        running.stop().await;
        (export.status, export.failure, story.files())
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("artifacts"))
            .expect("lists")
            .count()
    }

    fn scripted(&self) -> &Scripted {
        let Product::Scripted(scripted) = &*self.exports.product else {
            panic!("scripted")
        };
        scripted
    }
}

fn anna() -> SubjectKey {
    SubjectKey("anna-key".to_owned())
}

fn failed(code: &str) -> (Status, Option<String>, usize) {
    (Status::Failed, Some(code.to_owned()), 0)
}

#[tokio::test]
async fn an_export_becomes_a_whole_file_that_only_its_owner_can_open() {
    let story = Story::begin(Scripted::new());
    let running = story.exports.start();
    let id = story.request().await;
    let export = story.ended(id).await;
    assert_eq!(export.status, Status::Ready);
    let artifact = export.artifact.expect("published");
    assert_eq!(artifact.file_name, "example-desk-export-2026-11-23.json");
    assert_eq!((artifact.gap_count, artifact.counts["threads"]), (1, 2));

    let (_, original) = story
        .exports
        .open(&anna(), id)
        .await
        .expect("answers")
        .expect("theirs");
    let mut text = String::new();
    original
        .from_start()
        .read_to_string(&mut text)
        .expect("opens");
    assert_eq!(text, format!("{{\"id\":\"{id}\"}}\n"));
    assert_eq!(text.len() as u64, artifact.size_bytes);
    let ben = SubjectKey("ben-key".to_owned());
    assert!(
        story
            .exports
            .open(&ben, id)
            .await
            .expect("answers")
            .is_none()
    );
    assert!(
        !story
            .exports
            .delete(&ben, id, &Caller::default())
            .await
            .expect("answers")
    );
    assert!(
        story
            .exports
            .delete(&anna(), id, &Caller::default())
            .await
            .expect("answers")
    );
    assert!(
        story
            .exports
            .open(&anna(), id)
            .await
            .expect("answers")
            .is_none()
    );
    assert_eq!(story.files(), 0);
    running.stop().await;
}

#[tokio::test]
async fn a_busy_database_is_tried_again_within_the_job() {
    let (status, failure, files) = Story::outcome([Act::Busy, Act::Busy]).await;
    assert_eq!((status, failure, files), (Status::Ready, None, 1));
}

#[tokio::test]
async fn a_database_that_stays_busy_fails_the_export() {
    assert_eq!(
        Story::outcome([Act::Busy, Act::Busy, Act::Busy]).await,
        failed("database_busy")
    );
}

#[tokio::test]
async fn a_database_that_is_gone_fails_the_export() {
    assert_eq!(
        Story::outcome([Act::Gone]).await,
        failed("database_unavailable")
    );
}

#[tokio::test]
async fn a_disk_that_fills_up_in_the_middle_leaves_no_file() {
    assert_eq!(Story::outcome([Act::DiskFull]).await, failed("disk_full"));
}

#[tokio::test]
async fn an_output_that_cannot_be_written_leaves_no_file() {
    assert_eq!(
        Story::outcome([Act::Unwritable]).await,
        failed("storage_unwritable")
    );
}

#[tokio::test]
async fn a_check_that_stops_the_writer_leaves_no_file() {
    assert_eq!(Story::outcome([Act::Refused]).await, failed("check_failed"));
}

#[tokio::test]
async fn a_file_shorter_than_written_is_never_published() {
    assert_eq!(Story::outcome([Act::Short]).await, failed("check_failed"));
}

#[tokio::test]
async fn a_build_that_panics_fails_the_export_and_the_worker_goes_on() {
    assert_eq!(Story::outcome([Act::Panic]).await, failed("check_failed"));
}

#[tokio::test]
async fn an_export_that_cannot_fit_on_the_disk_is_not_begun() {
    let story = Story::begin(Scripted::new());
    story
        .scripted()
        .counts
        .lock()
        .expect("not poisoned")
        .estimated_bytes = u64::MAX / 2;
    let running = story.exports.start();
    let id = story.request().await;
    let export = story.ended(id).await;
    assert_eq!(export.failure.as_deref(), Some("disk_full"));
    running.stop().await;
}

#[tokio::test]
async fn a_stop_of_the_program_hands_the_export_back_and_the_next_start_ends_it() {
    let story = Story::begin(Scripted::playing([Act::Endless]));
    let running = story.exports.start();
    let id = story.request().await;
    while story.find(id).await.progress.records == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.stop().await;
    let waiting = story.find(id).await;
    assert_eq!(
        (waiting.status, waiting.attempt, story.files()),
        (Status::Queued, 0, 0)
    );

    let exports = Exports::new(
        story.exports.ledger.clone(),
        Arc::clone(&story.exports.product),
        story.exports.artifacts.clone(),
        story.exports.keys.clone(),
        story.exports.clock.clone(),
        Randomness::system(),
        story.exports.settings.clone(),
    );
    let running = exports.start();
    assert_eq!(story.ended(id).await.status, Status::Ready);
    running.stop().await;
}

#[tokio::test]
async fn a_running_export_that_the_person_stops_leaves_no_file() {
    let story = Story::begin(Scripted::playing([Act::Endless]));
    let running = story.exports.start();
    let id = story.request().await;
    while story.find(id).await.status != Status::Building {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(
        story
            .exports
            .cancel(&anna(), id, &Caller::default())
            .await
            .expect("answers")
    );
    running.stop().await;
    assert_eq!(
        (story.find(id).await.status, story.files()),
        (Status::Cancelled, 0)
    );
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_stops_and_the_other_one_publishes() {
    let story = Story::begin(Scripted::playing([Act::Endless]));
    let running = story.exports.start();
    let id = story.request().await;
    while story.find(id).await.status != Status::Building {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The machine sleeps for a while: the other worker of this process takes the export up.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while story.find(id).await.attempt < 2 && tokio::time::Instant::now() < deadline {
        story.hand.advance(Duration::from_mins(1));
        story.exports.wake.notify_one();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let export = story.ended(id).await;
    running.stop().await;
    // The hand may have moved on once more before the second try was seen: then it was the third that ended.
    assert!(export.attempt >= 2, "{}", export.attempt);
    assert_eq!((export.status, story.files()), (Status::Ready, 1));
}

#[tokio::test]
async fn files_that_expired_or_that_a_dead_worker_left_are_removed() {
    let story = Story::begin(Scripted::new());
    let running = story.exports.start();
    let id = story.request().await;
    assert_eq!(story.ended(id).await.status, Status::Ready);
    running.stop().await;
    let orphan = story.exports.random.artifact_key();
    drop(story.exports.artifacts.create(&orphan, 0).expect("creates"));
    assert_eq!(story.files(), 2);
    story.exports.clean().await.expect("cleans");
    assert_eq!(story.files(), 1);

    story.hand.advance(Duration::from_hours(24));
    assert!(
        story
            .exports
            .open(&anna(), id)
            .await
            .expect("answers")
            .is_none()
    );
    story.exports.clean().await.expect("cleans");
    assert_eq!(
        (story.find(id).await.status, story.files()),
        (Status::Expired, 0)
    );
}

#[tokio::test]
async fn files_die_with_the_account_and_not_with_a_database_that_is_away() {
    let story = Story::begin(Scripted::new());
    let running = story.exports.start();
    let id = story.request().await;
    assert_eq!(story.ended(id).await.status, Status::Ready);
    running.stop().await;
    *story.scripted().gone.lock().expect("not poisoned") = true;
    assert!(story.exports.open(&anna(), id).await.is_err());
    story.exports.clean().await.expect("cleans");
    assert_eq!(story.files(), 1);

    *story.scripted().gone.lock().expect("not poisoned") = false;
    story.scripted().people.lock().expect("not poisoned")[0].active = false;
    assert!(story.exports.open(&anna(), id).await.is_err());
    story.exports.clean().await.expect("cleans");
    assert_eq!(
        (story.find(id).await.status, story.files()),
        (Status::Deleted, 0)
    );
}
