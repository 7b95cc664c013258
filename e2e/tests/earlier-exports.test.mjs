// Exports beside the first one: a second click, the list of earlier ones, and who may have them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertQuiet, openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { readExport } from "../lib/export-file.mjs";
import { exportButton, exportData, news, openDataProtection, signIn } from "../lib/person.mjs";
import { Program, until, withLargeFile } from "../lib/program.mjs";
import { Visitor } from "../lib/visitor.mjs";

test("a second click, in another tab, shows the export that runs already", async (t) => {
  const program = await Program.started(t, { grow: withLargeFile });
  const page = await openWindow(await openBrowser(t));
  await signIn(page, program);
  await openDataProtection(page);
  const second = await page.context().newPage();
  await second.goto(page.url());
  const goOn = program.slowDown();
  // The person gets it once: the tab that is quicker starts the download.
  const begun = Promise.any([page, second].map((tab) => tab.waitForEvent("download", { timeout: 60_000 })));
  await Promise.all([page, second].map(async (tab) => {
    await exportButton(tab).click();
    await news(tab, "Your export is being written").waitFor();
  }));
  assert.equal(second.url(), page.url(), "both tabs show the same export");
  goOn();
  assert.ok(readExport(await (await begun).path()).isWhole);
  await Promise.all([page, second].map((tab) => news(tab, "Your export is ready").waitFor()));
  assert.equal(program.ledger("SELECT count(*) FROM exports"), "1");
  assertQuiet(page);
});

test("a running export can be stopped, and leaves nothing", async (t) => {
  const program = await Program.started(t, { grow: withLargeFile });
  const page = await openWindow(await openBrowser(t));
  await signIn(page, program);
  await openDataProtection(page);
  const goOn = program.slowDown();
  await exportButton(page).click();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await news(page, "The export was stopped").waitFor();
  goOn();
  await until("no file is left", () => program.files().length === 0);
  assertQuiet(page);
});

test("earlier exports can be downloaded again, compared and deleted", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t));
  await signIn(page, program);
  await openDataProtection(page);
  const first = readExport(await (await exportData(page)).path());
  await page.getByRole("radio", { name: "One workspace" }).check();
  await page.getByRole("combobox", { name: "Workspace" }).selectOption({ index: 1 });
  await page.getByRole("checkbox", { name: "Include file contents" }).uncheck();
  const second = readExport(await (await exportData(page)).path());
  assert.equal(second.document.workspaces.length, 1);
  assert.deepEqual(second.document.file_contents, []);
  await page.goto(`${program.url}/settings/data-protection`);
  const earlier = page.locator(".exports > li");
  assert.equal(await earlier.count(), 2, "the newest first");
  assert.match(await earlier.nth(0).innerText(), new RegExp(`without file contents.*expires in 24 hours[^]*${second.sha256}`));
  assert.match(await earlier.nth(1).innerText(), new RegExp(`Everything · .* · expires in 24 hours[^]*${first.sha256}`));
  await takePicture(page, "earlier-exports");

  const again = page.waitForEvent("download");
  await earlier.nth(1).getByRole("link", { name: /^Download again/ }).click();
  assert.equal(readExport(await (await again).path()).sha256, first.sha256, "the same bytes");
  const link = await earlier.nth(1).getByRole("link").getAttribute("href");
  await earlier.nth(1).getByRole("button", { name: /^Delete now/ }).click();
  await earlier.nth(1).getByText("Deleted").waitFor();
  assert.equal(program.files().length, 1, "the file is gone at once");
  await page.goto(program.url + link);
  await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
  assertQuiet(page, 404);
});

test("after sign-out a download answers the sign-in page", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t));
  await signIn(page, program, 2);
  await openDataProtection(page);
  const address = (await exportData(page)).url();
  await page.getByLabel("user menu of").click();
  await page.getByRole("button", { name: "Sign out" }).first().click();
  await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  await page.goto(address);
  assert.match(page.url(), /\/sign-in/);
  assertQuiet(page);
});

test("another person's export is not there, whatever is done with it", async (t) => {
  const program = await Program.started(t);
  const [owner, other] = [await Visitor.signedIn(program, 0), await Visitor.signedIn(program, 1)];
  const id = await owner.requestExport();
  for (const path of ["download", "status"]) {
    assert.equal((await other.get(`/exports/${id}/${path}`)).status, 404, path);
  }
  assert.equal((await other.post(`/exports/${id}/delete`)).status, 404);
  await other.post(`/exports/${id}/stop`);
  const { status, isPromised } = await owner.download(id);
  assert.deepEqual({ status, isPromised }, { status: 200, isPromised: true }, "its owner still has it");
});
