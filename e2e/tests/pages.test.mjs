// `carryall convert --to html`: the pages in a real browser, from the disk, as a person opens them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { assertAccessible, assertNoSidewaysScroll } from "../lib/axe.mjs";
import { assertQuiet, openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { payloads } from "../lib/hostile.mjs";
import { Program } from "../lib/program.mjs";
import { exportOf } from "../lib/viewer.mjs";

/** The pages of one person of the demo; the folder. */
function pagesOf(program, email) {
  const folder = join(program.folder, "pages");
  program.run("convert", exportOf(program, email), "--to", "html", "--out", folder);
  return folder;
}

const demo = (test) => {
  const program = new Program();
  test.after(() => program.remove());
  program.run("demo", "--dir", "demo");
  return program;
};

const address = (folder, ...path) => pathToFileURL(join(folder, ...path)).href;

/** Everything that a window asks for. */
function requests(page) {
  const asked = [];
  page.context().on("request", (request) => asked.push(request.url()));
  return asked;
}

test("a person goes from the start page to a conversation, its files and what is missing", async (t) => {
  const folder = pagesOf(demo(t), "marta@northbridge.example");
  const page = await openWindow(await openBrowser(t));
  const asked = requests(page);
  const look = async (name) => {
    for (const [colorScheme, width] of [["light", 1280], ["dark", 1280], ["light", 360], ["dark", 360]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await takePicture(page, `pages-${name}-${colorScheme}-${width}`);
      await assertNoSidewaysScroll(page, name);
      await assertAccessible(page, name);
    }
    await page.emulateMedia({ media: "print" });
    await takePicture(page, `pages-${name}-print`);
    await page.emulateMedia({ media: "screen" });
  };
  await page.goto(address(folder, "index.html"));
  await page.getByRole("heading", { level: 1, name: /holds about you/ }).waitFor();
  await look("start");
  await page.getByRole("link", { name: "What is missing" }).click();
  await page.getByRole("heading", { name: "What stays with the product" }).waitFor();
  await look("missing");
  await page.getByRole("link", { name: "The export" }).click();
  await page.getByRole("link", { name: /Larkspur Health/ }).click();
  await page.getByRole("heading", { name: "Conversations" }).waitFor();
  await look("workspace");
  await page.getByRole("link", { name: /^A\.5\.15 to A\.5\.18/ }).click();
  await page.getByRole("heading", { name: /^You/ }).first().waitFor();
  await page.getByText("All fields").nth(1).click();
  await look("conversation");
  // The switch shows the text as it was written, marks included, and nothing else.
  const text = page.locator(".text").filter({ has: page.locator(".prose i") }).first();
  const hidden = await text.locator("i").first().evaluate((mark) => mark.checkVisibility());
  await text.getByText("As it was written").click();
  const [seen, written, ways] = await text.locator(".prose").evaluate((prose) => {
    const copy = prose.cloneNode(true);
    copy.querySelectorAll("b").forEach((only) => only.remove());
    const ways = new Set([...prose.querySelectorAll("*")].map((one) => getComputedStyle(one).display));
    return [prose.innerText, copy.textContent, [...ways].filter((way) => way !== "none")];
  });
  assert.equal(hidden, false);
  // innerText puts empty lines around each paragraph, however it is laid out: all of it stands in one line of text.
  assert.equal(seen.replace(/\s+/g, ""), written.replace(/\s+/g, ""));
  assert.deepEqual(ways, ["inline"]);
  await look("as-written");
  // Its own style is the one that the policy allows.
  assert.equal(await page.locator("main").evaluate((main) => getComputedStyle(main).maxWidth), "800px");
  assert.deepEqual(asked.filter((url) => !url.startsWith(address(folder))), []);
  assertQuiet(page);
});

test("pictures of the demo are shown, from beside the pages", async (t) => {
  const program = demo(t);
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");
  const [id, key, thread] = program.sql("SELECT id, storage_key, thread_id FROM uploaded_files WHERE thread_id IS NOT NULL AND user_id = (SELECT id FROM users WHERE email = 'marta@northbridge.example') LIMIT 1").split("|");
  writeFileSync(join(program.folder, "demo/files", key), png);
  program.sql(`UPDATE uploaded_files SET name = '100% #1.png', media_type = 'image/png', size_bytes = ${png.length}, sha256 = '${createHash("sha256").update(png).digest("hex")}' WHERE id = '${id}'`);
  const folder = pagesOf(program, "marta@northbridge.example");
  const page = await openWindow(await openBrowser(t));
  const shown = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".html") && name.includes("/"));
  let pictures = 0;
  for (const name of shown) {
    await page.goto(address(folder, name));
    for (const width of await page.locator("img").evaluateAll(async (all) => Promise.all(all.map(async (one) => { one.loading = "eager"; await one.decode(); return one.naturalWidth; })))) {
      assert.equal(width, 1, name);
      pictures += 1;
    }
  }
  assert.ok(pictures >= 1, `a file of the thread ${thread} is a picture`);
  assertQuiet(page);
});

test("nothing that somebody wrote to do harm runs or asks for anything", async (t) => {
  const program = demo(t);
  const list = payloads("http://127.0.0.1:9");
  const quoted = (text) => `'${text.replaceAll("\0", "").replaceAll("'", "''")}'`;
  list.forEach((payload, at) => {
    const here = `rowid % ${list.length} = ${at}`;
    program.sql(`UPDATE messages SET content = ${quoted(`${payload}\n\n${list.join("\n\n")}`)} WHERE ${here};
      UPDATE threads SET title = ${quoted(payload)} WHERE ${here}; UPDATE workspaces SET name = ${quoted(payload)}, description = ${quoted(payload)} WHERE ${here};
      UPDATE uploaded_files SET name = ${quoted(payload)} || '.html' WHERE ${here}; UPDATE user_memories SET content = ${quoted(payload)} WHERE ${here}`);
  });
  const folder = pagesOf(program, "marta@northbridge.example");
  const page = await openWindow(await openBrowser(t));
  const asked = requests(page);
  const names = readdirSync(folder, { recursive: true });
  assert.deepEqual(names.filter((name) => name.includes("attachments/") && /\.x?html?$/.test(name)), [], "files that would run");
  const pages = names.filter((name) => name.endsWith(".html"));
  assert.ok(pages.length > 10);
  for (const name of pages) {
    await page.goto(address(folder, name));
    assert.equal(await page.evaluate(() => globalThis.ran), undefined, name);
    assert.equal(await page.locator("script, iframe, form, object, embed, link, base, svg").count(), 0, name);
  }
  assert.deepEqual(asked.filter((url) => !url.startsWith(address(folder))), []);
  assertQuiet(page);
});
