// One record by itself: where a search leads when the record has no page of its own.

import { h, named } from "./dom.js";
import { everyField, facts, problemOf } from "./facts.js";
import { fileList } from "./page-files.js";
import { memoryList } from "./page-memories.js";
import { SECTIONS } from "./layout.js";
import { label } from "./words.js";

export async function recordPage(opened, { section, index }) {
  if (!(section in SECTIONS || section === "gaps")) return null;
  const one = await opened.ask("record", { section, index });
  if (one === null) return null;
  const { record } = one;
  const list = { records: [one], total: 1 };
  const files = ["uploaded_files", "generated_documents"];
  const memories = ["user_memories", "workspace_memories"];
  return [
    h("p.crumbs", {}, SECTIONS[section] ?? "Gaps"),
    h("h1", { tabindex: "-1" }, named(record.name ?? record.title ?? label(record.collection ?? record.code ?? SECTIONS[section]))),
    h("section.card", { "aria-label": "The record" },
      files.includes(section) ? fileList(opened, list)
        : memories.includes(section) ? memoryList(opened, list, section)
          : [problemOf(one), facts(record), everyField(record)]),
  ];
}
