"""Reads what `carryall convert` wrote with programs that are not ours, and holds it against the export.

read_back.py FORMAT EXPORT CONVERTED LOST: LOST is a list of kinds, one a line, that the run said were lost.
"""
import base64
import csv
import datetime
import hashlib
import json
import pathlib
import re
import sqlite3
import sys

import duckdb
import markdown_it

import counterparts
import pages

form, export, converted, lost = sys.argv[1], json.load(open(sys.argv[2])), pathlib.Path(sys.argv[3]), set(sys.argv[4].split())
LISTS = [name for name, value in export.items() if isinstance(value, list) and name != "gaps"]
compared = 0


def same(what, found, wanted):
    global compared
    compared += 1
    assert found == wanted, f"{what}: {found!r} instead of {wanted!r}"


def bytes_of_files():
    files = {}
    for part in export["file_contents"]:
        key = (part["section"], part["file_id"])
        files[key] = files.get(key, b"") + base64.b64decode(part["base64"])
    return files


def without_lost(section, record):
    """What must still be there."""
    return {name: value for name, value in record.items() if f"{section}.{name}" not in lost}


def jsonl():
    parts = {}
    for line in open(converted, newline="\n"):
        row = json.loads(line)
        parts.setdefault(row["part"], []).append(row["record"])
    for name, value in export.items():
        same(name, parts.get(name, []), value if isinstance(value, list) else [value])


def cell(value):
    """A value as a table has it."""
    if value is None:
        return None
    if isinstance(value, str):
        return "'" + value if value[:1] in tuple("=+-@\t\r\n\0'＝＋－＠") and value else value
    return value


def as_json(text, wanted):
    """Lists and objects are JSON; numbers and truth values their own spelling."""
    if wanted is None or isinstance(wanted, str) or text is None:
        return text
    return json.loads(text)


def table_rows(name):
    rows = list(export[name]) if isinstance(export[name], list) else [export[name]]
    return rows


def csv_tables():
    for name in [*LISTS, "account_settings", "gaps"]:
        if name == "file_contents":
            continue
        path = converted / f"{name}.csv"
        raw = path.read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf") and raw.endswith(b"\r\n"), name
        with open(path, newline="", encoding="utf-8-sig") as file:
            by_python = list(csv.DictReader(file, strict=True))
        wanted = table_rows(name)
        same(f"{name}: rows", len(by_python), len(wanted))
        connection = duckdb.connect()
        query = "SELECT * FROM read_csv(?, header=true, all_varchar=true, quote='\"', escape='\"', allow_quoted_nulls=false, delim=',', max_line_size=20000000, parallel=false)"
        result = connection.execute(query, [str(path)]) if wanted else None
        by_duckdb = [dict(zip([column[0] for column in result.description], row)) for row in result.fetchall()] if wanted else []
        same(f"{name}: rows", len(by_duckdb), len(wanted))
        for found, other, record in zip(by_duckdb, by_python, wanted):
            for field, value in record.items():
                same(f"{name}.{field}", as_json(found[field], value), cell(value))
                same(f"{name}.{field}", as_json(other[field] or None, value) or None, (cell(value) if value != "" else None) or None if not isinstance(value, (int, float, list, dict)) else (value or None))
                first = (found[field] or "")[:1]
                assert not (isinstance(value, str) and first and first in "=+-@\t\r"), f"{name}.{field} is a formula"
    about = json.loads((converted / "about.json").read_text())
    for part in ("export", "summary", "integrity"):
        same(part, about[part], export[part])
    for (section, file_id), content in bytes_of_files().items():
        with open(converted / f"{section}.csv", newline="", encoding="utf-8-sig") as file:
            place = next(row["file"] for row in csv.DictReader(file) if row["id"] == file_id)
        same(place, (converted / place).read_bytes(), content)


