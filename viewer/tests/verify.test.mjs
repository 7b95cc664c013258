// What the checks say of whole, cut, edited, damaged, written-again and foreign files.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileOf, linesOf, open, partOf } from "./a-file.mjs";

const LISTS = {
  workspaces: [{ id: "w1", name: "One" }, { id: "w2", name: "Two", parent_id: "w1" }],
  threads: [{ id: "t1", workspace_id: "w1", current_message_id: "m2" }, { id: "t2", workspace_id: null }],
  messages: [
    { id: "m1", thread_id: "t1", parent_id: null, role: "user", content: "Hello", file_ids: ["f1"] },
    { id: "m2", thread_id: "t1", parent_id: "m1", role: "assistant", content: "x".repeat(3000) },
  ],
  uploaded_files: [{ id: "f1", workspace_id: "w1", thread_id: "t1", message_id: "m1", name: "a.txt", size_bytes: 5 }],
  workspace_memories: [{ id: "k1", workspace_id: "w1", content: "remember" }],
  file_contents: [partOf("uploaded_files", "f1", "hello")],
};

const states = ({ all }) => Object.fromEntries(Object.values(all).map(({ name, state }) => [name, state]));

test("a whole file is whole, and only its origin is open", async () => {
  const found = await open(fileOf(LISTS));
  assert.deepEqual(states(found), { ending: "good", parts: "good", counts: "good", references: "good", gaps: "good", digest: "good", origin: "warn" });
  assert.equal(found.verdict.title, "This export is whole and unchanged");
  assert.match(found.verdict.text, /not proven/);
  assert.match(found.all.references.text, /^12 references/);
});

test("a file that was cut at any line or in the middle of one did not finish", async () => {
  const bytes = fileOf(LISTS);
  const end = bytes.length - 2;
  const cuts = Array.from({ length: 60 }, (_, at) => Math.floor(200 + ((end - 200) * at) / 60));
  for (const cut of [...cuts, end]) {
    const found = await open(bytes.subarray(0, cut));
    assert.equal(found.verdict.title, "The download did not finish", `${cut} of ${bytes.length}`);
    assert.equal(found.verdict.state, "bad");
    assert.notEqual(found.all.digest.state, "good");
  }
});

test("one changed byte anywhere before the last line is noticed", async () => {
  const bytes = fileOf(LISTS);
  const text = bytes.toString();
  for (const [from, to] of [["Hello", "Hallo"], ["One", "0ne"], ["remember", "remembEr"]]) {
    const found = await open(Buffer.from(text.replace(from, to)));
    assert.equal(found.verdict.title, "This file was changed or damaged after it was made");
    assert.equal(found.all.digest.state, "bad");
  }
});

test("a file that another program wrote again opens, and is never called unchanged", async () => {
  const document = JSON.parse(fileOf(LISTS));
  const sorted = Object.fromEntries(Object.entries(document).toSorted(([a], [b]) => a.localeCompare(b)));
  for (const text of [JSON.stringify(document, null, 2), JSON.stringify(document), JSON.stringify(sorted, null, "\t")]) {
    const found = await open(Buffer.from(text));
    assert.equal(found.verdict.state, "warn");
    assert.match(found.verdict.title, /written again by another program/);
    assert.equal(found.all.counts.state, "good");
    assert.equal(found.all.references.state, "good");
    const page = await found.reader.conversation({ thread: 0 });
    assert.deepEqual(page.messages.map(({ record }) => record.content.length), [5, 3000]);
  }
});

test("a file with other line ends or without its last one is not called damaged for nothing, nor unchanged", async () => {
  const bytes = fileOf(LISTS);
  assert.equal((await open(bytes.subarray(0, bytes.length - 1))).verdict.state, "good");
  assert.equal((await open(Buffer.from(bytes.toString().replaceAll("\n", "\r\n")))).verdict.state, "bad");
});

