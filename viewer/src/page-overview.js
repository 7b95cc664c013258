// First what the checks say, then the help page's own check: the workspaces, and how much is in each.

import { card, fact, h, named } from "./dom.js";
import { SECTIONS } from "./layout.js";
import { keysIn } from "./signature.js";
import { count, countOf, day, moment, size } from "./words.js";

const SIGNS = { good: "✓", warn: "!", bad: "✕", wait: "…" };
const SPOKEN = { good: "Right: ", warn: "Note: ", bad: "Wrong: ", wait: "Running: " };

export async function overviewPage(opened) {
  const result = h("div", { id: "result" });
  const draw = (what) => {
    const bar = result.querySelector("progress");
    if (what === "share" && bar) bar.value = opened.digestShare * 100;
    else result.replaceChildren(verification(opened));
  };
  draw();
  opened.drawResult = draw;
  const { list, outside } = await opened.ask("workspaces");
  return [
    h("h1.hidden", { tabindex: "-1" }, "Overview"),
    result,
    workspaces(list, outside),
    contents(opened.scan),
    about(opened.scan),
  ];
}

function verification(opened) {
  const { all, verdict } = opened.findings;
  const kind = { good: "good", bad: "bad", warn: "caution", wait: "" }[verdict.state];
  return h(`section.card.status${kind ? `.${kind}` : ""}`, { "aria-labelledby": "verdict" },
    h("h2.verdict", { id: "verdict" }, h(`span.mark.${verdict.state}`, { "aria-hidden": "true" }, SIGNS[verdict.state]), h("span", { role: "status" }, verdict.title)),
    h("p", {}, verdict.text),
    verdict.state === "wait" ? h("progress", { max: 100, value: opened.digestShare * 100, "aria-label": "How much was checked" }) : null,
    h("ul.checks", {}, all.map((one) => h("li", {},
      h(`span.mark.${one.state}`, { "aria-hidden": "true" }, SIGNS[one.state]),
      h("div", {}, h("strong", {}, h("span.hidden", {}, SPOKEN[one.state]), one.title), h("p", {}, one.text),
        one.details.length > 0 ? h("ul.plain-list", {}, one.details.map((detail) => h("li", {}, named(detail)))) : null,
        one.name === "gaps" && one.state !== "good" ? h("p", {}, h("a", { href: "#/missing" }, "See the gaps")) : null,
        one.name === "origin" && opened.scan.integrity?.signature ? keyChooser(opened) : null)))));
}

/** Public keys come from the product, beside the file: never out of the file itself. */
function keyChooser(opened) {
  const said = h("p.muted", { role: "status" });
  const input = h("input.hidden", { type: "file", id: "keys", accept: ".json,application/json", onchange: async () => {
    const file = input.files[0];
    const keys = file && file.size < 1e6 ? keysIn(await file.text()) : null;
    if (keys) await opened.useKeys(keys);
    else said.textContent = "That file holds no public keys.";
  } });
  return h("div", {}, h("label.button.quiet", { for: "keys" }, "Choose public keys"), input, said);
}

/** How much a workspace holds, as the product's own home page shows it. */
export function numbers(holdings) {
  const titles = { threads: "Threads", messages: "Messages", uploaded_files: "Files", generated_documents: "Documents", workspace_memories: "Memories" };
  return h("dl.numbers", {}, Object.entries(titles).map(([key, title]) => (
    h(`div${holdings[key] === 0 ? ".none" : ""}`, {}, h("dt", {}, title), h("dd", {}, count(holdings[key]))))));
}

function workspaces(list, outside) {
  const isHeld = Object.values(outside).some((number) => number > 0);
  return h("section", { "aria-labelledby": "workspaces" },
    h("h2.section-title", { id: "workspaces" }, "Your workspaces"),
    h("p.muted.under-title", {}, "Are they all here? Open one and see whether its threads and memories are what you expect."),
    list.length === 0 && !isHeld ? h("p.notice", {}, "There are no workspaces in this file.") : null,
    h("ul.grid", {}, list.map(({ index, record, holdings }) => h("li.card", {},
      h("h3", {}, h("a", { href: `#/workspace/${index}` }, named(record.name)), badges(record)),
      numbers(holdings),
      h("p.id", {}, "ID ", h("code", {}, named(record.id))))),
    isHeld ? h("li.card.plain", {},
      h("h3", {}, h("a", { href: "#/workspace/none" }, "Outside workspaces")),
      numbers(outside),
      h("p.id", {}, "Conversations and files that belong to no workspace")) : null));
}

/** What is to be known of a record before it is opened. */
export function badges(record) {
  return [
    record.access === "shared" ? [" ", h("span.badge", {}, "Shared")] : null,
    record.deleted_at ? [" ", h("span.badge.gone", { title: moment(record.deleted_at) }, "Deleted by you")] : null,
    record.archived ? [" ", h("span.badge", {}, "Archived")] : null,
    record.pinned ? [" ", h("span.badge", {}, "Pinned")] : null,
  ];
}

const WHERE = {
  account_settings: "#/account", threads: "#/threads", messages: "#/threads", uploaded_files: "#/files", generated_documents: "#/documents",
  workspace_memories: "#/memories", user_memories: "#/memories", subscriptions: "#/account", other_records: "#/other", workspaces: "#/",
};
const STATUS = { empty: "none", unavailable: "the product has no such thing", out_of_scope: "not asked for", missing: "not in this file" };

function contents({ counts, summary, keys }) {
  const row = ([key, title]) => {
    const status = keys.includes(key) ? summary?.sections?.[key]?.status : "missing";
    const words = counts[key] > 0 ? (key === "account_settings" ? "included" : count(counts[key])) : (STATUS[status] ?? "none");
    const isNone = counts[key] === 0;
    return h(`tr${isNone ? ".none" : ""}`, {}, h("th", { scope: "row" }, isNone ? title : h("a", { href: WHERE[key] }, title)), h("td", {}, words));
  };
  return card("What is in it", h("table", {},
    h("thead.hidden", {}, h("tr", {}, h("th", { scope: "col" }, "Section"), h("th", { scope: "col" }, "Records"))),
    h("tbody", {}, Object.entries(SECTIONS).filter(([key]) => key !== "file_contents").map(row))));
}

/** What was asked for, in a sentence. */
function scopeWords({ workspace_id: workspace, since, until, file_contents: contents } = {}) {
  const what = workspace ? ["One workspace: ", h("code", {}, workspace)] : since || until
    ? [`Messages ${since ? `from ${day(since)}` : ""} ${until ? `before ${day(until)}` : ""}`] : ["Everything"];
  return [...what, contents === false ? ", without file contents" : null];
}

function about({ header, name, size: bytes, summary, sha256 }) {
  return card("About this file", h("dl.facts", {},
    fact("File", named(name), `, ${size(bytes)}`),
    fact("Product", named(header.product)),
    fact("As things stood at", moment(header.snapshot_at)),
    fact("What was asked for", scopeWords(header.scope)),
    summary?.totals ? fact("Records", countOf(summary.totals.records, "record", "records"), ` and ${size(summary.totals.file_bytes)} of files`) : null,
    fact("Your ID in the product", h("code", {}, named(header.subject_id))),
    fact("ID of the export", h("code", {}, named(header.id))),
    fact("SHA-256 of its contents", h("code", {}, named(sha256, "not in the file"))),
    fact("Written by", `${header.generator?.name ?? ""} ${header.generator?.version ?? ""}`)));
}

