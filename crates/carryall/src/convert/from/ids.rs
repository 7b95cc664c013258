//! Ids of what has none, or one that is taken: UUIDv5, so that the same export gives the same ids.

use uuid::Uuid;

/// An id that these words always give, and others do not.
pub fn made(words: &[&str]) -> String {
    let mut name = Vec::new();
    for word in words {
        // A length before each, so that no two lists of words are the same text.
        name.extend_from_slice(&(word.len() as u64).to_le_bytes());
        name.extend_from_slice(word.as_bytes());
    }
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"carryall convert --from");
    Uuid::new_v5(&namespace, &name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_give_the_same_id_and_others_another() {
        assert_eq!(made(&["a", "b"]), made(&["a", "b"]));
        assert_ne!(made(&["a", "b"]), made(&["ab"]));
        assert_ne!(made(&["a", "b"]), made(&["b", "a"]));
        assert_eq!(&made(&["a"])[14..15], "5");
    }
}
