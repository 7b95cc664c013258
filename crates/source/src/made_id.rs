//! Ids of what has none, or one that is taken: UUIDv5 (RFC 9562, 5.5), so that the same words give the same id.

use uuid::Uuid;

/// An id that these words always give, and others do not. `purpose` keeps ids of one use apart from those of another.
#[must_use]
pub fn made_id(purpose: &str, words: &[&str]) -> String {
    let mut name = Vec::new();
    for word in words {
        // A length before each, so that no two lists of words are the same text.
        name.extend_from_slice(&(word.len() as u64).to_le_bytes());
        name.extend_from_slice(word.as_bytes());
    }
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, purpose.as_bytes());
    Uuid::new_v5(&namespace, &name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_give_the_same_id_and_others_another() {
        let made = |words: &[&str]| made_id("a test", words);
        assert_eq!(made(&["a", "b"]), made(&["a", "b"]));
        assert_ne!(made(&["a", "b"]), made(&["ab"]));
        assert_ne!(made(&["a", "b"]), made(&["b", "a"]));
        assert_ne!(made(&["a"]), made_id("another", &["a"]));
        assert_eq!(&made(&["a"])[14..15], "5");
    }
}
