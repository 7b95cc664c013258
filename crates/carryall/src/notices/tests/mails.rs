//! What reaches a mail server, when, and how often.

use super::sink::{Manner, Sink};
use super::*;
use crate::notices::mail::MailError;
use crate::product::scripted::Act;

const FROM: &str = "Example Desk <privacy@example.com>";

fn way(sink: &Sink) -> Way {
    let from = FROM.parse().expect("an address");
    Way::Mail(Box::new(Mail::new(from, &sink.url(), None).expect("a way")))
}

#[tokio::test]
async fn a_person_is_told_that_an_export_was_asked_for_and_that_it_is_ready() {
    let story = Story::begin(Scripted::new());
    let sink = Sink::open(&[]).await;
    let post = story.post(way(&sink));
    post.gather().await.expect("begins");
    let id = story.export().await;
    post.round().await.expect("sends");
    let letters = sink.letters();
    let [asked, ready] = &letters[..] else {
        panic!("{letters:?}")
    };
    for (letter, subject) in [
        (asked, "Example Desk: an export of your data was asked for"),
        (ready, "Example Desk: your export is ready"),
    ] {
        assert!(letter.starts_with("RCPT TO:<anna@example.com>"), "{letter}");
        assert!(letter.contains(&format!("Subject: {subject}")), "{letter}");
        for header in [
            "Auto-Submitted: auto-generated",
            "Message-ID: <carryall.",
            "Content-Type: text/plain",
            "Date: Mon, 23 Nov 2026 10:00:00 +0000",
        ] {
            assert!(letter.contains(header), "{header}: {letter}");
        }
        // Nothing live, nothing remote, nothing of the person's data.
        for never in [
            "http",
            "://",
            "<a ",
            &id.to_string(),
            "anna-key",
            "Keller",
            "Content-Disposition",
        ] {
            assert!(!letter.contains(never), "{never}: {letter}");
        }
    }
    let ready = ready.replace("=\r\n", "");
    assert!(
        ready.contains("kept until 24 November 2026, 10:00 UTC"),
        "{ready}"
    );
    post.round().await.expect("sends");
    assert_eq!(sink.letters().len(), 2, "once");
    let noted = ["export_requested", "export_finished"]
        .map(|about| format!("notice_sent ok \"mail\" \"{about}\""));
    assert_eq!(story.record(), noted);
}

#[tokio::test]
async fn a_person_is_told_that_an_export_failed_for_good() {
    let story = Story::begin(Scripted::playing([Act::DiskFull]));
    let sink = Sink::open(&[]).await;
    let post = story.post(way(&sink));
    post.gather().await.expect("begins");
    story.export().await;
    post.round().await.expect("sends");
    let letters = sink.letters();
    let failed = letters[1].replace("=\r\n", "");
    assert!(
        failed.contains("your export failed") && failed.contains("not enough free space"),
        "{failed}"
    );
}

#[tokio::test]
async fn what_could_not_be_sent_waits_in_the_ledger_for_the_next_process() {
    let mut story = Story::begin(Scripted::new());
    let sink = Sink::open(&[]).await;
    story.post(way(&sink)).gather().await.expect("begins");
    story.export().await;
    for manner in [
        Manner::HangsUp,
        Manner::Silent,
        Manner::Answers("451 later"),
    ] {
        sink.now(manner, 2);
        story.post(way(&sink)).round().await.expect("tries");
        assert!(sink.letters().is_empty());
        // Not at once again: the next try has its time.
        story.post(way(&sink)).round().await.expect("waits");
        story.restart();
        story.hand.advance(Duration::from_mins(3));
    }
    sink.now(Manner::HangsUp, 0);
    story.post(way(&sink)).round().await.expect("sends");
    assert_eq!(sink.letters().len(), 2);
    assert_eq!(story.record().len(), 2);
}

