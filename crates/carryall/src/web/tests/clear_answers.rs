//! What goes wrong on the way and is nobody's attack: a session that was ended elsewhere, a form that is sent again,
//! a clock that is ahead. Each has a clear answer.

use std::time::{Duration, Instant};

use axum::http::StatusCode;

use super::{PAGE, Stage, Visitor, body, text};
use crate::product::scripted::{Act, Scripted};
use crate::web::Site;

impl Stage {
    /// `EVENT OUTCOME` of every event.
    fn told(&self) -> Vec<String> {
        let line = |event: crate::ledger::Entry| format!("{} {}", event.event, event.outcome);
        self.events().into_iter().map(line).collect()
    }
}

#[tokio::test]
async fn a_session_that_was_ended_elsewhere_leads_to_the_sign_in_from_everywhere() {
    let site = Stage::start();
    let (here, there) = (site.anna().await, site.anna().await);
    let id = here.export_id().await;
    let ended = there.post("/sessions/end-all", "").await;
    assert_eq!(ended.status(), StatusCode::SEE_OTHER);
    let before = site.told().len();
    for path in [
        "/",
        "/settings/general",
        PAGE,
        "/confirm",
        &format!("/exports/{id}/download"),
    ] {
        let response = here.get(path).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{path}");
        assert!(
            text(&response, "location").starts_with("/sign-in"),
            "{path}"
        );
    }
    for (path, form) in [
        ("/exports", "choice=everything"),
        (
            "/confirm",
            "password=correct+horse&next=export&choice=everything",
        ),
        (&format!("/exports/{id}/delete"), ""),
    ] {
        let response = here.post(path, form).await;
        assert_eq!(text(&response, "location"), "/sign-in", "{path}");
        assert_eq!(text(&response, "set-cookie"), "", "{path}");
    }
    for (method, path) in [("GET", "exports"), ("POST", "exports"), ("GET", "events")] {
        let response = here.api(method, path, "{}").await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(body(response).await.contains("\"sign_in_first\""), "{path}");
    }
    assert_eq!(site.told().len(), before, "nothing was done");
    site.stop().await;
}

#[tokio::test]
async fn a_form_that_is_sent_again_starts_nothing_twice_and_leads_to_what_there_is() {
    let site = Stage::playing([Act::Endless]);
    let mut anna = site.anna().await;
    let first = anna.export().await;
    assert_eq!(anna.export().await, first, "the one that runs");
    let (_, id) = first.rsplit_once('=').expect("an id");
    for path in [
        format!("/exports/{id}/stop"),
        format!("/exports/{id}/delete"),
    ] {
        let answers = [anna.post(&path, "").await, anna.post(&path, "").await];
        for answer in answers {
            let status = answer.status();
            assert!(
                [StatusCode::SEE_OTHER, StatusCode::NOT_FOUND].contains(&status),
                "{path}: {status}"
            );
        }
    }
    let told = site.told();
    let times = |event: &str| told.iter().filter(|line| *line == event).count();
    assert_eq!(times("export_requested ok"), 1, "{told:?}");
    assert_eq!(times("export_requested already_running"), 1, "{told:?}");
    assert_eq!(times("export_cancelled ok"), 1, "{told:?}");

    // A proof is worth nothing a second time: its session has another token by now.
    site.hand.advance(Duration::from_mins(10));
    let old = anna.cookie.clone();
    let proof = "password=correct+horse&next=export&choice=everything";
    let done = anna.post("/confirm", proof).await;
    let cookie = text(&done, "set-cookie")
        .split(';')
        .next()
        .unwrap_or_default();
    assert!(text(&done, "location").starts_with(PAGE));
    cookie.clone_into(&mut anna.cookie);
    let replayed = Visitor {
        cookie: old,
        ..site.anonymous()
    };
    let again = replayed.post("/confirm", proof).await;
    assert_eq!(text(&again, "location"), "/sign-in");
    assert_eq!(text(&again, "set-cookie"), "");
    let proofs = site.told();
    assert_eq!(
        proofs.iter().filter(|line| *line == "step_up ok").count(),
        1
    );
    assert_eq!(anna.get(PAGE).await.status(), StatusCode::OK);
    site.stop().await;
}

/// The quickest of some tries is what the work takes; the others waited for the machine.
async fn quickest(site: &Stage, login: &str) -> Duration {
    let form = format!("login={login}%40example.com&password=wrong");
    let mut quickest = Duration::MAX;
    for _ in 0..8 {
        let began = Instant::now();
        let refused = site.anonymous().post("/sign-in", &form).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        quickest = quickest.min(began.elapsed());
    }
    quickest
}

#[tokio::test]
async fn no_clock_tells_a_login_that_nobody_has_from_a_wrong_password() {
    // Its check takes longer than everything around it.
    let hash = bcrypt::hash("another password", 11).expect("a hash");
    let site = Stage::open(Scripted::with_hash(hash), Site::default());
    let known = quickest(&site, "anna").await;
    let unknown = quickest(&site, "nobody").await;
    assert!(
        known < unknown * 2 && unknown < known * 2,
        "{known:?}, {unknown:?}"
    );
    site.stop().await;
}
