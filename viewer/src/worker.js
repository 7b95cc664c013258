// What runs beside the page, so that the page stays at hand: one worker reads and answers, one hashes.

import { lastLine, Reader } from "./reader.js";
import { Sha256 } from "./sha256.js";
import { openSource, pieces } from "./source.js";

const PROGRESS_MS = 80;

/** Questions to a reader, by name. */
const ANSWERS = ["account", "workspaces", "list", "collections", "find", "record", "conversation", "follower", "contents", "seek", "stopSearch"];

/** Answers what the page asks: `{ id, ask, ...}` with `{ id, answer }`, `{ id, error }` and, before, `{ id, progress }`. */
export function startWorker() {
  let reader = null;
  addEventListener("message", async ({ data: { id, ask, args } }) => {
    const tell = (progress) => postMessage({ id, progress });
    try {
      let answer;
      if (ask === "open") {
        reader = new Reader(openSource(args.origin));
        answer = await reader.scan(tell);
      } else if (ask === "digest") {
        answer = await digestOf(openSource(args.origin), tell);
      } else if (ANSWERS.includes(ask)) {
        answer = await reader[ask](args, tell);
      }
      postMessage({ id, answer });
    } catch (error) {
      postMessage({ id, error: error?.message ?? String(error) });
    }
  });
}

/** The SHA-256 of everything before the last line; null when there is no such line. */
export async function digestOf(source, tell) {
  const line = await lastLine(source);
  if (line === null) return null;
  const digest = new Sha256();
  let told = 0;
  let done = 0;
  for await (const bytes of pieces(source, 0, line.start)) {
    digest.update(bytes);
    done += bytes.length;
    const now = performance.now();
    if (now - told < PROGRESS_MS) continue;
    told = now;
    tell({ done, of: line.start });
  }
  return digest.digest();
}
