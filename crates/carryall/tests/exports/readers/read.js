// Reads export files and prints what stands in them.
const { readFileSync, writeSync } = require("node:fs");

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const out = [];
for (const path of process.argv.slice(2)) {
  const exported = JSON.parse(decoder.decode(readFileSync(path)));
  for (const [key, value] of Object.entries(exported)) {
    if (Array.isArray(value)) out.push(`${key} ${value.length}\n`);
  }
  for (const { id, content } of exported.messages) out.push(`${id}\n${content ?? ""}\n`);
}
const bytes = Buffer.from(out.join(""));
for (let written = 0; written < bytes.length; ) written += writeSync(1, bytes, written);
