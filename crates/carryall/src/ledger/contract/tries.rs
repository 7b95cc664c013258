//! Limits: counted before the work, the same for every process, and never for ever.

use super::*;

const WITHIN: Duration = Duration::from_mins(15);

fn limits(who: &str) -> Vec<Limit> {
    let limit = |name, who: &str, tries| Limit {
        name,
        who: who.to_owned(),
        tries,
        within: WITHIN,
    };
    vec![limit("account", who, 2), limit("address", "here", 3)]
}

impl Story {
    async fn try_as(&self, who: &str) -> Admission {
        let refusal = Event::new(Kind::Limited, None, &from_home());
        let admitted = self
            .ledger
            .admit(limits(who), refusal, self.clock.now())
            .await;
        admitted.expect("answers")
    }
}

#[tokio::test]
async fn tries_count_by_account_and_by_address_until_their_time_is_over() {
    let story = Story::begin();
    let begun = story.clock.now();
    for who in ["anna", "anna"] {
        assert!(matches!(story.try_as(who).await, Admission::Admitted(_)));
        story.hand.advance(Duration::from_mins(1));
    }
    let next = later(begun, WITHIN);
    assert_eq!(story.try_as("anna").await, Admission::TooMany { next });
    assert!(matches!(story.try_as("ben").await, Admission::Admitted(_)));
    assert_eq!(
        story.try_as("cleo").await,
        Admission::TooMany { next },
        "the address"
    );

    story.hand.advance(Duration::from_mins(13));
    assert!(
        matches!(story.try_as("anna").await, Admission::Admitted(_)),
        "at the time that was told"
    );
}

#[tokio::test]
async fn a_try_that_went_well_is_taken_back() {
    let story = Story::begin();
    for _ in 0..9 {
        let Admission::Admitted(tries) = story.try_as("anna").await else {
            panic!("not admitted")
        };
        story.ledger.forgive(tries).await.expect("answers");
    }
}

#[tokio::test]
async fn another_process_counts_the_same_tries_and_a_refusal_is_noted_once() {
    let story = Story::begin();
    for _ in 0..2 {
        story.try_as("anna").await;
    }
    let other = Story {
        ledger: story.stage.open(),
        stage: Stage::sqlite(),
        clock: story.clock.clone(),
        hand: story.hand.clone(),
        random: story.random.clone(),
    };
    for story in [&story, &other, &story] {
        assert!(matches!(
            story.try_as("anna").await,
            Admission::TooMany { .. }
        ));
    }
    assert_eq!(story.told(), ["1 limited account"]);
    story.hand.advance(WITHIN);
    story
        .ledger
        .forget_tries(story.clock.now())
        .await
        .expect("answers");
    assert!(matches!(other.try_as("anna").await, Admission::Admitted(_)));
}

#[tokio::test]
async fn exports_are_limited_by_person_and_day_and_failures_are_not_held_against_them() {
    let story = Story::begin();
    let first = story.clock.now();
    for turn in 0..20 {
        story.hand.advance(Duration::from_secs(1));
        assert!(
            matches!(story.request(&anna()).await, Requested::Queued(_)),
            "{turn}"
        );
        let lease = story.claim().await.expect("waits");
        story.publish(&lease).await.expect("holds the lease");
    }
    let next = later(first, Duration::from_secs(24 * 60 * 60 + 1));
    assert_eq!(story.request(&anna()).await, Requested::TooMany { next });
    for _ in 0..21 {
        story.request(&ben()).await.export().expect("not too many");
        let lease = story.claim().await.expect("waits");
        story.fail(&lease).await.expect("holds the lease");
    }
    let rest = Duration::try_from(next - story.clock.now()).expect("in the future");
    story.hand.advance(rest);
    assert!(matches!(story.request(&anna()).await, Requested::Queued(_)));
}

#[tokio::test]
async fn all_people_together_ask_for_so_many_exports_an_hour_and_are_told_when_there_is_room() {
    let story = Story::begin();
    let begun = story.clock.now();
    let ask = async |who: SubjectKey| {
        let now = story.clock.now();
        let new = NewExport {
            id: ExportId(story.random.uuid(now)),
            subject_key: who,
            by: from_home(),
            scope: Scope::default(),
            protected: None,
            now,
            per_day: 20,
            per_hour: Some(2),
        };
        story.ledger.request_export(new).await.expect("answers")
    };
    assert!(matches!(ask(anna()).await, Requested::Queued(_)));
    story.hand.advance(Duration::from_mins(1));
    assert!(matches!(ask(ben()).await, Requested::Queued(_)));
    let cleo = || SubjectKey("cleo".to_owned());
    let next = later(begun, Duration::from_hours(1));
    assert_eq!(ask(cleo()).await, Requested::TooMany { next });
    assert_eq!(ask(cleo()).await, Requested::TooMany { next });
    // Who has one running is shown that one.
    assert!(matches!(ask(ben()).await, Requested::AlreadyRunning(_)));
    story.hand.advance(Duration::from_mins(59));
    assert!(matches!(ask(cleo()).await, Requested::Queued(_)));
    let told = story.told();
    let refused = told
        .iter()
        .filter(|line| line.ends_with("limited exports_per_hour"));
    assert_eq!(refused.count(), 1, "noted once: {told:?}");
}
