// Numbers, sizes, times and names as people read them, as on the product's own pages.

const NUMBERS = new Intl.NumberFormat("en");
const DAYS = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
const HOURS = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "UTC" });
const UNITS = [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]];

/** `1,204` */
export const count = (number) => (typeof number === "number" ? NUMBERS.format(number) : String(number));

/** `1 thread`, `1,204 threads` */
export const countOf = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

/** `2.4 MB` */
export function size(bytes) {
  for (const [unit, name] of UNITS) {
    if (bytes < unit) continue;
    const tenths = Math.floor((bytes * 10) / unit);
    return tenths >= 100 ? `${Math.floor(tenths / 10)} ${name}` : `${(tenths / 10).toFixed(1)} ${name}`;
  }
  return countOf(bytes, "byte", "bytes");
}

const timeOf = (text) => (typeof text === "string" ? new Date(text) : new Date(NaN));

/** `23 November 2026, 10:04 UTC`; what is no time stays as it is. */
export function moment(text) {
  const time = timeOf(text);
  return Number.isNaN(time.getTime()) ? spelled(text) : `${DAYS.format(time)}, ${HOURS.format(time)} UTC`;
}

/** `23 November 2026` */
export function day(text) {
  const time = timeOf(text);
  return Number.isNaN(time.getTime()) ? spelled(text) : DAYS.format(time);
}

/** `With a capital first letter.` */
export function sentence(text) {
  const [first = "", ...rest] = String(text);
  const whole = first.toUpperCase() + rest.join("");
  return whole === "" || /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

const SHORT = { id: "ID", ids: "IDs", url: "URL", ip: "IP", ai: "AI", dpa: "DPA", mfa: "MFA", sha256: "SHA-256", utc: "UTC" };

/** `workspace_id` -> `Workspace ID` */
export function label(key) {
  const words = String(key).split(/[_\s]+/).filter(Boolean);
  const text = words.map((word) => SHORT[word] ?? word).join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/**
 * A name in pieces, `[text, isSign]`: what cannot be seen, or turns other letters around, becomes a sign such
 * as `U+202E`. Tabs and line ends count as that too; joiners stay, for names and pictures are written with them.
 */
export function visible(name) {
  const text = String(name);
  const pieces = [];
  let from = 0;
  for (const found of text.matchAll(new RegExp(`${INVISIBLE.source}|[\\t\\n]`, "gu"))) {
    if (found.index > from) pieces.push([text.slice(from, found.index), false]);
    pieces.push([`U+${found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`, true]);
    from = found.index + found[0].length;
  }
  if (from < text.length) pieces.push([text.slice(from), false]);
  return pieces;
}

/** A text with its invisible signs spelled out, where there is no room for elements. */
const spelled = (text) => visible(text ?? "").map(([piece, isSign]) => (isSign ? `<${piece}>` : piece)).join("");

/** A name to save a file under: nothing that a system could take for something else. */
export function fileName(name) {
  const safe = String(name ?? "").replace(INVISIBLE, "").replace(/[\\/:*?"<>|\t\n]/g, "_").replace(/^[.\s]+|[.\s]+$/g, "");
  return safe.slice(-180) || "file";
}
