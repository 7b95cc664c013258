// The viewer, saved from the program and opened from the disk as a person keeps it: what it shows of an export.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { assertAccessible, assertNoSidewaysScroll } from "../lib/axe.mjs";
import { assertQuiet, openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { readExport, workspacesOf } from "../lib/export-file.mjs";
import { signIn, walkTheHelpPage } from "../lib/person.mjs";
import { CARRYALL, Program } from "../lib/program.mjs";
import { choose, exportOf, goTo, keptViewer, openFile, verdict } from "../lib/viewer.mjs";
import { REFERENCES, SECTIONS } from "../../viewer/src/layout.js";

const MARTA = "marta@northbridge.example";
const SCREENS = [{ width: 1280, height: 900 }, { width: 360, height: 740 }];

/** The program, its viewer kept on the disk, an export, and a window in which it is open. */
async function opened(t, email = MARTA) {
  const program = await Program.started(t);
  const [address, path] = [await keptViewer(program), exportOf(program, email)];
  const page = await openWindow(await openBrowser(t));
  await openFile(page, address, path);
  return { program, page, path, address, file: readExport(path) };
}

/** Looks at the page as it is: light and dark, wide and narrow. */
async function look(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of SCREENS) {
      const what = `viewer-${name}-${colorScheme}-${viewport.width}`;
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize(viewport);
      await takePicture(page, what);
      await assertNoSidewaysScroll(page, what);
      await assertAccessible(page, what);
    }
  }
  await page.setViewportSize(SCREENS[0]);
}

test("the page knows the sections and references of the schema", async (t) => {
  const program = new Program();
  t.after(() => program.remove());
  const { properties } = JSON.parse(program.run("schema"));
  assert.deepEqual(Object.keys(properties).filter((key) => !["export", "gaps", "summary", "integrity"].includes(key)), Object.keys(SECTIONS));
  for (const key of Object.keys(SECTIONS)) {
    const fields = properties[key].items?.properties ?? {};
    const targets = Object.entries(fields).flatMap(([field, { $comment: comment, items }]) => {
      const target = (comment ?? items?.$comment)?.match(/^(\w+)\.id$/)?.[1];
      return target ? [[field, target]] : [];
    });
    assert.deepEqual({ ...REFERENCES[key] }, Object.fromEntries(targets), key);
  }
});

test("the first page says that the file is whole, and counts what is in each workspace as the file has it", async (t) => {
  const { page, file } = await opened(t);
  assert.equal(await verdict(page), "This export is whole and unchanged");
  assert.match(await page.locator(".checks").innerText(), new RegExp(file.document.integrity.sha256));
  const cards = await page.locator("ul.grid > li").all();
  const shown = await Promise.all(cards.map(async (card) => {
    const id = card.locator(".id code");
    const [titles, counts] = [await card.locator("dt").allInnerTexts(), await card.locator("dd").allInnerTexts()];
    return { id: (await id.count()) ? await id.innerText() : null, ...Object.fromEntries(titles.map((title, at) => [title, Number(counts[at])])) };
  }));
  assert.deepEqual(shown, workspacesOf(file.document));
  for (const [key, title] of Object.entries(SECTIONS)) {
    if (key === "file_contents" || key === "account_settings") continue;
    const row = page.locator("tbody tr").filter({ has: page.getByRole("rowheader", { name: title, exact: true }) });
    assert.equal(await row.locator("td").innerText(), String(file.document[key].length), title);
  }
  assertQuiet(page);
});

test("a conversation is read from its workspace: every message, in order, as text", async (t) => {
  const { page, file } = await opened(t);
  const thread = file.document.threads.find(({ title }) => title.startsWith("A.5.15"));
  const workspace = file.document.workspaces.find(({ id }) => id === thread.workspace_id);
  await page.getByRole("link", { name: workspace.name }).click();
  await page.getByRole("heading", { name: workspace.name, level: 1 }).waitFor();
  for (const memory of file.document.workspace_memories.filter(({ workspace_id: id }) => id === workspace.id)) {
    await page.getByText(memory.content).waitFor();
  }
  await page.getByRole("link", { name: thread.title }).click();
  await page.getByRole("heading", { name: thread.title, level: 1 }).waitFor();
  const messages = file.document.messages.filter(({ thread_id: id }) => id === thread.id);
  const whos = await page.locator(".message header strong").allInnerTexts();
  assert.deepEqual(whos, messages.map(({ role }) => (role === "user" ? "You" : "Assistant")));
  assert.equal(await page.locator(".message table").count(), 1);
  assert.equal(await page.locator(".message pre code").first().innerText(), messages[3].content.split("```")[1].replace(/^\w*\n/, "").trimEnd());
  await page.goBack();
  await page.getByRole("heading", { name: workspace.name, level: 1 }).waitFor();
  assertQuiet(page);
});

