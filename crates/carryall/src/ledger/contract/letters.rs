//! Requests by letter: what takes two, whatever asks the ledger, and operators' sessions.

use super::*;

const KEY: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

impl Story {
    fn by(&self, operator: &str) -> ByOperator {
        ByOperator {
            operator: operator.to_owned(),
            caller: from_home(),
            now: self.clock.now(),
        }
    }

    fn export_id(&self) -> ExportId {
        ExportId(self.random.uuid(self.clock.now()))
    }

    /// Filed by Mona.
    async fn filed(&self) -> (String, crate::protect::Lock) {
        let recipient = crate::protect::keys::recipient(KEY).expect("a key");
        let lock = crate::protect::Lock::for_recipients(&[recipient]).expect("a lock");
        let id = self.random.short_id();
        let new = NewLetter {
            id: id.clone(),
            subject_key: anna(),
            reference: "L-17".to_owned(),
            reason: "The signature is that of the contract.".to_owned(),
            received_on: "2026-11-20".parse().expect("a date"),
            due_on: "2026-12-20".parse().expect("a date"),
            protected: Protected {
                by: Protection::Key,
                lock: lock.clone(),
            },
        };
        let filed = self.ledger.file_letter(new, self.by("mona")).await;
        filed.expect("files");
        (id, lock)
    }

    async fn letter(&self, id: &str) -> Letter {
        let found = self.ledger.find_letter(id).await;
        found.expect("answers").expect("known")
    }

    async fn approved(&self, id: &str, by: &str) -> Decided {
        let (export, by) = (self.export_id(), self.by(by));
        let decided = self.ledger.approve_letter(id, export, by).await;
        decided.expect("answers")
    }
}

#[tokio::test]
async fn a_letter_becomes_an_export_by_the_word_of_a_second_operator_alone() {
    let story = Story::begin();
    let ledger = &story.ledger;
    let (id, lock) = story.filed().await;
    assert_eq!(story.letter(&id).await.state, State::Waiting);
    assert_eq!(story.approved(&id, "mona").await, Decided::OwnLetter);
    assert!(story.claim().await.is_none());
    assert_eq!(story.approved("another", "li").await, Decided::NotWaiting);
    assert_eq!(story.approved(&id, "li").await, Decided::Done);
    assert_eq!(story.approved(&id, "li").await, Decided::NotWaiting);

    let lease = story.claim().await.expect("waits");
    assert!(lease.export.is_by_letter && lease.export.subject_key == anna());
    let kept = lease.lock.as_ref().expect("the letter's own lock");
    assert_eq!(kept.parts(), lock.parts());
    let download = |by: &str| {
        let by = story.by(by);
        ledger.begin_letter_download(&id, (0, 11), by)
    };
    assert!(!download("mona").await.expect("answers"), "not yet");
    story.publish(&lease).await.expect("holds the lease");
    assert!(!download("li").await.expect("answers"), "not theirs");
    assert!(download("mona").await.expect("answers"));
    assert_eq!(
        story.told()[..3],
        [
            "1 letter_filed ok",
            "2 denied own_letter",
            "3 letter_approved ok"
        ]
    );
    // Whatever else writes to the ledger.
    let own = story
        .stage
        .tamper("UPDATE letters SET decided_by = asked_by");
    assert!(own.is_err());
    // It is none of the person's own exports of the day.
    for _ in 0..20 {
        assert!(matches!(story.request(&anna()).await, Requested::Queued(_)));
        let lease = story.claim().await.expect("waits");
        story.publish(&lease).await.expect("holds the lease");
    }
}

#[tokio::test]
async fn a_letter_is_refused_extended_once_and_closed_by_who_filed_it() {
    let story = Story::begin();
    let ledger = &story.ledger;
    let (id, _) = story.filed().await;
    let words = "It is somebody else's hand.";
    let refused = ledger.refuse_letter(&id, words, story.by("li")).await;
    assert_eq!(refused.expect("answers"), Decided::Done);
    let letter = story.letter(&id).await;
    assert_eq!(
        (letter.state, letter.closing_words.as_deref()),
        (State::Refused, Some(words))
    );
    assert!(story.claim().await.is_none());

    story.hand.advance(Duration::from_secs(1));
    let (other, _) = story.filed().await;
    let letter = story.letter(&other).await;
    let day = |text: &str| text.parse().expect("a date");
    let extend = |today: &str| {
        let by = story.by("mona");
        let (letter, today) = (letter.clone(), day(today));
        async move {
            let until = day("2027-02-20");
            ledger.extend_letter(&letter, until, words, today, by).await
        }
    };
    assert!(!extend("2026-12-21").await.expect("answers"), "too late");
    assert!(extend("2026-12-20").await.expect("answers"));
    assert!(!extend("2026-12-20").await.expect("answers"), "once");
    let close = |by: &str| ledger.close_letter(&other, words, story.by(by));
    assert!(!close("li").await.expect("answers"));
    assert!(close("mona").await.expect("answers"));
    assert!(!close("mona").await.expect("answers"));
    let listed = ledger.list_letters(9).await.expect("answers");
    assert_eq!(listed.len(), 2);
}

#[tokio::test]
async fn an_operator_s_session_rests_for_a_quarter_of_an_hour_and_lasts_one_hour() {
    let story = Story::begin();
    let ledger = &story.ledger;
    let begin = |token: &'static str| {
        let now = story.clock.now();
        async move {
            let by = from_home();
            ledger
                .create_operator_session(token, "mona", &by, now)
                .await
        }
    };
    let is_there = |token: &'static str| {
        let now = story.clock.now();
        async move {
            let found = ledger.find_operator_session(token, now).await;
            found.expect("answers").is_some()
        }
    };
    begin("one").await.expect("begins");
    assert!(is_there("one").await && !is_there("other").await);
    story.hand.advance(Duration::from_mins(15));
    assert!(!is_there("one").await, "rested");
    begin("two").await.expect("begins");
    for _ in 0..5 {
        story.hand.advance(Duration::from_mins(10));
        assert!(is_there("two").await);
    }
    story.hand.advance(Duration::from_mins(10));
    assert!(!is_there("two").await, "over");
    begin("three").await.expect("begins");
    ledger.end_operator_session("three").await.expect("ends");
    assert!(!is_there("three").await);
}
