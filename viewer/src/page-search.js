// Search across all text: hits come as they are found, and the search can be stopped and gone on with.

import { button, h, named } from "./dom.js";
import { author } from "./page-conversation.js";
import { SECTIONS } from "./layout.js";
import { countOf, label, moment } from "./words.js";

const HITS = 50;

export function searchPage(opened, { q = "" }) {
  const input = h("input", { type: "search", id: "words", name: "q", value: q, autocomplete: "off", spellcheck: "false", required: true });
  const form = h("form.search", { role: "search", onsubmit: (event) => {
    event.preventDefault();
    const words = input.value.trim();
    if (words) location.hash = `#/search?q=${encodeURIComponent(words)}`;
  } }, h("label", { for: "words" }, "Words to look for"), h("div.search-row", {}, input, h("button", { type: "submit" }, "Search")));
  const results = h("div");
  if (q) new Hits(opened, q, results).goOn(q);
  return [
    h("h1", { tabindex: "-1" }, "Search"),
    form,
    h("p.muted", {}, "In every message, title, memory, note and name, and in the text that the product read out of files. Words next to each other, in capital letters or not. Not inside the files themselves."),
    results,
  ];
}

class Hits {
  constructor(opened, words, box) {
    Object.assign(this, { opened, words, found: 0 });
    this.list = h("ol.hits", {});
    this.bar = h("progress", { max: 100, "aria-label": "How much was searched" });
    this.said = h("p", { role: "status" });
    this.actions = h("div.actions");
    box.replaceChildren(h("section.card", { "aria-label": "What was found" }, this.said, this.bar, this.actions, this.list));
  }

  async goOn(text) {
    this.bar.hidden = false;
    this.said.textContent = "Searching…";
    this.actions.replaceChildren(button("Stop", () => this.opened.ask("stopSearch")));
    try {
      const answer = await this.opened.ask("seek", { text, most: HITS }, ({ done, hit }) => {
        if (done !== undefined) this.bar.value = done * 100;
        if (hit) this.#add(hit);
      });
      this.#over(answer);
    } catch (error) {
      this.said.textContent = `The search failed: ${error.message}`;
    }
  }

  #add(hit) {
    this.found += 1;
    this.list.append(h("li", {}, hitView(this.opened, hit)));
  }

  #over({ isOver, isStopped, unread }) {
    this.bar.hidden = true;
    const hits = this.found === 0 ? "Nothing found" : countOf(this.found, "record", "records");
    const end = isOver ? "" : isStopped ? ", stopped here" : " so far";
    this.said.textContent = `${hits}${end}.${unread > 0 ? ` ${countOf(unread, "record was", "records were")} too large or too damaged to be searched.` : ""}`;
    this.actions.replaceChildren();
    if (!isOver) this.actions.append(button("Look for more", () => this.goOn()));
  }
}

/** Where a hit leads. */
function address({ section, index, thread, workspace }) {
  switch (section) {
    case "messages": return thread === null ? null : `#/thread/${thread}?m=${index}`;
    case "threads": return `#/thread/${index}`;
    case "workspaces": return `#/workspace/${index}`;
    case "subscriptions": return "#/account";
    case "workspace_memories": return workspace === null ? `#/record/${section}/${index}` : `#/workspace/${workspace}?r=${section}-${index}`;
    default: return `#/record/${section}/${index}`;
  }
}

function hitView(opened, hit) {
  const what = hit.section === "messages"
    ? [author({ role: hit.role, author_user_id: hit.author }, opened.scan.header.subject_id), " in ", named(hit.threadTitle, "a conversation without a title")]
    : [SECTIONS[hit.section] ?? "Gaps", hit.what ? [": ", named(hit.what)] : null];
  const to = address(hit);
  return [
    h("p.hit-head", {}, to ? h("a.title", { href: to }, what) : h("span.title", {}, what), hit.createdAt ? h("small.muted", {}, ` ${moment(hit.createdAt)}`) : null),
    h("p.snippet", { dir: "auto" }, hit.before, h("mark", {}, hit.match), hit.after),
    ["content", "title", "name"].includes(hit.field) ? null : h("p.muted", {}, `in the field ${hit.field.split(".").map(label).join(", ")}`),
  ];
}

