//! Spans as OTLP has them in JSON:
//! <https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Attribute, Span};

const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const ERROR: u8 = 2;

/// The body of a request to a collector.
pub fn body(spans: &[Span]) -> String {
    let resource = [
        ("service.name", Attribute::Word("carryall".to_owned())),
        (
            "service.version",
            Attribute::Word(env!("CARGO_PKG_VERSION").to_owned()),
        ),
    ];
    let spans: Vec<_> = spans.iter().map(span).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": attributes(&resource) },
        "scopeSpans": [{ "scope": { "name": "carryall" }, "spans": spans }],
    }] })
    .to_string()
}

fn span(span: &Span) -> Value {
    let mut written = json!({
        "traceId": span.context.trace_id,
        "spanId": span.context.span_id,
        "name": span.name,
        "kind": if span.is_server { SERVER } else { INTERNAL },
        "startTimeUnixNano": nanoseconds(span.began),
        "endTimeUnixNano": nanoseconds(span.ended),
        "attributes": attributes(&span.attributes),
    });
    if let Some(parent) = &span.parent {
        written["parentSpanId"] = parent.as_str().into();
    }
    if let Some(link) = &span.link {
        written["links"] = json!([{ "traceId": link.trace_id, "spanId": link.span_id }]);
    }
    if span.has_failed {
        written["status"] = json!({ "code": ERROR });
    }
    written
}

/// Integers of 64 bits are texts in this JSON.
fn nanoseconds(time: Timestamp) -> String {
    time.as_nanosecond().to_string()
}

fn attributes(attributes: &[(&'static str, Attribute)]) -> Vec<Value> {
    let attributes = attributes.iter();
    attributes
        .map(|(key, value)| match value {
            Attribute::Word(word) => json!({ "key": key, "value": { "stringValue": word } }),
            Attribute::Number(number) => {
                json!({ "key": key, "value": { "intValue": number.to_string() } })
            }
        })
        .collect()
}
