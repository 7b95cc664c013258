// Who made a file: its signature, checked with a key that the person got from the product.
//
// What cannot be checked is never called right: a browser without Ed25519, no key, another key.

import { decodeBase64 } from "./contents.js";

/** What is signed: the digest and the export's id, so that a signature cannot be moved to another file. */
export const signedText = (sha256, exportId) => `carryall-export-v1 sha256 ${sha256} ${exportId}\n`;

/**
 * `none`: not signed; `no_key`: no key given; `other_key`: none of the given ones signed it; `unsupported`: this
 * browser cannot check; `unknown`: an algorithm that this page does not know; `right`; `wrong`.
 */
export async function checkSignature(integrity, exportId, keys) {
  const signature = integrity?.signature ?? null;
  if (signature === null) return { state: "none" };
  const keyId = String(signature.key_id);
  if (signature.algorithm !== "ed25519") return { state: "unknown", keyId };
  if (keys.length === 0) return { state: "no_key", keyId };
  const key = keys.find((one) => one.key_id === signature.key_id && one.algorithm === "ed25519");
  if (!key) return { state: "other_key", keyId };
  if (!globalThis.crypto?.subtle) return { state: "unsupported", keyId };
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", decodeBase64(key.public_key), { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    // A browser without the algorithm says NotSupportedError; any other error is about the key.
    return { state: error.name === "NotSupportedError" ? "unsupported" : "other_key", keyId };
  }
  try {
    const text = new TextEncoder().encode(signedText(integrity.sha256, exportId));
    const isRight = await crypto.subtle.verify({ name: "Ed25519" }, imported, decodeBase64(signature.value), text);
    return { state: isRight ? "right" : "wrong", keyId };
  } catch {
    return { state: "wrong", keyId };
  }
}

/** The keys of a document `{"keys": [...]}`, or null if it is none. */
export function keysIn(text) {
  try {
    const { keys } = JSON.parse(text);
    const isKey = (key) => typeof key?.key_id === "string" && typeof key.public_key === "string";
    return Array.isArray(keys) && keys.length > 0 && keys.every(isKey) ? keys : null;
  } catch {
    return null;
  }
}
