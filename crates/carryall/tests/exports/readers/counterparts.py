"""Converters of others, from PyPI, that read what ChatGPT and Claude hand out: do they find in ours what the export holds?"""
import pathlib
import shutil
import sqlite3
import tempfile

import claude_to_sqlite.cli
from ai_exporter.parsers import ChatGPTParser


def chatgpt(converted):
    """Conversation id: title, and (role, text, time) of each message that has a text."""
    with tempfile.TemporaryDirectory() as folder:
        # It knows the file by its name.
        path = pathlib.Path(shutil.copy(converted, pathlib.Path(folder) / "conversations.json"))
        parser = ChatGPTParser()
        # A list without a conversation is nothing to them.
        assert parser.can_parse(str(path)) or path.read_text().split() == ["[", "]"], "it is no ChatGPT export to them"
        found = parser.parse(str(path))
    return {one["id"]: (one["title"], sorted((m["role"], m["content"], m["timestamp"]) for m in one["messages"])) for one in found}


def claude(converted):
    """(id, name) of each conversation; (id, conversation, sender, text) of each message."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "claude.db"
        claude_to_sqlite.cli.cli.main([str(converted / "conversations.json"), str(path)], standalone_mode=False)
        database = sqlite3.connect(path)
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        rows = lambda table, columns: set(database.execute(f"SELECT {columns} FROM {table}")) if table in tables else set()
        found = rows("conversations", "uuid, name"), rows("messages", "uuid, conversation_id, sender, text")
        database.close()
    return found
