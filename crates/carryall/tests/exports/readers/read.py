"""Reads export files as strictly as RFC 8259 and RFC 7493 allow, and prints what stands in them."""

import json
import sys


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key stands twice among {keys}")
    return dict(pairs)


def refuse(constant):
    raise ValueError(f"{constant} is not JSON")


def whole(text):
    number = int(text)
    if abs(number) > 2**53:
        raise ValueError(f"{text} is beyond 2^53")
    return number


for path in sys.argv[1:]:
    with open(path, "rb") as file:
        export = json.loads(
            file.read().decode("utf-8", errors="strict"),
            object_pairs_hook=unique,
            parse_constant=refuse,
            parse_int=whole,
        )
    for key, value in export.items():
        if isinstance(value, list):
            sys.stdout.write(f"{key} {len(value)}\n")
    for message in export["messages"]:
        sys.stdout.flush()
        sys.stdout.buffer.write(f"{message['id']}\n{message['content'] or ''}\n".encode())