#[tokio::test]
async fn a_letter_is_tried_ever_more_rarely_for_a_day_and_then_given_up_on_the_record() {
    let story = Story::begin(Scripted::new());
    let sink = Sink::open(&[]).await;
    let post = story.post(way(&sink));
    post.gather().await.expect("begins");
    story.export().await;
    sink.now(Manner::Answers("451 later"), 10_000);
    let mut minutes = 0;
    while story.record().is_empty() {
        post.round().await.expect("tries");
        // In the last hours nothing is due more often than once an hour.
        let step = if minutes < 120 { 1 } else { 15 };
        story.hand.advance(Duration::from_mins(step));
        minutes += step;
        assert!(minutes < 25 * 60, "never given up");
    }
    assert!(minutes > 22 * 60, "{minutes} minutes");
    assert!(sink.letters().is_empty(), "none was taken");
    let given_up = ["export_requested", "export_finished"]
        .map(|about| format!("notice_given_up too_late \"mail\" \"{about}\""));
    assert_eq!(story.record(), given_up);
}

#[tokio::test]
async fn a_mailbox_that_is_not_there_is_given_up_at_once() {
    let story = Story::begin(Scripted::new());
    let sink = Sink::open(&[Manner::Answers("550 no such person"); 2]).await;
    let post = story.post(way(&sink));
    post.gather().await.expect("begins");
    story.export().await;
    post.round().await.expect("tries");
    assert!(
        story
            .record()
            .iter()
            .all(|noted| noted.starts_with("notice_given_up refused"))
    );
    assert_eq!(story.record().len(), 2);
}

#[tokio::test]
async fn an_address_that_is_none_or_carries_headers_is_not_written_to() {
    for address in [
        "anna@example.com\r\nBcc: everybody@example.com",
        "anna@example.com, ben@example.com",
        "anna@example.com\u{0}",
        "Anna <anna@example.com>",
        "not an address",
        "",
    ] {
        let story = Story::begin(Scripted::new());
        let sink = Sink::open(&[]).await;
        let post = story.post(way(&sink));
        post.gather().await.expect("begins");
        story.export().await;
        story.people(|anna| anna.email = Some(address.to_owned()));
        post.round().await.expect("tries");
        assert_eq!(sink.letters(), [""; 0], "{address:?}");
        assert!(story.record()[0].starts_with("notice_given_up no_address"));
    }
}

#[tokio::test]
async fn a_closed_account_gets_no_letter_and_a_file_that_is_gone_is_not_announced() {
    let story = Story::begin(Scripted::new());
    let sink = Sink::open(&[]).await;
    let post = story.post(way(&sink));
    post.gather().await.expect("begins");
    let id = story.export().await;
    let by = Caller::default();
    story
        .exports
        .delete(&anna(), id, &by)
        .await
        .expect("answers");
    post.round().await.expect("tries");
    assert_eq!(sink.letters().len(), 1);
    assert!(story.record()[1].starts_with("notice_given_up gone_again"));
    story.export().await;
    story.people(|anna| anna.active = false);
    post.round().await.expect("tries");
    assert_eq!(sink.letters().len(), 1);
    assert!(story.record()[2].starts_with("notice_given_up no_account"));
}

#[tokio::test]
async fn what_happened_before_mail_was_set_up_or_more_than_a_day_ago_is_not_told() {
    let story = Story::begin(Scripted::new());
    let sink = Sink::open(&[]).await;
    story.export().await;
    let post = story.post(way(&sink));
    post.round().await.expect("begins");
    story.export().await;
    story.hand.advance(Duration::from_hours(25));
    post.round().await.expect("sends");
    assert!(sink.letters().is_empty() && story.record().is_empty());
}

#[tokio::test]
async fn two_processes_send_a_letter_once() {
    let story = Story::begin(Scripted::new());
    let sink = Sink::open(&[]).await;
    let (one, other) = (story.post(way(&sink)), story.post(way(&sink)));
    one.gather().await.expect("begins");
    story.export().await;
    let (first, second) = tokio::join!(one.round(), other.round());
    first.and(second).expect("send");
    assert_eq!(sink.letters().len(), 2);
}

