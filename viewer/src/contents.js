// The bytes of a file, put together from its parts: a Blob, which the browser may keep on the disk.

import { Sha256 } from "./sha256.js";
import { read } from "./source.js";

/** The largest part of a file as the format has it, in base64 and with its record around it, and some more. */
const LARGEST_PART_BYTES = 16 << 20;

/**
 * The file whose parts these are: `{ blob, size, state }`. `state` is `right` when the bytes have the SHA-256
 * that stands beside them, `wrong` when not, `incomplete` when the product could not read the file to its end.
 */
export async function readContents(source, records, parts) {
  const digest = new Sha256();
  const pieces = [];
  let size = 0;
  let last = {};
  for (const index of parts) {
    const start = records.offsets.get(index);
    const length = records.lengths.get(index);
    if (length > LARGEST_PART_BYTES) throw new Error("a part of the file is larger than the format allows");
    last = JSON.parse(new TextDecoder().decode(await read(source, start, start + length)));
    const bytes = decodeBase64(last.base64);
    digest.update(bytes);
    size += bytes.length;
    pieces.push(new Blob([bytes]));
  }
  const isRight = last.last === true && last.size_bytes === size && last.sha256 === digest.digest();
  const state = last.complete === false ? "incomplete" : isRight ? "right" : "wrong";
  return { blob: new Blob(pieces), size, state };
}

export function decodeBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}
