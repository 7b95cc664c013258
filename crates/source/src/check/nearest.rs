//! "did you mean": the known name that is nearest to a mistyped one.

/// `did you mean `x`?`, when one of `known` is near enough.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (distance(&word.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= allowed || is_part(word, name))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| format!("did you mean `{name}`?"))
}

/// Whether a longer name holds the shorter: `created` and `created_at`.
fn is_part(word: &str, name: &str) -> bool {
    word.len() >= 4 && (name.contains(word) || (name.len() >= 4 && word.contains(name)))
}

/// How many letters to insert, remove, replace or swap (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut last = None;
    for (row, letter) in left.chars().enumerate() {
        let mut line = vec![row + 1];
        for (at, other) in right.iter().enumerate() {
            let replaced = above[at] + usize::from(letter != *other);
            let mut best = replaced.min(above[at + 1] + 1).min(line[at] + 1);
            if at > 0 && last == Some(*other) && letter == right[at - 1] {
                best = best.min(before[at - 1] + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut above, line);
        last = Some(letter);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_gets_the_nearest_known_one() {
        let known = ["threads", "messages", "workspaces"];
        assert_eq!(
            did_you_mean("thraeds", known).as_deref(),
            Some("did you mean `threads`?")
        );
        assert_eq!(
            did_you_mean("Messages", known).as_deref(),
            Some("did you mean `messages`?")
        );
    }

    #[test]
    fn a_name_that_is_far_from_all_gets_no_suggestion() {
        assert_eq!(did_you_mean("invoice", ["threads", "messages"]), None);
    }

    #[test]
    fn a_shortened_name_finds_the_long_one() {
        let known = ["created_at", "title"];
        assert_eq!(
            did_you_mean("created", known).as_deref(),
            Some("did you mean `created_at`?")
        );
    }

    #[test]
    fn swapped_letters_count_once() {
        assert_eq!(distance("folder_di", "folder_id"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
