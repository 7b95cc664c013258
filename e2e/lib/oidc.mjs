// A site that people sign in to through a provider, and what they do there.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Program } from "./program.mjs";

const SECRET = "a secret of the tests that is long enough";

/** A port that is free now. Who redirects to whom has to be known before either is there. */
async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** The demo, and a provider; both are gone when the test ends. */
export async function startedWithProvider(test) {
  const [own, its] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${own}`;
  const issuer = `http://127.0.0.1:${its}`;
  const script = join(import.meta.dirname, "oidc-provider.mjs");
  const provider = spawn(process.execPath, [script, `${its}`, `${url}/sign-in/oidc/callback`, SECRET]);
  const gone = new Promise((done) => provider.once("exit", done));
  const end = async () => { provider.kill("SIGKILL"); await gone; };
  test.after(end);
  let log = "";
  provider.stderr.on("data", (text) => { log += text; });
  for await (const line of createInterface({ input: provider.stdout })) if (line === "ready") break;
  if (provider.exitCode !== null) throw new Error(`the provider did not start:\n${log}`);
  provider.stdout.resume();
  const program = await Program.started(test, {
    grow: ({ folder }) => writeFileSync(join(folder, "secret"), `${SECRET}\n`),
    port: own,
    flags: [
      "--public-url", url, "--oidc-issuer", issuer, "--oidc-client-id", "carryall",
      "--oidc-client-secret-file", "secret", "--oidc-subject-claim", "email", "--oidc-name", "Example ID",
    ],
  });
  return { program, issuer, endProvider: end };
}

/** Types an address on the provider's page, and agrees to what it asks. */
export async function signInThere(page, issuer, email) {
  await page.waitForURL(`${issuer}/interaction/**`);
  await page.locator("input[name=login]").fill(email);
  await page.locator("input[name=password]").fill("anything");
  await page.locator("button[type=submit]").click();
  await page.waitForURL((url) => !url.href.startsWith(issuer) || url.pathname.startsWith("/interaction/"));
  // The second page asks for consent, the first time.
  if (page.url().startsWith(issuer)) await page.locator("button[type=submit]").click();
}
