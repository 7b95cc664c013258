//! Text of a file, on a terminal.

/// Text of a file is no instruction to a terminal: no control character and nothing that turns the
/// direction of a line around.
pub fn plain(text: &str) -> String {
    let is_hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|character| {
            if is_hidden(character) {
                '\u{FFFD}'
            } else {
                character
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_moves_the_cursor_or_turns_a_line_around() {
        let name = "a\u{1b}[2Jb\r\nc\u{9b}d\u{202e}e\u{2066}é🦀";
        assert_eq!(
            plain(name),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}é🦀"
        );
    }
}
