// "What can I do with this file?": what the page says after a download is true, command by command.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { assertQuiet, openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { exportData, news, openDataProtection, signIn } from "../lib/person.mjs";
import { CARRYALL, Program } from "../lib/program.mjs";

const QUESTION = "What can I do with this file?";

for (const javaScriptEnabled of [true, false]) {
  test(`after a download the page says what the file is good for, and it is (scripts ${javaScriptEnabled ? "on" : "off"})`, async (t) => {
    const program = await Program.started(t);
    const page = await openWindow(await openBrowser(t), { javaScriptEnabled });
    await signIn(page, program);
    const workspace = (await page.locator("ul.grid h2, ul.grid h3").first().innerText()).trim();
    await openDataProtection(page);
    assert.equal(await page.getByRole("heading", { name: QUESTION }).count(), 0, "without a file there is nothing to say");
    const download = await exportData(page);
    await news(page, "Your export is ready").waitFor();
    const section = page.locator("section[aria-labelledby=what-now]");
    await section.getByRole("heading", { name: QUESTION }).waitFor();
    await takePicture(page, `what-now-${javaScriptEnabled ? "script" : "plain"}`);
    const folder = join(program.folder, "saved");
    mkdirSync(folder);
    await download.saveAs(join(folder, download.suggestedFilename()));
    const commands = (await section.locator("code").allInnerTexts()).filter((text) => text.startsWith("carryall "));
    for (const to of ["html", "markdown", "csv", "open-webui", "librechat", "chatgpt", "claude", "sqlite", "parquet", "jsonl"]) {
      assert.ok(commands.some((command) => command.includes(`--to ${to} `)), to);
    }
    for (const command of commands) {
      const said = command.replace("Name of the workspace", workspace);
      const ended = spawnSync("bash", ["-c", said], { cwd: folder, encoding: "utf8", env: { ...process.env, PATH: `${dirname(CARRYALL)}:${process.env.PATH}` } });
      assert.equal(ended.status, 0, `${said}\n${ended.stderr}`);
    }
    assert.ok(commands.length >= 12, commands.join("\n"));
    const links = await section.locator("a").evaluateAll((all) => all.map((link) => link.href));
    assert.equal(links.length, 2, "the viewer, and a copy of it");
    for (const link of links) assert.equal((await page.request.get(link)).status(), 200, link);
    assertQuiet(page);
  });
}
