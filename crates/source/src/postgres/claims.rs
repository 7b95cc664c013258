//! Claims for row-level security: what a token of the person would say.
//!
//! Promises: they are set for the transaction alone, after its moment and before anything is read; they are the
//! exported person's, or there is an error.

use serde_json::{Map, Value};

/// The role of claims that name none: what hosted databases call somebody who signed in.
const SIGNED_IN: &str = "authenticated";

/// Why claims cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClaimsError {
    /// Not a JSON object.
    #[error("they are not a JSON object: {0}")]
    NotAnObject(#[from] serde_json::Error),
    /// `role` is no text.
    #[error("`role` is not a text")]
    Role,
}

/// What is claimed of everybody who exports; whose they are is added for each export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims(Map<String, Value>);

/// What is set for one export.
#[derive(Debug, Clone)]
pub(super) struct Claimed {
    pub(super) role: String,
    pub(super) json: String,
}

impl Claims {
    /// Reads `{"role": "authenticated", …}`. `role` is [`SIGNED_IN`] when there is none.
    pub fn parse(json: &str) -> Result<Claims, ClaimsError> {
        let mut claims: Map<String, Value> = serde_json::from_str(json)?;
        let role = claims.entry("role").or_insert_with(|| SIGNED_IN.into());
        if !role.is_string() {
            return Err(ClaimsError::Role);
        }
        Ok(Claims(claims))
    }

    /// The claims of this person; none when they are somebody else's.
    pub(super) fn of(&self, key: &str) -> Option<Claimed> {
        let mut claims = self.0.clone();
        let sub = claims.entry("sub").or_insert_with(|| key.into());
        if *sub != *key {
            return None;
        }
        Some(Claimed {
            role: claims["role"].as_str().unwrap_or(SIGNED_IN).to_owned(),
            json: Value::Object(claims).to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_the_persons_or_none() {
        let claims = Claims::parse(r#"{"aal": "aal2"}"#).unwrap();
        let claimed = claims.of("k").unwrap();
        assert_eq!(claimed.role, "authenticated");
        let json: Value = serde_json::from_str(&claimed.json).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"aal": "aal2", "role": "authenticated", "sub": "k"})
        );
        let of_ann = Claims::parse(r#"{"sub": "ann", "role": "reader"}"#).unwrap();
        assert_eq!(of_ann.of("ann").unwrap().role, "reader");
        assert!(of_ann.of("ben").is_none());
    }

    #[test]
    fn what_is_no_object_or_names_no_role_is_refused() {
        assert!(Claims::parse("[]").is_err() && Claims::parse("{").is_err());
        assert!(matches!(
            Claims::parse(r#"{"role": 1}"#),
            Err(ClaimsError::Role)
        ));
    }
}
