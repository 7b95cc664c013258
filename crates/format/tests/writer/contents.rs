//! Contents of files, and outputs that fail or are slow.

use super::*;

#[test]
fn contents_of_every_size_around_a_part_come_back_whole() {
    for size in [
        0,
        1,
        2,
        3,
        PART_BYTES - 1,
        PART_BYTES,
        PART_BYTES + 1,
        2 * PART_BYTES,
        2 * PART_BYTES + 5,
    ] {
        let original: Vec<u8> = (0..=250).cycle().take(size).collect();
        let (bytes, _) = written(|writer| {
            let contents =
                writer.write_contents(Section::UploadedFiles, b"f1", &original[..], |_| true)?;
            assert_eq!((contents.size_bytes, contents.failure), (size as u64, None));
            Ok(())
        })
        .unwrap();
        let file: Value = serde_json::from_slice(&bytes).unwrap();
        let parts = file["file_contents"].as_array().unwrap();
        let mut joined = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            assert_eq!(part["part"], number);
            assert_eq!(part["last"], number + 1 == parts.len());
            let raw = STANDARD.decode(part["base64"].as_str().unwrap()).unwrap();
            assert!(raw.len() <= PART_BYTES);
            joined.extend(raw);
        }
        let last = parts.last().unwrap();
        assert_eq!(last["size_bytes"], size);
        assert_eq!(last["sha256"], hex(&Sha256::digest(&original)));
        assert_eq!(last["complete"], true);
        assert!(joined == original, "{size} bytes");
    }
}

struct Failing(usize);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::other("the disk failed"));
        }
        let count = self.0.min(buffer.len());
        buffer[..count].fill(7);
        self.0 -= count;
        Ok(count)
    }
}

#[test]
fn contents_that_cannot_be_read_to_the_end_say_so_and_keep_what_was_read() {
    let (bytes, _) = written(|writer| {
        let contents = writer.write_contents(
            Section::UploadedFiles,
            b"f1",
            Failing(PART_BYTES + 10),
            |_| true,
        )?;
        assert_eq!(contents.failure.as_deref(), Some("the disk failed"));
        assert_eq!(contents.size_bytes, PART_BYTES as u64 + 10);
        Ok(())
    })
    .unwrap();
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(file["file_contents"][1]["complete"], false);
}

struct FullDisk;

impl Write for FullDisk {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_as_such() {
    let mut writer = Writer::start(FullDisk, &header()).unwrap();
    let failed = (0..1_000_000).find_map(|number| {
        record(
            &mut writer,
            Section::Workspaces,
            ANNA,
            &format!("w{number}"),
        )
        .err()
    });
    let Some(WriteError::Output(error)) = failed else {
        panic!("nothing failed")
    };
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

#[test]
fn the_first_record_leaves_before_the_second_is_asked_for() {
    let out = Shared::default();
    let mut writer = Writer::start(out.clone(), &header()).unwrap();
    record(&mut writer, Section::Workspaces, ANNA, "w1").unwrap();
    let arrived = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(2));
        out.0.lock().unwrap().ends_with(b"{\"id\":\"w1\"}")
    });
    assert!(arrived);
}
