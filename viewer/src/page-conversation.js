// A conversation as a person reads it: who said what, with what was attached, on the branch that they saw.

import { button, h, named, pager } from "./dom.js";
import { everyField, facts, problemOf } from "./facts.js";
import { fileActions } from "./files.js";
import { badges } from "./page-overview.js";
import { prose } from "./prose.js";
import { countOf, label, moment, size } from "./words.js";

const PAGE = 200;

/** The page with the message `around`, or the one that begins at `from`. */
export async function conversationPage(opened, { index, from = 0, around }, show) {
  const chosen = [...(opened.chosen.get(index) ?? [])];
  const found = await opened.ask("conversation", { thread: index, from, around, chosen, count: PAGE });
  if (found === null) return null;
  opened.chosen.set(index, new Map(found.chosen));
  const { thread, messages, total, all } = found;
  const { record } = thread;
  const choose = async (parent, which) => {
    const follower = await opened.ask("follower", { thread: index, parent, which });
    opened.chosen.get(index).set(parent, follower);
    show();
  };
  const pages = () => pager({ total, from: found.from, count: PAGE, address: (start) => `#/thread/${index}?from=${start}`, what: "messages" });
  const workspace = thread.workspace === null ? null : await opened.ask("record", { section: "workspaces", index: thread.workspace });
  return [
    h("p.crumbs", {}, h("a", { href: thread.workspace === null ? "#/workspace/none" : `#/workspace/${thread.workspace}` },
      workspace ? named(workspace.record.name) : "Outside workspaces")),
    h("h1", { tabindex: "-1" }, named(record.title, "Without a title"), badges(record)),
    h("p.lead", {}, countOf(all, "message", "messages"), total < all ? `, ${total.toLocaleString("en")} on this branch` : "",
      record.created_at ? ` · begun ${moment(record.created_at)}` : ""),
    problemOf(thread),
    record.access === "shared" ? h("p.notice", {}, "Somebody else began this conversation. You see what you wrote and what the assistant answered you; what others wrote is theirs and is not in your export.") : null,
    h("details.all", {}, h("summary", {}, "About this conversation"), facts(record, { except: ["title"] })),
    messages.length === 0 ? h("p.notice", {}, "There are no messages of yours in it.") : null,
    pages(),
    h("ol.messages", {}, messages.map((message) => h("li", {}, oneMessage(opened, message, choose)))),
    pages(),
  ];
}

/** Who wrote a message. */
export function author(record, subject) {
  const other = record.author_user_id && record.author_user_id !== subject ? label(String(record.author_user_id).replace("-", " ")) : null;
  if (record.role === "user") return other ?? "You";
  if (record.role === "assistant") return `Assistant${other ? `, to ${other}` : ""}`;
  return label(record.role ?? "message");
}

const SHOWN = ["id", "thread_id", "parent_id", "role", "author_user_id", "content", "file_ids", "generated_document_ids", "sources",
  "content_parts", "created_at", "deleted_at", "extra"];

function oneMessage(opened, one, choose) {
  const { record, index } = one;
  const kind = record.role === "user" ? "mine" : "theirs";
  return h(`article.message.${kind}${record.deleted_at ? ".was-deleted" : ""}`, { id: `message-${index}`, tabindex: "-1", "aria-label": `${author(record, opened.scan.header.subject_id)}, ${moment(record.created_at)}` },
    h("header", {}, h("strong", {}, named(author(record, opened.scan.header.subject_id))),
      record.persona ? h("span.muted", {}, " as ", named(record.persona)) : null,
      record.deleted_at ? [" ", h("span.badge.gone", {}, `Deleted by you, ${moment(record.deleted_at)}`)] : null,
      h("time.muted", { datetime: record.created_at }, moment(record.created_at))),
    problemOf(one),
    record.content ? prose(record.content) : h("p.muted", {}, "No text."),
    attachments(opened, one),
    sources(record.sources),
    branches(one, choose),
    h("details.all", {}, h("summary", {}, "Details"), facts(record, { except: SHOWN }), parts(record.content_parts), everyField(record)));
}

function attachments(opened, { files, documents }) {
  if (files.length + documents.length === 0) return null;
  const row = (one) => h("li", {}, h("span.title", {}, named(one.record.name ?? one.record.title)),
    h("span.muted", {}, ` ${one.section === "uploaded_files" ? "your file" : "made for you"}${one.record.size_bytes ? `, ${size(one.record.size_bytes)}` : ""}`),
    fileActions(opened, one));
  return h("ul.attached", { "aria-label": "Files" }, [...files, ...documents].map(row));
}

function sources(list) {
  if (!Array.isArray(list) || list.length === 0) return null;
  return h("details.all.sources", {}, h("summary", {}, countOf(list.length, "source", "sources")),
    h("ol", {}, list.map((source) => h("li", {}, typeof source === "object" && source !== null ? facts(source) : named(source)))));
}

/** Where another answer was given to the same message. */
function branches({ parent, which, of }, choose) {
  if (of < 2) return null;
  const go = (to, words) => button(words, () => choose(parent, to), to < 0 || to >= of ? { disabled: true } : {});
  return h("p.branches", { role: "group", "aria-label": "Branches of this conversation" }, go(which - 1, "Earlier version"), h("span.muted", {}, `${which + 1} of ${of}`), go(which + 1, "Later version"));
}

function parts(value) {
  if (value === null || value === undefined) return null;
  return everyField(value, "Blocks behind the text");
}
