// "Protect the file": chosen on the page, saved by a browser, opened by stock `age`.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newKey, openWithKey, openWithPassphrase, ownFolder } from "../lib/age.mjs";
import { assertAccessible, assertNoSidewaysScroll } from "../lib/axe.mjs";
import { assertQuiet, openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { readExport } from "../lib/export-file.mjs";
import { exportButton, exportData, news, openDataProtection, signIn } from "../lib/person.mjs";
import { Program } from "../lib/program.mjs";

const PASSPHRASE = "seven quiet lanterns over Lisbon";

const passphrase = (page) => page.getByLabel("Passphrase", { exact: true });
const again = (page) => page.getByLabel("The same again");

/** Looks at the page as it is: wide and narrow, light and dark. */
async function look(page, name) {
  for (const [colorScheme, width] of [["light", 1280], ["dark", 360]]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 900 });
    await takePicture(page, `${name}-${colorScheme}-${width}`);
    await assertNoSidewaysScroll(page, name);
    await assertAccessible(page, name);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

test("a file with a passphrase is saved by the browser and opened by age", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t));
  const { email } = await signIn(page, program, 1);
  await openDataProtection(page);
  assert.equal(await passphrase(page).isVisible(), false, "asked for only when it is wanted");
  await page.getByLabel("With a passphrase").check();
  await passphrase(page).fill("too short");
  const strength = page.locator("#strength");
  assert.equal(await strength.innerText(), "Too short: 12 characters at least.");
  await passphrase(page).fill(PASSPHRASE);
  assert.match(await strength.innerText(), /^Strong/);
  await again(page).fill("seven quiet lanterns over London");
  await look(page, "protect");
  await exportButton(page).click();
  await page.getByRole("alert").getByText("The two passphrases are not the same.").waitFor();
  await look(page, "protect-refused");
  assert.equal(await passphrase(page).inputValue(), "", "no page brings it back");

  await passphrase(page).fill(PASSPHRASE);
  await again(page).fill(PASSPHRASE);
  const download = await exportData(page);
  const today = new Date().toISOString().slice(0, 10);
  assert.equal(download.suggestedFilename(), `isms-copilot-export-${today}.json.age`);
  await news(page, "Your export is ready").waitFor();
  await look(page, "protect-ready");

  const folder = ownFolder(t);
  const file = openWithPassphrase(await download.path(), PASSPHRASE, join(folder, "export.json"));
  const { document, isWhole } = readExport(file);
  assert.ok(isWhole);
  assert.equal(document.account_settings.email, email);
  const words = join(folder, "passphrase.txt");
  writeFileSync(words, `${PASSPHRASE}\n`);
  program.run("verify", await download.path(), "--passphrase-file", words);
  assert.ok(!program.log.includes("lanterns"), "it is not logged");
  assertQuiet(page, 422);
});

test("without JavaScript a file is protected to a public key, and an old proof asks first", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t), { javaScriptEnabled: false });
  const { email, password } = await signIn(page, program, 3);
  await openDataProtection(page);
  const folder = ownFolder(t);
  const key = join(folder, "key.txt");
  await page.getByLabel("To my public key").check();
  await page.getByLabel("Public key of age").fill(newKey(key));
  program.ledger("UPDATE sessions SET proved_at = proved_at - 600000");
  await exportButton(page).click();
  await page.getByLabel("Password").fill(password);
  const begun = page.waitForEvent("download");
  await page.getByRole("button", { name: "Confirm and export" }).click();
  const file = openWithKey(await (await begun).path(), key, join(folder, "export.json"));
  assert.equal(readExport(file).document.account_settings.email, email);
  assertQuiet(page, 401);
});

test("after ten minutes the passphrase is typed again beside the password", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t));
  const { password } = await signIn(page, program, 1);
  await openDataProtection(page);
  await page.getByLabel("With a passphrase").check();
  await passphrase(page).fill(PASSPHRASE);
  await again(page).fill(PASSPHRASE);
  program.ledger("UPDATE sessions SET proved_at = proved_at - 600000");
  await exportButton(page).click();
  await page.getByText("please type it again").waitFor();
  await look(page, "protect-confirm");
  await passphrase(page).fill(PASSPHRASE);
  await again(page).fill(PASSPHRASE);
  await page.getByLabel("Password", { exact: true }).fill(password);
  const begun = page.waitForEvent("download");
  await page.getByRole("button", { name: "Confirm and export" }).click();
  const folder = ownFolder(t);
  const file = openWithPassphrase(await (await begun).path(), PASSPHRASE, join(folder, "export.json"));
  assert.ok(readExport(file).isWhole);
  assertQuiet(page, 401);
});
