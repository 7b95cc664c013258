// The program under test: the real binary, in a folder of its own, on a port that the system chose.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const TARGET = resolve(REPOSITORY, process.env.CARGO_TARGET_DIR ?? "target");
/** The built program. */
export const CARRYALL = process.env.CARRYALL_BIN ?? join(TARGET, "debug/carryall");

/** Where screenshots go. */
export const SCREENSHOTS = join(TARGET, "screenshots");

/** A demo in a temporary folder, and the program that serves it. */
export class Program {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "carryall-e2e-"));
    this.artifacts = join(this.folder, "demo/artifacts");
    this.database = join(this.folder, "demo/isms-copilot.db");
    this.log = "";
  }

  /** A served demo, gone when the test ends. `grow`: what to change in it before it is served. */
  static async started(test, { messages, grow = () => {}, flags = [], limit, port = 0 } = {}) {
    const program = new Program();
    test.after(() => program.remove());
    program.run("demo", "--dir", "demo", ...(messages ? ["--messages", `${messages}`] : []));
    grow(program);
    program.port = port;
    await program.start(flags, limit);
    return program;
  }

  /** Runs a command of the program to its end. */
  run(...command) {
    const ended = spawnSync(CARRYALL, command, { cwd: this.folder, encoding: "utf8" });
    if (ended.status !== 0) throw new Error(`carryall ${command.join(" ")}: ${ended.stderr ?? ended.error}`);
    return ended.stdout;
  }

  /** Serves, and waits until it says where. `limit`: largest file that it may write, in KiB. */
  async start(flags = [], limit = "unlimited") {
    // Without the trap a file that is too large would end the process instead of the write.
    const shell = 'trap "" XFSZ; ulimit -f "$1"; shift; exec "$@"';
    const serve = [CARRYALL, "serve", "--demo", "--retry-for", "1s", "--listen", `127.0.0.1:${this.port ?? 0}`, ...flags];
    this.child = spawn("bash", ["-c", shell, "bash", limit, ...serve], { cwd: this.folder });
    this.ended = new Promise((done) => this.child.once("exit", done));
    this.child.stderr.on("data", (text) => { this.log += text; });
    for await (const line of createInterface({ input: this.child.stdout })) {
      this.url = line.match(/http:\S+/)?.[0];
      if (this.url) return;
    }
    throw new Error(`the program did not start:\n${this.log}`);
  }

  /** Ends it with a signal, by its own number. */
  async end(signal) {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.ended;
  }

  /** SIGKILL: nothing that a process does on its way out is done. */
  kill() {
    return this.end("SIGKILL");
  }

  /**
   * Makes it run a sixteenth of the time only, so that a short export lasts. Returns what ends that;
   * the end of the program does too.
   */
  slowDown() {
    let timer;
    const { child } = this;
    const stop = () => { child.kill("SIGSTOP"); timer = setTimeout(go, 75); };
    const go = () => { child.kill("SIGCONT"); timer = setTimeout(stop, 5); };
    const end = () => { clearTimeout(timer); child.kill("SIGCONT"); };
    child.once("exit", () => clearTimeout(timer));
    stop();
    return end;
  }

  /** Makes it stand still. Returns what lets it go on. */
  standStill() {
    const { child } = this;
    child.kill("SIGSTOP");
    return () => child.kill("SIGCONT");
  }

  /** Files in the folder of artifacts: name, size and mode. */
  files() {
    return readdirSync(this.artifacts).flatMap((name) => {
      // One that goes while it is looked at is not there.
      const found = statSync(join(this.artifacts, name), { throwIfNoEntry: false });
      return found ? [{ name, size: found.size, mode: found.mode & 0o777 }] : [];
    });
  }

  /** Changes the product's database, as the product itself would. */
  sql(statement) {
    return sqlite(this.database, statement);
  }

  /** Reads the program's own records. */
  ledger(query) {
    return sqlite(join(this.folder, "demo/carryall.db"), query);
  }

  async remove() {
    if (this.child) await this.end("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * Gives the first person of the demo a file of 150 MB: an export that takes a while, on pages that take
 * none. The file has no content of its own, so it is made at once.
 */
export function withLargeFile(program) {
  const bytes = 150_000_000;
  const theirs = "user_id = (SELECT id FROM users ORDER BY rowid LIMIT 1)";
  const [id, key] = program.sql(`SELECT id, storage_key FROM uploaded_files WHERE ${theirs} LIMIT 1`).split("|");
  truncateSync(join(program.folder, "demo/files", key), bytes);
  program.sql(`UPDATE uploaded_files SET size_bytes = ${bytes} WHERE id = '${id}'`);
}

/** Waits until something is the case, for so many seconds at most. */
export async function until(what, isTrue, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const found = await isTrue();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

function sqlite(database, statement) {
  const ended = spawnSync("sqlite3", ["-cmd", ".timeout 5000", database, statement], { encoding: "utf8" });
  if (ended.status !== 0) throw new Error(ended.stderr || String(ended.error));
  return ended.stdout.trim();
}
