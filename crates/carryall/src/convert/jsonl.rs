//! One line a record: `{"part":"threads","record":{…}}`.

use std::fs::File;
use std::io::{BufWriter, Write};

use super::{Index, Item, Losses, Target};

pub struct Jsonl {
    out: BufWriter<File>,
}

impl Jsonl {
    pub fn new(out: File) -> Jsonl {
        Jsonl {
            out: BufWriter::with_capacity(1 << 20, out),
        }
    }
}

impl Target for Jsonl {
    fn needs_index(&self) -> bool {
        false
    }

    fn take(&mut self, item: &Item<'_>, _index: &Index, losses: &mut Losses) -> anyhow::Result<()> {
        write!(self.out, "{{\"part\":\"{}\",\"record\":", item.part.name())?;
        self.out.write_all(item.text)?;
        self.out.write_all(b"}\n")?;
        if let Some(section) = item.section() {
            losses.wrote(section);
        }
        Ok(())
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }
}
