"""Files of settings, as the commands' ``--settings`` takes them."""

from __future__ import annotations

import json
from pathlib import Path

KINDS = (".toml", ".json", ".py")
"""The suffixes of all kinds of them."""


def settings_file(folder: Path, kind: str, **settings: str) -> Path:
    """Write a file of settings and return its path.

    :param kind: its suffix.
    """
    path = folder / f"settings{kind}"
    if kind == ".json":
        text = json.dumps(settings)
    else:  # one text in quotes looks the same in TOML, Python and JSON
        text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    if kind == ".py":
        text = f"raise SystemExit('never executed')\n{text}"
    path.write_text(text, encoding="utf-8")
    return path
