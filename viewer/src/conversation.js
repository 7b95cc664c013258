// A conversation as the person saw it: of messages that follow each other in a tree, one path, with the
// places where another answer was also given.

/**
 * The path through one thread. `messages`: its records, ascending; `parentOf`: the record that one
 * follows; `current`: the record at the end of the branch that the product shows; `chosen`: for a message,
 * which of those that follow it the person chose instead.
 *
 * Messages that follow nothing come one after the other: in a shared thread what a colleague wrote in
 * between is not in the file.
 */
export class Path {
  constructor(messages, parentOf, current, chosen = new Map()) {
    // A parent stands before its child; what claims otherwise is taken as a beginning.
    const parents = Int32Array.from(messages, (message, at) => {
      const parent = placeOf(messages, parentOf(message));
      return parent < at ? parent : -1;
    });
    this.messages = new Uint32Array(messages.length);
    this.parents = new Int32Array(messages.length).fill(-1);
    /** Which of how many that follow the same message; 0 of 0 for a beginning. */
    this.which = new Uint32Array(messages.length);
    this.of = new Uint32Array(messages.length);
    this.length = 0;
    this.#walk(messages, parents, onPathTo(placeOf(messages, current), parents), chosen);
  }

  /** Where a message stands on the path; -1 if it is on another branch. */
  indexOf(message) {
    return this.messages.subarray(0, this.length).indexOf(message);
  }

  #walk(messages, parents, isShown, chosen) {
    const children = childrenOf(parents);
    for (let root = 0; root < parents.length; root++) {
      if (parents[root] >= 0) continue;
      this.#add(messages[root], -1, 0, 0);
      for (let next = children(root), before = root; next.length > 0;) {
        const which = choice(next, messages, chosen.get(messages[before]), isShown);
        this.#add(messages[next[which]], messages[before], which, next.length);
        before = next[which];
        next = children(before);
      }
    }
  }

  #add(message, parent, which, of) {
    const at = this.length++;
    this.messages[at] = message;
    this.parents[at] = parent;
    this.which[at] = which;
    this.of[at] = of;
  }
}

/** What to choose so that the path leads through a message: for each message before it, which follows. */
export function choicesTo(message, parentOf) {
  const chosen = new Map();
  for (let at = message, parent = parentOf(at); parent < at; at = parent, parent = parentOf(at)) chosen.set(parent, at);
  return chosen;
}

/** The place of a number in an ascending list, or -1. */
export function placeOf(list, number) {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (list[middle] < number) from = middle + 1;
    else to = middle;
  }
  return from < list.length && list[from] === number ? from : -1;
}

function choice(next, messages, wanted, isShown) {
  if (wanted !== undefined) {
    const at = next.findIndex((place) => messages[place] === wanted);
    if (at >= 0) return at;
  }
  const shown = next.findIndex((place) => isShown[place] === 1);
  return shown >= 0 ? shown : next.length - 1;
}

function onPathTo(last, parents) {
  const is = new Uint8Array(parents.length);
  for (let at = last; at >= 0; at = parents[at]) is[at] = 1;
  return is;
}

function childrenOf(parents) {
  const starts = new Uint32Array(parents.length + 1);
  for (const parent of parents) if (parent >= 0) starts[parent + 1] += 1;
  for (let at = 0; at < parents.length; at++) starts[at + 1] += starts[at];
  const filled = starts.slice();
  const list = new Uint32Array(starts[parents.length]);
  parents.forEach((parent, at) => { if (parent >= 0) list[filled[parent]++] = at; });
  return (at) => list.subarray(starts[at], starts[at + 1]);
}
