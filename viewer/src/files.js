// Saving a file from an export, and looking at it here: pictures, text and PDF, and nothing that could run.

import { button, h, named } from "./dom.js";
import { isInert } from "./pdf.js";
import { plainText, prose } from "./prose.js";
import { fileName, size } from "./words.js";

const LONGEST_TEXT_BYTES = 400_000;
const KEPT_FOR_MS = 60_000;

/** Kinds of which a look at the bytes shows nothing: no preview is offered. */
const CLOSED = /officedocument|opendocument|msword|ms-(?:excel|powerpoint)|zip|\.(?:docx?|xlsx?|pptx?|od[tsp]|zip|gz|7z)$/i;

const SAID = {
  right: (bytes) => `${size(bytes)}; its SHA-256 is right.`,
  wrong: () => "Its bytes are not what the file says of them.",
  incomplete: () => "The product could not read it to its end; this is what there is.",
  text: () => "Its text, as the file has it.",
};

/** Buttons for a file or document, and a word on how it went. */
export function fileActions(opened, one) {
  const isText = one.parts === 0 && typeof one.record.content === "string" && one.section === "generated_documents";
  if (one.parts === 0 && !isText) return h("p.muted.no-bytes", {}, "Its bytes are not in this export.");
  const name = fileName(one.record.name ?? one.record.title);
  const said = h("span.muted", { role: "status" });
  const fetched = async (use) => {
    said.textContent = "One moment…";
    try {
      const found = isText ? { blob: new Blob([one.record.content]), state: "text" } : await opened.ask("contents", { section: one.section, index: one.index });
      said.textContent = "";
      await use(found);
      said.textContent = SAID[found.state](found.blob.size);
    } catch (error) {
      said.textContent = `It could not be read: ${error.message}`;
    }
  };
  return h("div.file-actions", {},
    CLOSED.test(`${one.record.media_type} ${name}`) ? null
      : button("Preview", () => fetched(({ blob }) => look(one, blob)), { "aria-label": `Preview ${name}` }),
    button("Save", () => fetched(({ blob }) => save(blob, name)), { "aria-label": `Save ${name}` }),
    said);
}

/** Hands the bytes to the browser's downloads. */
function save(blob, name) {
  const address = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_FOR_MS);
}

/** Shows the bytes in a window of this page. What they are is told by the bytes, not by their name. */
async function look(one, blob) {
  const start = new Uint8Array(await blob.slice(0, 4096).arrayBuffer());
  const kind = kindOf(start, one.record);
  const address = kind === "text" || kind === null ? null : URL.createObjectURL(new Blob([blob], { type: kind }));
  const title = named(one.record.name ?? one.record.title);
  const dialog = h("dialog.look", { "aria-labelledby": "look-title", onclose: () => {
    dialog.remove();
    if (address) URL.revokeObjectURL(address);
  } },
    h("div.look-head", {}, h("h2", { id: "look-title" }, title), button("Close", () => dialog.close())),
    await shown(kind, blob, address, one.record));
  document.body.append(dialog);
  addEventListener("hashchange", () => dialog.close(), { once: true });
  dialog.showModal();
}

async function shown(kind, blob, address, record) {
  if (kind === null) return h("p.notice", {}, "This kind of file cannot be shown here. Save it, and open it with the program that it is for.");
  if (kind === "text") {
    const text = new TextDecoder().decode(await blob.slice(0, LONGEST_TEXT_BYTES).arrayBuffer());
    const isMarkdown = /\.(?:md|markdown)$/i.test(record.name ?? "") || record.media_type === "text/markdown";
    const more = blob.size > LONGEST_TEXT_BYTES ? h("p.muted", {}, `Its beginning. Save it to see all ${size(blob.size)}.`) : null;
    return h("div.look-body", {}, isMarkdown ? prose(text, 2) : plainText(text), more);
  }
  if (kind === "application/pdf") {
    return await isInert(blob) ? h("iframe.pdf", { src: address, title: "PDF" })
      : h("p.notice", {}, "This PDF is encrypted, very large, or has parts that act by themselves, such as scripts. It is not shown here. Save it, if you trust it.");
  }
  return h("img", { src: address, alt: `The picture ${fileName(record.name)}` });
}

const PICTURES = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47]], ["image/jpeg", [0xff, 0xd8, 0xff]], ["image/gif", [0x47, 0x49, 0x46, 0x38]],
  ["image/bmp", [0x42, 0x4d]], ["image/webp", [0x52, 0x49, 0x46, 0x46]],
];

/** The media type to show bytes as, `text`, or null for what is not shown. */
export function kindOf(start, { media_type: type, name }) {
  for (const [kind, magic] of PICTURES) {
    if (magic.every((byte, at) => start[at] === byte)) return kind;
  }
  if (start[0] === 0x25 && start[1] === 0x50 && start[2] === 0x44 && start[3] === 0x46) return "application/pdf";
  // A drawing in an <img> runs nothing and loads nothing.
  if (type === "image/svg+xml" || /\.svg$/i.test(name ?? "")) return "image/svg+xml";
  return isText(start) ? "text" : null;
}

function isText(start) {
  if (start.includes(0)) return false;
  try {
    // The cut may go through a letter.
    new TextDecoder("utf-8", { fatal: true }).decode(start, { stream: true });
    return true;
  } catch {
    return false;
  }
}
