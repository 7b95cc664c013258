#!/usr/bin/env python3
"""Imports chats that Carryall converted into a running Open WebUI of its own, and compares what that then holds.

    python crates/carryall/tests/interop/open_webui.py CHATS.json

CHATS.json is what `carryall convert --to open-webui` wrote. The Python that runs this must have the package
`open-webui`; it is started with a new folder for its data, on 127.0.0.1, and ended afterwards. Exit code 0: it holds
every chat and message that was sent, and nothing else.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

# What of a chat and of a message must come back as it was sent; ids of chats are the server's own.
CHAT = ["title", "created_at", "updated_at", "archived", "pinned"]
MESSAGE = ["id", "parentId", "childrenIds", "role", "content", "timestamp", "model", "files"]
SECONDS_TO_START = 300

START = """
import sys, uvicorn
uvicorn.run("open_webui.main:app", host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
"""


def ask(address, token=None, body=None):
    """The JSON that answers; a body makes it a POST. One JSON value a line is read as a list."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=300) as answer:
        text = answer.read().decode()
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.split("\n") if line.strip()]


def start(folder):
    """A server whose data is in `folder`: its process and its address."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    settings = {
        "FROM_INIT_PY": "true",  # as `open-webui serve` sets it: its pages are in the package
        "DATA_DIR": folder,
        "WEBUI_SECRET_KEY": secrets.token_hex(32),
        "OFFLINE_MODE": "true",
        "ENABLE_VERSION_UPDATE_CHECK": "false",
        "RAG_EMBEDDING_ENGINE": "openai",  # no model is fetched
        "ENABLE_OLLAMA_API": "false",
        "ENABLE_OPENAI_API": "false",
        "ANONYMIZED_TELEMETRY": "false",
    }
    server = subprocess.Popen(
        [sys.executable, "-c", START, str(port)], env=os.environ | settings, cwd=folder, stdout=sys.stderr
    )
    return server, f"http://127.0.0.1:{port}"


def wait_for(server, address):
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until:
        if server.poll() is not None:
            sys.exit(f"Open WebUI ended by itself, with {server.returncode}")
        try:
            return ask(f"{address}/api/version")["version"]
        except (urllib.error.URLError, ConnectionError):
            time.sleep(1)
    sys.exit(f"Open WebUI does not answer after {SECONDS_TO_START} s")


def key(chat):
    """What tells the chats of one person apart, whatever their ids."""
    return (chat["title"], tuple(sorted(chat["chat"]["history"]["messages"])))


def compare(sent, held):
    """What differs, in words."""
    found = {key(chat): chat for chat in held}
    if len(found) != len(held):
        yield f"{len(held)} chats are held, {len(found)} different ones"
    for chat in sent:
        other = found.pop(key(chat), None)
        if other is None:
            yield f"chat {chat['title']!r} is not there, or not with its messages"
            continue
        for name in CHAT:
            if name.endswith("_at") and chat.get(name) is None:
                continue  # documented: a chat without a time gets that of the import
            if chat.get(name) != other.get(name):
                yield f"chat {chat['title']!r}: {name} {chat.get(name)!r} became {other.get(name)!r}"
        ours, theirs = chat["chat"]["history"], other["chat"]["history"]
        if ours["currentId"] != theirs["currentId"]:
            yield f"chat {chat['title']!r}: another branch is shown"
        for message_id, message in ours["messages"].items():
            for name in MESSAGE:
                was, now = message.get(name), theirs["messages"][message_id].get(name)
                if name == "content":
                    was = was.replace("\0", "")  # documented: Open WebUI takes them out
                if was != now:
                    yield f"message {message_id}: {name} {was!r} became {now!r}"
    for title, _ in found:
        yield f"chat {title!r} was never sent"


def main(path):
    with open(path, encoding="utf-8") as file:
        sent = json.load(file)
    with tempfile.TemporaryDirectory() as folder:
        server, address = start(folder)
        try:
            version = wait_for(server, address)
            person = {"name": "Marta", "email": "marta@example.com", "password": secrets.token_urlsafe(16)}
            token = ask(f"{address}/api/v1/auths/signup", body=person)["token"]
            ask(f"{address}/api/v1/chats/import", token, {"chats": sent})
            held = ask(f"{address}/api/v1/chats/all", token)
            differences = list(compare(sent, held))
        finally:
            server.terminate()
            server.wait(60)
    messages = sum(len(chat["chat"]["history"]["messages"]) for chat in sent)
    print(f"Open WebUI {version}: {len(sent)} chats with {messages} messages sent, {len(held)} chats held")
    for difference in differences:
        print(difference)
    return 1 if differences else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
