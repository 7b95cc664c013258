// A person without a browser: a session's cookie and plain requests, for tests of the program itself.

import { request } from "node:http";
import { parseExport, sha256 } from "./export-file.mjs";

export class Visitor {
  constructor(program) {
    this.program = program;
    this.cookie = "";
  }

  /** Somebody who signed in with what the sign-in page shows; the first has the biggest account. */
  static async signedIn(program, which = 0) {
    const visitor = new Visitor(program);
    const { text } = await visitor.get("/sign-in");
    const hidden = (name) => [...text.matchAll(new RegExp(`name="${name}" value="([^"]+)"`, "g"))].map(([, value]) => value);
    visitor.login = hidden("login")[which];
    visitor.password = hidden("password")[which];
    await visitor.signIn();
    return visitor;
  }

  async signIn() {
    const answer = await this.post("/sign-in", { login: this.login, password: this.password });
    this.cookie = answer.headers["set-cookie"]?.[0].split(";")[0] ?? "";
    return answer;
  }

  get(path) {
    return this.send("GET", path);
  }

  /** Sends a form of these pages. */
  post(path, fields = {}) {
    return this.send("POST", path, new URLSearchParams(fields).toString());
  }

  send(method, path, body = "") {
    const headers = {
      cookie: this.cookie,
      "sec-fetch-site": "same-origin",
      "content-type": "application/x-www-form-urlencoded",
      "content-length": Buffer.byteLength(body),
    };
    return new Promise((done, failed) => {
      const sent = request(`${this.program.url}${path}`, { method, headers, agent: false }, (answer) => {
        const chunks = [];
        answer.on("data", (chunk) => chunks.push(chunk));
        answer.on("error", failed);
        answer.on("end", () => {
          const bytes = Buffer.concat(chunks);
          done({ status: answer.statusCode, headers: answer.headers, bytes, get text() { return bytes.toString(); } });
        });
      });
      sent.on("error", failed);
      sent.end(body);
    });
  }

  /** Clicks the export action; answers when the program does, with the export's id. */
  async requestExport() {
    const { headers } = await this.post("/exports", { choice: "everything", file_contents: "yes" });
    return headers.location.match(/export=([0-9a-f-]+)/)[1];
  }

  /** The export that runs, as the page shows it; undefined when none does. */
  async runningExport() {
    const { text } = await this.get("/settings/data-protection");
    return text.match(/data-status="\/exports\/([^/]+)\/status"/)?.[1];
  }

  /** `queued`, `building`, `ready`, ... */
  async statusOf(id) {
    return JSON.parse((await this.get(`/exports/${id}/status`)).text).status;
  }

  /** Downloads a finished export, and says whether it is what the page promises, to the last byte. */
  async download(id) {
    const { status, headers, bytes } = await this.get(`/exports/${id}/download`);
    const page = await this.get("/settings/data-protection");
    const isPromised = page.text.includes(sha256(bytes)) && Number(headers["content-length"]) === bytes.length;
    return { status, isPromised, ...parseExport(bytes) };
  }
}
