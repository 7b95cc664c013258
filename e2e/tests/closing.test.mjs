// What ends the life of a finished file: its time, its owner, the end of the account.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Program, until } from "../lib/program.mjs";
import { Visitor } from "../lib/visitor.mjs";

/** The program cleans up once a minute. */
const A_ROUND_SECONDS = 75;

/** Somebody with a finished export. */
async function withExport(program, which) {
  const visitor = await Visitor.signedIn(program, which);
  visitor.export = await visitor.requestExport();
  await until("it is ready", async () => await visitor.statusOf(visitor.export) === "ready");
  return visitor;
}

const downloadOf = async (visitor) => (await visitor.get(`/exports/${visitor.export}/download`));

// Side by side: they mostly wait for the next round.
describe("a finished file", { concurrency: true }, () => {
  test("a closed account: no sign-in, no page, no download, and its files go", async (t) => {
    const program = await Program.started(t);
    const disabled = await withExport(program, 0);
    const deleted = await withExport(program, 1);
    const stays = await withExport(program, 3);
    assert.equal(program.files().length, 3);
    program.sql(`UPDATE users SET is_active = 0 WHERE email = '${disabled.login}'`);
    program.sql(`PRAGMA foreign_keys = OFF; DELETE FROM users WHERE email = '${deleted.login}'`);
    for (const visitor of [disabled, deleted]) {
      for (const path of [`/exports/${visitor.export}/download`, "/", "/settings/data-protection"]) {
        const { status, headers, bytes } = await visitor.get(path);
        assert.deepEqual([status, headers.location?.split("?")[0], bytes.length], [303, "/sign-in", 0], path);
      }
      assert.equal((await visitor.signIn()).status, 401, "no sign-in");
    }
    await until("their files are gone", () => program.files().length === 1, A_ROUND_SECONDS);
    assert.equal((await downloadOf(stays)).status, 200, "the others' are not touched");
  });

  test("an account that is closed while nobody serves loses its files at the next start", async (t) => {
    const program = await Program.started(t);
    const visitor = await withExport(program, 0);
    await program.kill();
    program.sql(`UPDATE users SET is_active = 0, deleted_at = '2026-01-01T00:00:00.000Z' WHERE email = '${visitor.login}'`);
    await program.start();
    await until("the file is gone", () => program.files().length === 0, 10);
    assert.equal((await visitor.signIn()).status, 401);
  });

  test("after its time a file cannot be had any more, and is gone soon", async (t) => {
    const program = await Program.started(t, { flags: ["--expire-after", "2s"] });
    const visitor = await withExport(program, 0);
    assert.equal((await downloadOf(visitor)).status, 200);
    await until("it is not served any more", async () => (await downloadOf(visitor)).status === 404, 10);
    const { text } = await visitor.get("/settings/data-protection");
    assert.match(text, /Expired/, "the list says why");
    await until("the file is gone", () => program.files().length === 0, A_ROUND_SECONDS);
  });
});
