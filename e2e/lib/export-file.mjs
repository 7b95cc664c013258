// An export file, read with nothing of ours: Node's JSON and SHA-256.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** Reads a file and checks what every whole export has. */
export function readExport(path) {
  const bytes = readFileSync(path);
  return { ...parseExport(bytes), sha256: sha256(bytes), size: bytes.length };
}

/** The document, if these bytes are a whole export. */
export function parseExport(bytes) {
  const document = JSON.parse(bytes);
  const before = bytes.lastIndexOf("\n", bytes.length - 2) + 1;
  const isWhole = document.integrity.sha256 === sha256(bytes.subarray(0, before));
  return { document, isWhole };
}

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** How much each workspace holds in the file, as the home page should say it. */
export function workspacesOf({ threads, messages, uploaded_files, generated_documents, workspace_memories, workspaces }) {
  const place = new Map(threads.map((thread) => [thread.id, thread.workspace_id]));
  const at = (id) => (record) => (record.workspace_id ?? null) === id;
  return [...workspaces.map(({ id }) => id), null].map((id) => ({
    id,
    Threads: threads.filter(at(id)).length,
    Messages: messages.filter((message) => place.get(message.thread_id) === id).length,
    Files: uploaded_files.filter(at(id)).length,
    Documents: generated_documents.filter(at(id)).length,
    Memories: workspace_memories.filter(at(id)).length,
  }));
}
