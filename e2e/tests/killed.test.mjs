// The program is killed in the middle of an export. The next one takes the export up by itself, ends it
// right and leaves nothing of the earlier tries; the person never asks again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Program, until } from "../lib/program.mjs";
import { Visitor } from "../lib/visitor.mjs";

const MESSAGES = 60_000; // about 100 MB of JSON

/** Kills the program when its unfinished file has grown to so many bytes. */
async function killWhenWritten(program, bytes) {
  const goOn = program.slowDown();
  await until(`${bytes} bytes are written`, () => (
    program.files().some(({ name, size }) => name.endsWith(".part") && size >= bytes)
  ), 60);
  goOn();
  await program.kill();
}

/** The one export is ready, whole and the only file. */
async function assertEndsRight(program, visitor, id) {
  await until("the export is ready", async () => await visitor.statusOf(id) === "ready", 60);
  const { status, isPromised, isWhole, document } = await visitor.download(id);
  assert.deepEqual({ status, isPromised, isWhole }, { status: 200, isPromised: true, isWhole: true });
  assert.equal(document.export.id, id, "it is the export that was asked for");
  assert.ok(document.messages.length > MESSAGES);
  const files = program.files();
  assert.equal(files.length, 1, `nothing else is left: ${files.map(({ name }) => name)}`);
  assert.match(files[0].name, /^[0-9a-f]{32}\.sealed$/);
  assert.equal(files[0].mode, 0o600, "nobody else may read it");
}

test("an export killed early, in the middle and near its end is ended by the program that follows", async (t) => {
  const program = await Program.started(t, { messages: MESSAGES });
  const visitor = await Visitor.signedIn(program);
  const click = visitor.requestExport().catch(() => {});
  await killWhenWritten(program, 1);
  await click;
  for (const bytes of [40_000_000, 95_000_000]) {
    await program.start();
    await killWhenWritten(program, bytes);
  }
  await program.start();
  const id = await visitor.runningExport();
  assert.ok(id, "the session and the export survive");
  await assertEndsRight(program, visitor, id);
});

test("an export killed before it began and about when it is published ends right", async (t) => {
  const program = await Program.started(t, { messages: MESSAGES, flags: ["--builders", "1"] });
  const visitor = await Visitor.signedIn(program);
  const click = visitor.requestExport().catch(() => {});
  // The only builder has not begun when the ledger first names the export.
  await until("the export is in the ledger", () => program.ledger("SELECT count(*) FROM exports") === "1");
  await program.kill();
  await click;
  await program.start();
  await until("the file has its name", () => program.files().some(({ name }) => name.endsWith(".sealed")), 60);
  await program.kill();
  await program.start();
  await assertEndsRight(program, visitor, program.ledger("SELECT id FROM exports"));
});

test("a program that is asked to end hands its export to the next one at once", async (t) => {
  const program = await Program.started(t, { messages: 3 * MESSAGES });
  const visitor = await Visitor.signedIn(program);
  const click = visitor.requestExport().catch(() => {});
  // It has five seconds to finish what it builds, and is too slow for that.
  program.slowDown();
  await until("it is being written", () => program.files().some(({ size }) => size > 0), 60);
  await program.end("SIGTERM");
  await click;
  assert.deepEqual(program.files(), [], "an unfinished file is not left to the next one");
  await program.start();
  await until("it begins again", async () => program.files().length > 0, 5);
  await assertEndsRight(program, visitor, program.ledger("SELECT id FROM exports"));
});
