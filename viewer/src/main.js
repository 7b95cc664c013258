// The page: opens a file and shows the part of it that the address names after its #.

import { button, h, named } from "./dom.js";
import { Opened } from "./opened.js";
import { accountPage, otherPage } from "./page-account.js";
import { conversationPage } from "./page-conversation.js";
import { filesPage } from "./page-files.js";
import { memoriesPage } from "./page-memories.js";
import { missingPage } from "./page-missing.js";
import { overviewPage } from "./page-overview.js";
import { recordPage } from "./page-record.js";
import { searchPage } from "./page-search.js";
import { noExport, readingPage, startPage } from "./page-start.js";
import { threadsPage, workspacePage } from "./page-threads.js";
import { startWorker } from "./worker.js";

/** What the server put into the page: `{ keys, file }`; null in a page that somebody saved. */
const served = () => JSON.parse(document.getElementById("served").textContent) ?? {};

const number = (text) => (/^\d+$/.test(text ?? "") ? Number(text) : undefined);

/** Address -> page. The first that fits. */
const ROUTES = [
  [/^$/, overviewPage],
  [/^threads$/, (opened, query) => threadsPage(opened, query)],
  [/^workspace\/(\d+|none)$/, (opened, query, [index]) => workspacePage(opened, { ...query, index: index === "none" ? null : Number(index) })],
  [/^thread\/(\d+)$/, (opened, query, [index], show) => conversationPage(opened, { ...query, index: Number(index) }, show)],
  [/^files$/, (opened, query) => filesPage(opened, { ...query, section: "uploaded_files" })],
  [/^documents$/, (opened, query) => filesPage(opened, { ...query, section: "generated_documents" })],
  [/^memories$/, memoriesPage],
  [/^account$/, accountPage],
  [/^other$/, otherPage],
  [/^missing$/, missingPage],
  [/^search$/, searchPage],
  [/^record\/([a-z_]+)\/(\d+)$/, (opened, query, [section, index]) => recordPage(opened, { section, index: Number(index) })],
];

const TABS = [
  ["#/", "Overview"], ["#/threads", "Conversations"], ["#/files", "Files"], ["#/documents", "Documents"], ["#/memories", "Memories"],
  ["#/account", "Account"], ["#/missing", "What is missing"], ["#/search", "Search"],
];

class Viewer {
  constructor(code) {
    this.code = code;
    this.main = document.getElementById("main");
    this.bar = document.getElementById("bar");
    this.given = served();
    this.opened = null;
    this.shows = 0;
    addEventListener("hashchange", () => this.show());
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file && this.opened === null) this.choose(file);
    });
    if (this.given.file) this.open({ ...this.given.file, url: new URL(this.given.file.url, location.href).href });
    else this.start();
  }

  start(problem) {
    this.opened?.close();
    this.opened = null;
    this.bar.replaceChildren();
    document.title = "Carryall viewer";
    this.put(startPage({ choose: (file) => this.choose(file), problem, isServed: location.protocol !== "file:" }));
    document.documentElement.dataset.state = "ready";
  }

  choose(file) {
    return this.open({ file, name: file.name, size: file.size });
  }

  async open(origin) {
    const opened = new Opened(this.code, origin, this.given.keys ?? []);
    this.opened = opened;
    document.documentElement.dataset.state = "reading";
    const reading = readingPage(origin, () => this.start());
    this.put(reading.nodes);
    let why;
    try {
      why = await opened.open(reading.show);
      if (why !== null) why = noExport(origin.name, why);
    } catch (error) {
      why = [named(origin.name), ` could not be read: ${error.message}.`];
    }
    // Cancelled meanwhile.
    if (this.opened !== opened) return;
    if (why !== null) return this.start(why);
    opened.onnews = (what) => opened.drawResult?.(what);
    this.frame();
    if (location.hash.replace(/^#\/?/, "") !== "") history.replaceState(null, "", "#/");
    await this.show();
    document.documentElement.dataset.state = "open";
  }

  /** The bar above every page of an opened file. */
  frame() {
    this.bar.replaceChildren(
      h("span.file", { title: this.opened.scan.name }, named(this.opened.scan.name)),
      button("Close", () => {
        location.hash = "";
        this.start();
      }, { "aria-label": "Close this file" }));
  }

  async show() {
    const { opened } = this;
    if (!opened?.scan) return;
    const shows = ++this.shows;
    const [path, text = ""] = location.hash.replace(/^#\/?/, "").split("?");
    const params = new URLSearchParams(text);
    const query = { from: number(params.get("from")), around: number(params.get("m")), q: params.get("q") ?? undefined, collection: params.get("collection") ?? undefined };
    let nodes;
    try {
      nodes = await this.page(opened, path, query);
    } catch (error) {
      nodes = [h("h1", { tabindex: "-1" }, "This could not be shown"), h("p.notice.bad", { role: "alert" }, error.message)];
    }
    if (shows !== this.shows || opened !== this.opened) return;
    nodes ??= [h("h1", { tabindex: "-1" }, "There is no such page"), h("p", {}, h("a", { href: "#/" }, "Overview"))];
    this.put([tabs(path), h("div.view", {}, nodes)]);
    const target = query.around !== undefined ? `message-${query.around}` : params.get("r");
    this.point(target === null ? null : document.getElementById(target));
  }

  async page(opened, path, query) {
    for (const [pattern, page] of ROUTES) {
      const found = pattern.exec(path);
      if (found) return page(opened, query, found.slice(1), () => this.show());
    }
    return null;
  }

  put(nodes) {
    this.main.replaceChildren(...nodes.flat(Infinity).filter(Boolean));
    if (!this.opened?.scan) this.main.querySelector("h1")?.focus({ preventScroll: true });
  }

  /** Where the keyboard and a screen reader go on: what was looked for, or the heading of the page. */
  point(target) {
    const heading = this.main.querySelector("h1");
    document.title = `${heading?.textContent ?? "Overview"} · Carryall viewer`;
    if (target === null) {
      scrollTo(0, 0);
      heading?.focus({ preventScroll: true });
      return;
    }
    target.classList.add("found");
    target.scrollIntoView({ block: "center" });
    target.focus({ preventScroll: true });
  }
}

const OF = { workspace: "#/", thread: "#/threads", other: "#/account", record: "#/search" };

function tabs(path) {
  const here = `#/${path.split("/")[0]}`;
  const current = TABS.some(([address]) => address === here) ? here : OF[path.split("/")[0]];
  return h("nav.tabs", { "aria-label": "Parts of the export" }, TABS.map(([address, title]) => (
    h("a", { href: address, "aria-current": address === current ? "page" : null }, title))));
}

// The same text is the page's script and its workers'.
if (typeof document === "undefined") startWorker();
else new Viewer(document.currentScript.textContent);
