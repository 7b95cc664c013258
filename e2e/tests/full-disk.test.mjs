// A file that cannot be written to its end: said plainly, never downloaded, nothing left behind.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertQuiet, openBrowser, openWindow } from "../lib/browser.mjs";
import { exportButton, news, openDataProtection, signIn } from "../lib/person.mjs";
import { Program, until, withLargeFile } from "../lib/program.mjs";
import { Visitor } from "../lib/visitor.mjs";

test("a write that fails in the middle of an export ends it, with plain words and without a file", async (t) => {
  const program = await Program.started(t, { grow: withLargeFile, limit: `${20 * 1024}` });
  const page = await openWindow(await openBrowser(t));
  page.on("download", () => assert.fail("a broken file was offered"));
  await signIn(page, program);
  await openDataProtection(page);
  await exportButton(page).click();
  await news(page, "The export failed").waitFor();
  await page.getByText("There is no file, and your data is unchanged.").waitFor();
  assert.deepEqual(program.files(), [], "nothing half-written is left");
  assert.equal(await page.getByRole("link", { name: /Download/ }).count(), 0);
  assertQuiet(page);

  // The disk has space again: another process without the limit stands for it.
  await program.kill();
  await program.start();
  const visitor = await Visitor.signedIn(program);
  const id = await visitor.requestExport();
  await until("it is ready", async () => await visitor.statusOf(id) === "ready");
  assert.ok((await visitor.download(id)).isWhole);
});
