//! A Parquet file: groups of rows, and what describes them behind.
//!
//! One page (version 1) a column and group, compressed with Snappy; no dictionary, no statistics. Source:
//! `parquet.thrift` of apache/parquet-format, whose numbers stand in the comments.

use std::fs::File;
use std::io::{BufWriter, Write};

use super::column::{Column, Type};
use super::compact::Compact;

const MAGIC: &[u8] = b"PAR1";
/// `Encoding.PLAIN` and `Encoding.RLE`.
const PLAIN: i32 = 0;
const RLE: i32 = 3;
/// `CompressionCodec.SNAPPY`.
const SNAPPY: i32 = 1;

pub struct TableFile {
    out: BufWriter<File>,
    bytes: u64,
    rows: u64,
    /// `RowGroup` of each, written.
    groups: Vec<Vec<u8>>,
}

impl TableFile {
    pub fn begin(file: File) -> anyhow::Result<TableFile> {
        let mut file = TableFile {
            out: BufWriter::with_capacity(1 << 18, file),
            bytes: 0,
            rows: 0,
            groups: Vec::new(),
        };
        file.write(MAGIC)?;
        Ok(file)
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Puts out the rows that wait in the columns.
    pub fn group(&mut self, columns: &mut [Column]) -> anyhow::Result<()> {
        let rows = columns.first().map_or(0, |column| column.is_there.len());
        if rows == 0 {
            return Ok(());
        }
        let (mut chunks, mut size_bytes) = (Vec::new(), 0);
        for column in columns {
            let (chunk, bytes) = self.chunk(column, rows)?;
            chunks.push(chunk);
            size_bytes += bytes;
        }
        self.rows += rows as u64;
        self.groups.push(Compact::whole(|group| {
            group.objects(1, &chunks); // columns
            group.i64(2, size_bytes); // total_byte_size
            group.i64(3, rows as u64); // num_rows
        }));
        Ok(())
    }

    /// Writes one column of a group. Returns its `ColumnChunk` and its bytes before they were compressed.
    fn chunk(&mut self, column: &mut Column, rows: usize) -> anyhow::Result<(Vec<u8>, u64)> {
        let page = column.page();
        let packed = snap::raw::Encoder::new().compress_vec(&page)?;
        let header = page_header(rows, page.len(), packed.len())?;
        let start = self.bytes;
        self.write(&header)?;
        self.write(&packed)?;
        let (before, after) = (header.len() + page.len(), header.len() + packed.len());
        let (kind, ..) = parquet_type(column.kind);
        let chunk = Compact::whole(|chunk| {
            chunk.i64(2, 0); // file_offset: deprecated
            chunk.object(3, |data| {
                data.i32(1, kind); // type
                data.numbers(2, &[PLAIN, RLE]); // encodings
                data.strings(3, &[column.name]); // path_in_schema
                data.i32(4, SNAPPY); // codec
                data.i64(5, rows as u64); // num_values
                data.i64(6, before as u64); // total_uncompressed_size
                data.i64(7, after as u64); // total_compressed_size
                data.i64(9, start); // data_page_offset
            });
        });
        Ok((chunk, before as u64))
    }

    /// Ends the file.
    pub fn end(&mut self, columns: &[Column]) -> anyhow::Result<()> {
        let count = i32::try_from(columns.len())?;
        let root = Compact::whole(|root| {
            root.string(4, "record"); // name
            root.i32(5, count); // num_children
        });
        let schema: Vec<_> = [root]
            .into_iter()
            .chain(columns.iter().map(schema))
            .collect();
        let groups = std::mem::take(&mut self.groups);
        let metadata = Compact::whole(|file| {
            file.i32(1, 1); // version
            file.objects(2, &schema);
            file.i64(3, self.rows); // num_rows
            file.objects(4, &groups); // row_groups
            file.string(6, concat!("carryall ", env!("CARGO_PKG_VERSION"))); // created_by
        });
        self.write(&metadata)?;
        self.write(&u32::try_from(metadata.len())?.to_le_bytes())?;
        self.write(MAGIC)?;
        Ok(self.out.flush()?)
    }
}

/// `PageHeader` of a page of data.
fn page_header(rows: usize, before: usize, after: usize) -> anyhow::Result<Vec<u8>> {
    let (rows, before, after) = (
        i32::try_from(rows)?,
        i32::try_from(before)?,
        i32::try_from(after)?,
    );
    Ok(Compact::whole(|page| {
        page.i32(1, 0); // type: DATA_PAGE
        page.i32(2, before); // uncompressed_page_size
        page.i32(3, after); // compressed_page_size
        page.object(5, |data| {
            data.i32(1, rows); // num_values
            data.i32(2, PLAIN); // encoding
            data.i32(3, RLE); // definition_level_encoding
            data.i32(4, RLE); // repetition_level_encoding
        });
    }))
}

/// `SchemaElement` of a column that may be null.
fn schema(column: &Column) -> Vec<u8> {
    let (kind, converted, logical) = parquet_type(column.kind);
    Compact::whole(|element| {
        element.i32(1, kind); // type
        element.i32(3, 1); // repetition_type: OPTIONAL
        element.string(4, column.name); // name
        if let Some(converted) = converted {
            element.i32(6, converted); // converted_type
        }
        if let Some(logical) = logical {
            element.object(10, |union| {
                union.object(logical, |fields| {
                    if column.kind == Type::Time {
                        fields.truth(1, true); // isAdjustedToUTC
                        fields.object(2, |unit| unit.object(2, |_| ())); // MICROS
                    }
                });
            });
        }
    })
}

/// `Type`, `ConvertedType` and the field of `LogicalType`.
fn parquet_type(kind: Type) -> (i32, Option<i32>, Option<u8>) {
    match kind {
        Type::Boolean => (0, None, None),
        Type::Integer => (2, None, None),
        Type::Time => (2, Some(10), Some(8)), // TIMESTAMP_MICROS, TIMESTAMP
        Type::Number => (5, None, None),
        Type::Text => (6, Some(0), Some(1)),   // UTF8, STRING
        Type::Json => (6, Some(19), Some(12)), // JSON
        Type::Bytes => (6, None, None),
    }
}
