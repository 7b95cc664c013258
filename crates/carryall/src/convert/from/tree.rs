//! Messages of one conversation, put into the order that the format has.
//!
//! Promises: every message is there once. One that follows nothing, or itself, or that states no time, is
//! told as a gap. No message stands before the one that it follows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use carryall_format::gap::GapCode;

use super::draft::Draft;

/// A message, and which one it follows.
#[derive(Debug)]
pub struct Said {
    pub draft: Draft,
    pub parent: Option<String>,
}

/// The order, and what had to be done for it.
#[derive(Debug)]
pub struct Arranged {
    /// Places of the messages, in order.
    pub order: Vec<usize>,
    /// How many got the time of the one that they follow.
    pub inherited: u64,
}

/// Sets `parent_id` and the times that are not stated, and finds the order.
pub fn arrange(said: &mut [Said]) -> Arranged {
    let places: BTreeMap<String, usize> = said
        .iter()
        .enumerate()
        .rev()
        .map(|(place, one)| (one.draft.id.clone(), place))
        .collect();
    let mut parents: Vec<Option<usize>> = Vec::with_capacity(said.len());
    for one in said.iter_mut() {
        let parent = one.parent.take();
        one.draft.set("parent_id", parent.clone());
        let place = parent.as_ref().and_then(|id| places.get(id).copied());
        if let (Some(parent), None) = (&parent, place) {
            one.draft.gap(
                GapCode::DanglingReference,
                Some("parent_id"),
                format!("the message {parent} that it follows is not in the export"),
            );
        }
        parents.push(place);
    }
    cut_circles(said, &mut parents);
    in_order(said, &parents)
}

/// Each circle is cut at the earliest message in it.
fn cut_circles(said: &mut [Said], parents: &mut [Option<usize>]) {
    let mut is_done = vec![false; said.len()];
    for start in 0..said.len() {
        let mut way = Vec::new();
        let mut on_way = BTreeMap::new();
        let mut at = Some(start);
        while let Some(place) = at.filter(|place| !is_done[*place]) {
            if let Some(first) = on_way.get(&place) {
                let circle: &[usize] = &way[*first..];
                let earliest = circle
                    .iter()
                    .min_by_key(|place| {
                        let time = time_of(&said[**place].draft);
                        (time.is_none(), time, **place)
                    })
                    .copied()
                    .unwrap_or(place);
                parents[earliest] = None;
                let draft = &mut said[earliest].draft;
                draft.fields.shift_remove("parent_id");
                draft.gap(
                    GapCode::DanglingReference,
                    Some("parent_id"),
                    "messages follow each other in a circle, which was cut here",
                );
                break;
            }
            on_way.insert(place, way.len());
            way.push(place);
            at = parents[place];
        }
        for place in way {
            is_done[place] = true;
        }
    }
}

fn time_of(draft: &Draft) -> Option<jiff::Timestamp> {
    draft.text("created_at")?.parse().ok()
}

fn in_order(said: &mut [Said], parents: &[Option<usize>]) -> Arranged {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); said.len()];
    let mut ready = BinaryHeap::new();
    let key = |said: &[Said], place: usize| {
        let draft = &said[place].draft;
        Reverse((time_of(draft), draft.id.clone(), place))
    };
    for (place, parent) in parents.iter().enumerate() {
        match parent {
            Some(parent) => children[*parent].push(place),
            None => ready.push(key(said, place)),
        }
    }
    let mut arranged = Arranged {
        order: Vec::with_capacity(said.len()),
        inherited: 0,
    };
    while let Some(Reverse((_, _, place))) = ready.pop() {
        arranged.order.push(place);
        let time = said[place].draft.fields.get("created_at").cloned();
        for child in &children[place] {
            let draft = &mut said[*child].draft;
            if !draft.fields.contains_key("created_at") && time.is_some() {
                draft.set("created_at", time.clone());
                arranged.inherited += 1;
            }
            ready.push(key(said, *child));
        }
    }
    arranged
}

#[cfg(test)]
mod tests {
    use carryall_format::section::Section;

    use super::*;

    fn said(messages: &[(&str, Option<&str>, Option<u32>)]) -> Vec<Said> {
        let one = |(id, parent, second): &(&str, Option<&str>, Option<u32>)| {
            let mut draft = Draft::new(Section::Messages, *id);
            draft.set(
                "created_at",
                second.map(|second| format!("2026-01-01T00:00:{second:02}Z")),
            );
            Said {
                draft,
                parent: parent.map(str::to_owned),
            }
        };
        messages.iter().map(one).collect()
    }

    fn order(messages: &[(&str, Option<&str>, Option<u32>)]) -> (String, u64, usize) {
        let mut said = said(messages);
        let arranged = arrange(&mut said);
        let ids = arranged
            .order
            .iter()
            .map(|place| said[*place].draft.id.clone());
        let gaps = said.iter().map(|one| one.draft.gaps.len()).sum();
        (ids.collect::<Vec<_>>().join(" "), arranged.inherited, gaps)
    }

    #[test]
    fn a_child_stands_behind_its_parent_whatever_their_times_and_places() {
        let messages = [
            ("c", Some("b"), Some(1)),
            ("b", Some("a"), Some(9)),
            ("a", None, Some(5)),
        ];
        assert_eq!(order(&messages), ("a b c".to_owned(), 0, 0));
    }

    #[test]
    fn branches_come_by_time_and_a_missing_time_is_that_of_the_message_before() {
        let messages = [
            ("root", None, None),
            ("late", Some("root"), Some(8)),
            ("early", Some("root"), Some(2)),
            ("answer", Some("early"), None),
        ];
        assert_eq!(
            order(&messages),
            ("root early answer late".to_owned(), 1, 0)
        );
    }

    #[test]
    fn a_circle_is_cut_at_its_earliest_message_and_a_parent_that_is_not_there_is_told() {
        let messages = [
            ("a", Some("c"), Some(3)),
            ("b", Some("a"), Some(1)),
            ("c", Some("b"), Some(2)),
            ("d", Some("gone"), Some(4)),
            ("e", Some("e"), Some(5)),
        ];
        assert_eq!(order(&messages), ("b c a d e".to_owned(), 0, 3));
    }
}
