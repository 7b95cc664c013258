//! Codes of authenticator apps: each is good once.

use super::*;

#[tokio::test]
async fn a_code_is_good_once_whatever_the_number_of_nodes_and_an_older_one_is_not_good_after_it() {
    let story = Story::begin();
    let other_node = story.stage.open();
    let (anna, ben) = (anna(), ben());
    let uses = async |ledger: &Ledger, who: &SubjectKey, step: i64| {
        ledger.use_code(who, step).await.expect("answers")
    };
    assert!(uses(&story.ledger, &anna, 100).await);
    assert!(!uses(&story.ledger, &anna, 100).await, "twice");
    assert!(!uses(&other_node, &anna, 100).await, "on another node");
    assert!(!uses(&other_node, &anna, 99).await, "the one before");
    assert!(uses(&other_node, &ben, 100).await, "somebody else's");
    assert!(uses(&other_node, &anna, 101).await);

    let tries: Vec<_> = (0..8)
        .map(|number| {
            let ledger = if number % 2 == 0 {
                &story.ledger
            } else {
                &other_node
            };
            let (ledger, who) = (ledger.clone(), anna.clone());
            tokio::spawn(async move { ledger.use_code(&who, 102).await })
        })
        .collect();
    let mut good = 0;
    for one in tries {
        good += u32::from(one.await.expect("ends").expect("answers"));
    }
    assert_eq!(good, 1, "of many at once");

    story.ledger.forget_codes(102).await.expect("answers");
    assert!(
        !uses(&story.ledger, &anna, 102).await,
        "still taken by a clock"
    );
    assert!(uses(&story.ledger, &ben, 100).await, "forgotten");
}
