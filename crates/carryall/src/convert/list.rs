//! A JSON list that is written element by element.

use std::fs::File;
use std::io::{BufWriter, Write};

use super::conversation::Converse;
use super::{Index, Losses, Target, json};

pub struct JsonList {
    out: BufWriter<File>,
    is_empty: bool,
}

impl JsonList {
    pub fn new(out: File) -> anyhow::Result<JsonList> {
        let mut out = BufWriter::with_capacity(1 << 20, out);
        out.write_all(b"[")?;
        Ok(JsonList {
            out,
            is_empty: true,
        })
    }

    pub fn push(&mut self, element: &impl serde::Serialize) -> anyhow::Result<()> {
        self.separate()?;
        json(&mut self.out, element)
    }

    /// An element that is JSON already.
    pub fn push_json(&mut self, element: &[u8]) -> anyhow::Result<()> {
        self.separate()?;
        Ok(self.out.write_all(element)?)
    }

    fn separate(&mut self) -> std::io::Result<()> {
        let between: &[u8] = if self.is_empty { b"\n" } else { b",\n" };
        self.is_empty = false;
        self.out.write_all(between)
    }

    pub fn finish(&mut self) -> anyhow::Result<()> {
        self.out.write_all(b"\n]\n")?;
        Ok(self.out.flush()?)
    }
}

/// A file that is one list of conversations, each written by `C`.
pub struct ListOf<C> {
    list: JsonList,
    writer: C,
}

impl<C> ListOf<C> {
    pub fn new(out: File, writer: C) -> anyhow::Result<ListOf<C>> {
        let list = JsonList::new(out)?;
        Ok(ListOf { list, writer })
    }
}

impl<C: Converse + Copy + 'static> Target for ListOf<C> {
    fn begin(&mut self, _index: &Index) -> anyhow::Result<Option<Box<dyn Converse>>> {
        Ok(Some(Box::new(self.writer)))
    }

    fn put(&mut self, conversation: &[u8]) -> anyhow::Result<()> {
        self.list.push_json(conversation)
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        self.list.finish()
    }
}
