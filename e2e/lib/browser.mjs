// Debian's Chromium, without a window. Everything that it asks for is watched: nothing may leave this
// machine and nothing may go wrong unnoticed.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { SCREENSHOTS } from "./program.mjs";

const FLAGS = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
  // Whatever a page might ask of another host ends here.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** A browser that closes when the test ends. */
export async function openBrowser(test) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Its sandbox does not start for root, who runs the tests on a build machine.
    chromiumSandbox: process.getuid() !== 0,
    args: FLAGS,
  });
  test.after(() => browser.close());
  return browser;
}

/** A window of somebody's own: its cookies are nobody else's. */
export async function openWindow(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", ...options });
  context.setDefaultTimeout(40_000);
  const page = await context.newPage();
  page.troubles = watch(context);
  return page;
}

/** Notes each request to elsewhere and each complaint of a page. */
function watch(context) {
  const troubles = [];
  context.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1") troubles.push(`asked ${request.url()}`);
  });
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) troubles.push(`${message.type()}: ${message.text()}`);
  });
  context.on("weberror", (error) => troubles.push(`threw: ${error.error()}`));
  return troubles;
}

/** Fails unless the window went on quietly; answers of these statuses were meant. */
export function assertQuiet(page, ...statuses) {
  const meant = (trouble) => statuses.some((status) => trouble.includes(`status of ${status}`));
  assert.deepEqual(page.troubles.filter((trouble) => !meant(trouble)), []);
}

/** A picture of the whole page, for people to look at. */
export async function takePicture(page, name) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}
