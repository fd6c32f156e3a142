"""A whole comment store over an engine of one's own, as the manual shows it."""

# [store]
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sphinxcontrib_websupport.backends.contributed import BaseStorageBackend


class DrawerStore(BaseStorageBackend):
    required_settings = ({"name": "DRAWER_FILE", "obtain_at": "Choose a file, any will do."},)

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.path = settings["DRAWER_FILE"]
        with self._open() as drawer:
            drawer.execute("CREATE TABLE IF NOT EXISTS texts (key PRIMARY KEY, text)")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        drawer = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        try:
            drawer.execute("BEGIN IMMEDIATE")
            yield drawer
            drawer.execute("COMMIT")
        finally:
            drawer.close()

    def do_save(self, key: str, value: str, expire: float | None = None) -> bool:
        self.do_update(key, lambda old: value)
        return expire is None  # nothing is ever forgotten here

    def do_load(self, key: str) -> str | None:
        with self._open() as drawer:
            row = drawer.execute("SELECT text FROM texts WHERE key = ?", (key,)).fetchone()
            return row[0] if row else None

    def do_update(self, key: str, change: Callable[[str | None], str | None]) -> None:
        with self._open() as drawer:
            row = drawer.execute("SELECT text FROM texts WHERE key = ?", (key,)).fetchone()
            drawer.execute("DELETE FROM texts WHERE key = ?", (key,))
            if (new := change(row[0] if row else None)) is not None:
                drawer.execute("INSERT INTO texts VALUES (?, ?)", (key, new))

    def clear(self, key: str) -> None:
        self.do_update(key, lambda old: None)

    def clear_all_keys(self) -> None:
        with self._open() as drawer:
            drawer.execute("DELETE FROM texts")
