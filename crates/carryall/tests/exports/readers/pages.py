"""Reads the pages that `carryall convert --to html` wrote, with the parser that python has, and says what they hold.

pages.read(FOLDER) asserts that no page can run or load anything, and returns the records that stand on them.
"""
import html.parser
import json
import re
import urllib.parse

VOID = {"meta", "img", "br", "hr"}
ALLOWED = {"html", "head", "meta", "title", "style", "body", "nav", "main", "a", "bdi", "h1", "h2", "h3", "h4", "h5", "h6", "p", "small", "span",
           "article", "section", "div", "details", "summary", "dl", "dt", "dd", "code", "pre", "figure", "img", "ul", "ol", "li", "table", "thead",
           "tbody", "tr", "th", "td", "em", "strong", "del", "br", "hr", "blockquote", "i", "b"}


class Element:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.inside = tag, dict(attributes), parent, []

    def all(self, tag=None, of_class=None):
        for one in self.inside:
            if isinstance(one, Element):
                if tag in (None, one.tag) and (of_class is None or of_class in one.attributes.get("class", "").split()):
                    yield one
                yield from one.all(tag, of_class)

    def text(self):
        return "".join(one if isinstance(one, str) else one.text() for one in self.inside)


class Tree(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = self.open = Element("", [], None)
        self.feed(text)
        self.close()
        assert self.open is self.root, f"{self.open.tag} is not closed"

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED, tag
        assert not any(name.startswith("on") or name == "style" for name, _ in attributes), attributes
        element = Element(tag, attributes, self.open)
        self.open.inside.append(element)
        if tag not in VOID:
            self.open = element

    def handle_endtag(self, tag):
        if tag == "p" and self.open.tag != "p":
            return
        assert self.open.tag == tag, f"{tag} ends in {self.open.tag}"
        self.open = self.open.parent

    def handle_data(self, text):
        self.open.inside.append(text)


def assert_in_cells(page, path):
    """A browser moves texts out of a table that stand in none of its cells."""
    for one in page.all():
        if one.tag in ("table", "thead", "tbody", "tr"):
            assert not "".join(inside for inside in one.inside if isinstance(inside, str)).strip(), path


def fields(element):
    """The list of fields in an element, types as they were."""
    names = [one.text().replace(" ", "_") for one in element.all("dt")]
    values = []
    for one in element.all("dd"):
        code = next(one.all("code"), None)
        values.append(one.text() if code is None else json.loads(code.text()))
    assert len(names) == len(values) == len(set(names)), names
    return dict(zip(names, values))


def pre(element):
    text = element.text()
    # A reader of HTML takes away the first line feed.
    assert text.startswith("\n")
    return text[1:]


def written(element):
    """The text of a message as it was written: what is shown, and the marks that are hidden; without what is only shown."""
    prose = next(element.all("div", "prose"), None)
    return None if prose is None else as_written(prose)


def as_written(element):
    return "".join(one if isinstance(one, str) else as_written(one) for one in element.inside if isinstance(one, str) or one.tag != "b")


def in_order(path):
    stem, number = re.fullmatch(r"(.*?)(?:, page (\d+))?\.html", str(path)).groups()
    return stem, int(number or 1)


def check(page, path):
    policy = next(one for one in page.all("meta") if one.attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.attributes["content"].startswith("default-src 'none'; style-src 'sha256-"), path
    for one in page.all():
        for name in ("href", "src"):
            target = one.attributes.get(name)
            if target is None or (one.tag == "a" and re.match(r"https?://|mailto:", target, re.I)):
                continue
            assert target.startswith(("./", "../")), f"{path}: {target}"
            assert (path.parent / urllib.parse.unquote(target)).is_file(), f"{path}: {target} is not there"


def card(element):
    """A record that has a frame of its own."""
    record = fields(element)
    for kind in ("content", "extracted_text"):
        text = next(element.all("pre", kind), None)
        if text is not None:
            record[kind] = pre(text)
    return record


def below(main):
    """What stands under each heading of level two."""
    heading, found = "", {}
    for one in main.inside:
        if isinstance(one, Element):
            if one.tag == "h2":
                heading = one.text()
            else:
                found.setdefault(heading, Element("", [], None)).inside.append(one)
    return found


def read(folder):
    """What the pages hold: kind, records."""
    found = {name: [] for name in ("workspaces", "threads", "messages", "cards", "memories", "account", "gaps", "withheld", "start")}
    for path in sorted(folder.rglob("*.html"), key=in_order):
        assert path.stat().st_size < (3 << 20), path
        page = Tree(path.open(newline="").read()).root
        check(page, path)
        assert_in_cells(page, path)
        main = next(page.all("main"))
        kind, parts = main.attributes["class"], below(main)
        name, number = in_order(path.name)
        if kind == "thread":
            if number == 1:
                found["threads"].append(fields(next(main.all("details"))))
            for one in main.all("article", "message"):
                found["messages"].append({"content": written(one), **fields(list(one.all("details"))[-1])})
            continue
        details = [one for one in main.inside if isinstance(one, Element) and one.tag == "details"]
        own = next((one for one in details if next(one.all("summary")).text() == "All fields"), None)
        # The page about what stands in no workspace has no fields of its own.
        if kind == "workspace" and own:
            record = fields(own)
            for heading, field in (("Description", "description"), ("Project instructions", "project_instructions")):
                if heading in parts:
                    record[field] = written(parts[heading])
            found["workspaces"].append(record)
        for heading, part in parts.items():
            for one in part.all("section", "card"):
                if "Memories" in (name, heading):
                    found["memories"].append({"content": written(one), **fields(one)})
                elif name == "What is missing":
                    above = {field: next(one.all(tag)).text() for field, tag in (("what", "h3"), ("reason", "p")) if next(one.all(tag), None)}
                    record = {**above, **fields(one)}
                    found["gaps" if heading.startswith("What could") else "withheld"].append(record)
                else:
                    found["cards"].append(card(one))
        if name == "Account":
            found["account"].append(fields(main))
        if name == "index" and path.parent == folder:
            found["start"].append({heading: fields(part) for heading, part in parts.items()})
    return found
