//! Asks the verifier, in the ways that the tests need.

use std::io;
use std::sync::LazyLock;

use carryall_format::read::MAX_RECORD_BYTES;
use carryall_format::sign::{KnownKeys, SigningKey};
use carryall_format::verify::{Code, Input, Options, Report, Severity, Verdict, verify};

use crate::sample;

/// Everything on, one checker, and the key of the samples known. Made once, and not by way of the default,
/// which asks the system for its processors: either would be much of the time of a small check.
pub fn options() -> Options {
    static KEYS: LazyLock<KnownKeys> = LazyLock::new(|| known(&sample::key()));
    Options {
        digest: true,
        keys: KEYS.clone(),
        require_signature: false,
        threads: 1,
        max_record_bytes: MAX_RECORD_BYTES,
    }
}

/// A key as somebody knows it.
pub fn known(key: &SigningKey) -> KnownKeys {
    let mut keys = KnownKeys::default();
    keys.put(key.public_key().into());
    keys
}

/// The report on these bytes, read from a pipe.
pub fn report(bytes: &[u8]) -> Report {
    report_with(bytes, &options())
}

/// The same with other options.
pub fn report_with(bytes: &[u8], options: &Options) -> Report {
    verify(Input::Stream(bytes), options, &mut |_| {}).unwrap()
}

/// The report on these bytes, read from a file.
pub fn report_of_file(bytes: &[u8], options: &Options) -> Report {
    let mut file = tempfile::tempfile().unwrap();
    io::Write::write_all(&mut file, bytes).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    verify(Input::file(file), options, &mut |_| {}).unwrap()
}

/// The codes of errors, each once.
pub fn errors(report: &Report) -> Vec<&'static str> {
    let codes = report.findings.counts().keys();
    codes
        .filter(|code| code.severity() == Severity::Error)
        .map(|code| code.name())
        .collect()
}

/// Whether it is sound, and was written again by another program.
pub fn is_rewritten(report: &Report) -> bool {
    report.verdict == Verdict::Sound && report.findings.has(Code::Reformatted)
}

/// A finding in one line: what a person must be able to act on.
pub fn lines(report: &Report) -> Vec<String> {
    let line = |one: &carryall_format::verify::Finding| {
        let place = one
            .place
            .map_or("-".to_owned(), |at| format!("{}:{}", at.line, at.offset));
        let part = one.part.map_or("-", carryall_format::read::Part::name);
        let id = one.id.as_deref().unwrap_or("-");
        format!(
            "{} {place} {part} {id} {:?} {}",
            one.code.name(),
            one.field,
            one.what
        )
    };
    report.findings.in_order().into_iter().map(line).collect()
}
