// What the pages are answered: conversations with their branches, lists, files, search.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NONE } from "../src/columns.js";
import { choicesTo, Path } from "../src/conversation.js";
import { kindOf } from "../src/files.js";
import { Words } from "../src/search.js";
import { day, fileName, moment, visible } from "../src/words.js";
import { fileOf, open, partOf } from "./a-file.mjs";

/** A path over messages 0, 1, 2, … with these parents. */
function path(parents, { current, chosen } = {}) {
  const messages = Uint32Array.from(parents, (_, at) => at);
  const found = new Path(messages, (message) => (parents[message] < 0 ? NONE : parents[message]), current ?? NONE, new Map(chosen));
  return Array.from(found.messages.subarray(0, found.length), (message, at) => [message, found.which[at], found.of[at]]);
}
const messages = (found) => found.map(([message]) => message);

test("a conversation follows the branch that the product shows, and says where there are others", () => {
  //        0 - 1 - 3
  //          \ 2 - 4 - 6
  //              \ 5
  const parents = [-1, 0, 0, 1, 2, 2, 4];
  assert.deepEqual(path(parents, { current: 3 }), [[0, 0, 0], [1, 0, 2], [3, 0, 1]]);
  assert.deepEqual(path(parents, { current: 4 }), [[0, 0, 0], [2, 1, 2], [4, 0, 2], [6, 0, 1]]);
  assert.deepEqual(messages(path(parents)), [0, 2, 5], "without one that is shown: the latest");
  assert.deepEqual(messages(path(parents, { current: 3, chosen: [[0, 2], [2, 5]] })), [0, 2, 5]);
  assert.deepEqual([...choicesTo(6, (message) => (parents[message] < 0 ? NONE : parents[message]))], [[4, 6], [2, 4], [0, 2]]);
});

test("messages without a parent come one after the other, and a circle or a child before its parent ends nothing", () => {
  assert.deepEqual(messages(path([-1, -1, -1])), [0, 1, 2]);
  assert.deepEqual(messages(path([-1, 0, -1, 2])), [0, 1, 2, 3], "what a colleague wrote in between is not in the file");
  assert.deepEqual(messages(path([1, 0])), [0, 1]);
  assert.deepEqual(messages(path([0])), [0]);
  assert.deepEqual(path([]), []);
});

test("a long conversation is handed out in pages, and the page of a message is found on any branch", async () => {
  const list = Array.from({ length: 1001 }, (_, at) => ({ id: `m${at}`, thread_id: "t", parent_id: at === 0 ? null : `m${at - 1}`, content: `number ${at}` }));
  list.push({ id: "other", thread_id: "t", parent_id: "m10", content: "another answer" });
  const { reader } = await open(fileOf({ threads: [{ id: "t", current_message_id: "m1000" }], messages: list }));
  const page = await reader.conversation({ thread: 0, from: 400, count: 200 });
  assert.deepEqual([page.total, page.all, page.messages[0].record.content, page.messages.length], [1001, 1002, "number 400", 200]);
  const around = await reader.conversation({ thread: 0, around: 777, count: 200 });
  assert.deepEqual([around.from, around.messages[177].index], [600, 777]);
  const branch = await reader.conversation({ thread: 0, around: 1001 });
  assert.deepEqual([branch.total, branch.messages.at(-1).record.content, branch.messages.at(-1).of], [12, "another answer", 2]);
  assert.equal(await reader.follower({ thread: 0, parent: 10, which: 0 }), 11);
});

test("a workspace has what names it, and what names none is outside", async () => {
  const { reader } = await open(fileOf({
    workspaces: [{ id: "w", name: "W" }],
    threads: [{ id: "a", workspace_id: "w", last_message_at: "2026-01-01T00:00:00Z" }, { id: "b", workspace_id: "w", last_message_at: "2026-02-01T00:00:00Z" }, { id: "c" }],
    messages: [{ id: "1", thread_id: "a" }, { id: "2", thread_id: "c" }, { id: "3", thread_id: "a" }],
    workspace_memories: [{ id: "k", workspace_id: "w" }],
    generated_documents: [{ id: "d", thread_id: "c" }],
  }));
  const { list, outside } = await reader.workspaces();
  assert.deepEqual(list[0].holdings, { threads: 2, messages: 2, uploaded_files: 0, generated_documents: 0, workspace_memories: 1, other_records: 0 });
  assert.deepEqual([outside.threads, outside.messages, outside.generated_documents], [1, 1, 1]);
  const threads = await reader.list({ section: "threads", workspace: 0 });
  assert.deepEqual(threads.records.map(({ record, messages: count }) => [record.id, count]), [["b", 0], ["a", 2]], "the latest first");
});

test("a file's bytes come out as they were, and it is said when they are not", async () => {
  const big = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at & 255));
  const parts = [partOf("uploaded_files", "f", big.subarray(0, 60_000), { part: 0, last: false }), partOf("uploaded_files", "f", big.subarray(60_000), { part: 1, all: big })];
  const wrong = { ...partOf("uploaded_files", "g", "hello"), sha256: "0".repeat(64) };
  const stopped = { ...partOf("uploaded_files", "h", "hel"), complete: false };
  const empty = partOf("uploaded_files", "i", "");
  const { reader } = await open(fileOf({ uploaded_files: [{ id: "f" }, { id: "g" }, { id: "h" }, { id: "i" }, { id: "none" }], file_contents: [...parts, wrong, stopped, empty] }));
  const found = await Promise.all([0, 1, 2, 3, 4].map((index) => reader.contents({ section: "uploaded_files", index })));
  assert.deepEqual(Buffer.from(await found[0].blob.arrayBuffer()), big);
  assert.deepEqual(found.map((one) => one?.state), ["right", "wrong", "incomplete", "right", undefined]);
});

