// What stands between somebody else and a person's data: another page, another person, an old proof.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { assertAccessible, assertNoSidewaysScroll } from "../lib/axe.mjs";
import { assertQuiet, openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { readExport } from "../lib/export-file.mjs";
import { exportButton, exportData, news, openDataProtection, signIn, walkTheHelpPage } from "../lib/person.mjs";
import { Program, until } from "../lib/program.mjs";

/**
 * A page of somebody else's: another origin on the same site, so that the browser sends the cookie along.
 * No attacker can have it better.
 */
async function evilSite(test, page) {
  const server = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(page));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  test.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}/`;
}

/** Makes the last proof of who somebody is an old one. */
const letTheProofGrowOld = (program) => program.ledger("UPDATE sessions SET proved_at = proved_at - 600000");

test("a page on another origin starts, stops, deletes and reads nothing", async (t) => {
  const program = await Program.started(t);
  const browser = await openBrowser(t);
  const page = await openWindow(browser);
  await signIn(page, program);
  await openDataProtection(page);
  const address = (await exportData(page)).url();
  const id = address.match(/exports\/([^/]+)/)[1];
  const before = program.ledger("SELECT count(*) FROM audit");

  const actions = ["/exports", `/exports/${id}/delete`, `/exports/${id}/stop`, "/sessions/end-all", "/sign-out", "/confirm"];
  const evil = await evilSite(t, `<!doctype html><title>Prizes</title>
    <img src="${address}"><script src="${address}"></script><link rel="prefetch" href="${address}">
    <iframe src="${program.url}/settings/data-protection"></iframe><iframe name="hidden"></iframe>
    <form method="post" target="hidden"><input name="choice" value="everything"></form>`);
  const tab = await page.context().newPage();
  await tab.goto(evil);
  const got = await tab.evaluate(async ({ actions, url, address }) => {
    const got = [];
    const attempt = async (what, how) => {
      try {
        const answer = await fetch(what, { credentials: "include", ...how });
        got.push([what, answer.type, (await answer.text()).length]);
      } catch { /* refused by the browser */ }
    };
    const body = new URLSearchParams({ choice: "everything", file_contents: "yes" });
    for (const path of actions) {
      await attempt(url + path, { method: "POST", body, mode: "no-cors" });
      await attempt(url + path, { method: "POST", body });
      await attempt(url + path, { mode: "no-cors" });
      navigator.sendBeacon(url + path, body);
      const form = document.forms[0];
      form.action = url + path;
      form.submit();
      await new Promise((done) => setTimeout(done, 150));
    }
    for (const mode of ["no-cors", "cors"]) await attempt(address, { mode });
    await attempt(`${url}/settings/data-protection`);
    await attempt(address.replace("/download", "/status"));
    return got.filter(([, type, length]) => type !== "opaque" || length > 0);
  }, { actions, url: program.url, address });
  assert.deepEqual(got, [], "no answer can be read");
  const framed = tab.frames().slice(1).map((frame) => frame.url());
  assert.ok(!framed.some((url) => url.includes("/settings")), `${framed}`);

  // As a whole window, too.
  await tab.goto(evil);
  await tab.evaluate((to) => { Object.assign(document.forms[0], { target: "_self", action: to }).submit(); }, `${program.url}/exports`);
  await tab.getByRole("heading", { name: "This did not come from our pages" }).waitFor();
  assert.equal(program.ledger("SELECT count(*) FROM exports"), "1");
  assert.equal(program.ledger("SELECT status FROM exports"), "ready");
  const events = program.ledger(`SELECT event FROM audit WHERE seq > ${before}`);
  assert.equal(events, "", "nothing was done, and no file was sent");
  await page.reload();
  await page.getByRole("heading", { name: "Earlier exports" }).waitFor();
});

test("two people, two browsers: each has their own file, and none of the other's addresses", async (t) => {
  const program = await Program.started(t);
  const browser = await openBrowser(t);
  const pages = [await openWindow(browser), await openWindow(browser)];
  const files = [];
  for (const [which, page] of pages.entries()) {
    const person = await signIn(page, program, which);
    const download = await walkTheHelpPage(page);
    const { document } = readExport(await download.path());
    assert.equal(document.account_settings.email, person.email);
    files.push({ address: download.url(), name: download.suggestedFilename() });
  }
  assert.equal(files[0].name, files[1].name, "the same name, and not the same file");
  for (const [which, page] of pages.entries()) {
    const theirs = files[1 - which].address;
    for (const address of [theirs, theirs.replace("/download", "/status")]) {
      await page.goto(address);
      if (address === theirs) await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
      assert.equal((await page.reload()).status(), 404);
    }
    const id = theirs.match(/exports\/([^/]+)/)[1];
    for (const query of [`export=${id}`, `download=${id}`]) {
      await page.goto(`${program.url}/settings/data-protection?${query}`);
      assert.ok(!(await page.content()).includes(theirs), query);
    }
    assertQuiet(page, 404);
  }
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : ", without JavaScript";
  test(`ten minutes later the password is asked for once more, and then it goes on${how}`, async (t) => {
    const program = await Program.started(t);
    const page = await openWindow(await openBrowser(t), { javaScriptEnabled });
    const { password } = await signIn(page, program);
    await openDataProtection(page);
    letTheProofGrowOld(program);
    await page.getByRole("radio", { name: "One workspace" }).check();
    await page.getByRole("combobox", { name: "Workspace" }).selectOption({ index: 1 });
    await exportButton(page).click();
    await page.getByRole("heading", { name: "Confirm that it is you" }).waitFor();
    await page.getByText(/^You asked for an export: Workspace “.+”\./).waitFor();
    await page.getByLabel("Password").fill("not this");
    await page.getByRole("button", { name: "Confirm and export" }).click();
    await page.getByRole("alert").waitFor();
    if (javaScriptEnabled) {
      await takePicture(page, "confirm");
      await assertNoSidewaysScroll(page, "confirm");
      await assertAccessible(page, "confirm");
    }
    const begun = page.waitForEvent("download");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Confirm and export" }).click();
    const first = readExport(await (await begun).path());
    assert.equal(first.document.workspaces.length, 1, "what was chosen");
    await news(page, "Your export is ready").waitFor();

    letTheProofGrowOld(program);
    await page.goto(`${program.url}/settings/data-protection`);
    await page.getByRole("link", { name: /^Download again/ }).click();
    await page.getByText("You asked to download an export.").waitFor();
    const again = page.waitForEvent("download");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Confirm and download" }).click();
    assert.equal(readExport(await (await again).path()).sha256, first.sha256);
    await news(page, "Your download starts").waitFor();
    assertQuiet(page, 401);
  });
}

test("a person sees where they are signed in, and signs the other browser out", async (t) => {
  const program = await Program.started(t);
  const browser = await openBrowser(t);
  const [page, other] = [await openWindow(browser), await openWindow(browser)];
  await signIn(page, program);
  await signIn(other, program);
  await page.goto(`${program.url}/settings/general`);
  const sessions = page.locator("section[aria-labelledby=sessions] li");
  assert.equal(await sessions.count(), 2);
  assert.match(await sessions.filter({ hasText: "This browser" }).innerText(), /Chrome on Linux[^]*from 127\.0\.0\.x/);
  await page.getByRole("button", { name: /^Sign out: Chrome on Linux/ }).click();
  await until("it is out of the list", async () => await sessions.count() === 1);
  await other.goto(`${program.url}/settings/general`);
  assert.match(other.url(), /\/sign-in/);
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  assert.equal(program.ledger("SELECT count(*) FROM sessions"), "0");
  assertQuiet(page);
});
