// Before a file is open: choose it, drop it, or learn why it cannot be opened; and how far it is while it is read.

import { button, h, named } from "./dom.js";
import { SECTIONS } from "./layout.js";
import { ENCRYPTED } from "./verify.js";
import { count, size } from "./words.js";

/** Where a file is chosen. `choose(file)`; `problem`: why the last one was not opened. */
export function startPage({ choose, problem, isServed }) {
  const input = h("input.hidden", { type: "file", id: "file", accept: ".json,.age,application/json", onchange: () => { if (input.files[0]) choose(input.files[0]); } });
  const drop = h("div.drop", {},
    h("p.drop-title", {}, "Drop your export here"),
    h("p", {}, h("label.button", { for: "file" }, "Choose the file"), input),
    h("p.muted", {}, "a file such as ", h("span.file", {}, "…-export-2026-11-24.json")));
  return [
    h("div.narrow-page", {},
      h("h1", { tabindex: "-1" }, "Look into your export"),
      h("p.lead", {}, "See everything in your JSON export: conversations, files, memories, your account. And check that nothing is missing."),
      problem ? h("div.notice.bad", { role: "alert" }, problem) : null,
      drop,
      h("ul.promises", {},
        h("li", {}, h("strong", {}, "It stays on this computer."), " This page sends nothing and asks for nothing: your browser itself forbids it to."),
        h("li", {}, h("strong", {}, "Any size."), " A file of several gigabytes opens, too; it is read in pieces."),
        h("li", {}, h("strong", {}, "Keep this page."), " Save it beside your export, and it works without a network, in years from now.",
          isServed ? [" ", h("a", { href: "?download" }, "Save this page")] : null))),
  ];
}

/** A file that is no export, said plainly. */
export function noExport(name, why) {
  if (why === ENCRYPTED) return encrypted(name);
  return [h("strong", {}, "This is not an export."), " ", named(name), " was not opened. ", why,
    " An export is the JSON file that you get under Settings, Data Protection."];
}

/** A file that this page cannot open, and what can. */
function encrypted(name) {
  const plain = name.replace(/\.age$/, "") || "export.json";
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const command = (text) => h("pre", {}, h("code", {}, text));
  return [h("strong", {}, "This export is encrypted."), " ", named(name), " is a file of the age format. It is opened with the passphrase that was chosen for it, or with your private key; this page cannot do that.",
    h("p", {}, "Open it on your computer with ", h("code", {}, "age"), ", a free program, and then choose the file that it writes:"),
    command(`age -d -o ${quoted(plain)} ${quoted(name)}`), h("p", {}, "To a public key, add ", h("code", {}, "-i"), " and the file of your private key. Or look at it without writing it to the disk:"),
    command(`carryall view ${quoted(name)}`)];
}

/** While a file is read: `show(progress)` brings it up to date. */
export function readingPage(file, cancel) {
  const bar = h("progress", { max: 100, "aria-label": "How much of the file was read" });
  const text = h("p", {}, "…");
  const section = h("p.hidden", { role: "status" });
  const page = h("div.narrow-page", {},
    h("h1", { tabindex: "-1" }, "Reading your export"),
    h("section.card.status", { "aria-label": "Progress" }, h("p", {}, named(file.name), `, ${size(file.size)}`), bar, text, section,
      h("div.actions", {}, button("Cancel", cancel))));
  const show = ({ done, place, records }) => {
    bar.value = (done / file.size) * 100;
    const what = SECTIONS[place] ?? "the beginning";
    text.textContent = `${what}: ${count(records)} records, ${size(done)} of ${size(file.size)}`;
    if (section.textContent !== what) section.textContent = what;
  };
  return { nodes: [page], show };
}