def sqlite_tables():
    connection = sqlite3.connect(f"file:{converted}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    same("check", connection.execute("PRAGMA integrity_check").fetchone()[0], "ok")
    for name in [*LISTS, "account_settings", "gaps"]:
        rows = connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
        wanted = table_rows(name)
        same(f"{name}: rows", len(rows), len(wanted))
        for row, record in zip(rows, wanted):
            for field, value in record.items():
                if field == "base64":
                    same("bytes", row["bytes"], base64.b64decode(value))
                elif isinstance(value, (list, dict)):
                    same(f"{name}.{field}", json.loads(row[field]), value)
                else:
                    same(f"{name}.{field}", row[field], value)
    for part in ("export", "summary", "integrity"):
        row = connection.execute("SELECT json FROM about WHERE part = ?", [part]).fetchone()
        same(part, json.loads(row[0]), export[part])


def microseconds(text):
    return (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1)


def parquet():
    about = json.loads((converted / "about.json").read_text())
    for part in ("export", "summary", "integrity"):
        same(part, about[part], export[part])
    connection = duckdb.connect()
    kinds = set()
    for name in [*LISTS, "account_settings", "gaps"]:
        path = str(converted / f"{name}.parquet")
        types = {column: kind for column, kind, *_ in connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()}
        kinds |= set(types.values())
        times = [column for column, kind in types.items() if kind == "TIMESTAMP WITH TIME ZONE"]
        chosen = ", ".join(f'epoch_us("{column}")' if column in times else f'"{column}"' for column in types)
        rows = [dict(zip(types, row)) for row in connection.execute(f"SELECT {chosen} FROM read_parquet(?)", [path]).fetchall()]
        wanted = table_rows(name)
        same(f"{name}: rows", len(rows), len(wanted))
        for row, record in zip(rows, wanted):
            for field, value in record.items():
                if field == "base64":
                    same("bytes", row["bytes"], base64.b64decode(value))
                elif field in times:
                    same(f"{name}.{field}", row[field], None if value is None else microseconds(value))
                elif isinstance(value, (list, dict)):
                    same(f"{name}.{field}", json.loads(row[field]), value)
                else:
                    same(f"{name}.{field}", row[field], value)
    if any(export[name] for name in LISTS):
        assert {"BIGINT", "BOOLEAN", "DOUBLE", "VARCHAR", "JSON", "BLOB", "TIMESTAMP WITH TIME ZONE"} <= kinds, kinds


def front_matter(text):
    _, head, body = text.split("---\n", 2)
    fields = {}
    for line in head.splitlines():
        name, value = line.split(": ", 1)
        fields[name] = json.loads(value)
    return fields, body


def note_messages(text):
    """Each message: its fields, and the text of the length that they state. And the note without these texts."""
    raw, at = text.encode(), 0
    messages, frame = [], b""
    while True:
        start = raw.find(b"<!-- {", at)
        if start < 0:
            return messages, (frame + raw[at:]).decode()
        end = raw.index(b" -->\n", start)
        fields = json.loads(raw[start + 5 : end])
        text_at = end + len(" -->\n\n")
        frame += raw[at:text_at]
        at = text_at
        length = fields.pop("content_bytes", None)
        fields["content"] = None if length is None else raw[at : at + length].decode()
        at += length or 0
        messages.append(fields)


def headings(text):
    """Levels of the headings that a CommonMark parser sees."""
    return [token.tag for token in markdown_it.MarkdownIt().parse(text) if token.type == "heading_open"]


def markdown():
    threads = {}
    for path in converted.glob("*/*.md"):
        text = path.open(newline="").read()
        fields, body = front_matter(text)
        seen = headings(body)
        assert seen[:1] == ["h1"], path
        if "title" in fields and path.name != "About this workspace.md":
            workspace = fields.pop("workspace", None)
            messages, frame = note_messages(body)
            # A heading for each message, and none inside another's comment.
            assert headings(frame) == ["h1", *["h2"] * len(messages)], path
            # A fence or a tag that a text leaves open hides what follows it, as it would where it was written.
            leaves_open = any(mark in (one["content"] or "") for one in messages for mark in ("```", "~~~", "<"))
            assert leaves_open or seen.count("h2") >= len(messages), path
            threads[fields["id"]] = (fields, messages)
            names = {record["id"]: record["name"] for record in export["workspaces"]}
            same("workspace", workspace, names.get(fields["workspace_id"]))
    same("threads", len(threads), len(export["threads"]))
    for thread in export["threads"]:
        fields, messages = threads[thread["id"]]
        same("thread", fields, thread)
        same("messages", messages, [one for one in export["messages"] if one["thread_id"] == thread["id"]])
    everything = "".join(path.open(newline="").read() for path in converted.rglob("*.md"))
    kept = []
    for one in re.findall(r"<!-- (\{.*\}) -->|```json\n(\{.*\})\n```", everything):
        try:
            kept.append(json.loads(one[0] or one[1]))
        except json.JSONDecodeError:
            pass  # what a person wrote may look like one of ours
    for name in ("account_settings", "subscriptions", "other_records", "uploaded_files", "generated_documents", "workspace_memories", "user_memories", "gaps"):
        for record in table_rows(name):
            same(name, record in kept, True)
    for (section, file_id), content in bytes_of_files().items():
        digest = hashlib.sha256(content).digest()
        found = [path for path in converted.glob("*/attachments/*") if hashlib.sha256(path.read_bytes()).digest() == digest]
        assert found, f"{section} {file_id}"
    for path in converted.rglob("*"):
        assert not re.search(r'[<>:"\\|?*\x00-\x1f]|[. ]$', path.name), path.name
    for link in re.findall(r"\]\(<\.\./(.*?)>\)", everything):
        assert (converted / link).exists() or not export["file_contents"], link


def says_something(record):
    """The fields that stand on a page. HTML has no NUL: it stands there as the sign for it."""
    fields = {name: value for name, value in record.items() if value is not None and value not in ("", [], {})}
    return {name: value.replace("\0", "\u2400") if isinstance(value, str) else value for name, value in fields.items()}


def html():
    found = pages.read(converted)
    shown = {"threads": "threads", "workspaces": "workspaces", "messages": "messages", "gaps": "gaps", "account": "account_settings"}
    for kind, name in shown.items():
        there = [says_something(one) for one in found[kind]]
        wanted = [says_something(one) for one in table_rows(name)]
        key = lambda one: (one.get("thread_id", one.get("id", "")) if kind != "gaps" else json.dumps(one))
        same(name, sorted(there, key=key), sorted(wanted, key=key))
    for kind, names in {"cards": ["uploaded_files", "generated_documents", "subscriptions", "other_records"], "memories": ["workspace_memories", "user_memories"]}.items():
        there = {one["id"]: says_something(one) for one in found[kind]}
        wanted = {one["id"]: says_something(one) for name in names for one in export[name]}
        same(kind, there, wanted)
    same("withheld", [one for one in found["withheld"] if "count" not in one], export["export"]["withheld"])
    for (section, file_id), content in bytes_of_files().items():
        digest = hashlib.sha256(content).digest()
        found = [path for path in converted.glob("*/attachments/*") if hashlib.sha256(path.read_bytes()).digest() == digest]
        assert found, f"{section} {file_id}"
    for path in converted.rglob("*"):
        assert not re.search(r'[<>:"\\|?*\x00-\x1f]|[. ]$', path.name), path.name
        assert path.suffix != ".html" or path.parent.name != "attachments", f"{path} would run"


def moment(text):
    return None if text is None else datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def messages_of(thread):
    return [record for record in export["messages"] if record["thread_id"] == thread["id"]]


def chatgpt():
    conversations = {one["conversation_id"]: one for one in json.load(open(converted))}
    same("threads", len(conversations), len(export["threads"]))
    for thread in export["threads"]:
        one = conversations[thread["id"]]
        same("title", one["title"], thread["title"])
        same("workspace", one["conversation_template_id"], thread["workspace_id"])
        messages = messages_of(thread)
        mapping = one["mapping"]
        roots = [node for node in mapping.values() if node["parent"] is None]
        assert len(roots) == 1 and roots[0]["message"] is None
        same("nodes", len(mapping), len(messages) + 1)
        for node in mapping.values():
            for child in node["children"]:
                same("parent", mapping[child]["parent"], node["id"])
        assert one["current_node"] in mapping
        for record in messages:
            node = mapping[record["id"]]
            message = node["message"]
            same("parent", node["parent"], record["parent_id"] or roots[0]["id"])
            same("role", message["author"]["role"], record["role"])
            same("content", message["content"], {"content_type": "text", "parts": [record["content"] or ""]})
            assert abs(message["create_time"] - moment(record["created_at"])) < 1e-5
            same("files", [file["id"] for file in message["metadata"].get("attachments", [])], record["file_ids"])
    by_others = counterparts.chatgpt(converted)
    said = lambda thread: sorted((record["role"], record["content"].strip(), moment(record["created_at"])) for record in messages_of(thread) if (record["content"] or "").strip())
    same("what others read", by_others, {thread["id"]: (thread["title"], said(thread)) for thread in export["threads"] if said(thread)})


def claude():
    load = lambda name: json.load(open(converted / f"{name}.json"))
    conversations = {one["uuid"]: one for one in load("conversations")}
    same("threads", len(conversations), len(export["threads"]))
    projects = {one["uuid"]: one for one in load("projects")}
    same("projects", {uuid: one["name"] for uuid, one in projects.items()}, {one["id"]: one["name"] or "" for one in export["workspaces"]})
    for thread in export["threads"]:
        one = conversations[thread["id"]]
        same("title", one["name"], thread["title"] or "")
        same("workspace", one.get("project_uuid"), thread["workspace_id"])
        wanted = [(record["id"], record["parent_id"], record["content"] or "", "human" if record["role"] == "user" else "assistant", moment(record["created_at"])) for record in messages_of(thread)]
        same("messages", [(m["uuid"], m.get("parent_message_uuid"), m["text"], m["sender"], moment(m["created_at"])) for m in one["chat_messages"]], wanted)
    threads, messages = counterparts.claude(converted)
    same("threads that others read", threads, {(thread["id"], thread["title"] or "") for thread in export["threads"]})
    same("messages that others read", messages, {(record["id"], record["thread_id"], "human" if record["role"] == "user" else "assistant", record["content"] or "") for record in export["messages"]})
    memories = load("memories")[0]
    for record in export["user_memories"]:
        assert (record["content"] or "").replace("\n", "\n  ") in memories["conversations_memory"]
    for record in export["workspace_memories"]:
        assert (record["content"] or "").replace("\n", "\n  ") in memories["project_memories"][record["workspace_id"]]


def open_webui():
    chats = {one["id"]: one for one in json.load(open(converted))}
    same("threads", len(chats), len(export["threads"]))
    names = {record["id"]: record["name"] for record in export["workspaces"]}
    for thread in export["threads"]:
        one = chats[thread["id"]]
        same("tags", one["meta"]["tags"], [names[thread["workspace_id"]]] if thread["workspace_id"] else [])
        history = one["chat"]["history"]
        messages = messages_of(thread)
        same("messages", list(history["messages"]), [record["id"] for record in messages])
        for record in messages:
            message = history["messages"][record["id"]]
            same("message", (message["parentId"], message["role"], message["content"]), (record["parent_id"], record["role"], record["content"] or ""))
            for child in message["childrenIds"]:
                same("parent", history["messages"][child]["parentId"], record["id"])
        if messages:
            assert history["currentId"] in history["messages"]


def librechat():
    files = [json.loads(path.read_text()) for path in converted.glob("*/*.json")]
    chats = {one["conversationId"]: one for one in files}
    same("threads", len(files), len(export["threads"]))
    for thread in export["threads"]:
        one = chats[thread["id"]]
        same("title", one["title"], thread["title"] or "")
        none = "00000000-0000-0000-0000-000000000000"
        wanted = [(record["id"], record["parent_id"] or none, record["content"] or "", record["role"] == "user", record["created_at"]) for record in messages_of(thread)]
        same("messages", [(m["messageId"], m["parentMessageId"], m["text"], m["isCreatedByUser"], m["createdAt"]) for m in one["messages"]], wanted)
        assert not any("content" in message for message in one["messages"]), "each text stands there once"


{
    "jsonl": jsonl,
    "csv": csv_tables,
    "sqlite": sqlite_tables,
    "parquet": parquet,
    "markdown": markdown,
    "html": html,
    "chatgpt": chatgpt,
    "claude": claude,
    "open-webui": open_webui,
    "librechat": librechat,
}[form]()
assert compared > 0, "nothing was compared"
print(f"{compared} values compared")
