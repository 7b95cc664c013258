// What the product remembers: about the person, and within workspaces.

import { card, h, named, pager } from "./dom.js";
import { everyField, problemOf } from "./facts.js";
import { prose } from "./prose.js";
import { count, day, moment } from "./words.js";

const PAGE = 100;
const SOURCES = { manual: "written by you", auto: "noticed by the product" };

export async function memoriesPage(opened, { from = 0 }) {
  const mine = await opened.ask("list", { section: "user_memories", from: 0, count: 500 });
  const inWorkspaces = await opened.ask("list", { section: "workspace_memories", from, count: PAGE });
  const { list } = await opened.ask("workspaces");
  const names = new Map(list.map(({ index, record }) => [index, record.name]));
  return [
    h("h1", { tabindex: "-1" }, "Memories"),
    h("p.lead", {}, "Facts and rules that the product keeps in mind when it answers you."),
    card(`User memories (${count(mine.total)})`, memoryList(opened, mine, "user_memories")),
    card(`Workspace memories (${count(inWorkspaces.total)})`, memoryList(opened, inWorkspaces, "workspace_memories", names),
      pager({ ...inWorkspaces, count: PAGE, address: (start) => `#/memories?from=${start}`, what: "workspace memories" })),
  ];
}

/** A list of memories. `names`: of the workspaces, where they are to be told. */
export function memoryList(opened, { records, total }, section, names = null) {
  if (total === 0) return h("p.muted", {}, "No memories.");
  return h("ul.memories", {}, records.map((one) => {
    const { record } = one;
    return h("li", { id: `${section}-${one.index}`, tabindex: "-1" },
      problemOf(one),
      prose(String(record.content ?? ""), 3),
      h("p.muted", {},
        names && one.workspace !== null ? [h("a", { href: `#/workspace/${one.workspace}` }, named(names.get(one.workspace))), " · "] : null,
        [SOURCES[record.source] ?? record.source, record.created_at ? day(record.created_at) : null].filter(Boolean).join(" · "),
        record.source_thread_id ? [" · ", threadLink(opened, record.source_thread_id)] : null,
        record.deleted_at ? [" ", h("span.badge.gone", {}, `Deleted by you, ${moment(record.deleted_at)}`)] : null),
      everyField(record));
  }));
}

function threadLink(opened, id) {
  const link = h("a", { href: "#/threads" }, "from a conversation");
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const index = await opened.ask("find", { section: "threads", id });
    location.hash = index === null ? "#/threads" : `#/thread/${index}`;
  });
  return link;
}
