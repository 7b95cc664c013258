//! The viewer of export files: one HTML page that holds no data, for anybody.
//!
//! It reads the file that a person chooses in their own browser, and its policy forbids it to send or to load
//! anything. Saved beside the export it works by itself. What a server has to say to it stands in one inert
//! element, as JSON: public keys to check signatures with, and, from `carryall view`, which file to open.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use serde::Serialize;

use super::Web;

include!(concat!(env!("OUT_DIR"), "/viewer.rs"));

/// The name that a saved page has.
const FILE_NAME: &str = "carryall-viewer.html";
const NOTHING_SERVED: &str = "<script type=\"application/json\" id=\"served\">null</script>";
const ASKS_NOBODY: &str = "connect-src 'none'";

/// What a server says to the page.
#[derive(Debug, Default, Serialize)]
pub struct Served {
    /// Public keys, the list of the document `{"keys": […]}`: `key_id`, `algorithm` and `public_key` each. Without any,
    /// the page says of a signed file that its origin is not proven, and lets the person choose keys.
    pub keys: Option<serde_json::Value>,
    /// The file to open at once, which the server hands out.
    pub file: Option<ServedFile>,
}

/// A file that the page asks its own server for, part by part.
#[derive(Debug, Serialize)]
pub struct ServedFile {
    /// Where, from the page.
    pub url: String,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

pub fn router() -> Router<Arc<Web>> {
    Router::new().route("/viewer", get(show))
}

async fn show(State(web): State<Arc<Web>>, query: RawQuery) -> Response {
    let served = Served {
        keys: known_keys(&web).await,
        file: None,
    };
    answer(&served, &query)
}

/// The keys that this server signs and has signed with. A page without them still opens every file, and says
/// that its origin is not proven.
async fn known_keys(web: &Web) -> Option<serde_json::Value> {
    let keys = web.exports.keys.clone();
    let known = match tokio::task::spawn_blocking(move || keys.known()).await {
        Ok(Ok(known)) => known,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the viewer is served without public keys");
            return None;
        }
        Err(_) => return None,
    };
    let mut document: serde_json::Value = serde_json::from_str(&known.to_json()).ok()?;
    Some(document["keys"].take())
}

/// The page with its policy, to be shown or, with `?download`, to be kept. A kept page asks nobody.
pub fn answer(served: &Served, RawQuery(query): &RawQuery) -> Response {
    let is_kept = query.as_deref() == Some("download");
    let nothing_to_ask_for = Served {
        keys: served.keys.clone(),
        file: None,
    };
    let (page, policy) = page(if is_kept { &nothing_to_ask_for } else { served });
    let mut response = Html(page).into_response();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(
        header::CONTENT_SECURITY_POLICY,
        // Only a header can say who may frame a page.
        &format!("{policy}; frame-ancestors 'none'"),
    );
    if is_kept {
        set(
            header::CONTENT_DISPOSITION,
            &format!("attachment; filename=\"{FILE_NAME}\""),
        );
    }
    response
}

/// The page and its policy: it may ask its own server if that has a file for it, and nobody otherwise.
fn page(served: &Served) -> (String, String) {
    let (mut page, mut policy) = (PAGE.to_owned(), POLICY.to_owned());
    if served.file.is_some() {
        page = page.replacen(ASKS_NOBODY, "connect-src 'self'", 1);
        policy = policy.replacen(ASKS_NOBODY, "connect-src 'self'", 1);
    }
    if served.file.is_some() || served.keys.is_some() {
        // Within a script element nothing but `<` can end it or begin a comment.
        let json = serde_json::to_string(served).unwrap_or_else(|_| "null".to_owned());
        let json = json.replace('<', "\\u003c");
        page = page.replacen(NOTHING_SERVED, &NOTHING_SERVED.replace("null", &json), 1);
    }
    (page, policy)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
        let from = text.find(start).expect("begins") + start.len();
        &text[from..from + text[from..].find(end).expect("ends")]
    }

    #[test]
    fn the_policy_names_the_one_script_and_the_one_style_and_lets_nothing_out() {
        let (page, policy) = page(&Served::default());
        assert_eq!(
            between(&page, "Content-Security-Policy\" content=\"", "\""),
            policy
        );
        for (start, end) in [("<script>", "</script>"), ("<style>", "</style>")] {
            let hash = STANDARD.encode(Sha256::digest(between(&page, start, end).as_bytes()));
            assert!(policy.contains(&format!("'sha256-{hash}'")), "{start}");
            assert_eq!(page.matches(start).count(), 1, "{start}");
        }
        for word in [
            "default-src 'none'",
            "connect-src 'none'",
            "form-action 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(word), "{word}");
        }
        for word in ["http:", "https:", "unsafe", "*", "'self'"] {
            assert!(!policy.contains(word), "{word}");
        }
    }

    #[test]
    fn the_page_loads_nothing() {
        let (page, _) = page(&Served::default());
        let markup = page.replace(between(&page, "<script>", "</script>"), "");
        for word in [
            "src=\"http",
            "href=\"http",
            "src=\"/",
            "href=\"/",
            "@import",
            "url(",
        ] {
            assert!(!markup.contains(word), "{word}");
        }
    }

    #[test]
    fn what_a_server_says_is_inert_whatever_it_is() {
        let served = Served {
            keys: None,
            file: Some(ServedFile {
                url: "file".to_owned(),
                name: "</script><script>alert(1)</script><!--.json".to_owned(),
                size: 12,
            }),
        };
        let (page, policy) = page(&served);
        let said = between(&page, "id=\"served\">", "</script>");
        let said: serde_json::Value = serde_json::from_str(said).expect("JSON");
        assert_eq!(
            said["file"]["name"],
            "</script><script>alert(1)</script><!--.json"
        );
        assert!(policy.contains("connect-src 'self'") && page.contains(&policy));
    }

    #[test]
    fn a_kept_page_asks_nobody_even_when_its_server_had_a_file() {
        let served = Served {
            file: Some(ServedFile {
                url: "file".to_owned(),
                name: "a.json".to_owned(),
                size: 12,
            }),
            ..Served::default()
        };
        let kept = answer(&served, &RawQuery(Some("download".to_owned())));
        let policy = kept.headers()[header::CONTENT_SECURITY_POLICY].to_str();
        assert!(policy.expect("text").contains("connect-src 'none'"));
        assert!(kept.headers().contains_key(header::CONTENT_DISPOSITION));
    }
}
