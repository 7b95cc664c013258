//! Whoever writes: in order, all of it, and with an end when it fails.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// What was written, and by which threads.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<(Vec<u8>, BTreeSet<String>)>>);

impl Write for Record {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut record = self.0.lock().unwrap();
        record.0.extend_from_slice(bytes);
        let name = std::thread::current().name().unwrap_or("").to_owned();
        record.1.insert(name);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Record {
    fn len(&self) -> usize {
        self.0.lock().unwrap().0.len()
    }

    fn has_written(&self, name: &str) -> bool {
        self.0.lock().unwrap().1.contains(name)
    }
}

/// Different from its neighbours, and of another length.
fn buffer(number: usize) -> Vec<u8> {
    let length = BUFFER_BYTES * (number % 3) / 2 + number * 77 + 1;
    vec![u8::try_from(number % 251).unwrap(); length]
}

fn send(sink: &mut Sink, numbers: std::ops::Range<usize>) -> Vec<u8> {
    let mut sent = Vec::new();
    for number in numbers {
        let mut buffer = buffer(number);
        sent.extend_from_slice(&buffer);
        sink.send(&mut buffer).unwrap();
        assert!(buffer.is_empty());
        assert!(sink.shared.queue().full.len() <= BUFFERS_IN_FLIGHT);
    }
    sent
}

/// Says so when it goes.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn all_bytes_come_in_order_whoever_writes_them() {
    let record = Record::default();
    let mut sink = Sink::start(record.clone()).unwrap();
    let mut sent = send(&mut sink, 0..20);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // However this ends, the helpers do.
        let end = End(&is_over);
        for _ in 0..3 {
            let helper = sink.helper();
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    if !helper.help() {
                        std::thread::yield_now();
                    }
                }
            });
        }
        sent.extend(send(&mut sink, 20..60));
        drop(end);
    });
    sent.extend(send(&mut sink, 60..80));

    let digest: [u8; 32] = Sha256::digest(&sent).into();
    assert_eq!(sink.sent_bytes(), sent.len() as u64);
    assert_eq!(sink.seal().unwrap(), digest);
    assert_eq!(record.len(), sent.len(), "sealed is written");
    assert_eq!(sink.finish().unwrap(), digest);
    assert!(record.0.lock().unwrap().0 == sent);
}

#[test]
fn its_own_thread_rests_while_somebody_helps() {
    let record = Record::default();
    let mut sink = Sink::start(record.clone()).unwrap();
    let helper = sink.helper();
    let other = helper.clone();
    for _ in 0..12 {
        sink.send(&mut vec![7; BUFFER_BYTES]).unwrap();
    }
    // What waits is written by whoever sends when it is too much, and otherwise by a helper.
    assert_eq!(record.len(), (12 - BUFFERS_IN_FLIGHT) * BUFFER_BYTES);
    assert!(other.help());
    assert_eq!(record.len(), (13 - BUFFERS_IN_FLIGHT) * BUFFER_BYTES);
    drop(helper);
    assert!(other.help());
    assert!(!record.has_written("export-writer"));
    // Then nobody helps any more, and what waits is written all the same.
    drop(other);
    let a_moment = std::time::Duration::from_millis(1);
    for _ in 0..60_000 {
        if record.len() < 12 * BUFFER_BYTES {
            std::thread::sleep(a_moment);
        }
    }
    assert_eq!(record.len(), 12 * BUFFER_BYTES);
    assert!(record.has_written("export-writer"));
}

#[test]
fn nobody_helps_where_nothing_waits() {
    let mut sink = Sink::start(Record::default()).unwrap();
    let helper = sink.helper();
    assert!(!helper.help());
    sink.send(&mut vec![7; BUFFER_BYTES]).unwrap();
    let output = sink.shared.output();
    assert!(!helper.help(), "somebody else is at it");
    drop(output);
    assert!(helper.help());
    assert!(!helper.help());
}

#[test]
fn the_first_bytes_are_not_kept_waiting_by_a_helper() {
    let record = Record::default();
    let mut sink = Sink::start(record.clone()).unwrap();
    let _helper = sink.helper();
    sink.send(&mut b"{".to_vec()).unwrap();
    assert_eq!(record.len(), 1);
}

/// Takes some bytes, and then no more.
struct Fails {
    room: usize,
    panics: bool,
}

impl Write for Fails {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert!(self.room > 0 || !self.panics, "the disk is on fire");
        if self.room == 0 {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "the disk is full",
            ));
        }
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Who meets the failure.
#[derive(Clone, Copy)]
enum By {
    Thread,
    Sender,
    Helper,
}

/// Sends until it fails, and what is said then, and afterwards.
fn failures(panics: bool, by: By) -> [io::Error; 3] {
    let room = 5 * BUFFER_BYTES / 2;
    let mut sink = Sink::start(Fails { room, panics }).unwrap();
    let helper = (!matches!(by, By::Thread)).then(|| sink.helper());
    let mut send = || {
        let sent = sink.send(&mut vec![7; BUFFER_BYTES]);
        if matches!(by, By::Helper) {
            helper.as_ref().unwrap().help();
        }
        sent
    };
    let first = (0..100).find_map(|_| send().err()).unwrap();
    let second = send().unwrap_err();
    drop(helper);
    [first, second, sink.finish().unwrap_err()]
}

#[test]
fn an_output_that_fails_or_panics_is_told_once_and_stops_nobody() {
    for by in [By::Thread, By::Sender, By::Helper] {
        let [first, second, end] = failures(false, by);
        assert_eq!(first.to_string(), "the disk is full");
        for later in [second, end] {
            assert_eq!(later.kind(), io::ErrorKind::StorageFull);
            assert_eq!(later.to_string(), "the output has failed before");
        }
        let [first, second, end] = failures(true, by);
        assert_eq!(first.to_string(), "writing the export panicked");
        for later in [second, end] {
            assert_eq!(later.to_string(), "the output has failed before");
        }
    }
}

#[test]
fn an_abandoned_export_does_not_write_what_waits() {
    let record = Record::default();
    let mut sink = Sink::start(record.clone()).unwrap();
    let helper = sink.helper();
    for _ in 0..BUFFERS_IN_FLIGHT {
        sink.send(&mut vec![7; BUFFER_BYTES]).unwrap();
    }
    drop(sink);
    drop(helper);
    assert_eq!(record.len(), 0);
}
