//! Values on their way into a statement. A value that is not there still has a type: PostgreSQL is told the
//! types of parameters, so that it guesses none.

use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};
use zeroize::Zeroizing;

/// A value, or none of its type.
#[derive(Debug)]
pub(in crate::ledger) enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
    Bool(Option<bool>),
    /// Keys, mostly: wiped afterwards.
    Bytes(Option<Zeroizing<Vec<u8>>>),
}

/// What can be bound.
pub(in crate::ledger) trait Bind {
    /// The value.
    fn bind(&self) -> Value;
    /// None of its type.
    fn none() -> Value;
}

impl<T: Bind> Bind for Option<T> {
    fn bind(&self) -> Value {
        self.as_ref().map_or_else(T::none, T::bind)
    }

    fn none() -> Value {
        T::none()
    }
}

impl<T: Bind + ?Sized> Bind for &T {
    fn bind(&self) -> Value {
        (**self).bind()
    }

    fn none() -> Value {
        T::none()
    }
}

macro_rules! bind {
    ($($of:ty => $kind:ident, $self:ident, $value:expr;)*) => {$(
        impl Bind for $of {
            fn bind(&$self) -> Value {
                Value::$kind(Some($value))
            }

            fn none() -> Value {
                Value::$kind(None)
            }
        }
    )*};
}

bind! {
    i64 => Integer, self, *self;
    u32 => Integer, self, i64::from(*self);
    // Sizes and counts: nothing of the kind is beyond 2^63.
    u64 => Integer, self, i64::try_from(*self).unwrap_or(i64::MAX);
    usize => Integer, self, i64::try_from(*self).unwrap_or(i64::MAX);
    str => Text, self, self.to_owned();
    String => Text, self, self.clone();
    bool => Bool, self, *self;
    [u8] => Bytes, self, Zeroizing::new(self.to_vec());
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Value::Integer(value) => value.map(ValueRef::Integer),
            Value::Text(value) => value.as_ref().map(|text| ValueRef::Text(text.as_bytes())),
            Value::Bool(value) => value.map(|value| ValueRef::Integer(i64::from(value))),
            Value::Bytes(value) => value.as_ref().map(|bytes| ValueRef::Blob(bytes)),
        };
        Ok(ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null)))
    }
}

impl Value {
    /// As which type PostgreSQL gets it.
    pub(super) fn postgres_type(&self) -> Type {
        match self {
            Value::Integer(_) => Type::INT8,
            Value::Text(_) => Type::TEXT,
            Value::Bool(_) => Type::BOOL,
            Value::Bytes(_) => Type::BYTEA,
        }
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Integer(value) => value.to_sql(ty, out),
            Value::Text(value) => value.to_sql(ty, out),
            Value::Bool(value) => value.to_sql(ty, out),
            Value::Bytes(value) => value.as_ref().map(|bytes| &bytes[..]).to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
