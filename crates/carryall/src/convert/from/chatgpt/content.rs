//! What a message of ChatGPT says: its text, and the blocks behind it where there is more than a text.

use serde_json::Value;

use super::super::fields::Fields;

/// A file that is shown.
#[derive(Debug)]
pub struct Pointer {
    pub id: String,
    pub size_bytes: Option<u64>,
}

/// What it says.
#[derive(Debug, Default)]
pub struct Content {
    /// As a person reads it.
    pub text: Option<String>,
    /// As it was, where the text is not all.
    pub parts: Option<Value>,
    pub pointers: Vec<Pointer>,
}

/// Reads the content of a message, whatever its type.
pub fn read_content(value: Value) -> Content {
    let Some(mut fields) = Fields::of(value.clone()) else {
        let text = value.as_str().map(str::to_owned);
        let parts = text.is_none().then(|| Value::Array(vec![value]));
        return Content {
            text,
            parts,
            ..Content::default()
        };
    };
    let kind = fields.text("content_type").unwrap_or_default();
    let parts = fields.list("parts");
    let pointers: Vec<_> = parts.iter().flat_map(pointers_in).collect();
    let texts: Vec<_> = parts.iter().filter_map(text_in).collect();
    let text = match kind.as_str() {
        "code" => fields
            .text("text")
            .map(|text| fenced(&text, fields.peek_text("language"))),
        "execution_output" => fields.text("text").map(|text| fenced(&text, None)),
        // What the model thought is no part of what it said.
        "thoughts" | "reasoning_recap" => None,
        _ if !parts.is_empty() => Some(texts.join("\n")).filter(|_| !texts.is_empty()),
        _ => fields.text("text").or_else(|| fields.text("result")),
    };
    let is_all =
        kind == "text" && parts.len() == 1 && texts.len() == 1 && fields.clone().rest().is_empty();
    let is_nothing = kind == "text" && parts.is_empty() && text.is_none();
    Content {
        text,
        parts: (!is_all && !is_nothing).then(|| Value::Array(vec![value])),
        pointers,
    }
}

fn text_in(part: &Value) -> Option<&str> {
    let is_speech = part["content_type"] == "audio_transcription";
    part.as_str()
        .or_else(|| part["text"].as_str().filter(|_| is_speech))
}

fn pointers_in(part: &Value) -> Vec<Pointer> {
    let video = ["audio_asset_pointer", "video_container_asset_pointer"];
    let nested = video
        .into_iter()
        .filter_map(|key| part.get(key))
        .flat_map(pointers_in);
    let own = part
        .get("asset_pointer")
        .and_then(Value::as_str)
        .map(|address| Pointer {
            id: address.rsplit("//").next().unwrap_or(address).to_owned(),
            size_bytes: part["size_bytes"].as_u64(),
        });
    own.into_iter().chain(nested).collect()
}

/// A fence longer than any in the text.
fn fenced(text: &str, language: Option<&str>) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    let language = language
        .filter(|language| *language != "unknown")
        .unwrap_or_default();
    format!("{fence}{language}\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plain_text_is_all_and_anything_more_is_kept_as_it_was() {
        let plain = read_content(json!({"content_type": "text", "parts": ["hello"]}));
        assert_eq!((plain.text.as_deref(), plain.parts), (Some("hello"), None));
        let two = read_content(json!({"content_type": "text", "parts": ["a", "b"]}));
        assert_eq!(two.text.as_deref(), Some("a\nb"));
        assert!(two.parts.is_some());
        let empty = read_content(json!({"content_type": "text", "parts": []}));
        assert!(empty.text.is_none() && empty.parts.is_none());
        let thoughts =
            read_content(json!({"content_type": "thoughts", "thoughts": [{"content": "hm"}]}));
        assert!(thoughts.text.is_none() && thoughts.parts.is_some());
    }

    #[test]
    fn text_and_images_come_in_their_order_and_images_are_pointers() {
        let content = read_content(json!({"content_type": "multimodal_text", "parts": [
            {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_12", "size_bytes": 7},
            "what is it?",
            {"content_type": "audio_transcription", "text": "said aloud"},
            {"audio_asset_pointer": {"asset_pointer": "file-service://file-9"}},
        ]}));
        assert_eq!(content.text.as_deref(), Some("what is it?\nsaid aloud"));
        let ids: Vec<_> = content.pointers.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["file_12", "file-9"]);
    }

    #[test]
    fn code_stands_in_a_fence_that_it_cannot_end() {
        let code = read_content(
            json!({"content_type": "code", "language": "python", "text": "a = '```'"}),
        );
        assert_eq!(code.text.as_deref(), Some("````python\na = '```'\n````"));
    }
}