test("another branch of a conversation is a click away", async (t) => {
  const { page, file } = await opened(t);
  const { messages, threads } = file.document;
  const { thread_id: thread } = messages.find(({ parent_id: parent }) => parent && messages.filter((other) => other.parent_id === parent).length > 1);
  await goTo(page, "Conversations");
  await page.getByRole("link", { name: threads.find(({ id }) => id === thread).title }).click();
  const branches = page.locator(".branches").first();
  const before = await page.locator(".message").allInnerTexts();
  assert.match(await branches.innerText(), /2 of 2/);
  await branches.getByRole("button", { name: "Earlier version" }).click();
  await page.getByText("1 of 2").first().waitFor();
  assert.notDeepEqual(await page.locator(".message").allInnerTexts(), before);
  assertQuiet(page);
});

test("every file and document is saved byte for byte", async (t) => {
  const { page, file, address, path } = await opened(t);
  let saved = 0;
  for (const [part, key] of [["Files", "uploaded_files"], ["Documents", "generated_documents"]]) {
    // Chromium stops a page that saves more than ten files in a moment, until it is loaded anew.
    await openFile(page, address, path);
    await goTo(page, part);
    for (const [at, record] of file.document[key].entries()) {
      const item = page.locator("ul.files > li").nth(at);
      const begun = page.waitForEvent("download");
      await item.getByRole("button", { name: /^Save / }).click();
      const download = await begun;
      const parts = file.document.file_contents.filter(({ section, file_id: id }) => section === key && id === record.id);
      const expected = parts.length > 0 ? Buffer.concat(parts.map(({ base64 }) => Buffer.from(base64, "base64"))) : Buffer.from(record.content);
      assert.deepEqual(readFileSync(await download.path()), expected, record.name);
      if (parts.length > 0) await item.getByText("its SHA-256 is right").waitFor();
      saved += 1;
    }
  }
  assert.equal(saved, file.document.uploaded_files.length + file.document.generated_documents.length);
  assertQuiet(page);
});

test("text, Markdown and PDF are shown without leaving the page, and Escape closes them", async (t) => {
  const { page } = await opened(t);
  await goTo(page, "Files");
  await page.getByRole("button", { name: "Preview iam-export.json" }).click();
  await page.locator("dialog pre").getByText("AdministratorAccess").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  await goTo(page, "Documents");
  await page.getByRole("button", { name: "Preview access-review-checklist.md" }).click();
  await page.locator("dialog .prose :is(h2, h3)").first().waitFor();
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await page.getByRole("button", { name: "Preview incident-report-art-23.pdf" }).click();
  const frame = page.locator("dialog iframe");
  await frame.waitFor();
  assert.match(await frame.getAttribute("src"), /^blob:/);
  await page.keyboard.press("Escape");
  assertQuiet(page);
});

test("a search finds what is in messages, memories and files, and leads there", async (t) => {
  const { page } = await opened(t);
  await goTo(page, "Search");
  await page.getByLabel("Words to look for").fill("first password");
  await page.keyboard.press("Enter");
  await page.getByText(/^\d+ records?\.$/).waitFor();
  const hit = page.locator(".hits li").filter({ hasText: "Assistant in A.5.15" }).first();
  assert.equal((await hit.locator("mark").innerText()).toLowerCase(), "first password");
  await hit.getByRole("link").click();
  await page.locator(".message.found").getByText("employee number").waitFor();
  await goTo(page, "Search");
  await page.getByLabel("Words to look for").fill("no such words anywhere");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.getByText("Nothing found.").waitFor();
  assertQuiet(page);
});

test("account, subscription, what stays out and why are there in words", async (t) => {
  const { page, file } = await opened(t);
  await goTo(page, "Account");
  await page.getByText(file.document.account_settings.email, { exact: true }).first().waitFor();
  await page.getByText("€35.00 a month").waitFor();
  await page.getByRole("link", { name: "Sign in history" }).click();
  await page.getByText("2001:db8:40::7").first().waitFor();
  await goTo(page, "What is missing");
  for (const { what } of file.document.summary.left_out) await page.getByText(what).waitFor();
  await page.locator(".reasons summary").first().click();
  await page.getByText("Your password, as a hash.").waitFor();
  await goTo(page, "Memories");
  for (const { content } of file.document.user_memories) await page.getByText(content).waitFor();
  assertQuiet(page);
});

