// An export that fails: plain words, Try again, the support contact after the second time, and success
// once the fault is gone.

import assert from "node:assert/strict";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { assertQuiet, openBrowser, openWindow } from "../lib/browser.mjs";
import { readExport } from "../lib/export-file.mjs";
import { exportButton, news, openDataProtection, signIn } from "../lib/person.mjs";
import { Program } from "../lib/program.mjs";

const FAULTS = {
  "the folder of finished exports is gone": (program) => program.artifacts,
  "the database is gone": (program) => program.database,
};

/** Puts something unusable in the place of a file or folder. Returns what puts it back. */
function breakIt(path) {
  renameSync(path, `${path}.away`);
  writeFileSync(path, "This is not what it was.\n".repeat(200));
  return () => {
    rmSync(path);
    renameSync(`${path}.away`, path);
  };
}

for (const [fault, pathIn] of Object.entries(FAULTS)) {
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "" : ", without JavaScript";
    test(`${fault}: plain words, Try again, and support after the second time${how}`, async (t) => {
      const program = await Program.started(t);
      const page = await openWindow(await openBrowser(t), { javaScriptEnabled });
      await signIn(page, program);
      await openDataProtection(page);
      const repair = breakIt(pathIn(program));
      const support = page.getByText("If the problem continues, contact support");

      await exportButton(page).click();
      await news(page, "The export failed").waitFor({ timeout: 30_000 });
      const words = await page.getByRole("alert").innerText();
      assert.match(words, /cannot be (written|reached).* There is no file, and your data is unchanged\.$/);
      assert.doesNotMatch(words, /error|sqlite|\/|os error/i, "plain words");
      assert.equal(await support.count(), 0, "not after the first time");
      await page.getByRole("button", { name: "Try again" }).click();
      await support.waitFor({ timeout: 30_000 });
      await page.getByRole("button", { name: "Try again" }).waitFor();

      repair();
      const begun = page.waitForEvent("download");
      await page.getByRole("button", { name: "Try again" }).click();
      assert.ok(readExport(await (await begun).path()).isWhole);
      await news(page, "Your export is ready").waitFor();
      assertQuiet(page, 503);
    });
  }
}
