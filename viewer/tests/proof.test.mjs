// Signatures are right, wrong, or not checked, and the last is never called right. PDF files that act are not shown.

import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { isInert } from "../src/pdf.js";
import { checkSignature, keysIn, signedText } from "../src/signature.js";
import { originCheck } from "../src/verify.js";
import { fileOf, linesOf, open } from "./a-file.mjs";

const pair = generateKeyPairSync("ed25519");
const KEY = { key_id: "2026", algorithm: "ed25519", public_key: pair.publicKey.export({ format: "jwk" }).x.replaceAll("-", "+").replaceAll("_", "/") };
const sha256 = createHash("sha256").update(linesOf({})).digest("hex");
const signed = (text, keyId = "2026") => ({ algorithm: "ed25519", key_id: keyId, value: sign(null, Buffer.from(text), pair.privateKey).toString("base64") });
const check = (signature, keys = [KEY], digest = sha256, id = "export-1") => checkSignature({ sha256: digest, signature }, id, keys).then(({ state }) => state);

test("a signature is right for its digest and its export alone", async () => {
  const signature = signed(signedText(sha256, "export-1"));
  assert.equal(signedText("ab", "id"), "carryall-export-v1 sha256 ab id\n");
  assert.equal(await check(signature), "right");
  assert.equal(await check(signature, [KEY], "0".repeat(64)), "wrong");
  assert.equal(await check(signature, [KEY], sha256, "export-2"), "wrong");
  assert.equal(await check({ ...signature, value: "not base64 at all" }), "wrong");
  assert.equal(await check({ ...signature, value: signature.value.slice(0, 20) }), "wrong");
});

test("what was not checked is not right: no signature, no key, another key, another algorithm", async () => {
  const signature = signed(signedText(sha256, "export-1"));
  const states = [await check(null), await check(signature, []), await check(signature, [{ ...KEY, key_id: "2025" }]), await check({ ...signature, algorithm: "rsa" }), await check(signature, [{ ...KEY, public_key: "AAAA" }])];
  assert.deepEqual(states, ["none", "no_key", "other_key", "unknown", "other_key"]);
  for (const state of states) assert.equal(originCheck({ state }, "good").state, "warn");
});

test("a browser without Ed25519 says that it cannot check", async (t) => {
  const signature = signed(signedText(sha256, "export-1"));
  const unknown = () => Promise.reject(new DOMException("unrecognised", "NotSupportedError"));
  const mock = t.mock.method(crypto.subtle, "importKey", unknown);
  assert.equal(await check(signature), "unsupported");
  mock.mock.restore();
  assert.match(originCheck({ state: "unsupported" }, "good").title, /cannot be checked here/i);
});

test("a right signature on a file that was changed proves nothing about it", async () => {
  const signature = signed(signedText(sha256, "export-1"));
  const whole = await open(fileOf({}, { signature }), { state: await check(signature) });
  assert.deepEqual([whole.verdict.state, whole.verdict.title], ["good", "This export is whole, unchanged and genuine"]);
  const edited = await open(Buffer.from(fileOf({}, { signature }).toString().replace("me@example.com", "no@example.com")), { state: "right" });
  assert.deepEqual([edited.all.origin.state, edited.verdict.state], ["warn", "bad"]);
  const forged = await open(fileOf({ user_memories: [{ id: "1" }] }, { signature }), { state: await check(signature, [KEY], "1".repeat(64)) });
  assert.equal(forged.verdict.title, "The signature is wrong");
});

test("a document of keys is read, and anything else is none", () => {
  assert.deepEqual(keysIn(JSON.stringify({ keys: [KEY] })), [KEY]);
  for (const text of ["", "[]", "{}", '{"keys":[]}', '{"keys":[{"key_id":1}]}', "hello"]) assert.equal(keysIn(text), null, text);
});

const pdf = (...parts) => new Blob(["%PDF-1.7\n", ...parts, "\n%%EOF"]);
const objects = (inner, filter = "/Filter /FlateDecode") => ["1 0 obj << /Type /ObjStm ", filter, " >>\nstream\n", inner, "\nendstream endobj"];

test("a PDF that only shows pages is shown", async () => {
  assert.ok(await isInert(pdf("1 0 obj << /Type /Catalog /OpenAction [3 0 R /Fit] >> endobj")));
  assert.ok(await isInert(pdf("<< /Filter [/ASCII85Decode /FlateDecode] >>\nstream\nGat=~>endstream")));
  assert.ok(await isInert(pdf(...objects(deflateSync("1 0 << /Type /Page /A << /S /URI /URI (https://a.example) >> >>")))));
});

test("a PDF that runs, sends or starts something, or hides what it does, is not", async () => {
  const acts = ["/S /JavaScript /JS (app.alert(1))", "/S /J#61vaScript", "/S /SubmitForm /F (https://evil.example)", "/S /Launch", "/XFA 3 0 R", "/Encrypt 4 0 R"];
  for (const act of acts) {
    assert.equal(await isInert(pdf(`1 0 obj << ${act} >> endobj`)), false, act);
    if (act.startsWith("/S")) assert.equal(await isInert(pdf(...objects(deflateSync(`1 0 << ${act} >>`)))), false, `packed: ${act}`);
  }
  assert.equal(await isInert(pdf(...objects("abc", "/Filter /LZWDecode"))), false, "packed in a way that is not read here");
});
