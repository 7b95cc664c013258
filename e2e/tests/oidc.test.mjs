// Sign-in through a provider of OpenID Connect, and the proof before an export: a real provider, a real browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, assertNoSidewaysScroll } from "../lib/axe.mjs";
import { openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { readExport } from "../lib/export-file.mjs";
import { signInThere, startedWithProvider } from "../lib/oidc.mjs";
import { exportButton, exportData, openDataProtection, shownPeople } from "../lib/person.mjs";
import { Visitor } from "../lib/visitor.mjs";

/** Signs in through the provider, as the first person of the demo. */
async function signInThrough(page, { program, issuer }) {
  await page.goto(`${program.url}/sign-in`);
  const [person] = await shownPeople(page);
  await page.getByRole("link", { name: "Sign in through Example ID" }).click();
  await signInThere(page, issuer, person.email);
  await page.getByRole("heading", { name: "Workspaces", exact: true }).waitFor();
  return person;
}

test("somebody signs in through the provider, exports, and proves it there again ten minutes later", async (t) => {
  const both = await startedWithProvider(t);
  const { program, issuer } = both;
  const page = await openWindow(await openBrowser(t));
  await page.goto(`${program.url}/sign-in`);
  await takePicture(page, "sign-in-oidc");
  await assertAccessible(page, "sign-in");
  await assertNoSidewaysScroll(page, "sign-in");
  const person = await signInThrough(page, both);
  await openDataProtection(page);
  const { document } = readExport(await (await exportData(page)).path());
  assert.equal(document.account_settings.email, person.email);

  program.ledger("UPDATE sessions SET proved_at = proved_at - 600000");
  await exportButton(page).click();
  await page.getByRole("heading", { name: "Confirm that it is you" }).waitFor();
  await takePicture(page, "confirm-oidc");
  await assertAccessible(page, "confirm");
  const before = program.ledger("SELECT token_sha256 FROM sessions");
  await page.getByRole("link", { name: "Confirm through Example ID" }).click();
  // Although the provider still knows the person, it asks: prompt=login.
  await signInThere(page, issuer, person.email);
  await exportButton(page).waitFor();
  assert.notEqual(program.ledger("SELECT token_sha256 FROM sessions"), before, "a new token after the proof");
  assert.ok(readExport(await (await exportData(page)).path()).isWhole);
  assert.match(program.ledger("SELECT facts FROM audit WHERE event = 'sign_in'"), /"by":"oidc"/);
  assert.equal(program.ledger("SELECT count(*) FROM sign_ins_begun"), "0", "nothing is left of it");
});

test("a proof by somebody else at the provider is none, and the way back is good once", async (t) => {
  const both = await startedWithProvider(t);
  const { program, issuer } = both;
  const page = await openWindow(await openBrowser(t));
  let back;
  page.on("request", (request) => { if (request.url().includes("/sign-in/oidc/callback?")) back = request.url(); });
  await signInThrough(page, both);
  const first = back;
  program.ledger("UPDATE sessions SET proved_at = proved_at - 600000");
  await page.goto(`${program.url}/confirm?next=/settings/data-protection`);
  const people = await (async () => {
    const tab = await (await openBrowser(t)).newPage();
    await tab.goto(`${program.url}/sign-in`);
    return shownPeople(tab);
  })();
  await page.getByRole("link", { name: "Confirm through Example ID" }).click();
  await signInThere(page, issuer, people[1].email);
  await page.getByText("You were not signed in through Example ID.").waitFor();
  assert.match(program.ledger("SELECT outcome FROM audit WHERE event = 'step_up_refused'"), /other_account/);
  // The address of the first sign-in once more: in this browser, and in none.
  await page.goto(first);
  await page.getByText("You were not signed in through Example ID.").waitFor();
  const stranger = await new Visitor(program).get(new URL(first).pathname + new URL(first).search);
  assert.deepEqual([stranger.status, stranger.headers["set-cookie"]], [401, undefined]);
});

test("while the provider is away the page says so, and the password still does", async (t) => {
  const both = await startedWithProvider(t);
  const { program } = both;
  await both.endProvider();
  const page = await openWindow(await openBrowser(t));
  await page.goto(`${program.url}/sign-in`);
  const [person] = await shownPeople(page);
  await page.getByRole("link", { name: "Sign in through Example ID" }).click();
  await page.getByText("Example ID does not answer right now.").waitFor();
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Workspaces", exact: true }).waitFor();
});
