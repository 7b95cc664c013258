// Markdown within a line: emphasis, code, links. Gives plain objects, never HTML; time grows with the text.

import { safeLink } from "./links.js";

/** More open marks than this at once are taken as text. */
const MOST_OPEN = 64;
/** A longer address is text: whoever looks for its end at each bracket would never be done. */
const LONGEST_ADDRESS = 2048;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const SPACE = /\s/u;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const BARE_LINK = /https?:\/\/[^\s<>"`|]+/iy;
const ANGLE_LINK = /<((?:https?:\/\/|mailto:)[^\s<>]*)>/iy;
const BREAK = /<br\s?\/?>/iy;
const ENTITY = /&(amp|lt|gt|quot|apos|nbsp|#39);/y;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", "#39": "'" };

/** The pieces of a text: strings, and `{ tag, children, … }` with tag strong, em, del, code, a, image or br. */
export function parseInline(text) {
  return new Inline(text).parse();
}

class Inline {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.out = [];
    // Marks that wait for their partner: { char, count, place in out }.
    this.open = [];
    this.noCodeEnd = new Set();
  }

  parse() {
    const { text } = this;
    while (this.at < text.length) {
      const char = text[this.at];
      if (char === "\\") this.#escape();
      else if (char === "`") this.#code();
      else if (char === "*" || char === "_" || char === "~") this.#marks(char);
      else if (char === "[") this.#bracket("[", 1);
      else if (char === "!" && text[this.at + 1] === "[") this.#bracket("![", 2);
      else if (char === "]") this.#closeBracket();
      else if (char === "\n") this.#push({ tag: "br" }, 1);
      else if (!this.#special(char)) this.#plain();
    }
    return this.out.filter((piece) => piece !== "");
  }

  #push(piece, length) {
    const last = this.out.length - 1;
    const isMark = this.open.some(({ place }) => place === last);
    if (typeof piece === "string" && typeof this.out[last] === "string" && !isMark) this.out[last] += piece;
    else this.out.push(piece);
    this.at += length;
  }

  #plain() {
    const found = /[\\`*_~[\]!\n<&h]/giu;
    found.lastIndex = this.at + 1;
    const end = found.exec(this.text)?.index ?? this.text.length;
    this.#push(this.text.slice(this.at, end), end - this.at);
  }

  #escape() {
    const next = this.text[this.at + 1] ?? "";
    if (next === "\n") this.#push({ tag: "br" }, 2);
    else if (ESCAPABLE.test(next)) this.#push(next, 2);
    else this.#push("\\", 1);
  }

  #code() {
    const run = this.#run("`");
    const begin = this.at + run;
    if (!this.noCodeEnd.has(run)) {
      for (let end = this.text.indexOf("`", begin); end >= 0;) {
        let length = 1;
        while (this.text[end + length] === "`") length += 1;
        if (length === run) {
          let code = this.text.slice(begin, end).replaceAll("\n", " ");
          if (code.startsWith(" ") && code.endsWith(" ") && code.trim() !== "") code = code.slice(1, -1);
          return this.#push({ tag: "code", children: [code] }, end + run - this.at);
        }
        end = this.text.indexOf("`", end + length);
      }
      this.noCodeEnd.add(run);
    }
    return this.#push("`".repeat(run), run);
  }

  #run(char) {
    let length = 1;
    while (this.text[this.at + length] === char) length += 1;
    return length;
  }

  /** `*`, `_` and `~~`: closes what is open, opens what may follow. */
  #marks(char) {
    const run = this.#run(char);
    if (run > 3 || (char === "~" && run !== 2)) return this.#push(char.repeat(run), run);
    const [opens, closes] = this.#flanks(char, run);
    let rest = run;
    while (closes && rest > 0) {
      const used = this.#close(char, rest);
      if (used === 0) break;
      rest -= used;
    }
    this.at += run;
    if (rest === 0) return undefined;
    if (opens && this.open.length < MOST_OPEN) this.open.push({ char, count: rest, place: this.out.length });
    this.out.push(char.repeat(rest));
    return undefined;
  }

  #flanks(char, run) {
    const before = this.text[this.at - 1] ?? " ";
    const after = this.text[this.at + run] ?? " ";
    const [spaceBefore, spaceAfter] = [SPACE.test(before), SPACE.test(after)];
    const [markBefore, markAfter] = [PUNCTUATION.test(before), PUNCTUATION.test(after)];
    const left = !spaceAfter && (!markAfter || spaceBefore || markBefore);
    const right = !spaceBefore && (!markBefore || spaceAfter || markAfter);
    if (char !== "_") return [left, right];
    return [left && (!right || markBefore), right && (!left || markAfter)];
  }

  /** Wraps what stands since the last open mark of this kind; how many letters of it that used. */
  #close(char, rest) {
    const at = this.open.findLastIndex((mark) => mark.char === char || mark.char === "[" || mark.char === "![");
    const mark = this.open[at];
    if (!mark || mark.char !== char) return 0;
    const used = char === "~" ? 2 : Math.min(rest, mark.count, 2);
    const children = this.out.splice(mark.place + 1);
    if (children.length === 0) return 0;
    this.open.length = at + 1;
    mark.count -= used;
    this.out[mark.place] = char.repeat(mark.count);
    this.out.push({ tag: char === "~" ? "del" : used === 2 ? "strong" : "em", children });
    if (mark.count === 0) this.open.pop();
    return used;
  }

  #bracket(char, length) {
    if (this.open.length < MOST_OPEN) this.open.push({ char, count: 1, place: this.out.length });
    this.out.push(char);
    this.at += length;
  }

  #closeBracket() {
    const at = this.open.findLastIndex(({ char }) => char === "[" || char === "![");
    const target = at < 0 ? null : this.#target();
    if (target === null) {
      if (at >= 0) this.open.splice(at, 1);
      return this.#push("]", 1);
    }
    const mark = this.open[at];
    const children = this.out.splice(mark.place + 1);
    this.out.pop();
    this.open.length = at;
    const tag = mark.char === "[" ? "a" : "image";
    this.out.push({ tag, target: target.url, link: safeLink(target.url), children });
    // No link within a link.
    if (tag === "a") this.open = this.open.filter(({ char }) => char !== "[");
    this.at = target.end;
    return undefined;
  }

  /** `(address "title")` after a bracket: the address and where it ends; null if it is none. */
  #target() {
    const { text } = this;
    let at = this.at + 1;
    if (text[at] !== "(") return null;
    at += 1;
    while (text[at] === " ") at += 1;
    const begin = at;
    const limit = Math.min(text.length, begin + LONGEST_ADDRESS);
    if (text[at] === "<") {
      const end = text.slice(at, limit).search(/[>\n]/);
      return text[at + end] === ">" ? this.#targetEnd(text.slice(at + 1, at + end), at + end + 1) : null;
    }
    for (let depth = 0; at < limit && !SPACE.test(text[at]); at++) {
      if (text[at] === "(") depth += 1;
      if (text[at] === ")" && --depth < 0) break;
    }
    return this.#targetEnd(text.slice(begin, at), at);
  }

  #targetEnd(url, from) {
    const rest = /\s{0,20}(?:"[^"\n]{0,500}"|'[^'\n]{0,500}')?\s{0,20}\)/y;
    rest.lastIndex = from;
    return rest.test(this.text) ? { url, end: rest.lastIndex } : null;
  }

  /** Bare links, entities and line breaks; whether there was one. */
  #special(char) {
    if (char === "<") {
      const link = this.#match(ANGLE_LINK);
      if (link) return this.#link(link[1], link[0].length);
      const found = this.#match(BREAK);
      if (found) this.#push({ tag: "br" }, found[0].length);
      return Boolean(found);
    }
    if (char === "&") {
      const found = this.#match(ENTITY);
      if (found) this.#push(ENTITIES[found[1]], found[0].length);
      return Boolean(found);
    }
    if (char !== "h" && char !== "H") return false;
    const isInWord = /[\p{L}\p{N}]/u.test(this.text[this.at - 1] ?? " ");
    const found = !isInWord && !this.open.some((mark) => mark.char === "[") && this.#match(BARE_LINK);
    return found ? this.#link(bare(found[0]), null) : false;
  }

  #link(url, length) {
    const link = safeLink(url);
    if (link === null) return false;
    this.#push({ tag: "a", target: url, link, children: [url] }, length ?? url.length);
    return true;
  }

  #match(pattern) {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text);
  }
}

/** Without what belongs to the sentence around it. */
function bare(url) {
  const count = (char) => url.split(char).length - 1;
  let [end, extra] = [url.length, count(")") - count("(")];
  for (; /[.,;:!?*_~'\])}]/.test(url[end - 1] ?? ""); end--) {
    if (url[end - 1] === ")" && extra-- <= 0) break;
  }
  return url.slice(0, end);
}
