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

/// What is open while a tree is read.
enum Open {
    /// A list of nodes, and whose children they are.
    List(Option<usize>),
    /// The object of a node.
    Object(usize),
}

/// The objects of a list, each with those in its list `children` behind it, however deep they stand. Every
/// byte is looked at once.
pub fn tree(list: &[u8], children: &[u8]) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut open = vec![Open::List(None)];
    let mut at = space(list, 1);
    while let Some(innermost) = open.last() {
        let read = match *innermost {
            Open::List(parent) => element_of_tree(list, at, parent, &mut nodes, &mut open),
            Open::Object(place) => {
                member_of_tree(list, at, children, place, &mut nodes[place].text, &mut open)
            }
        };
        match read {
            Some(next) => at = next,
            None => break,
        }
    }
    for innermost in open.iter().rev() {
        if let Open::Object(place) = innermost {
            nodes[*place].text.push(b'}');
        }
    }
    nodes
}

/// Reads the next element of a list, or its end. None where that is no JSON.
fn element_of_tree(
    raw: &[u8],
    at: usize,
    parent: Option<usize>,
    nodes: &mut Vec<Node>,
    open: &mut Vec<Open>,
) -> Option<usize> {
    match *raw.get(at)? {
        b']' => {
            open.pop();
            Some(separator(raw, at + 1))
        }
        b'{' => {
            open.push(Open::Object(nodes.len()));
            let text = vec![b'{'];
            nodes.push(Node { text, parent });
            Some(space(raw, at + 1))
        }
        _ => {
            let end = value_end(raw, at);
            let text = raw[at..end].to_vec();
            (end > at).then(|| nodes.push(Node { text, parent }))?;
            Some(separator(raw, end))
        }
    }
}

/// Reads the next member of a node's object, or its end. None where that is no JSON.
fn member_of_tree(
    raw: &[u8],
    at: usize,
    children: &[u8],
    place: usize,
    text: &mut Vec<u8>,
    open: &mut Vec<Open>,
) -> Option<usize> {
    match *raw.get(at)? {
        b'}' => {
            open.pop();
            text.push(b'}');
            return Some(separator(raw, at + 1));
        }
        b'"' => {}
        _ => return None,
    }
    let key_end = value_end(raw, at);
    let colon = space(raw, key_end);
    if raw.get(colon) != Some(&b':') {
        return None;
    }
    let (key, start) = (&raw[at..key_end], space(raw, colon + 1));
    if key == children && raw.get(start) == Some(&b'[') {
        open.push(Open::List(Some(place)));
        return Some(space(raw, start + 1));
    }
    let end = value_end(raw, start);
    if text.len() > 1 {
        text.push(b',');
    }
    text.extend_from_slice(key);
    text.push(b':');
    text.extend_from_slice(&raw[start..end]);
    Some(separator(raw, end))
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
