//! A whole result by `COPY (SELECT …) TO STDOUT (FORMAT binary)`: rows without a message of their own to take apart.
//!
//! Promises: values are borrowed from what the server sent; no value is written into the SQL. COPY takes no
//! parameters, so they become settings of the transaction, of the type that the statement wants.
//! The format: <https://www.postgresql.org/docs/current/sql-copy.html>.

use std::ops::Range;

use tokio_postgres::types::Type;

use super::bind::Bound;
use crate::batch::LONG_BYTES;
use crate::plan::quote;

/// Signature, flags and the length of an extension.
const HEADER_BYTES: usize = 19;

/// Where a parameter stands while the transaction lasts.
pub(super) fn setting(number: usize) -> String {
    format!("carryall.parameter_{number}")
}

/// A parameter as the text that its type is read from; none for null and for what no setting holds.
pub(super) fn as_setting(bound: &Bound) -> Option<String> {
    match bound {
        Bound::Text(text) => Some(text.clone()),
        Bound::Integer(integer) => Some(integer.to_string()),
        Bound::Null | Bound::Real(_) | Bound::Bytes(_) => None,
    }
}

/// `COPY (sql) TO STDOUT`, with settings for the parameters; none for SQL in which a parameter cannot be told from
/// text for sure.
pub(super) fn statement(sql: &str, types: &[Type]) -> Option<String> {
    if sql.contains("\\'") || sql.contains("/*") {
        return None;
    }
    let mut copy = String::from("COPY (");
    let mut rest = sql;
    while let Some(place) = rest.find(['$', '\'', '"', '-']) {
        copy.push_str(&rest[..place]);
        rest = &rest[place..];
        let taken = if let Some((digits, number)) = parameter(rest) {
            copy.push_str(&read_setting(number, types));
            rest = &rest[1 + digits..];
            continue;
        } else {
            quoted(rest)
        };
        copy.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    copy.push_str(rest);
    copy.push_str("\n) TO STDOUT (FORMAT binary)");
    Some(copy)
}

fn read_setting(number: usize, types: &[Type]) -> String {
    let ty = types.get(number - 1).unwrap_or(&Type::TEXT);
    let (schema, name) = (quote(ty.schema()), quote(ty.name()));
    format!("(current_setting('{}')::{schema}.{name})", setting(number))
}

/// `$12`: how many digits, and the number.
fn parameter(sql: &str) -> Option<(usize, usize)> {
    let rest = sql.strip_prefix('$')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = rest[..digits].parse().ok()?;
    (number > 0).then_some((digits, number))
}

/// How long a text, a name or a comment is that begins here; one byte, if none does.
fn quoted(sql: &str) -> usize {
    let until = |from: usize, end: &str| {
        let found = sql[from..].find(end);
        found.map_or(sql.len(), |place| from + place + end.len())
    };
    match sql.as_bytes() {
        [b'\'', ..] => until(1, "'"),
        [b'"', ..] => until(1, "\""),
        [b'-', b'-', ..] => until(2, "\n"),
        [b'$', ..] => match sql[1..].find('$') {
            // `$tag$ … $tag$`
            Some(end)
                if sql[1..=end]
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
            {
                until(end + 2, &sql[..end + 2])
            }
            _ => 1,
        },
        _ => 1,
    }
}

/// A row's values, as they were sent.
#[derive(Clone, Copy)]
pub(super) struct Sent<'s> {
    bytes: &'s [u8],
    fields: &'s Fields,
}

impl<'s> Sent<'s> {
    /// The value of a column; none for null.
    pub(super) fn value(self, column: usize) -> Option<&'s [u8]> {
        let range = self.fields.get(column)?.clone()?;
        self.bytes.get(range)
    }
}

/// Where the values of a row are; none for null.
pub(super) type Fields = [Option<Range<usize>>];

