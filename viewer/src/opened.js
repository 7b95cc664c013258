// One opened file, as the pages see it: what the scan found, what the checks say, and where to ask for more.

import { Worked } from "./client.js";
import { checkSignature } from "./signature.js";
import { checks, digestCheck, originCheck, verdict } from "./verify.js";

export class Opened {
  /** `code`: this page's own, for the workers; `origin`: see `source.js`; `keys`: public keys given so far. */
  constructor(code, origin, keys) {
    this.code = code;
    this.origin = origin;
    this.keys = keys;
    this.reader = new Worked(code);
    this.hasher = null;
    this.digest = null;
    this.digestShare = 0;
    this.signature = { state: "none" };
    /** Called whenever the checks say something new. */
    this.onnews = () => {};
    /** Which other branch the person chose, by thread. */
    this.chosen = new Map();
  }

  /** Reads the whole file once; why it is no export, or null. The digest goes on by itself. */
  async open(progress) {
    const { scan, whyNot } = await this.reader.ask("open", { origin: this.origin }, progress);
    if (whyNot) return whyNot;
    this.scan = scan;
    await this.useKeys(this.keys);
    this.hash();
    return null;
  }

  /** Hashes everything before the last line, beside the page. */
  async hash() {
    if (!this.scan.isWhole || this.scan.isRewritten) return;
    this.hasher = new Worked(this.code);
    try {
      this.digest = await this.hasher.ask("digest", { origin: this.origin }, ({ done, of }) => {
        this.digestShare = done / of;
        this.onnews("share");
      });
    } catch (error) {
      this.digest = `could not be computed: ${error.message}`;
    }
    this.hasher?.end();
    this.onnews("digest");
  }

  async useKeys(keys) {
    this.keys = keys;
    this.signature = await checkSignature(this.scan.integrity, this.scan.header.id, keys);
    this.onnews("keys");
  }

  /** Every check with its state, and the verdict over them. */
  get findings() {
    const digest = digestCheck(this.scan, this.digest);
    const all = [...checks(this.scan), digest, originCheck(this.signature, digest.state)];
    return { all, verdict: verdict(all) };
  }

  ask(question, args, progress) {
    return this.reader.ask(question, args, progress);
  }

  close() {
    this.reader.end();
    this.hasher?.end();
    this.onnews = () => {};
  }
}
