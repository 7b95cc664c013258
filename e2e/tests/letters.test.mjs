// Requests that arrive by letter: two operators, two browsers, no JavaScript, and a file that only the person's
// own key opens.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newKey, openWithKey, ownFolder } from "../lib/age.mjs";
import { assertAccessible, assertNoSidewaysScroll } from "../lib/axe.mjs";
import { assertQuiet, openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { readExport } from "../lib/export-file.mjs";
import { openDataProtection, shownPeople, signIn } from "../lib/person.mjs";
import { Program, until } from "../lib/program.mjs";

const PASSWORD = "four operators and a letter";
const HASH = "$argon2id$v=19$m=19456,t=2,p=1$ZiBObH5ChNRc3WIEVaWC/g$AvJ5Fs7l0as6hRIk2oqxjYDaL/YHy3E8Sfi52zHsUBw";

async function signInAs(page, program, name) {
  await page.goto(`${program.url}/operator`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Letters", exact: true }).waitFor();
}

async function look(page, name) {
  for (const [colorScheme, width] of [["light", 1280], ["dark", 360]]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 900 });
    await takePicture(page, `${name}-${colorScheme}-${width}`);
    await assertNoSidewaysScroll(page, name);
    await assertAccessible(page, name);
  }
}

test("a letter is filed by one operator, approved by another, and fetched protected", async (t) => {
  const folder = ownFolder(t);
  const list = join(folder, "operators.toml");
  writeFileSync(list, ["mona", "li"].map((name) => `[${name}]\npassword = "${HASH}"\nmay = ["ask", "approve"]\n`).join(""));
  const program = await Program.started(t, { flags: ["--operators", list] });
  const browser = await openBrowser(t);
  const entrance = await openWindow(browser);
  await entrance.goto(program.url);
  const { email } = (await shownPeople(entrance))[1];

  const mona = await openWindow(browser, { javaScriptEnabled: false });
  await mona.goto(`${program.url}/operator/sign-in`);
  await signInAs(mona, program, "mona");
  const key = join(folder, "key.txt");
  await mona.getByLabel("E-mail address or key").fill(email);
  await mona.getByLabel("Received on").fill(new Date().toISOString().slice(0, 10));
  await mona.getByLabel("Reference").fill("L-2026/17");
  await mona.getByLabel("Why the data may be given out").fill("The signature is that of the contract.");
  await mona.getByLabel("Public key of age").fill(newKey(key));
  await mona.getByRole("button", { name: "File it" }).click();
  await mona.getByText("Waits for a second operator").waitFor();
  assert.equal(await mona.getByText("Approve or refuse").count(), 0, "not their own");

  const li = await openWindow(browser);
  await li.goto(`${program.url}/operator/sign-in`);
  await look(li, "operator-sign-in");
  await signInAs(li, program, "li");
  await li.getByText("Approve or refuse L-2026/17").click();
  await look(li, "operator");
  await li.getByLabel("Your password").fill(PASSWORD);
  await li.getByRole("button", { name: "Approve" }).click();
  await li.getByText("Approved by li").waitFor();

  const fetching = mona.getByRole("link", { name: "Download the protected file" });
  await until("the file is ready", async () => { await mona.reload(); return fetching.count(); });
  const begun = mona.waitForEvent("download");
  await fetching.click();
  const file = openWithKey(await (await begun).path(), key, join(folder, "export.json"));
  assert.equal(readExport(file).document.account_settings.email, email);

  const person = await openWindow(browser);
  await signIn(person, program, 1);
  await openDataProtection(person);
  await person.getByText("An operator fetched the protected file for your letter.").waitFor();
  for (const page of [mona, li, person]) assertQuiet(page);
});
