// Markdown as elements. Nothing is loaded and nothing runs: a picture is a link with its words, and every link says
// where it leads.

import { h } from "./dom.js";
import { parseMarkdown } from "./markdown.js";
import { visible } from "./words.js";

/** What is longer is cut, until the person asks for it. */
const LONGEST_LETTERS = 20_000;
const LONGEST_MARKDOWN_LETTERS = 400_000;

/** A text that was written in Markdown. `level`: of the headings around it. */
export function prose(text, level = 2) {
  const box = h("div.prose", { dir: "auto" });
  if (text.length <= LONGEST_LETTERS) {
    box.append(...elements(text, level));
    return box;
  }
  box.append(...elements(text.slice(0, LONGEST_LETTERS), level));
  const more = h("button.quiet", { type: "button", onclick: () => box.replaceChildren(...elements(text, level)) },
    `Show all of it (${text.length.toLocaleString("en")} letters)`);
  box.append(h("p", {}, "… ", more));
  return box;
}

/** A text that is shown as it stands. */
export const plainText = (text) => h("pre.plain-text", { dir: "auto", tabindex: "0" }, signs(text));

function elements(text, level) {
  // Reading this as Markdown would keep the page busy.
  if (text.length > LONGEST_MARKDOWN_LETTERS) return [plainText(text)];
  return parseMarkdown(text).map((block) => element(block, level));
}

function element(block, level) {
  const inner = () => (block.children ?? []).map((child) => (child.tag && !INLINE.has(child.tag) ? element(child, level) : inline(child)));
  switch (block.tag) {
    case "heading": return h(`h${Math.min(6, level + block.level)}`, { dir: "auto" }, inner());
    case "hr": return h("hr");
    case "pre": return h("pre", { dir: "ltr", tabindex: "0" }, h("code", {}, signs(block.children[0])));
    case "ol": return h("ol", { start: block.start === 1 ? null : block.start }, inner());
    case "ul": return h("ul", {}, inner());
    case "li": return h("li", { dir: "auto" }, block.isDone === undefined ? null : h("span", {}, block.isDone ? "☑ " : "☐ "), inner());
    case "blockquote": return h("blockquote", { dir: "auto" }, inner());
    case "table": return table(block);
    default: return h("p", { dir: "auto" }, inner());
  }
}

const INLINE = new Set(["strong", "em", "del", "code", "a", "image", "br"]);

function table({ align, head, rows }) {
  const cell = (kind) => (children, place) => h(kind, { dir: "auto", class: `to-${align[place]}`, scope: kind === "th" ? "col" : null }, children.map(inline));
  return h("div.wide", { tabindex: "0", role: "group", "aria-label": "Table" }, h("table", {},
    h("thead", {}, h("tr", {}, head.map(cell("th")))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell("td")))))));
}

function inline(piece) {
  if (typeof piece === "string") return signs(piece);
  const inner = () => (piece.children ?? []).map(inline);
  switch (piece.tag) {
    case "br": return h("br");
    case "code": return h("code", {}, signs(piece.children[0]));
    case "a": return link(piece, inner());
    case "image": return picture(piece, inner());
    default: return h(piece.tag, {}, inner());
  }
}

function link({ link: to, target, children }, inner) {
  if (to === null) return h("span", {}, inner, target && target !== children[0] ? [" (", h("code", {}, signs(target)), ")"] : null);
  const isPlain = children.length === 1 && (children[0] === to.href || children[0] === target);
  return h("span", {},
    h("a", { href: to.href, target: "_blank", rel: "noreferrer noopener external" }, h("bdi", {}, inner)),
    isPlain ? null : h("small.host", {}, ` (${to.host})`));
}

function picture({ link: to, target }, inner) {
  const words = ["image: ", h("bdi", {}, inner.length > 0 ? inner : "without words"), " (not loaded)"];
  if (to === null) return h("span.picture", {}, words, target.startsWith("data:") ? null : [" ", h("code", {}, signs(target))]);
  return h("span.picture", {},
    h("a", { href: to.href, target: "_blank", rel: "noreferrer noopener external" }, words), h("small.host", {}, ` (${to.host})`));
}

/** In running text only what would turn the letters after it around is shown as a sign. */
const TURNING = /[\u202a-\u202e]/;

function signs(text) {
  if (!TURNING.test(text)) return text;
  return visible(text).map(([piece, isSign]) => (isSign && !/^U\+(?:0009|000A)$/.test(piece) ? h("span.sign", {}, piece) : isSign ? (piece === "U+000A" ? "\n" : "\t") : piece));
}
