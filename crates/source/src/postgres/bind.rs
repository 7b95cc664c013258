//! Parameters, in the binary form of the type that the server expects.

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::value::Value;

/// A parameter that owns its bytes, on its way to the connection's thread.
#[derive(Debug, Clone)]
pub(super) enum Bound {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<Value<'_>> for Bound {
    fn from(value: Value<'_>) -> Bound {
        match value {
            Value::Null => Bound::Null,
            Value::Integer(integer) => Bound::Integer(integer),
            Value::Real(real) => Bound::Real(real),
            Value::Text(text) => match std::str::from_utf8(text) {
                // PostgreSQL holds no NUL in a text, so none equals it.
                Ok(text) if !text.contains('\0') => Bound::Text(text.to_owned()),
                _ => Bound::Null,
            },
            Value::Blob(bytes) => Bound::Bytes(bytes.to_owned()),
        }
    }
}

impl Bound {
    /// Whether a column of this type could hold the value at all: `ann@example.com` is no UUID.
    pub(super) fn fits(&self, ty: &Type) -> bool {
        matches!(self, Bound::Null) || self.encoded(ty).is_some()
    }

    fn encoded(&self, ty: &Type) -> Option<Vec<u8>> {
        if let Kind::Domain(inner) = ty.kind() {
            return self.encoded(inner);
        }
        let integer = || match self {
            Bound::Integer(integer) => Some(*integer),
            Bound::Text(text) => text.parse().ok(),
            _ => None,
        };
        Some(match *ty {
            Type::INT2 => i16::try_from(integer()?).ok()?.to_be_bytes().to_vec(),
            Type::INT4 => i32::try_from(integer()?).ok()?.to_be_bytes().to_vec(),
            Type::INT8 => integer()?.to_be_bytes().to_vec(),
            Type::UUID => match self {
                Bound::Text(text) => uuid(text)?,
                _ => return None,
            },
            Type::BYTEA => match self {
                Bound::Bytes(bytes) => bytes.clone(),
                _ => return None,
            },
            Type::FLOAT8 => match self {
                Bound::Real(real) => real.to_be_bytes().to_vec(),
                _ => return None,
            },
            _ if is_text(ty) => match self {
                Bound::Text(text) => text.clone().into_bytes(),
                Bound::Integer(integer) => integer.to_string().into_bytes(),
                _ => return None,
            },
            _ => return None,
        })
    }
}

fn is_text(ty: &Type) -> bool {
    let is_known = matches!(
        *ty,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN
    );
    is_known || ty.name() == "citext" || matches!(ty.kind(), Kind::Enum(_))
}

/// The one spelling that PostgreSQL prints: what is compared is text everywhere else.
fn uuid(text: &str) -> Option<Vec<u8>> {
    let hex: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    if text.len() != 36 || hex.len() != 32 {
        return None;
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    hex.chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

impl ToSql for Bound {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.encoded(ty) {
            Some(bytes) => {
                out.extend_from_slice(&bytes);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_bound_as_what_the_column_holds_or_not_at_all() {
        let key = Bound::from(Value::from("0190f5a0-7c1e-7000-8000-00000000000a"));
        assert_eq!(key.encoded(&Type::UUID).unwrap()[15], 10);
        assert_eq!(
            Bound::from(Value::from("5")).encoded(&Type::INT4).unwrap(),
            [0, 0, 0, 5]
        );
        for (text, ty) in [
            ("ann@example.com", Type::UUID),
            ("0190f5a07c1e70008000-00000000000a---", Type::INT8),
            ("9999999999", Type::INT4),
        ] {
            assert!(!Bound::from(Value::from(text)).fits(&ty), "{text}");
        }
    }

    #[test]
    fn a_text_with_nul_equals_nothing() {
        assert!(matches!(Bound::from(Value::from("a\0b")), Bound::Null));
    }
}
