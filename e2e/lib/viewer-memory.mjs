// Opens a large export in the viewer, goes through all that reads much of it, and measures the memory of scripts
// meanwhile: objects and array buffers, of the page and its workers, over the DevTools protocol.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { openBrowser, openWindow } from "./browser.mjs";
import { Program } from "./program.mjs";
import { choose, goTo, Heap, keptViewer, verdict } from "./viewer.mjs";

const MIB = 1 << 20;
const SAMPLE_MS = 100;

/** An export with at least so many messages and bytes of files more than the demo's own. */
export function largeExport(program, { messages, fileBytes }) {
  program.run("demo", "--dir", "large", "--messages", `${messages}`, "--file-bytes", `${fileBytes}`);
  const path = join(program.folder, "large.json");
  program.run("export", "--source", "sqlite:large/isms-copilot.db", "--files", "large/files", "--subject", "marta@northbridge.example", "--out", path);
  return { path, size: statSync(path).size };
}

/** Fails if scripts hold more at any moment, or more at rest; `seconds`: how long each step may take. */
export async function assertBounded(t, { messages, fileBytes, atLeast, most, atRest, seconds }) {
  const program = await Program.started(t);
  const { path, size } = largeExport(program, { messages, fileBytes });
  assert.ok(size >= atLeast, `the export is ${size} bytes`);
  const page = await openWindow(await openBrowser(t));
  page.context().setDefaultTimeout(seconds * 1000);
  await page.goto(await keptViewer(program));
  const heap = await Heap.of(page);
  const watch = watching(heap);
  const began = performance.now();
  const after = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  await choose(page, path, seconds);
  t.diagnostic(`${Math.round(size / MIB)} MiB, ${messages} messages: open after ${after()}`);
  assert.equal(await verdict(page, seconds), "This export is whole and unchanged");
  t.diagnostic(`checked after ${after()}`);
  await goTo(page, "Search");
  await page.getByLabel("Words to look for").fill("zxqwv nowhere");
  await page.keyboard.press("Enter");
  await page.getByText("Nothing found.").waitFor();
  t.diagnostic(`searched after ${after()}`);
  await goTo(page, "Conversations");
  await page.locator("ul.rows a").first().click();
  await page.locator(".message").nth(100).waitFor();
  await goTo(page, "Overview");
  const peak = await watch.end();
  const rest = await heap.bytes();
  t.diagnostic(`scripts held ${Math.round(peak / MIB)} MiB at most, ${Math.round(rest / MIB)} MiB at rest`);
  assert.ok(peak < most, `at most ${peak} bytes of ${most}`);
  assert.ok(rest < atRest, `${rest} bytes of ${atRest} at rest`);
}

/** Samples until it is told to end; the most that was seen. */
function watching(heap) {
  let peak = 0;
  let isOver = false;
  const over = (async () => {
    while (!isOver) {
      peak = Math.max(peak, await heap.now());
      await new Promise((done) => setTimeout(done, SAMPLE_MS));
    }
  })();
  return { end: async () => { isOver = true; await over; return peak; } };
}
