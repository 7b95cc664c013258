// Markdown as the products write it, read into plain objects: `{ tag, children, … }`. What is no Markdown,
// HTML for example, stays text. Nothing here makes HTML; `prose.js` makes elements of the objects.

import { parseInline } from "./inline.js";

/** Quotes and lists within each other; deeper ones are text. */
const DEEPEST = 10;

const FENCE = /^( {0,3})(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)])(?:[ \t]+|$)/;
const CELL_RULE = /^\s*:?-+:?\s*$/;

/** The blocks of a text. */
export function parseMarkdown(text) {
  return blocks(text.replace(/\r\n?/g, "\n").replaceAll("\t", "    ").split("\n"), 0);
}

function blocks(lines, depth) {
  const out = [];
  for (let at = 0; at < lines.length;) {
    if (lines[at].trim() === "") at += 1;
    else at = block(lines, at, depth, out);
  }
  return out;
}

/** Adds the block that begins at a line; the line after it. */
function block(lines, at, depth, out) {
  const line = lines[at];
  const fence = FENCE.exec(line);
  if (fence) return fenced(lines, at, fence, out);
  const heading = HEADING.exec(line);
  if (heading) {
    const text = (heading[2] ?? "").trim().replace(/(^| )#+$/, "");
    out.push({ tag: "heading", level: heading[1].length, children: parseInline(text) });
    return at + 1;
  }
  if (RULE.test(line)) {
    out.push({ tag: "hr" });
    return at + 1;
  }
  if (depth < DEEPEST && QUOTE.test(line)) return quote(lines, at, depth, out);
  if (depth < DEEPEST && ITEM.test(line)) return list(lines, at, depth, out);
  if (isTable(lines, at)) return table(lines, at, out);
  return paragraph(lines, at, depth, out);
}

function fenced(lines, at, [, indent, marks, language], out) {
  const end = new RegExp(`^ {0,3}${marks[0]}{${marks.length},} *$`);
  const code = [];
  let next = at + 1;
  for (; next < lines.length && !end.test(lines[next]); next++) {
    let cut = 0;
    while (cut < indent.length && lines[next][cut] === " ") cut += 1;
    code.push(lines[next].slice(cut));
  }
  out.push({ tag: "pre", language: language.trim().split(/\s/)[0], children: [code.join("\n")] });
  return next + 1;
}

function quote(lines, at, depth, out) {
  const inner = [];
  for (; at < lines.length && QUOTE.test(lines[at]); at++) inner.push(lines[at].replace(QUOTE, ""));
  out.push({ tag: "blockquote", children: blocks(inner, depth + 1) });
  return at;
}

const indentOf = (line) => line.length - line.trimStart().length;

function list(lines, at, depth, out) {
  const first = ITEM.exec(lines[at]);
  const isOrdered = /\d/.test(first[2]);
  const items = [];
  while (at < lines.length) {
    const found = ITEM.exec(lines[at]);
    if (!found || /\d/.test(found[2]) !== isOrdered || found[1].length > first[1].length + 1 || RULE.test(lines[at])) break;
    const item = [lines[at].slice(found[0].length)];
    // What is indented by two belongs to it: models do not count to the letter.
    const width = Math.min(found[0].length, found[1].length + 2);
    at = itemLines(lines, at + 1, width, found[0].length, item);
    items.push({ tag: "li", ...task(item), children: blocks(item, depth + 1) });
  }
  out.push({ tag: isOrdered ? "ol" : "ul", start: isOrdered ? Number.parseInt(first[2], 10) : 1, children: items });
  return at;
}

/** Collects the lines that go on with an item; the line after them. */
function itemLines(lines, at, width, cut, item) {
  for (; at < lines.length; at++) {
    const line = lines[at];
    if (line.trim() === "") {
      const next = lines.slice(at + 1, at + 3).find((later) => later.trim() !== "");
      if (next === undefined || indentOf(next) < width) return itemEnd(lines, at);
      item.push("");
      continue;
    }
    const goesOn = indentOf(line) >= width || (!ITEM.test(line) && !isStart(line) && item.at(-1).trim() !== "");
    if (!goesOn) return at;
    item.push(line.slice(Math.min(cut, indentOf(line))));
  }
  return at;
}

/** Past empty lines between items. */
function itemEnd(lines, at) {
  let next = at;
  while (next < lines.length && lines[next].trim() === "") next += 1;
  return next < lines.length && ITEM.test(lines[next]) ? next : at;
}

function task(item) {
  const found = /^\[([ xX])\] /.exec(item[0]);
  if (!found) return {};
  item[0] = item[0].slice(4);
  return { isDone: found[1] !== " " };
}

const isStart = (line) => FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line);

function paragraph(lines, at, depth, out) {
  const text = [lines[at].trim()];
  for (at += 1; at < lines.length; at++) {
    const line = lines[at];
    const isOver = line.trim() === "" || isStart(line) || (depth < DEEPEST && ITEM.test(line)) || isTable(lines, at);
    if (isOver) break;
    text.push(line.trim());
  }
  out.push({ tag: "p", children: parseInline(text.join("\n")) });
  return at;
}

function isTable(lines, at) {
  if (!lines[at].includes("|") || !lines[at + 1]?.includes("-")) return false;
  const rule = cells(lines[at + 1]);
  return rule.length === cells(lines[at]).length && rule.every((cell) => CELL_RULE.test(cell));
}

function table(lines, at, out) {
  const head = cells(lines[at]);
  const align = cells(lines[at + 1]).map((cell) => {
    const rule = cell.trim();
    return rule.endsWith(":") ? (rule.startsWith(":") ? "center" : "end") : "start";
  });
  const rows = [];
  for (at += 2; at < lines.length && lines[at].includes("|") && lines[at].trim() !== ""; at++) {
    const row = cells(lines[at]);
    rows.push(head.map((_, place) => parseInline(row[place] ?? "")));
  }
  out.push({ tag: "table", align, head: head.map((cell) => parseInline(cell)), rows });
  return at;
}

/** The cells of a line: at bars that are neither escaped nor in code. */
function cells(line) {
  const out = [];
  let cell = "";
  let isCode = false;
  for (const [char] of line.trim().replace(/^\|/, "").matchAll(/\\\||[^]/gu)) {
    if (char === "`") isCode = !isCode;
    if (char === "|" && !isCode) {
      out.push(cell.trim());
      cell = "";
    } else cell += char === "\\|" ? "|" : char;
  }
  if (cell.trim() !== "" || out.length === 0) out.push(cell.trim());
  return out;
}
