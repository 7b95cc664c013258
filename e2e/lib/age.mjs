// Stock `age`, as a person uses it on their own computer.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Types a passphrase whenever the program asks for one: `age` takes it from a terminal only. */
const TYPIST = `
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
said = b""
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    said += more
    if said.rstrip().endswith(b":"):
        os.write(terminal, sys.argv[1].encode() + b"\\n")
        said = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

/** A folder of the person's own, gone when the test ends. */
export function ownFolder(test) {
  const folder = mkdtempSync(join(tmpdir(), "carryall-age-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function run(program, ...command) {
  const ended = spawnSync(program, command, { encoding: "utf8" });
  if (ended.status !== 0) throw new Error(`${program} ${command.join(" ")}: ${ended.stdout}${ended.stderr ?? ended.error}`);
  return ended.stdout;
}

/** Opens a file with its passphrase. */
export function openWithPassphrase(file, passphrase, out) {
  run("python3", "-c", TYPIST, passphrase, "age", "-d", "-o", out, file);
  return out;
}

/** Makes a private key in a file; the public one. */
export function newKey(path) {
  run("age-keygen", "-o", path);
  return run("age-keygen", "-y", path).trim();
}

/** Opens a file with a private key. */
export function openWithKey(file, key, out) {
  run("age", "-d", "-i", key, "-o", out, file);
  return out;
}
