//! Holds one record against the table of its section.
//!
//! Promises: a record in the order of the table is read without a look-up; any other order is read
//! all the same. What is wrong is noted with its field, and reading goes on as long as it is JSON.

pub use super::earlier::Earlier;
use super::earlier::Found;
use super::finding::Code;
use super::json::Json;
use super::keys::{decoded, shown};
use super::kinds::{belongs, list_of_strings, text_fits};
pub use super::table::Table;
use crate::json_read::InvalidJson;
use crate::section::{Field, Kind};

/// The key of what a product keeps besides, as an export writes it.
const EXTRA: &[u8; 8] = b"\"extra\":";
/// Of records that are read by themselves.
static NONE_EARLIER: Earlier<'static> = Earlier::NONE;
/// How much of what is wrong with one record is told.
const MAX_FAULTS: usize = 100;

/// Where the values of a record stand in its text.
pub struct Values {
    found: Found,
    /// What is wrong with the record, field by field.
    pub faults: Vec<FieldFault>,
}

/// What is wrong with one field.
pub struct FieldFault {
    pub code: Code,
    pub field: String,
    pub at: usize,
    pub what: String,
}

impl Values {
    pub fn new() -> Values {
        Values {
            found: Found::NOTHING,
            faults: Vec::new(),
        }
    }

