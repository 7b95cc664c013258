//! A record that will stand in the new file, and what could not be taken over as it was.

use carryall_format::encode::{
    BadTimestamp, Unit, timestamp_integer, timestamp_real, timestamp_text,
};
use carryall_format::gap::GapCode;
use carryall_format::section::Section;
use serde_json::{Map, Value};

use super::clean::{Problem, reason};
use super::fields::Fields;

/// A gap of a record.
#[derive(Debug, Clone)]
pub struct DraftGap {
    pub code: GapCode,
    pub field: Option<String>,
    pub reason: String,
}

/// A record.
#[derive(Debug, Clone)]
pub struct Draft {
    pub section: Section,
    pub id: String,
    pub fields: Map<String, Value>,
    pub extra: Map<String, Value>,
    pub gaps: Vec<DraftGap>,
}

impl Draft {
    /// An empty one.
    pub fn new(section: Section, id: impl Into<String>) -> Draft {
        Draft {
            section,
            id: id.into(),
            fields: Map::new(),
            extra: Map::new(),
            gaps: Vec::new(),
        }
    }

    /// Sets a field, if there is something to set.
    pub fn set(&mut self, field: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value.map(Into::into)
            && !value.is_null()
        {
            self.fields.insert(field.to_owned(), value);
        }
    }

    /// A text that was set.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    /// Sets a time: a number in this unit, or a text. One that cannot be read is a gap.
    pub fn time(&mut self, field: &str, stored: Option<Value>, unit: Unit) {
        let Some(stored) = stored.filter(|stored| !stored.is_null()) else {
            return;
        };
        let mut out = Vec::new();
        let read = match &stored {
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => timestamp_integer(&mut out, whole, unit),
                (None, Some(real)) => timestamp_real(&mut out, real, unit),
                (None, None) => Err(BadTimestamp::NotATime),
            },
            Value::String(text) => timestamp_text(&mut out, text.as_bytes(), None),
            _ => Err(BadTimestamp::NotATime),
        };
        if let (Ok(()), Ok(time)) = (read, serde_json::from_slice::<Value>(&out)) {
            self.set(field, Some(time));
        } else {
            let shown: String = stored.to_string().chars().take(80).collect();
            let reason = format!("the time cannot be read; stored is {shown}");
            self.gap(GapCode::BadTimestamp, Some(field), reason);
        }
    }

    /// Notes a gap.
    pub fn gap(&mut self, code: GapCode, field: Option<&str>, reason: impl Into<String>) {
        self.gaps.push(DraftGap {
            code,
            field: field.map(str::to_owned),
            reason: reason.into(),
        });
    }

    /// Notes what was changed in its values.
    pub fn note(&mut self, problems: Vec<Problem>) {
        for one in problems {
            let field = Some(one.path.join(".")).filter(|path| !path.is_empty());
            self.gap(one.code, field.as_deref(), reason(one.code));
        }
    }

    /// What the format has no field for.
    pub fn keep(&mut self, rest: Fields) {
        self.extra.extend(rest.rest());
    }

    /// Its fields in the order of the file, without the braces.
    pub fn body(&self) -> serde_json::Result<Vec<u8>> {
        let mut out = Vec::new();
        let is_account = self.section == Section::AccountSettings;
        for field in self.section.fields() {
            let value = match field.name {
                "id" if !is_account => Value::String(self.id.clone()),
                name => match self.fields.get(name) {
                    Some(value) => value.clone(),
                    None => continue,
                },
            };
            member(&mut out, field.name, &value)?;
        }
        if !self.extra.is_empty() {
            member(&mut out, "extra", &self.extra)?;
        }
        Ok(out)
    }
}

fn member(out: &mut Vec<u8>, name: &str, value: &impl serde::Serialize) -> serde_json::Result<()> {
    if !out.is_empty() {
        out.push(b',');
    }
    serde_json::to_writer(&mut *out, name)?;
    out.push(b':');
    serde_json::to_writer(out, value)
}
