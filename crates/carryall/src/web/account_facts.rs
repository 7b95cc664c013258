//! `account_settings` as lines to read: every fact of the export, in its order.

use carryall_format::section::{Field, Kind, Section};
use serde_json::Value;

use super::words;

/// (what, value) of every fact that is not empty.
pub fn account_facts(account: &Value) -> Vec<(String, String)> {
    Section::AccountSettings
        .fields()
        .iter()
        .filter_map(|field| Some((title(field.name), text(field, account.get(field.name)?)?)))
        .collect()
}

/// `last_login_at`: "Last login".
fn title(name: &str) -> String {
    let words = name.strip_suffix("_at").unwrap_or(name).replace('_', " ");
    let words = words
        .replace("user id", "Account ID")
        .replace("dpa ", "data processing agreement ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn text(field: &Field, value: &Value) -> Option<String> {
    match (field.kind, value) {
        (_, Value::Null) => None,
        (Kind::Timestamp, Value::String(time)) => {
            Some(time.parse().map_or_else(|_| time.clone(), words::moment))
        }
        (Kind::Object(fields), Value::Object(_)) => object(fields, value),
        (Kind::Objects(fields), Value::Array(list)) => {
            let parts: Vec<_> = list
                .iter()
                .filter_map(|item| object(fields, item))
                .collect();
            (!parts.is_empty()).then(|| parts.join("; "))
        }
        (_, Value::Bool(truth)) => Some(if *truth { "Yes" } else { "No" }.to_owned()),
        (_, Value::String(text)) => (!text.is_empty()).then(|| text.clone()),
        (_, Value::Array(list)) => {
            let words: Vec<_> = list.iter().filter_map(Value::as_str).collect();
            (!words.is_empty()).then(|| words.join(", "))
        }
        (_, other) => Some(other.to_string()),
    }
}

fn object(fields: &[Field], value: &Value) -> Option<String> {
    let parts: Vec<_> = fields
        .iter()
        .filter_map(|field| {
            let fact = text(field, value.get(field.name)?)?;
            Some(format!("{} {fact}", title(field.name).to_lowercase()))
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_is_a_line_and_an_empty_one_is_none() {
        let account = serde_json::json!({
            "user_id": "u1", "email": "anna@example.com", "display_name": null,
            "last_login_at": "2026-11-23T10:00:00Z",
            "retention": { "mode": "days", "days": 365 },
            "auth_providers": ["email", "google"], "mfa_enabled": false, "consents": [],
        });
        insta::assert_snapshot!(
            account_facts(&account).iter().map(|(what, fact)| format!("{what}: {fact}")).collect::<Vec<_>>().join("\n"),
            @r"
        Account ID: u1
        Email: anna@example.com
        Auth providers: email, google
        Last login: 23 November 2026, 10:00 UTC
        Retention: mode days, days 365
        Mfa enabled: No
        "
        );
    }
}
