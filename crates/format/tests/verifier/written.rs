//! Whatever the writer writes, the verifier calls sound; and what stands in it, it counts.

use std::io::{self, Read};

use carryall_format::encode;
use carryall_format::gap::GapCode;
use carryall_format::section::Section;
use carryall_format::verify::{Code, Input, Options, Verdict, verify};
use carryall_format::write::{Proof, WriteError, Writer};
use proptest::prelude::*;

use crate::judged::{lines, options, report, report_of_file};
use crate::sample::{header, written};

/// A message: whether it follows one that is gone, and its text.
type Message = (bool, Vec<u8>);

fn file(threads: &[Vec<Message>]) -> Vec<u8> {
    written(&header(), |to| {
        for number in 0..threads.len() {
            let id = thread_id(number);
            let out = to.begin_record(Section::Threads, Proof::Owner(b"anna"), id.as_bytes())?;
            out.extend_from_slice(b"\"id\":");
            encode::text(out, id.as_bytes());
            to.end_record()?;
        }
        for (number, thread) in threads.iter().enumerate() {
            for (at, text) in thread.iter().enumerate() {
                message(to, &thread_id(number), &format!("m{number}-{at}"), text)?;
            }
        }
        Ok(())
    })
}

/// An id that has to be escaped.
fn thread_id(number: usize) -> String {
    format!("t\"{number}é")
}

fn message(
    to: &mut Writer,
    thread: &str,
    id: &str,
    (is_lost, text): &Message,
) -> Result<(), WriteError> {
    let proof = Proof::Parent(Section::Threads, thread.as_bytes());
    let out = to.begin_record(Section::Messages, proof, id.as_bytes())?;
    out.extend_from_slice(format!("\"id\":\"{id}\",\"thread_id\":").as_bytes());
    encode::text(out, thread.as_bytes());
    if *is_lost {
        out.extend_from_slice(b",\"parent_id\":\"gone\"");
    }
    out.extend_from_slice(b",\"content\":");
    encode::text(out, text);
    to.end_record()?;
    if *is_lost {
        let (code, section) = (GapCode::DanglingReference, Section::Messages);
        to.field_gap(code, section, id.as_bytes(), "parent_id", "it is gone")?;
    }
    Ok(())
}

fn threads() -> impl Strategy<Value = Vec<Vec<Message>>> {
    let message = (any::<bool>(), prop::collection::vec(any::<u8>(), 0..200));
    prop::collection::vec(prop::collection::vec(message, 0..6), 0..6)
}

proptest! {
    #[test]
    fn what_is_written_is_sound_and_counted(threads in threads()) {
        let report = report(&file(&threads));
        prop_assert_eq!(report.verdict, Verdict::Sound, "{:?}", lines(&report));
        let messages: u64 = threads.iter().map(|thread| thread.len() as u64).sum();
        let lost = threads.iter().flatten().filter(|(is_lost, _)| *is_lost).count() as u64;
        prop_assert_eq!(report.gaps.unwrap().count, lost);
        let counted: u64 = report.workspaces.iter().map(|line| line.messages).sum();
        prop_assert_eq!(counted, messages);
    }

    #[test]
    fn however_many_check_and_however_it_is_read_the_answer_is_the_same(
        threads in threads(), at in any::<prop::sample::Index>(), byte in any::<u8>(), count in 1_usize..6,
        // One piece, which whoever asks checks alone; two; or more than are under way for one checker.
        large in prop::sample::select(vec![0, 0, 0, 0, 100 << 10, 100 << 10, 100 << 10, 4 << 20]),
    ) {
        let large = large / (64 << 10);
        let texts = vec![(false, vec![byte; 64 << 10]); large];
        let mut bytes = file(&[threads, vec![texts]].concat());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let one = report(&bytes);
        prop_assert_eq!(bytes.len() > 64 << 10, large > 0);
        let other = report_of_file(&bytes, &Options { threads: count, ..options() });
        prop_assert_eq!(one.verdict, other.verdict);
        prop_assert_eq!(one.findings.counts(), other.findings.counts());
        prop_assert_eq!(one.workspaces, other.workspaces);
    }
}

/// A disk that fails after so many bytes.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self.0.read(room)? {
            0 => Err(io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_disk_that_fails_is_an_error_whoever_reads() {
    let bytes = file(&[vec![(false, vec![b'x'; 64 << 10]); 64]]);
    for (count, threads) in [(1000, 1), (bytes.len() / 2, 2), (bytes.len() / 2, 5)] {
        let input = Input::Stream(Failing(&bytes[..count]));
        let options = Options {
            threads,
            ..options()
        };
        let error = verify(input, &options, &mut |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "the disk is gone");
    }
}

/// A reader with a fault.
struct Panicking<'a>(&'a [u8]);

impl Read for Panicking<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self.0.read(room)? {
            0 => panic!("a fault of the reader"),
            count => Ok(count),
        }
    }
}

#[test]
fn whoever_panics_nobody_waits_for_it() {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let bytes = file(&[vec![(false, vec![b'x'; 64 << 10]); 64]]);
        for _ in 0..8 {
            let options = Options {
                threads: 4,
                ..options()
            };
            // The caller's own panic goes on; another thread's is an error.
            let ended = std::panic::catch_unwind(|| {
                let input = Input::Stream(Panicking(&bytes[..bytes.len() / 2]));
                verify(input, &options, &mut |_| {}).is_err()
            });
            tell.send(ended.unwrap_or(true)).unwrap();
        }
    });
    for _ in 0..8 {
        assert!(
            told.recv_timeout(std::time::Duration::from_mins(1))
                .unwrap()
        );
    }
}

/// More ids and references than are kept in memory: they go through a file.
#[test]
fn a_million_ids_are_compared_and_those_that_are_missing_or_twice_are_found() {
    let of = |count: usize, dangling: usize| {
        written(&header(), |to| {
            for number in 0..count {
                let id = format!("m{number}");
                let parent = if number == dangling {
                    "nobody".to_owned()
                } else {
                    format!("m{}", number / 2)
                };
                let out =
                    to.begin_record(Section::Workspaces, Proof::Owner(b"anna"), id.as_bytes())?;
                out.extend_from_slice(
                    format!("\"id\":\"{id}\",\"parent_id\":\"{parent}\"").as_bytes(),
                );
                to.end_record()?;
            }
            Ok(())
        })
    };
    assert_eq!(report(&of(1_000_000, usize::MAX)).verdict, Verdict::Sound);
    let mut file = of(1_000_000, 765_432);
    let last = br#""id":"m999999""#;
    let at = file.windows(last.len()).rposition(|bytes| bytes == last);
    let at = at.expect("the last record");
    file[at..at + last.len()].copy_from_slice(br#""id":"m333333""#);
    // Whoever changes an id changes the digest, too.
    let options = Options {
        digest: false,
        threads: 4,
        ..options()
    };
    let report = report_of_file(&file, &options);
    let found = report.findings.in_order();
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.code, one.id.as_deref()))
        .collect();
    let expected = [
        (Code::UnresolvedReference, Some("m765432")),
        (Code::DuplicateId, Some("m333333")),
    ];
    assert_eq!(found, expected, "{:?}", lines(&report));
}