test("a record that was taken out is missed by the count, even when the digest was made anew", async () => {
  const full = JSON.parse(fileOf(LISTS));
  for (const key of ["messages", "workspaces", "file_contents", "workspace_memories"]) {
    const found = await open(fileOf(LISTS, { change: (document) => ({ ...document, [key]: document[key].slice(1), summary: full.summary }) }));
    assert.equal(found.all.digest.state, "good");
    assert.equal(found.all.counts.state, "bad", key);
    assert.equal(found.verdict.state, "bad");
  }
});

test("a part that is missing, doubled or unknown is told", async () => {
  const missing = await open(fileOf(LISTS, { change: ({ subscriptions, ...rest }) => rest }));
  assert.deepEqual(missing.all.parts.details, ["Subscriptions: missing"]);
  const text = linesOf(LISTS).replace('"gaps":[],', '"gaps":[],"later_addition":[{"id":"1"}],');
  const unknown = await open(Buffer.from(`${text}"integrity":{"sha256":"0","signature":null}}\n`));
  assert.deepEqual(unknown.all.version.details, ["later_addition"]);
  const twice = await open(Buffer.from(`${linesOf(LISTS)}"messages":[],\n"integrity":{"sha256":"0","signature":null}}\n`));
  assert.equal(twice.all.parts.state, "bad");
});

test("a reference that leads nowhere is wrong, unless a gap tells of it", async () => {
  const messages = [{ id: "m1", thread_id: "t1", parent_id: "gone", content: "" }, { id: "m2", thread_id: "t1", file_ids: ["f1", "lost"] }];
  const gap = (id, field) => ({ code: "dangling_reference", section: "messages", id, field, reason: "" });
  const lists = (gaps) => ({ ...LISTS, messages, gaps });
  assert.match((await open(fileOf(lists([])))).all.references.text, /^2 references lead nowhere/);
  assert.match((await open(fileOf(lists([gap("m1", "parent_id")])))).all.references.text, /^1 reference leads nowhere/);
  const told = await open(fileOf(lists([gap("m1", "parent_id"), gap("m2", "file_ids")])));
  assert.equal(told.all.references.state, "good");
  assert.match(told.all.references.text, /2 lead to what the product no longer has/);
  assert.equal(told.all.gaps.state, "warn");
  assert.equal(told.verdict.state, "good");
});

test("two records with one id, parts of a file out of order and a record that is no JSON are told", async () => {
  const twins = await open(fileOf({ ...LISTS, user_memories: [{ id: "a" }, { id: "a" }] }));
  assert.deepEqual(twins.all.records.details, ["User memories: two records with the ID a"]);
  const all = Buffer.from("helloworld");
  const parts = [partOf("uploaded_files", "f1", "world", { part: 1, last: true, all }), partOf("uploaded_files", "f1", "hello", { part: 0, last: false })];
  assert.equal((await open(fileOf({ ...LISTS, file_contents: parts }))).all.records.state, "bad");
  const broken = await open(Buffer.from(fileOf(LISTS).toString().replace('"content":"Hello"', '"content":nope')));
  assert.match(broken.all.records.details[0], /^Messages, at byte \d/);
});

test("what is no export says so, and why", async () => {
  const foreign = {
    "": /empty/, "hello": /does not begin as a JSON file/, "[1,2]": /does not begin/, '{"name":"package","version":"1"}': /no part that says what it is/,
    '{"export":{"format":"something-else"}}': /another kind/, "PK\u0003\u0004zip": /does not begin/, '{"a":1}\n{"a":2}\n': /no part that says/,
  };
  for (const [text, why] of Object.entries(foreign)) assert.match((await open(Buffer.from(text))).whyNot, why, text);
});

test("another version of the format is told before anything else is believed", async () => {
  const found = await open(fileOf(LISTS, { change: (document) => ({ ...document, export: { ...document.export, version: 2 } }) }));
  assert.equal(found.verdict.state, "bad");
  assert.match(found.verdict.title, /Another version/);
});
