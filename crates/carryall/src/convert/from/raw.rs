//! JSON texts taken apart without reading them: members, elements, and a tree that is deeper than
//! readers go.
//!
//! Promises: no recursion, so that depth costs no stack. A text that is no JSON gives what stands before
//! the fault.

/// Members of an object: key with its quotes, value.
pub fn members(raw: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut all = Vec::new();
    let mut at = space(raw, 1);
    while raw.get(at) == Some(&b'"') {
        let key_end = value_end(raw, at);
        let colon = space(raw, key_end);
        if raw.get(colon) != Some(&b':') {
            break;
        }
        let start = space(raw, colon + 1);
        let end = value_end(raw, start);
        all.push((&raw[at..key_end], &raw[start..end]));
        at = separator(raw, end);
    }
    all
}

/// Elements of a list.
pub fn elements(raw: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    let mut at = space(raw, 1);
    while at < raw.len() && raw[at] != b']' {
        let end = value_end(raw, at);
        if end == at {
            break;
        }
        all.push(&raw[at..end]);
        at = separator(raw, end);
    }
    all
}

/// A node of a tree: its own members as an object (what is none, as it is), and the place of its parent.
pub struct Node {
    pub text: Vec<u8>,
    pub parent: Option<usize>,
}

/// The objects of a list, with those in their lists `children` behind them, however deep they stand.
pub fn tree(list: &[u8], children: &[u8]) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut waiting: Vec<(&[u8], Option<usize>)> = vec![(list, None)];
    let mut next = 0;
    while next < waiting.len() {
        let (list, parent) = waiting[next];
        next += 1;
        for element in elements(list) {
            let place = nodes.len();
            if element.first() != Some(&b'{') {
                let text = element.to_vec();
                nodes.push(Node { text, parent });
                continue;
            }
            let mut text = vec![b'{'];
            for (key, value) in members(element) {
                if key == children && value.first() == Some(&b'[') {
                    waiting.push((value, Some(place)));
                    continue;
                }
                if text.len() > 1 {
                    text.push(b',');
                }
                text.extend_from_slice(key);
                text.push(b':');
                text.extend_from_slice(value);
            }
            text.push(b'}');
            nodes.push(Node { text, parent });
        }
    }
    nodes
}

fn space(raw: &[u8], mut at: usize) -> usize {
    while raw.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at.min(raw.len())
}

fn separator(raw: &[u8], at: usize) -> usize {
    let at = space(raw, at);
    if raw.get(at) == Some(&b',') {
        space(raw, at + 1)
    } else {
        at
    }
}

/// Where the value that begins at `at` ends.
fn value_end(raw: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = raw.get(at) {
        match byte {
            b'"' => at = text_end(raw, at) - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' | b':' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            byte if depth == 0 && byte.is_ascii_whitespace() => return at,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    raw.len()
}

fn text_end(raw: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = raw.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    raw.len().max(start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements_are_found_between_any_white_space() {
        let raw = br#"{ "a" : [1, {"b":"}"}] ,"c\"" :null,"d":1}"#;
        let texts: Vec<_> = members(raw)
            .into_iter()
            .map(|(key, value)| (String::from_utf8_lossy(key), String::from_utf8_lossy(value)))
            .collect();
        assert_eq!(texts[0], ("\"a\"".into(), "[1, {\"b\":\"}\"}]".into()));
        assert_eq!(texts[1], ("\"c\\\"\"".into(), "null".into()));
        assert_eq!(texts[2], ("\"d\"".into(), "1".into()));
        assert_eq!(
            elements(b"[ 1 ,\"a,b\",[],{}]"),
            [&b"1"[..], b"\"a,b\"", b"[]", b"{}"]
        );
        assert!(members(b"{}").is_empty() && elements(b"[]").is_empty());
    }

    #[test]
    fn a_tree_of_a_hundred_thousand_levels_is_laid_flat() {
        let depth = 100_000;
        let open: Vec<_> = (0..depth)
            .map(|level| format!("[{{\"n\":{level},\"children\":"))
            .collect();
        let open = open.concat();
        let text = format!("{open}[]{}", "}]".repeat(depth));
        let nodes = tree(text.as_bytes(), b"\"children\"");
        assert_eq!(nodes.len(), depth);
        assert_eq!(nodes[99_999].text, b"{\"n\":99999}");
        assert_eq!(nodes[99_999].parent, Some(99_998));
    }

    #[test]
    fn what_is_no_json_ends_where_the_fault_is() {
        for raw in [
            "{\"a\"",
            "{\"a\":",
            "{\"a\" 1}",
            "{",
            "[",
            "[1,",
            "[\"x",
            "{\"a\":[1}",
            "[\\",
        ] {
            let _ = (members(raw.as_bytes()), elements(raw.as_bytes()));
        }
    }
}
