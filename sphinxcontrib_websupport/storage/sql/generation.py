"""Which build was published last, as one value; a SQLite file is asked without SQLAlchemy."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from secrets import randbits

_SCHEME = "sqlite:///"

_DRAWN = 2**32
"""The least number that is drawn. Those below were counted up by earlier releases of this
package, or belong to a new store, in which nothing was published."""


def new_generation() -> int:
    """Return a number for a build: no two builds share one, in whatever stores they are."""
    return _DRAWN + randbits(62)


def told(generation: int) -> str | None:
    """Return a generation as stores tell it; ``None`` where other stores may have the same."""
    return str(generation) if generation >= _DRAWN else None


def generation_of_file(url: str) -> str | None:
    """Return what the store at a URL would tell; ``None`` where it takes more to ask.

    :param url: of any store; only a plain ``sqlite:///path`` can be answered.
    """
    path = url.removeprefix(_SCHEME)
    if path == url or not path or path.startswith(":") or "?" in path:
        return None
    # Read-only, SQLite would leave the files of its log behind.
    address = f"{Path(path).absolute().as_uri()}?mode=rw"
    query = "SELECT value FROM websupport_state WHERE name = 'generation'"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            row = connection.execute(query).fetchone()
    except sqlite3.Error:
        # No file, no store, or one that is busy: whoever opens it will say so.
        return None
    return told(row[0]) if row and isinstance(row[0], int) else None
