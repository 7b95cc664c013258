// The help page's four steps, as a person walks them, and what they end with: the whole file.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertQuiet, openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { readExport, workspacesOf } from "../lib/export-file.mjs";
import { exportData, news, openDataProtection, shownPeople, signIn, walkTheHelpPage } from "../lib/person.mjs";
import { Program, withLargeFile } from "../lib/program.mjs";

/** Titles that are not their section's key in other letters. */
const KEYS = { "Conversation threads": "threads" };

const number = (text) => (text === "none" ? 0 : text === "included" ? 1 : Number(text.replaceAll(",", "")));

/** Section title -> how many records the page says that it has. */
async function countsOnThePage(page) {
  const rows = await page.locator("section[aria-labelledby=includes] tbody tr").all();
  const cells = await Promise.all(rows.map((row) => row.locator("th, td").allInnerTexts()));
  return Object.fromEntries(cells.map(([title, count]) => [title, number(count)]));
}

/** What the home page says of each workspace; `null` is what belongs to none. */
async function workspacesOnThePage(page) {
  const cards = await page.locator("ul.grid > li").all();
  return Promise.all(cards.map(async (card) => {
    const id = card.locator(".id code");
    const [titles, counts] = [await card.locator("dt").allInnerTexts(), await card.locator("dd").allInnerTexts()];
    return {
      id: (await id.count()) ? await id.innerText() : null,
      ...Object.fromEntries(titles.map((title, place) => [title, number(counts[place])])),
    };
  }));
}

/** Fails unless the page and the file say the same. */
async function assertComplete(page, file, atHome, onThePage) {
  const { document } = file;
  const inTheFile = (title) => {
    const found = document[KEYS[title] ?? title.toLowerCase().replaceAll(" ", "_")];
    return Array.isArray(found) ? found.length : Number(Boolean(found));
  };
  for (const [title, count] of Object.entries(onThePage)) {
    assert.equal(inTheFile(title), count, `${title}: the file has what the page says`);
  }
  assert.equal(Object.keys(onThePage).length, 10, "nine sections and other records");
  const held = workspacesOf(document).filter(({ id, ...counts }) => id || Object.values(counts).some(Boolean));
  const shown = atHome.map((workspace) => ({ Memories: 0, ...workspace }));
  const inOrder = (list) => list.toSorted((a, b) => String(a.id).localeCompare(String(b.id)));
  assert.deepEqual(inOrder(shown), inOrder(held), "home and file agree");
  const digest = page.locator(".exports .id code").first();
  assert.equal(await digest.innerText(), file.sha256, "the page shows the file's SHA-256");
  assert.ok(file.isWhole, "the file's own digest is right");
}

test("every person of the demo walks the four steps and has the whole file", async (t) => {
  const program = await Program.started(t);
  const browser = await openBrowser(t);
  const entrance = await openWindow(browser);
  await entrance.goto(program.url);
  await takePicture(entrance, "sign-in");
  const people = await shownPeople(entrance);
  assert.equal(people.length, 4);
  for (const [which, { name, email }] of people.entries()) {
    const page = await openWindow(browser);
    await signIn(page, program, which);
    const atHome = await workspacesOnThePage(page);
    await takePicture(page, `home-${which}`);
    await openDataProtection(page);
    const counts = await countsOnThePage(page);
    await takePicture(page, `data-protection-${which}`);

    const download = await exportData(page);
    const today = new Date().toISOString().slice(0, 10);
    assert.equal(download.suggestedFilename(), `isms-copilot-export-${today}.json`);
    const file = readExport(await download.path());
    assert.equal(file.document.account_settings.email, email, `${name} has their own account`);
    await assertComplete(page, file, atHome, counts);
    await news(page, "Your export is ready").waitFor();
    await takePicture(page, `ready-${which}`);
    assertQuiet(page);
  }
});

test("a click on a person of the demo signs them in", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t));
  await page.goto(program.url);
  await page.getByRole("button", { name: "Sign in as Marta Lindqvist" }).click();
  await page.getByRole("heading", { name: "Workspaces", exact: true }).waitFor();
  assertQuiet(page);
});

test("the same walk works without JavaScript", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t), { javaScriptEnabled: false });
  await signIn(page, program, 1);
  const atHome = await workspacesOnThePage(page);
  const download = await walkTheHelpPage(page);
  const counts = await countsOnThePage(page);
  await assertComplete(page, readExport(await download.path()), atHome, counts);
  assertQuiet(page);
});

test("a long export without JavaScript shows how far it is and starts the download at its end", async (t) => {
  const program = await Program.started(t, { grow: withLargeFile });
  const page = await openWindow(await openBrowser(t), { javaScriptEnabled: false });
  await signIn(page, program);
  await openDataProtection(page);
  const goOn = program.slowDown();
  const begun = page.waitForEvent("download", { timeout: 60_000 });
  await page.getByRole("button", { name: "Download your JSON export" }).click();
  await news(page, "Your export is being written").waitFor();
  await page.getByRole("link", { name: "Look again" }).click();
  goOn();
  assert.ok(readExport(await (await begun).path()).isWhole);
  assertQuiet(page);
});