    /// Where the values of the record stand.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// The text of a field's value, if the record has the field.
    #[inline]
    pub fn raw<'a>(&self, record: &'a [u8], index: usize) -> Option<&'a [u8]> {
        let (start, end) = self.found.spans[index];
        self.found
            .has(index)
            .then(|| &record[start as usize..end as usize])
    }

    /// The text of `extra`, if the record has it.
    pub fn raw_extra<'a>(&self, record: &'a [u8]) -> Option<&'a [u8]> {
        let (start, end) = self.found.extra?;
        Some(&record[start as usize..end as usize])
    }

    /// What stands between the quotes of a field's value, if it is a string.
    #[inline]
    pub fn text<'a>(&self, record: &'a [u8], index: usize) -> Option<&'a [u8]> {
        match self.raw(record, index)? {
            [b'"', text @ .., b'"'] => Some(text),
            _ => None,
        }
    }

    /// What a field's value says, if it is a string.
    pub fn string(&self, record: &[u8], index: usize) -> Option<String> {
        let text = self.text(record, index)?;
        Some(String::from_utf8_lossy(&decoded(text)).into_owned())
    }

    fn fault(&mut self, code: Code, field: impl Into<String>, at: usize, what: impl Into<String>) {
        // One record may hold millions; whoever reads the report needs the first.
        if self.faults.len() < MAX_FAULTS {
            let (field, what) = (field.into(), what.into());
            self.faults.push(FieldFault {
                code,
                field,
                at,
                what,
            });
        }
    }

    /// Reads a record. What follows it in the text is for whoever asks.
    pub fn read(&mut self, json: &mut Json<'_>, table: &Table) -> Result<(), InvalidJson> {
        self.read_after(&NONE_EARLIER, json, table)
    }

    /// The same, for a record of which some may stand in earlier ones of its section.
    pub fn read_after(
        &mut self,
        earlier: &Earlier<'_>,
        json: &mut Json<'_>,
        table: &Table,
    ) -> Result<(), InvalidJson> {
        self.found.seen = 0;
        self.found.extra = None;
        self.faults.clear();
        json.space();
        if json.peek() != b'{' {
            let at = json.at;
            json.value()?;
            self.fault(Code::WrongKind, "", at, "a record is an object");
            return Ok(());
        }
        self.members(earlier, json, table)?;
        self.note_missing(table, 0);
        Ok(())
    }

    fn note_missing(&mut self, table: &Table, at: usize) {
        let missing = table.required & !self.found.seen;
        if missing == 0 {
            return;
        }
        for (index, field) in table.fields.iter().enumerate() {
            if missing & 1 << index != 0 {
                self.fault(Code::MissingField, field.name, at, "it is not there");
            }
        }
    }

    fn members(
        &mut self,
        earlier: &Earlier<'_>,
        json: &mut Json<'_>,
        table: &Table,
    ) -> Result<(), InvalidJson> {
        let mut others = Others::default();
        json.enter()?;
        if json.is_empty(b'}') {
            return Ok(());
        }
        // The field behind those that are as in an earlier record is not, and needs no second look.
        let (mut next, mut other) = (0, usize::MAX);
        loop {
            match table.expected(&json.input[json.at..], next) {
                Some((index, key_bytes)) => {
                    json.at += key_bytes;
                    json.space();
                    let same = if index == other {
                        index
                    } else {
                        earlier.same(json.input, json.at, table, index, &mut self.found)
                    };
                    if same > index {
                        json.at = self.found.spans[same - 1].1 as usize + 1;
                        (next, other) = (same, same);
                        continue;
                    }
                    self.field(json, table, index)?;
                    next = index + 1;
                }
                None if table.has_extra && self.found.extra.is_none() && json.is_at(EXTRA) => {
                    json.at += EXTRA.len();
                    json.space();
                    self.extra(earlier, json)?;
                }
                None => self.unexpected(earlier, json, table, &mut others)?,
            }
            if !json.goes_on(b'}')? {
                return Ok(());
            }
        }
    }

    /// A key that does not come where the table has it.
    fn unexpected(
        &mut self,
        earlier: &Earlier<'_>,
        json: &mut Json<'_>,
        table: &Table,
        others: &mut Others,
    ) -> Result<(), InvalidJson> {
        let at = json.at;
        let key = json.key()?;
        let name = std::str::from_utf8(&key).unwrap_or_default();
        if let Some(index) = table.index_of(name) {
            return self.field(json, table, index);
        }
        let is_extra = name == "extra" && table.has_extra;
        if others.has(&key) || (is_extra && self.found.extra.is_some()) {
            json.flaw(at, Code::DuplicateKey, shown(&key));
        }
        if is_extra {
            return self.extra(earlier, json);
        }
        others.add(&key);
        self.fault(
            Code::UnknownField,
            shown(&key),
            at,
            "the format has no such field",
        );
        json.value()
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "no record is larger than 4 GiB: see MAX_RECORD_BYTES"
    )]
    fn field(
        &mut self,
        json: &mut Json<'_>,
        table: &Table,
        index: usize,
    ) -> Result<(), InvalidJson> {
        let field = &table.fields[index];
        let start = json.at;
        if self.found.has(index) {
            json.flaw(start, Code::DuplicateKey, shown(field.name.as_bytes()));
        }
        self.value_of(json, field)?;
        self.found.seen |= 1 << index;
        self.found.spans[index] = (start as u32, json.at as u32);
        Ok(())
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "no record is larger than 4 GiB: see MAX_RECORD_BYTES"
    )]
    fn extra(&mut self, earlier: &Earlier<'_>, json: &mut Json<'_>) -> Result<(), InvalidJson> {
        let start = json.at;
        if let Some(end) = earlier.same_extra(json.input, start) {
            json.at = end;
        } else {
            if json.peek() != b'{' {
                self.fault(Code::WrongKind, "extra", start, "an object belongs here");
            }
            json.value()?;
        }
        self.found.extra = Some((start as u32, json.at as u32));
        Ok(())
    }

    #[inline]
    fn value_of(&mut self, json: &mut Json<'_>, field: &Field) -> Result<(), InvalidJson> {
        let at = json.at;
        let fits = match (json.peek(), field.kind) {
            (b'n', _) => {
                json.word()?;
                !field.required
            }
            (_, Kind::Json) => {
                json.value()?;
                true
            }
            (b'"', kind) => {
                let text = json.string()?;
                text_fits(text, kind)
            }
            (b't' | b'f', kind) => {
                json.word()?;
                kind == Kind::Boolean
            }
            (b'-' | b'0'..=b'9', kind) => {
                let is_integer = json.number()?;
                kind == Kind::Number || (kind == Kind::Integer && is_integer)
            }
            (b'{', Kind::Object(fields)) => return self.object(json, fields, field.name),
            (b'[', Kind::Objects(fields)) => return self.objects(json, fields, field.name),
            (b'[', Kind::Refs(_)) if json.is_at(b"[]") => {
                json.at += 2;
                true
            }
            (b'[', Kind::Refs(_)) => {
                let end = json.at;
                json.value()?;
                list_of_strings(&json.input[end..json.at])
            }
            _ => {
                json.value()?;
                false
            }
        };
        if !fits {
            self.misfit(field, at, &json.input[at..json.at]);
        }
        Ok(())
    }

    #[cold]
    fn misfit(&mut self, field: &Field, at: usize, value: &[u8]) {
        let (code, what) = if value == b"null" {
            (Code::MissingField, "it is null".to_owned())
        } else {
            (
                Code::WrongKind,
                format!("{} belongs here", belongs(field.kind)),
            )
        };
        self.fault(code, field.name, at, what);
    }

    /// The members of a nested object, by name: there are few of them.
    fn object(
        &mut self,
        json: &mut Json<'_>,
        fields: &'static [Field],
        within: &str,
    ) -> Result<(), InvalidJson> {
        let table = Table::new(fields, true);
        let mut values = Values::new();
        let start = json.at;
        values.members(&NONE_EARLIER, json, &table)?;
        values.note_missing(&table, start);
        for fault in values.faults {
            let field = format!("{within}.{}", fault.field);
            self.fault(fault.code, field, fault.at, fault.what);
        }
        Ok(())
    }

    fn objects(
        &mut self,
        json: &mut Json<'_>,
        fields: &'static [Field],
        within: &str,
    ) -> Result<(), InvalidJson> {
        json.enter()?;
        if json.is_empty(b']') {
            return Ok(());
        }
        loop {
            if json.peek() == b'{' {
                self.object(json, fields, &format!("{within}[]"))?;
            } else {
                let at = json.at;
                json.value()?;
                self.fault(
                    Code::WrongKind,
                    within,
                    at,
                    "a list of objects belongs here",
                );
            }
            if !json.goes_on(b']')? {
                return Ok(());
            }
        }
    }
}

/// Keys that the table does not have.
#[derive(Default)]
struct Others(Vec<Vec<u8>>);

impl Others {
    fn has(&self, key: &[u8]) -> bool {
        self.0.iter().any(|other| other == key)
    }

    fn add(&mut self, key: &[u8]) {
        // One more is an error in any case; a record of a million unknown keys needs no second one.
        if self.0.len() < 1000 {
            self.0.push(key.to_vec());
        }
    }
}

/// Where the next record starts in what follows one, if it does.
pub fn another(rest: &[u8]) -> Option<usize> {
    let tokens = rest.iter().copied().enumerate();
    let mut tokens = tokens.filter(|(_, byte)| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    match (tokens.next(), tokens.next()) {
        (Some((_, b',')), Some((at, b'{'))) => Some(at),
        _ => None,
    }
}