/// A row that is whole.
pub(super) enum Found<'s> {
    /// In what was sent.
    Sent(Sent<'s>),
    /// Of more than [`LONG_BYTES`], and sent in pieces: nobody else has it.
    Long(Vec<u8>, &'s Fields),
}

/// Takes rows out of what the server sends.
#[derive(Debug, Default)]
pub(super) struct Rows {
    has_begun: bool,
    /// A row that is not whole yet: servers send rows one by one, but need not.
    rest: Vec<u8>,
    fields: Vec<Option<Range<usize>>>,
}

impl Rows {
    /// Of a portal: there is no header in front of them.
    pub(super) fn of_portal() -> Rows {
        Rows {
            has_begun: true,
            ..Rows::default()
        }
    }

    /// Shows each row.
    pub(super) fn take<E>(
        &mut self,
        sent: &[u8],
        visit: &mut impl FnMut(Found<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.rest.is_empty() {
            let used = self.visit_whole(sent, visit)?;
            self.rest.extend_from_slice(&sent[used..]);
            return Ok(());
        }
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(sent);
        if all.len() > LONG_BYTES && self.has_begun {
            let Some(end) = self.find_fields(&all, 0) else {
                self.rest = all;
                return Ok(());
            };
            let after = all.split_off(end);
            visit(Found::Long(all, &self.fields))?;
            return self.take(&after, visit);
        }
        let used = self.visit_whole(&all, visit)?;
        all.drain(..used);
        self.rest = all;
        Ok(())
    }

    /// Whether the row at hand is long, and not whole yet.
    pub(super) fn is_within_long(&self) -> bool {
        self.rest.len() > LONG_BYTES
    }

    /// How many bytes were whole rows.
    fn visit_whole<E>(
        &mut self,
        bytes: &[u8],
        visit: &mut impl FnMut(Found<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut at = 0;
        if !self.has_begun {
            if bytes.len() < HEADER_BYTES {
                return Ok(0);
            }
            // An extension has not been invented since 2003; its length is told in front of it.
            at = HEADER_BYTES + number(bytes, HEADER_BYTES - 4).unwrap_or(0);
            self.has_begun = true;
        }
        while let Some(end) = self.find_fields(bytes, at) {
            if !self.fields.is_empty() {
                let fields = &self.fields;
                visit(Found::Sent(Sent { bytes, fields }))?;
            }
            at = end;
        }
        Ok(at)
    }

    /// Where the fields of the row at `at` are, and where the next row is; none when it is not whole. The end is a
    /// row without fields.
    fn find_fields(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        self.fields.clear();
        let count = i16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?);
        at += 2;
        for _ in 0..count {
            let length = i32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
            at += 4;
            self.fields.push(match usize::try_from(length) {
                Ok(length) => {
                    let range = at..at + length;
                    at = range.end;
                    Some(range)
                }
                Err(_) => None,
            });
        }
        (at <= bytes.len()).then_some(at)
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(i32::from_be_bytes(four)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> Vec<u8> {
        let mut sent = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
        sent.extend(b"\0\x02\0\0\0\x03one\xff\xff\xff\xff");
        sent.extend(b"\0\x02\0\0\0\0\0\0\0\x01x");
        sent.extend(b"\xff\xff");
        sent
    }

    #[test]
    fn rows_are_the_same_wherever_the_server_cuts() {
        let sent = sent();
        for piece in 1..=sent.len() {
            let (mut rows, mut found) = (Rows::default(), Vec::new());
            for bytes in sent.chunks(piece) {
                rows.take(bytes, &mut |row| {
                    let Found::Sent(row) = row else {
                        panic!("none is long")
                    };
                    found.push([0, 1].map(|column| row.value(column).map(<[u8]>::to_vec)));
                    Ok::<(), ()>(())
                })
                .unwrap();
            }
            let text = |text: &str| Some(text.as_bytes().to_vec());
            assert_eq!(
                found,
                [[text("one"), None], [text(""), text("x")]],
                "{piece}"
            );
        }
    }

    #[test]
    fn parameters_become_settings_and_what_looks_like_one_stays() {
        let sql =
            "SELECT '$1', \"a$1\", $$ $1 $$, $t$ $1 $t$ -- $1\n FROM t WHERE a = $1 AND b = $2";
        let copy = statement(sql, &[Type::UUID, Type::INT8]).unwrap();
        assert_eq!(
            copy,
            "COPY (SELECT '$1', \"a$1\", $$ $1 $$, $t$ $1 $t$ -- $1\n FROM t \
             WHERE a = (current_setting('carryall.parameter_1')::\"pg_catalog\".\"uuid\") \
             AND b = (current_setting('carryall.parameter_2')::\"pg_catalog\".\"int8\")\n) TO STDOUT (FORMAT binary)"
        );
        assert_eq!(statement("SELECT E'it\\'s $1'", &[]), None);
    }
}
