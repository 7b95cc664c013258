//! Which trace, which span: W3C Trace Context (<https://www.w3.org/TR/trace-context/#traceparent-header>).

use crate::ledger::ExportId;
use crate::random::{Randomness, hex};

/// A span in its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// 16 bytes in hex.
    pub trace_id: String,
    /// 8 bytes in hex.
    pub span_id: String,
}

/// What a caller says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent(Context);

impl Context {
    /// The span of an export from its request to its end: all of its tries, on every node, know it.
    pub fn of_export(id: ExportId) -> Context {
        let bytes = id.0.as_bytes();
        Context {
            trace_id: hex(bytes),
            // A UUID v7 has its random bits here.
            span_id: hex(&bytes[8..]),
        }
    }

    /// A new span of this trace.
    pub fn within(trace_id: String, random: &Randomness) -> Context {
        Context {
            trace_id,
            span_id: hex(&random.nonce()[..8]),
        }
    }

    /// A new span of the caller's trace, or of a new one.
    pub fn below(parent: Option<&Parent>, random: &Randomness) -> Context {
        let trace_id = parent.map_or_else(|| hex(&random.nonce()), Parent::trace_id);
        Context::within(trace_id, random)
    }
}

impl Parent {
    /// Reads a `traceparent`. None of what is not one, whole.
    pub fn read(text: &str) -> Option<Parent> {
        let is_hex = |part: &str, length| {
            let is_lower_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            part.len() == length && part.bytes().all(is_lower_hex)
        };
        let mut parts = text.split('-');
        let (version, trace, parent, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_one = is_hex(version, 2)
            && version != "ff"
            && is_hex(trace, 32)
            && is_hex(parent, 16)
            && is_hex(flags, 2)
            // Later versions may say more.
            && (version != "00" || parts.next().is_none());
        let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
        let context = || Context {
            trace_id: trace.to_owned(),
            span_id: parent.to_owned(),
        };
        (is_one && !is_zero(trace) && !is_zero(parent)).then(|| Parent(context()))
    }

    /// Its trace.
    pub fn trace_id(&self) -> String {
        self.0.trace_id.clone()
    }

    /// The caller's span.
    pub fn span_id(&self) -> String {
        self.0.span_id.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_trace_parent_is_believed() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        for whole in [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            let parent = Parent::read(whole).expect(whole);
            assert_eq!(parent.trace_id(), trace, "{whole}");
            assert_eq!(parent.span_id(), "00f067aa0ba902b7");
        }
        for wrong in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-marta@northbridge.example0000000-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Parent::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_trace_of_an_export_is_its_id_on_every_node() {
        let id: ExportId = "0193b3a0-0000-7abc-8def-0123456789ab"
            .parse()
            .expect("an id");
        let context = Context::of_export(id);
        assert_eq!(context.trace_id, "0193b3a000007abc8def0123456789ab");
        assert_eq!(context.span_id, "8def0123456789ab");
        let random = Randomness::system();
        let one = Context::below(None, &random);
        assert_eq!((one.trace_id.len(), one.span_id.len()), (32, 16));
        assert_ne!(one, Context::below(None, &random));
    }
}
