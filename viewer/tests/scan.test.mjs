// The scan against JSON.parse: every layout, every way to cut the bytes, and what is no export.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Scanner } from "../src/scan.js";

const DOCUMENT = {
  export: { format: "carryall-export", note: 'a "quoted" \\ text\n', empty: {} },
  account_settings: {},
  messages: [
    { id: "1", content: "plain" },
    { id: "2", content: "\\\\\" ] } , {", deep: { list: [[], {}, [1, "]"]], flag: true } },
    { id: "ü", content: "日本語 \u202e 👍🏽" },
  ],
  empty: [],
  odd: [1, "text", null, true, [2, [3]], { a: 1 }],
  number: -12.5e3,
  word: null,
  text: "with } and ]",
  last: { a: [{ b: "}" }] },
};

/** What the scan tells of these bytes when they come in pieces of this length. */
function scan(bytes, length = bytes.length || 1) {
  const told = { values: [], records: [], lists: [] };
  const read = (start, end, text) => {
    assert.equal(JSON.stringify(JSON.parse(text)), JSON.stringify(JSON.parse(new TextDecoder().decode(bytes.subarray(start, end)))));
    return JSON.parse(text);
  };
  const scanner = new Scanner({
    value: (key, start, end, text) => told.values.push([key, read(start, end, text)]),
    record: (key, start, end, text) => told.records.push([key, read(start, end, text)]),
    list: (key, start, end) => told.lists.push([key, JSON.parse(new TextDecoder().decode(bytes.subarray(start, end)))]),
  });
  for (let at = 0; at < bytes.length; at += length) scanner.push(bytes.subarray(at, at + length));
  return { scanner, ...told };
}

const encode = (text) => new TextEncoder().encode(text);
const isList = ([, value]) => Array.isArray(value);

const LAYOUTS = {
  minified: JSON.stringify(DOCUMENT),
  indented: JSON.stringify(DOCUMENT, null, 2),
  "with tabs and returns": JSON.stringify(DOCUMENT, null, "\t").replaceAll("\n", "\r\n"),
  "line by line": `{\n${Object.entries(DOCUMENT).map(([key, value]) => (
    Array.isArray(value) && value.length > 0
      ? `"${key}":[\n${value.map((one) => JSON.stringify(one)).join(",\n")}\n]` : `${JSON.stringify(key)}:${JSON.stringify(value)}`)).join(",\n")}}\n`,
};

for (const [name, text] of Object.entries(LAYOUTS)) {
  test(`every value and record is told once and in order: ${name}`, () => {
    const bytes = encode(text);
    for (const length of [bytes.length, 1, 2, 3, 7, 64]) {
      const { scanner, values, records, lists } = scan(bytes, length);
      const entries = Object.entries(DOCUMENT);
      assert.deepEqual(values, entries.filter((one) => !isList(one)), `in pieces of ${length}`);
      assert.deepEqual(lists, entries.filter(isList));
      assert.deepEqual(records, entries.filter(isList).flatMap(([key, list]) => list.map((one) => [key, one])));
      assert.ok(scanner.isWhole && scanner.strangeAt === -1);
    }
  });
}

test("a byte order mark is passed over", () => {
  const { scanner, values } = scan(encode(`\ufeff{"a":{"b":1}}`));
  assert.deepEqual(values, [["a", { b: 1 }]]);
  assert.ok(scanner.isWhole);
});

test("escapes that stand at the edge of a piece are read together", () => {
  const text = `{"a":[{"x":"${"\\\\".repeat(5)}\\"","y":"\\\\"},{"z":"\\u005c\\""}]}`;
  const bytes = encode(text);
  for (let length = 1; length < bytes.length; length++) {
    const { records } = scan(bytes, length);
    assert.deepEqual(records.map(([, record]) => record), JSON.parse(text).a, `in pieces of ${length}`);
  }
});

test("a long text is not kept: in its place stands an empty one", () => {
  const long = "x".repeat(5000);
  const bytes = encode(JSON.stringify({ list: [{ id: "1", long, after: "y" }, { id: "2", short: "z".repeat(1024) }] }));
  for (const length of [bytes.length, 100, 1023, 4096]) {
    const told = [];
    const scanner = new Scanner({ record: (key, start, end, text) => told.push([JSON.parse(text), end - start]), list: () => {}, value: () => {} });
    for (let at = 0; at < bytes.length; at += length) scanner.push(bytes.subarray(at, at + length));
    assert.deepEqual(told.map(([record]) => record), [{ id: "1", long: "", after: "y" }, { id: "2", short: "z".repeat(1024) }]);
    assert.ok(told[0][1] > 5000, "its place is that of the whole record");
    assert.ok(scanner.kept.length < 1 << 17);
  }
});

test("a record that is too large is told without its text, and the next one with it", () => {
  const numbers = `[${"1234567,".repeat(4_300_000)}1]`;
  const bytes = encode(`{"list":[{"id":"1","numbers":${numbers}},{"id":"2"}]}`);
  const told = [];
  const scanner = new Scanner({ record: (key, start, end, text) => told.push(text), list: () => {}, value: () => {} });
  scanner.push(bytes);
  assert.deepEqual(told, [null, '{"id":"2"}']);
  assert.ok(scanner.kept.length < 1 << 17, "its room was given back");
});

test("a file that was cut anywhere is not whole", () => {
  const bytes = encode(LAYOUTS["line by line"]);
  const end = bytes.lastIndexOf(0x7d);
  for (let length = 0; length <= end; length++) {
    const scanner = new Scanner({ value: () => {}, record: () => {}, list: () => {} });
    scanner.push(bytes.subarray(0, length));
    assert.equal(scanner.isWhole, false, `${length} of ${bytes.length}`);
  }
});

test("what is no JSON object is strange at its place", () => {
  for (const [text, at] of [["[1,2]", 0], ["hello", 0], ["\"text\"", 0], ["  <html>", 2], ["PK\u0003\u0004", 0], ["{}}", 2], ["{\"a\":1} {", 8], ["}", 0]]) {
    const scanner = new Scanner({ value: () => {}, record: () => {}, list: () => {} });
    scanner.push(encode(text));
    assert.equal(scanner.strangeAt, at, text);
  }
});