async function found(reader, text, most = 100) {
  const hits = [];
  const end = await reader.seek({ text, most }, ({ hit }) => { if (hit) hits.push(hit); });
  return { hits, ...end };
}

test("a search finds words in every text, in any case, across line ends, and shows what stands around them", async () => {
  const { reader } = await open(fileOf({
    threads: [{ id: "t", title: "Budget für Söhne" }],
    messages: [{ id: "1", thread_id: "t", role: "user", content: `${"a ".repeat(200)}the Quick\nbrown fox \\ "quoted" ${"b ".repeat(200)}` }, { id: "2", thread_id: "t", content: "nothing", content_parts: [{ deep: { text: "the quick brown hare" } }] }],
    user_memories: [{ id: "k", content: "SÖHNE" }],
    file_contents: [],
  }));
  const quick = await found(reader, "quick BROWN");
  assert.deepEqual(quick.hits.map(({ index, field, match }) => [index, field, match]), [[0, "content", "Quick\nbrown"], [1, "content_parts.deep.text", "quick brown"]]);
  assert.ok(quick.hits[0].before.startsWith("…") && quick.hits[0].after.endsWith("…") && quick.hits[0].threadTitle === "Budget für Söhne");
  assert.deepEqual((await found(reader, "söhne")).hits.map(({ section }) => section), ["threads", "user_memories"]);
  assert.equal((await found(reader, "so\u0308hne")).hits.length, 2, "composed or not");
  assert.equal((await found(reader, '\\ "QUOTED"')).hits.length, 1);
  assert.equal((await found(reader, ".*")).hits.length, 0, "signs mean themselves");
  assert.equal((await found(reader, "zebra")).isOver, true);
});

test("a search goes on where it stopped, without missing or repeating a hit", async () => {
  const list = Array.from({ length: 10_000 }, (_, at) => ({ id: `${at}`, content: at % 3 === 0 ? "needle" : "hay" }));
  const { reader } = await open(fileOf({ user_memories: list }));
  const all = [];
  let end = { isOver: false };
  for (let step = 0; !end.isOver; step++) {
    const hits = [];
    end = await reader.seek({ text: step === 0 ? "needle" : undefined, most: 700 }, ({ hit }) => { if (hit) hits.push(hit.index); });
    all.push(...hits);
  }
  assert.deepEqual(all, list.flatMap(({ content }, at) => (content === "needle" ? [at] : [])));
});

test("words are found in a file that writes its letters in another way", async () => {
  const text = fileOf({ user_memories: [{ id: "k", content: "Söhne/Co" }] }).toString();
  const escaped = JSON.stringify(JSON.parse(text), null, 1).replaceAll("ö", "\\u00f6").replaceAll("/Co", "\\/Co");
  const { reader } = await open(Buffer.from(escaped));
  assert.equal((await found(reader, "SÖHNE/co")).hits.length, 1);
});

test("what is looked for is never a pattern", () => {
  for (const text of ["a.b", "[x]", "(", "a{2}", "^$", "a|b", "\\d", "a-b", "/x/"]) assert.equal(new Words(text).find({ a: `<${text}>` }).match, text);
});

test("invisible signs in a name are shown, and a name for saving has none", () => {
  const signs = (text) => visible(text).map(([piece, isSign]) => (isSign ? `<${piece}>` : piece)).join("");
  assert.equal(signs("invoice\u202efdp.exe"), "invoice<U+202E>fdp.exe");
  assert.equal(signs("a\u0000b\u200bc\u2066d\tb"), "a<U+0000>b<U+200B>c<U+2066>d<U+0009>b");
  assert.equal(signs("👩‍👩‍👧 نام‌ه"), "👩‍👩‍👧 نام‌ه", "joiners belong to pictures and to names");
  assert.equal(moment("2026-11-24T00:10:57.424Z"), "24 November 2026, 00:10 UTC");
  assert.deepEqual([moment("no\u202etime"), day(null)], ["no<U+202E>time", ""], "what is no time is no cover either");
  assert.equal(fileName("../../etc/pass\u202ewd"), "_.._etc_passwd");
  assert.equal(fileName("a\\b:c*d?.txt "), "a_b_c_d_.txt");
  assert.equal(fileName(null), "file");
});

test("what bytes are is told by the bytes", () => {
  const bytes = (text) => new Uint8Array(Buffer.from(text, "latin1"));
  assert.equal(kindOf(bytes("\x89PNG\r\n"), { name: "a.html", media_type: "text/html" }), "image/png");
  assert.equal(kindOf(bytes("<script>"), { name: "a.png", media_type: "image/png" }), "text");
  assert.equal(kindOf(bytes("%PDF-1.7"), {}), "application/pdf");
  assert.equal(kindOf(bytes("a\0b"), { name: "a.txt" }), null);
  assert.equal(kindOf(bytes("<svg>"), { name: "a.svg" }), "image/svg+xml");
});
