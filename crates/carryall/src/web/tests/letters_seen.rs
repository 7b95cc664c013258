//! What a letter has to have, when its answer is due, and what each side sees of it.

use std::time::Duration;

use axum::http::StatusCode;

use super::letters::{LETTER, site, stage};
use super::{PAGE, Stage, body};
use crate::product::scripted::{Act, Scripted};

#[tokio::test]
async fn a_letter_has_a_reason_a_reference_a_day_a_person_and_a_protected_file() {
    let site = stage();
    let mona = site.operator("mona").await;
    for (from, to, told) in [
        (
            "who=anna%40example.com",
            "who=nobody%40example.com",
            "no active account",
        ),
        ("received=2026-11-20", "received=2026-11-24", "not over yet"),
        (
            "received=2026-11-20",
            "received=2025-11-20",
            "more than a year ago",
        ),
        (
            "received=2026-11-20",
            "received=yesterday",
            "year-month-day",
        ),
        ("reference=L-2026/17", "reference=", "give a reference"),
        (
            "reference=L-2026/17",
            "reference=%3Cb%3E",
            "give a reference",
        ),
        (
            "&reason=The+signature+is+that+of+the+contract.",
            "&reason=why",
            "give a reason",
        ),
        (
            "protect=passphrase",
            "protect=nothing",
            "has to be protected",
        ),
        (
            "passphrase_again=seven",
            "passphrase_again=eight",
            "not the same",
        ),
    ] {
        let refused = mona
            .post("/operator/letters", &LETTER.replace(from, to))
            .await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{to}");
        let page = body(refused).await;
        assert!(page.contains(told), "{told}: {page}");
        assert!(!page.contains("lanterns"));
    }
    assert_eq!(site.one("SELECT count(*) FROM letters"), "Integer(0)");
    // By key as well; and looking people up has its limit, whether they are there or not.
    for _ in 0..9 {
        let form = LETTER.replace("who=anna%40example.com", "who=nobody").replace("protect=passphrase", "protect=key&recipient=age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p");
        mona.post("/operator/letters", &form).await;
    }
    let form = LETTER.replace("who=anna%40example.com", "who=anna-key");
    assert_eq!(
        mona.post("/operator/letters", &form).await.status(),
        StatusCode::TOO_MANY_REQUESTS
    );
    site.hand.advance(Duration::from_mins(14));
    mona.get("/operator").await;
    site.hand.advance(Duration::from_mins(2));
    assert_eq!(
        mona.post("/operator/letters", &form).await.status(),
        StatusCode::SEE_OTHER
    );
    site.stop().await;
}

#[tokio::test]
async fn the_month_of_article_12_runs_from_the_receipt_and_what_is_overdue_comes_first() {
    let site = stage();
    let mona = site.operator("mona").await;
    for (day, reference) in [
        ("2026-11-20", "LATER"),
        ("2026-10-20", "LATE"),
        ("2026-10-31", "SOON"),
    ] {
        let form = LETTER
            .replace("2026-11-20", day)
            .replace("L-2026/17", reference);
        assert_eq!(
            mona.post("/operator/letters", &form).await.status(),
            StatusCode::SEE_OTHER
        );
    }
    let page = mona.page("/operator").await;
    let due = [
        "overdue since 20 November 2026, 3 days",
        "due 30 November 2026, in 7 days",
        "due 20 December 2026, in 27 days",
    ];
    let places: Vec<_> = due
        .iter()
        .map(|words| page.find(words).expect(words))
        .collect();
    assert!(places.is_sorted(), "{page}");

    let id = |reference: &str| {
        site.one(&format!(
            "SELECT id FROM letters WHERE reference = '{reference}'"
        ))
    };
    let extend = |id: String| format!("/operator/letters/{id}/extend");
    let words = "words=Four+products+and+ten+years.";
    assert_eq!(
        mona.post(&extend(id("SOON")), words).await.status(),
        StatusCode::SEE_OTHER
    );
    assert!(
        mona.page("/operator")
            .await
            .contains("due 31 January 2027, in 69 days, extended")
    );
    assert_eq!(
        mona.post(&extend(id("SOON")), words).await.status(),
        StatusCode::CONFLICT,
        "once"
    );
    assert_eq!(
        mona.post(&extend(id("LATE")), words).await.status(),
        StatusCode::CONFLICT,
        "within the month"
    );
    assert_eq!(
        mona.post(&extend(id("LATER")), "words=").await.status(),
        StatusCode::UNPROCESSABLE_ENTITY
    );

    let close = format!("/operator/letters/{}/close", id("LATE"));
    let noor = site.operator("noor").await;
    let answered = "words=Sent+by+registered+mail.";
    assert_eq!(
        noor.post(&close, answered).await.status(),
        StatusCode::CONFLICT,
        "not theirs"
    );
    assert_eq!(
        mona.post(&close, answered).await.status(),
        StatusCode::SEE_OTHER
    );
    let page = mona.page("/operator").await;
    assert!(!page.contains("overdue") && page.contains("Sent by registered mail."));
    site.stop().await;
}

#[tokio::test]
async fn operators_see_the_account_and_nothing_in_it_and_the_person_sees_the_operators() {
    let site = stage();
    let (mona, li) = (site.operator("mona").await, site.operator("li").await);
    mona.file().await;
    li.approve(&site.letter()).await;
    let page = mona.sees("the file is ready").await;
    assert!(page.contains("anna@example.com (anna-key)"));
    for content in ["Keller", "Acme", "1,204", "SHA-256"] {
        assert!(!page.contains(content), "{content}: {page}");
    }
    let own = site.anna().await.page(PAGE).await;
    assert!(
        own.contains("An operator filed a letter that asks for your data."),
        "{own}"
    );
    assert!(own.contains("asked for by letter") && !own.contains("signature is that"));
    let ben = site.ben().await.page(PAGE).await;
    assert!(!ben.contains("letter"));
    let record = format!("{:?}", site.events());
    assert!(record.contains("words_sha256") && record.contains("L-2026/17"));
    assert!(!record.contains("signature is that") && !record.contains("lanterns"));
    site.stop().await;
}

#[tokio::test]
async fn a_letter_waits_while_an_export_of_the_person_is_written() {
    let site = Stage::open(Scripted::playing([Act::Endless]), site());
    let (mona, li, anna) = (
        site.operator("mona").await,
        site.operator("li").await,
        site.anna().await,
    );
    let own = anna.export_id().await;
    mona.file().await;
    let id = site.letter();
    assert_eq!(li.approve(&id).await.status(), StatusCode::CONFLICT);
    anna.post(&format!("/exports/{own}/stop"), "").await;
    assert_eq!(li.approve(&id).await.status(), StatusCode::SEE_OTHER);
    mona.sees("the file is ready").await;
    site.stop().await;
}
