// Which addresses a person may follow from here, and what of them is shown.

const ALLOWED = ["http:", "https:", "mailto:"];

/** `{ href, host }` of an address on the web or of a mailbox; null for everything else. */
export function safeLink(target) {
  let url;
  try {
    url = new URL(String(target));
  } catch {
    return null;
  }
  if (!ALLOWED.includes(url.protocol)) return null;
  // What stands before an @ is not where a link leads.
  return { href: url.href, host: url.protocol === "mailto:" ? url.pathname : url.host };
}
