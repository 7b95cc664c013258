// The viewer as a person has it: a page saved beside the export and opened from the disk.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Saves the viewer as a person does; its address. */
export async function keptViewer(program) {
  const answer = await fetch(`${program.url}/viewer?download`);
  const path = join(program.folder, "carryall-viewer.html");
  writeFileSync(path, await answer.text());
  return pathToFileURL(path).href;
}

/** The export of one person of the demo, by their address; its path. */
export function exportOf(program, email, name = "export.json") {
  const path = join(program.folder, name);
  program.run("export", "--source", `sqlite:${program.database}`, "--files", join(program.folder, "demo/files"), "--subject", email, "--out", path);
  return path;
}

/** Chooses a file on the start page, and waits until it is open or refused. */
export async function choose(page, path, seconds = 40) {
  await page.getByLabel("Choose the file").setInputFiles(path);
  await page.locator("html[data-state=open], html[data-state=ready] [role=alert]").first().waitFor({ state: "attached", timeout: seconds * 1000 });
}

/** Opens the viewer and a file in it. */
export async function openFile(page, address, path) {
  await page.goto(address);
  await choose(page, path);
}

/** The verdict, once everything was checked. */
export async function verdict(page, seconds = 40) {
  await page.locator("#verdict .mark:not(.wait)").waitFor({ timeout: seconds * 1000 });
  return page.locator("#verdict [role=status]").innerText();
}

/** Goes to a part of the opened file by the tabs above it. */
export async function goTo(page, part) {
  await page.getByRole("navigation", { name: "Parts of the export" }).getByRole("link", { name: part, exact: true }).click();
  await page.locator(`nav.tabs [aria-current=page]:text-is("${part}")`).waitFor();
}

/** Asks the page and each of its workers, over the DevTools protocol, how much memory their scripts hold. */
export class Heap {
  static async of(page) {
    const heap = new Heap();
    heap.session = await page.context().newCDPSession(page);
    heap.workers = new Set();
    heap.waiting = new Map();
    heap.next = 1;
    heap.session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => { if (targetInfo.type === "worker") heap.workers.add(sessionId); });
    heap.session.on("Target.detachedFromTarget", ({ sessionId }) => heap.workers.delete(sessionId));
    heap.session.on("Target.receivedMessageFromTarget", ({ message }) => {
      const { id, result } = JSON.parse(message);
      heap.waiting.get(id)?.(result);
    });
    await heap.session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
    return heap;
  }

  #askWorker(sessionId, method) {
    const id = this.next++;
    return new Promise((done) => {
      this.waiting.set(id, done);
      this.session.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method }) }).catch(() => done(undefined));
      // A worker that ended in the meantime answers nothing.
      setTimeout(() => done(undefined), 10_000).unref();
    });
  }

  /** Bytes after a collection: objects and array buffers, of the page and of its workers together. */
  async bytes() {
    for (const ask of this.#all()) await ask("HeapProfiler.collectGarbage");
    return this.now();
  }

  /** The same without a collection: what is there at a moment. */
  async now() {
    const usages = await Promise.all(this.#all().map((ask) => ask("Runtime.getHeapUsage")));
    return usages.reduce((sum, usage) => sum + (usage?.usedSize ?? 0) + (usage?.backingStorageSize ?? 0), 0);
  }

  #all() {
    return [(method) => this.session.send(method), ...Array.from(this.workers, (worker) => (method) => this.#askWorker(worker, method))];
  }
}
