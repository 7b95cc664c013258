//! What a message of Claude says: the texts of its blocks, which are more than its field `text` in new
//! exports and missing in old ones.

use serde_json::{Value, json};

use super::super::fields::Fields;

/// What it says.
#[derive(Debug, Default)]
pub struct Content {
    pub text: Option<String>,
    /// The blocks as they were, where the text is not all.
    pub parts: Option<Value>,
    pub blocks: Vec<Value>,
}

/// Takes `text` and `content` of a message that was made at this time.
pub fn read_content(fields: &mut Fields, created: Option<&Value>) -> Content {
    let blocks = fields.list("content");
    let said = fields.text("text").unwrap_or_default();
    let texts: Vec<_> = blocks
        .iter()
        .filter(|block| block["type"] == "text" || block["type"] == "voice_note")
        .filter_map(|block| block["text"].as_str())
        .collect();
    let text = if texts.is_empty() {
        said.clone()
    } else {
        texts.join("\n\n")
    };
    let is_all = match &blocks[..] {
        [] => true,
        [one] => is_plain(one, created),
        _ => false,
    };
    if said != text && !said.is_empty() {
        fields.put("text", Value::String(said));
    }
    Content {
        text: Some(text).filter(|text| !text.is_empty()),
        parts: (!is_all).then(|| Value::Array(blocks.clone())),
        blocks,
    }
}

/// Whether a block has nothing but its text.
fn is_plain(block: &Value, created: Option<&Value>) -> bool {
    let Some(mut fields) = Fields::of(block.clone()) else {
        return false;
    };
    fields.drop_if("type", &json!("text"));
    let has_text = fields.text("text").is_some();
    for key in ["start_timestamp", "stop_timestamp"] {
        if let Some(created) = created {
            fields.drop_if(key, created);
        }
    }
    // Whether a tool was allowed to run says nothing where none ran.
    fields.drop_if("flags", &json!(null));
    has_text && fields.rest().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(message: Value) -> (Content, serde_json::Map<String, Value>) {
        let mut fields = Fields::of(message).unwrap();
        let content = read_content(&mut fields, Some(&json!("2026")));
        (content, fields.rest())
    }

    #[test]
    fn one_block_of_text_is_all_and_more_is_kept() {
        let block =
            json!({"type": "text", "text": "a", "citations": [], "start_timestamp": "2026"});
        let (plain, rest) = content(json!({"text": "a", "content": [block]}));
        assert_eq!(
            (plain.text.as_deref(), plain.parts, rest.len()),
            (Some("a"), None, 0)
        );
        let (old, _) = content(json!({"text": "only this"}));
        assert_eq!((old.text.as_deref(), old.parts), (Some("only this"), None));
        let (two, rest) = content(json!({"text": "", "content": [
            {"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"},
        ]}));
        assert_eq!(two.text.as_deref(), Some("a\n\nb"));
        assert!(two.parts.is_some() && rest.is_empty());
        let (differs, rest) = content(
            json!({"text": "not supported here", "content": [{"type": "text", "text": "a"}]}),
        );
        assert_eq!(differs.text.as_deref(), Some("a"));
        assert_eq!(rest["text"], "not supported here");
    }
}