#[test]
fn a_mail_server_is_reached_over_tls_unless_it_is_this_machine() {
    let mail = |server: &str, password: Option<&str>| {
        let password = password.map(|text| zeroize::Zeroizing::new(text.to_owned()));
        Mail::new(FROM.parse().expect("an address"), server, password).map(drop)
    };
    for right in [
        "smtps://mail.example.com",
        "smtp://mail.example.com:587",
        "smtp://127.0.0.1:2525?tls=none",
        "smtp://[::1]:2525?tls=none",
        "smtp://localhost?tls=none",
    ] {
        assert!(mail(right, None).is_ok(), "{right}");
    }
    assert!(mail("smtps://me%40example.com@mail.example.com", Some("secret")).is_ok());
    let wrong = |server| mail(server, None).expect_err("refused");
    assert!(matches!(
        wrong("smtp://mail.example.com?tls=none"),
        MailError::InClear
    ));
    assert!(matches!(
        wrong("smtps://me:secret@mail.example.com"),
        MailError::PasswordInAddress
    ));
    assert!(matches!(
        wrong("smtps://me@mail.example.com"),
        MailError::NoPassword
    ));
    for none in [
        "mail.example.com",
        "https://mail.example.com",
        "smtp://",
        "smtp://a?tls=some",
    ] {
        assert!(matches!(wrong(none), MailError::NoServer), "{none}");
    }
}

#[tokio::test]
async fn a_person_is_told_of_a_letter_that_asks_for_their_data() {
    use crate::ledger::{ByOperator, NewLetter, Protected, Protection};
    let story = Story::begin(Scripted::new());
    let sink = Sink::open(&[]).await;
    let post = story.post(way(&sink));
    post.gather().await.expect("begins");
    let by = |operator: &str| ByOperator {
        operator: operator.to_owned(),
        caller: Caller::default(),
        now: story.clock.now(),
    };
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let recipient = crate::protect::keys::recipient(key).expect("a key");
    let new = NewLetter {
        id: "a letter".to_owned(),
        subject_key: anna(),
        reference: "L-17".to_owned(),
        reason: "The signature is that of the contract.".to_owned(),
        received_on: "2026-11-20".parse().expect("a date"),
        due_on: "2026-12-20".parse().expect("a date"),
        protected: Protected {
            by: Protection::Key,
            lock: crate::protect::Lock::for_recipients(&[recipient]).expect("a lock"),
        },
    };
    let ledger = &story.exports.ledger;
    ledger.file_letter(new, by("mona")).await.expect("files");
    let words = "It is somebody else's hand.";
    ledger
        .refuse_letter("a letter", words, by("li"))
        .await
        .expect("refuses");
    post.round().await.expect("sends");
    let letters = sink.letters();
    assert!(letters[0].contains("Subject: Example Desk: a letter asks for your data"));
    assert!(letters[1].contains("Subject: Example Desk: a letter was refused"));
    for letter in letters {
        assert!(
            !letter.contains("mona") && !letter.contains("signature") && !letter.contains("hand")
        );
    }
}

#[tokio::test]
async fn a_person_is_told_when_whoever_runs_the_site_exported_their_data_or_added_to_it() {
    use crate::ledger::{Event, Kind};
    let story = Story::begin(Scripted::new());
    let sink = Sink::open(&[]).await;
    let post = story.post(way(&sink));
    post.gather().await.expect("begins");
    for kind in [
        Kind::CommandExportStarted,
        Kind::CommandExportFinished,
        Kind::CommandImportStarted,
        Kind::CommandImportFinished,
    ] {
        let facts = serde_json::json!({ "reason": "asked for by the police" });
        let event = Event::new(kind, Some(&anna()), &Caller::default()).with(facts);
        let noted = story.exports.ledger.note(story.clock.now(), event).await;
        noted.expect("answers");
    }
    post.round().await.expect("sends");
    let letters = sink.letters();
    assert_eq!(letters.len(), 2, "once for each");
    // Long lines and headers are folded.
    let unfolded = |one: &String| one.replace("=\r\n", "").replace("\r\n ", " ");
    let letters: Vec<_> = letters.iter().map(unfolded).collect();
    assert!(letters[0].contains("your data was exported by whoever runs the site"));
    assert!(letters[1].contains("an export was brought into your account by whoever runs"));
    for letter in letters {
        assert!(letter.contains("To ask for the reason, write to privacy@example.com."));
        assert!(!letter.contains("police") && !letter.contains("change your password"));
    }
}
