// Uploaded files and generated documents: lists with ways to look at them and to save them.

import { h, named, pager } from "./dom.js";
import { everyField, facts, problemOf } from "./facts.js";
import { fileActions } from "./files.js";
import { badges } from "./page-overview.js";
import { plainText } from "./prose.js";
import { countOf, day, size } from "./words.js";

const PAGE = 50;
const TITLES = { uploaded_files: "Uploaded files", generated_documents: "Generated documents" };
const PLACES = { uploaded_files: "files", generated_documents: "documents" };

/** All of one kind. */
export async function filesPage(opened, { section, from = 0 }) {
  const found = await opened.ask("list", { section, from, count: PAGE });
  const other = section === "uploaded_files" ? "generated_documents" : "uploaded_files";
  return [
    h("h1", { tabindex: "-1" }, TITLES[section]),
    h("p.lead", {}, `${countOf(found.total, "file", "files")}. `, h("a", { href: `#/${PLACES[other]}` }, TITLES[other])),
    opened.scan.header.scope?.file_contents === false
      ? h("p.notice", {}, "This export was asked for without file contents: names and texts are here, the files themselves are not.") : null,
    h("section.card", { "aria-label": TITLES[section] }, fileList(opened, found)),
    pager({ ...found, count: PAGE, address: (start) => `#/${PLACES[section]}?from=${start}`, what: "files" }),
  ];
}

const SHOWN = ["id", "workspace_id", "thread_id", "message_id", "name", "title", "size_bytes", "created_at", "extracted_text", "content", "extra"];

export function fileList(opened, { records, total }) {
  if (total === 0) return h("p.muted", {}, "None.");
  return h("ul.files", {}, records.map((one) => {
    const { record } = one;
    return h("li", { id: `${one.section}-${one.index}`, tabindex: "-1" },
      h("div.file-head", {}, h("div", {}, h("span.title", {}, named(record.name ?? record.title)), badges(record),
        record.title && record.name ? h("p", {}, named(record.title)) : null,
        h("p.muted", {}, [record.size_bytes === undefined || record.size_bytes === null ? null : size(record.size_bytes), record.created_at ? day(record.created_at) : null].filter(Boolean).join(" · "),
          one.thread === null ? null : [" · ", h("a", { href: `#/thread/${one.thread}` }, "its conversation")])),
      fileActions(opened, one)),
      problemOf(one),
      record.extracted_text ? h("details.all", {}, h("summary", {}, "Text that the product read out of it"), plainText(record.extracted_text)) : null,
      h("details.all", {}, h("summary", {}, "Details"), facts(record, { except: SHOWN }), everyField(record)));
  }));
}
