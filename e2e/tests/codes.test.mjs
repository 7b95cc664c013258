// An account with an authenticator app: the code beside the password, at the door and before an export.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, assertNoSidewaysScroll } from "../lib/axe.mjs";
import { assertQuiet, openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { readExport } from "../lib/export-file.mjs";
import { exportButton, news, openDataProtection, shownPeople, signIn } from "../lib/person.mjs";
import { Program } from "../lib/program.mjs";
import { codeOf } from "../lib/totp.mjs";

const letTheProofGrowOld = (program) => program.ledger("UPDATE sessions SET proved_at = proved_at - 600000");

/** The person of the demo who has an app. */
async function somebodyWithAnApp(page, program) {
  await page.goto(`${program.url}/sign-in`);
  const people = await shownPeople(page);
  const which = people.findIndex(({ secret }) => secret);
  return { which, ...people[which] };
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

test("a code is typed beside the password, with the keyboard and without JavaScript, and is good once", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t), { javaScriptEnabled: false });
  const { email, password, secret } = await somebodyWithAnApp(page, program);
  const typed = async (...values) => {
    for (const [index, value] of values.entries()) {
      if (index > 0) await page.keyboard.press("Tab");
      await page.keyboard.type(value);
    }
    await page.keyboard.press("Enter");
  };
  await page.getByLabel("E-mail address").focus();
  await typed(email, password, "");
  const refused = "The e-mail address, the password or the code of your authenticator app is not right.";
  assert.equal(await page.getByRole("alert").innerText(), refused);
  const field = page.getByLabel("Code of your authenticator app");
  const description = await field.getAttribute("aria-describedby");
  assert.equal(description, "code-hint problem", "a screen reader reads both with the field");
  const first = codeOf(secret);
  await page.getByLabel("Password").focus();
  await typed(password, first);
  await page.getByRole("heading", { name: "Workspaces", exact: true }).waitFor();

  await openDataProtection(page);
  letTheProofGrowOld(program);
  await exportButton(page).click();
  await page.getByRole("heading", { name: "Confirm that it is you" }).waitFor();
  // The password's field has the focus.
  await typed(password, first);
  await page.getByText("The password, or the code of your authenticator app, is not right.").waitFor();
  await page.getByLabel("Password").focus();
  const begun = page.waitForEvent("download");
  await typed(password, codeOf(secret, 30));
  const { document } = readExport(await (await begun).path());
  assert.deepEqual([document.account_settings.email, document.account_settings.mfa_enabled], [email, true]);
  assert.ok(!JSON.stringify(document).includes(secret), "the app's secret does not leave");
  await news(page, "Your export is ready").waitFor();
  assert.equal(program.ledger("SELECT count(*) FROM audit WHERE outcome = 'used_code'"), "1");
  assertQuiet(page, 401);
});

test("the pages that ask for a code are accessible, and a code is asked for only where there is an app", async (t) => {
  const program = await Program.started(t);
  const browser = await openBrowser(t);
  const page = await openWindow(browser);
  const { which } = await somebodyWithAnApp(page, program);
  await look(page, "sign-in-with-code");
  await signIn(page, program, which);
  letTheProofGrowOld(program);
  await page.goto(`${program.url}/confirm`);
  await page.getByLabel("Code of your authenticator app").waitFor();
  await look(page, "confirm-with-code");

  const other = await openWindow(browser);
  await signIn(other, program);
  await other.goto(`${program.url}/confirm`);
  await other.getByLabel("Password").waitFor();
  assert.equal(await other.getByLabel("Code of your authenticator app").count(), 0);
  for (const window of [page, other]) assertQuiet(window);
});
