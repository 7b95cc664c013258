// Every page in each of its states: axe finds nothing, nothing scrolls sideways on a phone, and the
// keyboard alone gets to the export.

import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { assertAccessible, assertNoSidewaysScroll } from "../lib/axe.mjs";
import { assertQuiet, openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { exportButton, news, openDataProtection, signIn } from "../lib/person.mjs";
import { Program, withLargeFile } from "../lib/program.mjs";

const SCREENS = [{ width: 1280, height: 900 }, { width: 360, height: 740 }];

/** Looks at the page as it is: light and dark, wide and narrow. */
async function look(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of SCREENS) {
      const what = `${name}-${colorScheme}-${viewport.width}`;
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize(viewport);
      await takePicture(page, what);
      await assertNoSidewaysScroll(page, what);
      await assertAccessible(page, what);
    }
  }
  await page.setViewportSize(SCREENS[0]);
}

test("axe finds nothing on the pages and nothing scrolls sideways", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t));
  await page.goto(program.url);
  await look(page, "sign-in");
  await page.getByLabel("E-mail address").fill("nobody@example.com");
  await page.getByLabel("Password").fill("not this");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("alert").waitFor();
  await look(page, "sign-in-refused");
  await signIn(page, program);
  await look(page, "home");
  await page.getByLabel("user menu of").click();
  await look(page, "user-menu");
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await look(page, "general");
  await page.getByRole("link", { name: "Data Protection", exact: true }).click();
  await page.locator(".reasons summary").evaluateAll((all) => all.forEach((summary) => summary.click()));
  await page.getByText("A date range").click();
  await look(page, "data-protection");
  await page.goto(`${program.url}/no-such-page`);
  await look(page, "error");
  assertQuiet(page, 401, 404);
});

test("axe finds nothing while an export runs, when it is ready and when it failed", async (t) => {
  const program = await Program.started(t, { grow: withLargeFile });
  const page = await openWindow(await openBrowser(t));
  await signIn(page, program);
  await openDataProtection(page);
  const goOn = program.slowDown();
  const begun = page.waitForEvent("download", { timeout: 180_000 });
  await exportButton(page).click();
  await page.getByText(/^Writing .*: .* records?, .* so far\.$/).waitFor();
  // The page is looked at as it is now: the program stands still meanwhile.
  goOn();
  const goOnAgain = program.standStill();
  await look(page, "running");
  goOnAgain();
  await begun;
  await news(page, "Your export is ready").waitFor();
  await look(page, "ready");

  renameSync(program.artifacts, `${program.artifacts}.away`);
  writeFileSync(program.artifacts, "");
  await exportButton(page).click();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("contact support").waitFor();
  await look(page, "failed");
  assertQuiet(page);
});

/** Presses Tab until this has the focus. */
async function tabTo(page, locator) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    if (await locator.evaluate((element) => element === document.activeElement)) return;
  }
  assert.fail(`Tab does not get to ${locator}`);
}

test("the keyboard alone signs in, walks the four steps and gets the file", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t));
  await page.goto(program.url);
  await tabTo(page, page.getByRole("button", { name: "Sign in as Tomás Okafor" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.locator("details.menu summary"));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("link", { name: "Settings", exact: true }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("link", { name: "Data Protection", exact: true }));
  await page.keyboard.press("Enter");
  await tabTo(page, exportButton(page));
  const begun = page.waitForEvent("download");
  await page.keyboard.press("Enter");
  await begun;
  await news(page, "Your export is ready").waitFor();
  const focused = await page.evaluate(() => document.activeElement.textContent);
  assert.equal(focused, "Your export is ready", "the keyboard goes on at the news");
  assertQuiet(page);
});

test("Escape and a click elsewhere close the user menu", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t));
  await signIn(page, program);
  const settings = page.getByRole("link", { name: "Settings", exact: true });
  for (const close of [() => page.keyboard.press("Escape"), () => page.getByRole("heading", { name: "Workspaces", exact: true }).click()]) {
    await page.getByLabel("user menu of").click();
    await settings.waitFor();
    await close();
    await settings.waitFor({ state: "hidden" });
  }
  assertQuiet(page);
});
