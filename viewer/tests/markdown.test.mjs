// Markdown: what people and models write, and what somebody writes who means harm.

import assert from "node:assert/strict";
import { test } from "node:test";
import { safeLink } from "../src/links.js";
import { parseMarkdown } from "../src/markdown.js";

/** The objects in short: `tag(children)`. */
function short(piece) {
  if (typeof piece === "string") return piece;
  const inner = (list) => (list ?? []).map(short).join("");
  if (piece.tag === "table") return `table(${piece.head.map(inner).join("|")};${piece.rows.map((row) => row.map(inner).join("|")).join(";")})`;
  if (piece.tag === "a" || piece.tag === "image") return `${piece.tag}<${piece.link?.href ?? "none"}>(${inner(piece.children)})`;
  return piece.tag === "br" || piece.tag === "hr" ? `<${piece.tag}>` : `${piece.tag}(${inner(piece.children)})`;
}

const read = (text) => parseMarkdown(text).map(short).join(" ");

const MEANT = [
  ["# Title #\n\ntext", "heading(Title) p(text)"],
  ["a\nb", "p(a<br>b)"],
  ["**bold** and *it* and ***both*** and ~~gone~~", "p(strong(bold) and em(it) and em(strong(both)) and del(gone))"],
  ["snake_case_name stays, __init__ not", "p(snake_case_name stays, strong(init) not)"],
  ["2 * 3 * 4 and a*b", "p(2 * 3 * 4 and a*b)"],
  ["`code *not* <b>` ``a ` b``", "p(code(code *not* <b>) code(a ` b))"],
  ["`not closed", "p(`not closed)"],
  ["```js\nlet a = `x`;\n<b>\n```\nafter", "pre(let a = `x`;\n<b>) p(after)"],
  ["~~~\nnever closed", "pre(never closed)"],
  ["- a\n- b\n  - c\n    more\n- d", "ul(li(p(a))li(p(b)ul(li(p(c<br>more))))li(p(d)))"],
  ["3. x\n4. y", "ol(li(p(x))li(p(y)))"],
  ["- a\n\n  second\n\n- b", "ul(li(p(a)p(second))li(p(b)))"],
  ["- [x] done\n- [ ] open", "ul(li(p(done))li(p(open)))"],
  ["> quoted\n> - list\n\nout", "blockquote(p(quoted)ul(li(p(list)))) p(out)"],
  ["| a | b |\n|---|:-:|\n| `x|y` | 1 \\| 2 |\n| short |", "table(a|b;code(x|y)|1 | 2;short|)"],
  ["a | b\nno table", "p(a | b<br>no table)"],
  ["---\n***", "<hr> <hr>"],
  ["[text *em*](https://a.example/x \"title\")", "p(a<https://a.example/x>(text em(em)))"],
  ["[a](https://x.example/(b))!", "p(a<https://x.example/(b)>(a)!)"],
  ["see https://a.example/b_c_(d). and (https://e.example)", "p(see a<https://a.example/b_c_(d)>(https://a.example/b_c_(d)). and (a<https://e.example/>(https://e.example)))"],
  ["<https://a.example> <mailto:a@b.example>", "p(a<https://a.example/>(https://a.example) a<mailto:a@b.example>(mailto:a@b.example))"],
  ["![alt *x*](https://a.example/p.png)", "p(image<https://a.example/p.png>(alt em(x)))"],
  ["one<br>two &amp; &lt;3 &bogus;", "p(one<br>two & <3 &bogus;)"],
  ["\\*not\\* \\[x\\](y)", "p(*not* [x](y))"],
  ["line\\\nbreak\r\nand", "p(line<br>break<br>and)"],
];

test("what is written in Markdown is read as it is meant", () => {
  for (const [text, expected] of MEANT) assert.equal(read(text), expected, text);
});

const HOSTILE = [
  "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>",
  "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](java\nscript:alert(1))", "[x](java&#10;script:alert(1))",
  "[x](\u0001javascript:alert(1))", "[x](  javascript:alert(1))", "[x](<javascript:alert(1)>)", "[x](vbscript:x)", "[x](data:text/html,<script>1</script>)",
  "[x](blob:https://a/b)", "[x](file:///etc/passwd)", "[x](//evil.example/x)", "[x](/relative)", "[x](#hash)", "[x](filesystem:x)",
  "<javascript:alert(1)>", "![x](javascript:alert(1))", "![x](data:image/svg+xml,<svg onload=alert(1)>)",
  "[![x](https://e.example/a.png)](javascript:alert(1))", "`</code><script>`", "```</pre><script>\n</script>\n```", "| <script> |\n|---|\n| <img onerror=x> |",
  "[a](https://ok.example \"\"onclick=alert(1))", "\u202e[x](javascript:1)\u202c",
];
const TAGS = new Set(["heading", "p", "hr", "pre", "ol", "ul", "li", "blockquote", "table", "strong", "em", "del", "code", "a", "image", "br"]);

/** Every object of a text. */
function* objects(pieces) {
  for (const piece of pieces) {
    if (typeof piece === "string") continue;
    yield piece;
    yield* objects(piece.children ?? []);
    for (const cells of [piece.head ?? [], ...(piece.rows ?? [])]) yield* objects(cells.flat());
  }
}

test("hostile text gives no element but those of Markdown, and no address but of the web and of mailboxes", () => {
  for (const text of [...HOSTILE, HOSTILE.join("\n\n"), HOSTILE.join(" ")]) {
    for (const piece of objects(parseMarkdown(text))) {
      assert.ok(TAGS.has(piece.tag), `${piece.tag} of ${text}`);
      if (piece.tag !== "a" && piece.tag !== "image") continue;
      assert.ok(piece.link === null || /^(?:https?|mailto):/.test(piece.link.href), `${piece.link?.href} of ${text}`);
    }
  }
});

test("the host of a link is where it leads, whatever it looks like", () => {
  assert.equal(safeLink("https://bank.example@evil.example/").host, "evil.example");
  assert.equal(safeLink("https://bank.example\\@evil.example/").host, "bank.example");
  assert.match(safeLink("https://bаnk.example/").host, /^xn--bnk-/);
  for (const target of ["", "x", "//a.example", "javascript://a.example/%0aalert(1)", "data:,x", null, undefined]) assert.equal(safeLink(target), null);
});

test("the time for a text grows with its length, whatever is in it", () => {
  const worst = {
    stars: "*a ", brackets: "[", ticks: "`a``b", links: "[a](", angles: "[a](<", underscores: "_ a_", quotes: ">", items: "- ", closers: "a* ",
    mixed: "*a _b ", cells: "|a", hashes: "# ", lines: "\n", list: "- a\n\n", addresses: "http://", brackets2: "[a](b \"", braces: "https://a/)", dashes: "-|", entities: "&amp",
  };
  for (const [name, piece] of Object.entries(worst)) {
    const began = performance.now();
    parseMarkdown(piece.repeat(20_000 / piece.length));
    const took = performance.now() - began;
    assert.ok(took < 1500, `${name}: ${took.toFixed(0)} ms`);
  }
});

test("nothing is nested without end", () => {
  const deepest = (piece) => (typeof piece === "string" ? 0 : 1 + Math.max(0, ...(piece.children ?? []).map(deepest)));
  for (const text of ["> ".repeat(5000) + "x", "- ".repeat(5000) + "x", "*a **b ".repeat(2000) + "c** d* ".repeat(2000)]) {
    assert.ok(Math.max(...parseMarkdown(text).map(deepest)) < 200, text.slice(0, 20));
  }
});
