//! `:name` parameters, which SQLite knows and PostgreSQL does not.

use std::fmt::Write as _;

/// A statement with `$1`, `$2` instead, and which name each number stands for.
pub(in crate::ledger) fn numbered(sql: &str) -> (String, Vec<String>) {
    let (mut text, mut names) = (String::with_capacity(sql.len()), Vec::<String>::new());
    let mut rest = sql;
    while let Some(at) = rest.find([':', '\'']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = if let Some(string) = rest.strip_prefix('\'') {
            // A string ends at its quote; a doubled one begins the next string, which is as good.
            string.find('\'').map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("::") {
            2
        } else {
            1
        };
        let (before, after) = rest.split_at(taken);
        let length = after
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .unwrap_or(after.len());
        if before == ":" && length > 0 {
            let (name, after) = after.split_at(length);
            let known = names.iter().position(|known| known[1..] == *name);
            let number = known.unwrap_or_else(|| {
                names.push(format!(":{name}"));
                names.len() - 1
            });
            let _ = write!(text, "${}", number + 1);
            rest = after;
        } else {
            text.push_str(before);
            rest = after;
        }
    }
    text.push_str(rest);
    (text, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_numbers_and_strings_and_casts_stay() {
        let (sql, names) = numbered(
            "SELECT ':not', a::text FROM t WHERE a = :a AND b > :b_2 AND 'it''s :x' <> c OR a < :a",
        );
        assert_eq!(
            sql,
            "SELECT ':not', a::text FROM t WHERE a = $1 AND b > $2 AND 'it''s :x' <> c OR a < $1"
        );
        assert_eq!(names, [":a", ":b_2"]);
        assert_eq!(numbered("SELECT 'open").0, "SELECT 'open");
    }
}
