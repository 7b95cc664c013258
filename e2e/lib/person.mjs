// What a person does on the pages, in the help page's words.

import assert from "node:assert/strict";
import { codeOf } from "./totp.mjs";

/** The people of the demo, as the sign-in page shows them. */
export async function shownPeople(page) {
  const people = await page.locator(".people li").all();
  return Promise.all(people.map(async (person) => ({
    name: (await person.locator("strong").innerText()).trim(),
    email: (await person.innerText()).match(/\S+@\S+/)[0],
    password: await person.locator("code").innerText(),
    secret: await person.locator("samp").count() ? await person.locator("samp").first().innerText() : undefined,
  })));
}

/** Signs in by typing what the sign-in page shows; the first person has the biggest account. */
export async function signIn(page, program, which = 0) {
  await page.goto(`${program.url}/sign-in`);
  const person = (await shownPeople(page))[which];
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  if (person.secret) await page.getByLabel("Code of your authenticator app").fill(codeOf(person.secret));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Workspaces", exact: true }).waitFor();
  return person;
}

/** Steps 1 and 2: the user menu in the top-right corner, Settings, Data Protection. */
export async function openDataProtection(page) {
  const menu = page.getByLabel("user menu of");
  const { x, y, width } = await menu.boundingBox();
  const { width: screen } = page.viewportSize();
  assert.ok(y < 40 && x + width > screen - 60, "the user menu is in the top-right corner");
  await menu.click();
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await page.getByRole("link", { name: "Data Protection", exact: true }).click();
  await exportButton(page).waitFor();
}

/** The data export action. */
export const exportButton = (page) => page.getByRole("button", { name: "Download your JSON export" });

/** The heading of the news about an export. */
export const news = (page, text) => page.getByRole("heading", { name: text });

/** Steps 3 and 4: clicks the export action; the download starts by itself. */
export async function exportData(page, seconds = 30) {
  const begun = page.waitForEvent("download", { timeout: seconds * 1000 });
  await exportButton(page).click();
  return begun;
}

/** All of it. */
export async function walkTheHelpPage(page) {
  await openDataProtection(page);
  return exportData(page);
}
