//! What does not answer for a while: the export waits, and is tried again.

use super::*;

/// What may pass is tried again for so long.
fn patient(scripted: Scripted, retry_for: Duration) -> Story {
    let folder = tempfile::tempdir().expect("a folder");
    let artifacts = Artifacts::open(&folder.path().join("artifacts"));
    Story::set(scripted, folder, artifacts.expect("a folder"), retry_for)
}

impl Story {
    /// Until nobody has it any more and so much of the script is left.
    async fn waits(&self, id: ExportId, acts_left: usize) {
        for _ in 0..2_000 {
            let left = self.scripted().acts.lock().expect("not poisoned").len();
            if left == acts_left && self.find(id).await.status == Status::Queued {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it does not wait: {:?}", self.find(id).await);
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_for_a_while_and_the_person_has_nothing_to_do() {
    let mut acts = vec![Act::Gone, Act::DiskFull];
    // One try asks three times.
    acts.extend([Act::Busy, Act::Busy, Act::Busy]);
    let story = patient(Scripted::playing(acts), Duration::from_mins(10));
    let running = story.exports.start();
    let id = story.request().await;
    for acts_left in [4, 3, 0] {
        story.waits(id, acts_left).await;
        assert_eq!(story.files(), 0);
        story.hand.advance(Duration::from_secs(2));
        story.exports.wake();
    }
    let export = story.ended(id).await;
    assert_eq!((export.status, export.attempt), (Status::Ready, 1));
    running.stop().await;
}

#[tokio::test]
async fn what_does_not_pass_fails_when_its_time_is_up() {
    let acts = [Act::Gone, Act::Gone];
    let story = patient(Scripted::playing(acts), Duration::from_secs(30));
    let running = story.exports.start();
    let id = story.request().await;
    story.waits(id, 1).await;
    story.hand.advance(Duration::from_secs(30));
    story.exports.wake();
    let export = story.ended(id).await;
    assert_eq!(export.failure.as_deref(), Some("database_unavailable"));
    running.stop().await;
}

#[tokio::test]
async fn what_does_not_pass_by_itself_fails_at_once() {
    let story = patient(Scripted::playing([Act::Refused]), Duration::from_mins(10));
    let running = story.exports.start();
    let id = story.request().await;
    let export = story.ended(id).await;
    assert_eq!(export.failure.as_deref(), Some("check_failed"));
    running.stop().await;
}
