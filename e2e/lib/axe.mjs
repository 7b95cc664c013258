// axe-core in a page: what it finds against WCAG 2.2 A and AA and good practice.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** Fails with each rule that the page breaks and the first elements that break it. */
export async function assertAccessible(page, what) {
  // Evaluated rather than added as a script: the pages' own policy lets no foreign script in.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  const told = violations.map(({ id, help, nodes }) => (
    `${id}: ${help}\n${nodes.slice(0, 3).map((node) => `    ${node.html}\n    ${node.failureSummary}`).join("\n")}`
  ));
  assert.equal(told.length, 0, `axe on ${what}:\n${told.join("\n")}`);
}

/** Fails if the page is wider than the window. */
export async function assertNoSidewaysScroll(page, what) {
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return { scrollWidth, clientWidth };
  });
  assert.ok(scrollWidth <= clientWidth, `${what} is ${scrollWidth} wide in a window of ${clientWidth}`);
}
