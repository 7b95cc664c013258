// Questions from the page to its workers.

/** A worker that runs this page's own code. */
export class Worked {
  constructor(code) {
    const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    this.worker = new Worker(trusted(address));
    this.asked = new Map();
    this.next = 1;
    this.worker.addEventListener("message", ({ data }) => this.#answered(data));
    this.worker.addEventListener("error", (event) => this.#failed(event.message || "the worker could not be started"));
  }

  /** The answer, once it is there. `progress` is told how far it is. */
  ask(ask, args = {}, progress = () => {}) {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject, progress });
      this.worker.postMessage({ id, ask, args });
    });
  }

  end() {
    this.worker.terminate();
    this.asked.clear();
  }

  #answered({ id, progress, answer, error }) {
    const asked = this.asked.get(id);
    if (!asked) return;
    if (progress !== undefined) return asked.progress(progress);
    this.asked.delete(id);
    if (error === undefined) asked.resolve(answer);
    else asked.reject(new Error(error));
  }

  #failed(message) {
    for (const { reject } of this.asked.values()) reject(new Error(message));
    this.asked.clear();
  }
}

/** The page's policy lets no text become a script, but for this one address, which the page made itself. */
function trusted(address) {
  if (!globalThis.trustedTypes) return address;
  trusted.policy ??= trustedTypes.createPolicy("carryall-worker", {
    createScriptURL: (made) => {
      if (!made.startsWith("blob:")) throw new TypeError("not made here");
      return made;
    },
  });
  return trusted.policy.createScriptURL(address);
}
