//! Records that wait for their place in the new file, in files without a name.
//!
//! Another product's export has each conversation with its messages and files; ours has all conversations,
//! then all messages, then all files. So what is read waits here, on the disk and not in memory.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

/// A waiting record.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    pub id: Vec<u8>,
    /// The record that it refers to and that must be looked for; empty if there is none.
    pub refers_to: Vec<u8>,
    /// Its fields, as they will stand in the file.
    pub body: Vec<u8>,
}

/// Records of one kind, in order.
#[derive(Debug, Default)]
pub struct Spool(Option<BufWriter<File>>);

impl Spool {
    /// Adds one.
    pub fn push(&mut self, id: &[u8], refers_to: &[u8], body: &[u8]) -> io::Result<()> {
        let out = match &mut self.0 {
            Some(out) => out,
            none => none.insert(BufWriter::with_capacity(256 << 10, tempfile::tempfile()?)),
        };
        for part in [id, refers_to, body] {
            out.write_all(&(part.len() as u64).to_le_bytes())?;
            out.write_all(part)?;
        }
        Ok(())
    }

    /// Reads them all.
    pub fn each<E: From<io::Error>>(
        self,
        mut take: impl FnMut(Waiting) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(out) = self.0 else {
            return Ok(());
        };
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        let mut read = BufReader::with_capacity(256 << 10, file);
        while let Some(id) = part(&mut read)? {
            let (Some(refers_to), Some(body)) = (part(&mut read)?, part(&mut read)?) else {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            };
            take(Waiting {
                id,
                refers_to,
                body,
            })?;
        }
        Ok(())
    }
}

fn part(read: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    match read.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut bytes = Vec::new();
    read.take(u64::from_le_bytes(length))
        .read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Bytes of files that stood inside a conversation.
#[derive(Debug, Default)]
pub struct Blobs {
    file: Option<File>,
    len: u64,
}

impl Blobs {
    /// Keeps bytes, and says where.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<(u64, u64)> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all(bytes)?;
        let place = (self.len, bytes.len() as u64);
        self.len += place.1;
        Ok(place)
    }

    /// Reads bytes that were kept.
    pub fn read(&mut self, (offset, length): (u64, u64)) -> io::Result<Box<dyn Read + '_>> {
        let Some(file) = &mut self.file else {
            return Ok(Box::new(io::empty()));
        };
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file.take(length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_in_order_and_bytes_from_where_they_are() {
        let mut spool = Spool::default();
        spool.push(b"1", b"", b"body").unwrap();
        spool.push(b"2", b"1", b"").unwrap();
        let mut all = Vec::new();
        let read = spool.each(|one| {
            all.push((one.id, one.refers_to, one.body));
            io::Result::Ok(())
        });
        read.unwrap();
        assert_eq!(all[0], (b"1".to_vec(), vec![], b"body".to_vec()));
        assert_eq!(all[1], (b"2".to_vec(), b"1".to_vec(), vec![]));
        let mut blobs = Blobs::default();
        blobs.push(b"one").unwrap();
        let place = blobs.push(b"two!").unwrap();
        let mut text = String::new();
        blobs
            .read(place)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "two!");
    }
}
