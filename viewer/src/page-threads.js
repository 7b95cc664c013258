// Lists of conversations, and the page of one workspace with everything in it.

import { fileList } from "./page-files.js";
import { facts, everyField, problemOf } from "./facts.js";
import { card, h, named, pager } from "./dom.js";
import { memoryList } from "./page-memories.js";
import { otherList } from "./page-account.js";
import { badges } from "./page-overview.js";
import { count, countOf, day } from "./words.js";

const PAGE = 50;

/** All conversations, the latest first. */
export async function threadsPage(opened, { from = 0 }) {
  const found = await opened.ask("list", { section: "threads", from, count: PAGE });
  return [
    h("h1", { tabindex: "-1" }, "Conversations"),
    h("p.lead", {}, `${countOf(found.total, "thread", "threads")}, the latest first.`),
    h("section.card", { "aria-label": "Conversations" }, threadList(found)),
    pager({ ...found, count: PAGE, address: (start) => `#/threads?from=${start}`, what: "conversations" }),
  ];
}

export function threadList({ records, total }) {
  if (total === 0) return h("p.muted", {}, "No conversations.");
  return h("ul.rows", {}, records.map((one) => h("li", {},
    h("div", {}, h("a.title", { href: `#/thread/${one.index}` }, named(one.record.title, "Without a title")), badges(one.record), problemOf(one)),
    h("p.muted", {}, `${countOf(one.messages, "message", "messages")} · ${day(one.record.last_message_at ?? one.record.updated_at ?? one.record.created_at)}`))));
}

/** A workspace: what it is, its memories, conversations, files, documents and whatever else. */
export async function workspacePage(opened, { index, from = 0 }) {
  const workspace = index === null ? null : await opened.ask("record", { section: "workspaces", index });
  if (index !== null && workspace === null) return null;
  const list = (section, begin = 0, most = 200) => opened.ask("list", { section, workspace: index, from: begin, count: most });
  const threads = await list("threads", from, PAGE);
  const [memories, files, documents, others] = [await list("workspace_memories"), await list("uploaded_files"), await list("generated_documents"), await list("other_records")];
  const here = index === null ? "none" : index;
  return [
    head(workspace),
    card(`Conversations (${count(threads.total)})`, threadList(threads),
      pager({ ...threads, count: PAGE, address: (start) => `#/workspace/${here}?from=${start}`, what: "conversations" })),
    index === null ? null : card(`Workspace memories (${count(memories.total)})`, memoryList(opened, memories, "workspace_memories"), cut(memories, "#/memories")),
    card(`Uploaded files (${count(files.total)})`, fileList(opened, files), cut(files, "#/files")),
    card(`Generated documents (${count(documents.total)})`, fileList(opened, documents), cut(documents, "#/documents")),
    others.total > 0 && index !== null ? card(`Other records (${count(others.total)})`, otherList(others), cut(others, "#/other")) : null,
  ];
}

function head(workspace) {
  if (workspace === null) {
    return [h("h1", { tabindex: "-1" }, "Outside workspaces"), h("p.lead", {}, "What belongs to no workspace.")];
  }
  const { record } = workspace;
  return [
    h("h1", { tabindex: "-1" }, named(record.name), badges(record)),
    record.description ? h("p.lead", { dir: "auto" }, record.description) : null,
    card("About this workspace", problemOf(workspace),
      record.access === "shared" ? h("p.notice", {}, "Somebody else's workspace. What others wrote in it belongs to them and is not in your export.") : null,
      facts(record, { except: ["name", "description", "access"] }), everyField(record)),
  ];
}

const cut = ({ records, total }, address) => (records.length < total
  ? h("p", {}, `The first ${count(records.length)} of ${count(total)}. `, h("a", { href: address }, "See all")) : null);
