"""The outside system, which honours idempotency keys and counts calls."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path


class Receiver:
    """A file that all processes share, and that survives every fault of the grid.

    :param path: path of the file, which is created if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._connect()) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS effect (story TEXT, name TEXT, key TEXT, calls INTEGER, PRIMARY KEY (key))"
            )

    def call(self, story: str, name: str, key: str) -> str:
        """Do something once for each idempotency key, and return a receipt, which is the same for the same key."""
        with closing(self._connect()) as connection:
            connection.execute(
                "INSERT INTO effect VALUES (?, ?, ?, 1) ON CONFLICT (key) DO UPDATE SET calls = calls + 1",
                (story, name, key),
            )
        return f"receipt of {name}"

    def offer(self, url: str) -> None:
        """Tell all processes where webhooks are received. Webhooks count as effects, too."""
        self._url_path.write_text(url)

    @property
    def url(self) -> str:
        """The URL that receives webhooks."""
        return self._url_path.read_text()

    @property
    def _url_path(self) -> Path:
        return self._path.with_suffix(".url")

    def effects(self, story: str) -> dict[str, int]:
        """How many different keys came for each name; 1 means that the effect happened once."""
        counted: dict[str, int] = defaultdict(int)
        with closing(self._connect()) as connection:
            for (name,) in connection.execute("SELECT name FROM effect WHERE story = ? ORDER BY rowid", (story,)):
                counted[name] += 1
        return dict(counted)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30, isolation_level=None)