test("axe finds nothing on any page of the viewer and nothing scrolls sideways", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t));
  await page.goto(await keptViewer(program));
  await look(page, "start");
  const path = exportOf(program, MARTA);
  await choose(page, path);
  await verdict(page);
  await look(page, "overview");
  for (const part of ["Conversations", "Files", "Documents", "Memories", "Account", "What is missing", "Search"]) {
    await goTo(page, part);
    await look(page, part.toLowerCase().replaceAll(" ", "-"));
  }
  for (const [name, hash] of [["workspace", "#/workspace/2"], ["conversation", "#/thread/0"], ["deleted", "#/workspace/4"], ["hits", "#/search?q=access"]]) {
    await page.evaluate((to) => { location.hash = to; }, hash);
    await page.locator("h1").first().waitFor();
    await page.waitForTimeout(400);
    await look(page, name);
  }
  await page.evaluate(() => { location.hash = "#/thread/0"; });
  await page.locator(".message").first().waitFor();
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.getByRole("navigation", { name: "Parts of the export" }).isVisible(), false);
  assert.equal(await page.getByRole("button").first().isVisible(), false);
  assert.ok(await page.locator(".message").first().isVisible());
  await takePicture(page, "viewer-print");
  assertQuiet(page);
});

test("the languages of the others are shown as they are written", async (t) => {
  const { page, file } = await opened(t, "layla@northbridge.example");
  const thread = file.document.threads.findIndex(({ title }) => /[\u0590-\u06ff]/.test(title ?? ""));
  await page.evaluate((to) => { location.hash = to; }, `#/thread/${thread}`);
  await page.getByRole("heading", { level: 1, name: file.document.threads[thread].title }).waitFor();
  await takePicture(page, "viewer-right-to-left");
  const direction = await page.locator(".message .prose p").first().evaluate((element) => getComputedStyle(element).direction);
  assert.equal(direction, "rtl");
  assertQuiet(page);
});

test("the keyboard alone opens a file's conversation and comes back", async (t) => {
  const { page } = await opened(t);
  const tabTo = async (locator) => {
    for (let presses = 0; presses < 80; presses++) {
      await page.keyboard.press("Tab");
      if (await locator.evaluate((element) => element === document.activeElement)) return;
    }
    assert.fail(`the keyboard does not reach ${locator}`);
  };
  await tabTo(page.getByRole("navigation").getByRole("link", { name: "Conversations" }));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Conversations", level: 1 }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Conversations", "a screen reader goes on at the heading");
  await tabTo(page.getByRole("link", { name: "Risk treatment plan and residual risk" }));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Risk treatment plan and residual risk" }).waitFor();
  await tabTo(page.getByRole("link", { name: "Larkspur Health – ISO 27001" }));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Larkspur Health – ISO 27001", level: 1 }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Risk treatment plan and residual risk" }).waitFor();
  assertQuiet(page);
});

test("from the Data Protection page to the viewer with the file that was just downloaded, dropped on it", async (t) => {
  const program = await Program.started(t);
  const page = await openWindow(await openBrowser(t));
  await signIn(page, program);
  const path = await (await walkTheHelpPage(page)).path();
  await page.getByRole("link", { name: "open the viewer" }).click();
  await page.getByRole("heading", { name: "Look into your export" }).waitFor();
  const dropped = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "export.json"));
    return transfer;
  }, readFileSync(path, "utf8"));
  await page.dispatchEvent(".drop", "drop", { dataTransfer: dropped });
  // The server signed it, and told its viewer the key.
  assert.equal(await verdict(page), "This export is whole, unchanged and genuine");
  assertQuiet(page);
});

test("carryall view opens the file by itself, in parts, and nothing is asked of anybody else", async (t) => {
  const program = await Program.started(t);
  const path = exportOf(program, MARTA, "two words.json");
  const child = spawn(CARRYALL, ["view", path]);
  t.after(() => child.kill());
  const lines = createInterface({ input: child.stdout });
  const [url] = await new Promise((done) => lines.once("line", (line) => done([line])));
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
  const page = await openWindow(await openBrowser(t));
  const asked = new Set();
  page.context().on("request", (request) => asked.add(request.url().replace(/^blob:.*/, "blob:").replace(/^data:.*/, "data:")));
  await page.goto(url);
  assert.equal(await verdict(page), "This export is whole and unchanged");
  await page.evaluate(() => { location.hash = "#/thread/0"; });
  await page.locator(".message").first().waitFor();
  assert.deepEqual([...asked].filter((to) => to.startsWith("http")).toSorted(), [url, `${url}file`]);
  writeFileSync(path, "{}");
  await page.evaluate(() => { location.hash = "#/thread/1"; });
  await page.getByText("the file can no longer be read").waitFor();
  child.kill("SIGINT");
  assert.equal(await new Promise((done) => child.once("exit", done)), 0, "Ctrl-C ends it");
  assertQuiet(page, 409);
});
