//! What the pages leave in the audit log, and what the person sees of it.

use std::time::Duration;

use axum::http::{Request, header};
use carryall_format::sign::KnownKeys;

use super::{PAGE, Stage, body};
use crate::ledger::{Chain, Entry};

impl Stage {
    /// Every event so far.
    pub fn events(&self) -> Vec<Entry> {
        let mut events = Vec::new();
        let told = self
            .exports
            .ledger
            .each_event(None, |entry| events.push(entry));
        told.expect("answers");
        events
    }

    /// `EVENT OUTCOME` of every event.
    fn record(&self) -> Vec<String> {
        let events = self.events().into_iter();
        events
            .map(|entry| format!("{} {}", entry.event, entry.outcome))
            .collect()
    }
}

#[tokio::test]
async fn from_sign_in_to_sign_out_everything_is_on_the_record() {
    let site = Stage::start();
    let form = "login=anna%40example.com&password=wrong-secret";
    site.anonymous().post("/sign-in", form).await;
    let anna = site.anna().await;
    let id = anna.export_id().await;
    let address = format!("/exports/{id}/download");
    body(anna.get(&address).await).await;
    let request = Request::get(&address).header(header::RANGE, "bytes=4-9");
    body(anna.send(request, "").await).await;
    site.ben().await.get(&address).await;
    anna.post("/confirm", "password=wrong-secret&next=export")
        .await;
    anna.post(&format!("/exports/{id}/delete"), "").await;
    anna.post("/sign-out", "").await;
    assert_eq!(
        site.record(),
        [
            "sign_in_refused wrong",
            "sign_in ok",
            "export_requested ok",
            "export_started ok",
            "export_finished ok",
            "download whole",
            "download part",
            "sign_in ok",
            "denied ok",
            "step_up_refused wrong",
            "export_deleted ok",
            "sign_out ok",
        ]
    );
    let chain = site
        .exports
        .ledger
        .check_audit(None, &KnownKeys::default())
        .expect("answers");
    assert!(matches!(chain, Chain::Whole { events: 12, .. }));
    site.stop().await;
}

#[tokio::test]
async fn no_password_no_token_no_content_and_nothing_that_was_typed_is_on_the_record() {
    let site = Stage::start();
    let typed = "login=my-password%0Aforged+event&password=wrong-secret";
    site.anonymous().post("/sign-in", typed).await;
    let anna = site.anna().await;
    let id = anna.export_id().await;
    anna.get(&format!("/exports/{id}/download")).await;
    anna.get("/exports/%0Aforged/download").await;
    anna.post("/exports", "choice=workspace&workspace=forged")
        .await;
    let events = site.events();
    assert_eq!(events[0].subject_key, None);
    let record = format!("{events:?}");
    let token = anna.cookie.split_once('=').expect("a token").1;
    for secret in [
        "my-password",
        "wrong-secret",
        "correct horse",
        token,
        "forged",
        "anna@",
    ] {
        assert!(!record.contains(secret), "{secret}: {record}");
    }
    site.stop().await;
}

#[tokio::test]
async fn a_person_sees_what_happened_with_their_data_and_nothing_of_anybody_else() {
    let site = Stage::start();
    let form = "login=anna%40example.com&password=wrong";
    site.anonymous().post("/sign-in", form).await;
    site.hand.advance(Duration::from_mins(1));
    let anna = site.anna().await;
    let id = anna.export_id().await;
    anna.get(&format!("/exports/{id}/download")).await;
    let page = anna.page(PAGE).await;
    let (_, list) = page
        .split_once("What happened with your data")
        .expect("the list");
    let lines = [
        "An export was downloaded.",
        "Your export was finished: 2 records, 46 bytes.",
        "Your export began to be written.",
        "You asked for an export.",
        "You signed in.",
        "A sign-in was refused: the password was not right.",
    ];
    let places: Vec<_> = lines
        .iter()
        .map(|line| list.find(line).expect(line))
        .collect();
    assert!(places.is_sorted(), "the newest first");
    assert!(list.contains("from 203.0.113.x, this session"));
    let ben = site.ben().await.page(PAGE).await;
    assert!(!ben.contains("An export was downloaded."));
    assert_eq!(ben.matches("You signed in.").count(), 1);
    site.stop().await;
}
