// Elements made from words. Text from a file only ever becomes text: there is no way here to make HTML of it.

import { visible } from "./words.js";

const ADDRESS = /^(?:#|\?download$|blob:|https?:|mailto:)/i;

/** `h("p.muted", { id: "x", onclick: fn }, "text", element, …)`; null, undefined and false are left out. */
export function h(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if ((name === "href" || name === "src") && !ADDRESS.test(value)) throw new Error(`no address for a page: ${name}`);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...pieces(children));
  return element;
}

/** Children as `append` takes them. */
export function pieces(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** A name, title or other short text of the file: set apart from the text around it, its invisible signs shown. */
export function named(text, otherwise = "without a name") {
  if (text === null || text === undefined || String(text).trim() === "") return h("span.muted", {}, otherwise);
  return h("bdi", {}, visible(text).map(([piece, isSign]) => (isSign ? h("span.sign", { title: "a sign that cannot be seen" }, piece) : piece)));
}

/** A section of a page with a heading. */
let headings = 0;
export function card(title, ...children) {
  headings += 1;
  const id = `heading-${headings}`;
  return h("section.card", { "aria-labelledby": id }, h("h2", { id }, title), children);
}

/** One more fact in a row of facts. */
export const fact = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

/** A button. */
export const button = (text, onclick, attributes = {}) => h("button.quiet", { type: "button", onclick, ...attributes }, text);

/** Where in a long list, with ways to the pages before and after. `address(from)`: of a page. */
export function pager({ total, from, count, address, what }) {
  if (total <= count) return null;
  const last = Math.floor((total - 1) / count) * count;
  const to = (start, text, label) => h("a.button.quiet", { href: address(start), "aria-label": label }, text);
  const format = (number) => number.toLocaleString("en");
  return h("nav.pager", { "aria-label": `Pages of ${what}` },
    from > 0 ? [to(0, "First", `First ${what}`), to(Math.max(0, from - count), "Back", `${what} before these`)] : null,
    h("span.muted", {}, `${format(from + 1)} to ${format(Math.min(from + count, total))} of ${format(total)}`),
    from + count < total ? [to(from + count, "Next", `${what} after these`), to(last, "Last", `Last ${what}`)] : null);
}
