"""A file of settings: TOML, JSON, or Python assignments, which are read and never executed."""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinxcontrib_websupport.errors import SettingsError


def read(path: Path, is_setting: Callable[[str], bool]) -> dict[str, Any]:
    """Return what a file of settings holds, by name.

    :param is_setting: tells whether a name of a Python file is one of ours. Such a file is often
        the application's own: its other names and statements are passed over.
    :raises SettingsError: the file cannot be read, or holds a setting that is no literal.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            return _assignments(path, ast.parse(text), is_setting)
        settings = (json.loads if path.suffix == ".json" else tomllib.loads)(text)
    except (OSError, ValueError, SyntaxError) as error:
        raise SettingsError(f"the settings file {path} cannot be read: {error}") from error
    if not isinstance(settings, dict):
        raise SettingsError(f"the settings file {path} holds no table of names and values")
    return settings


def _assignments(
    path: Path, module: ast.Module, is_setting: Callable[[str], bool]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for statement in ast.walk(module):
        if not isinstance(statement, ast.stmt | ast.NamedExpr):
            continue
        for name, value in _targets(statement):
            if not is_setting(name):
                continue
            if statement not in module.body or value is None:
                # Whether an `if` holds is known only to who executes it.
                raise SettingsError(
                    f"{path}, line {statement.lineno}: {name} is not assigned plainly at the "
                    "file's top level, and the file is read, not executed"
                )
            try:
                found[name] = ast.literal_eval(value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                raise SettingsError(
                    f"{path}, line {statement.lineno}: {name} is not a literal such as "
                    "'redis://localhost', and the file is read, not executed"
                ) from None
    return found


def _targets(statement: ast.AST) -> list[tuple[str, ast.expr | None]]:
    """Return the names that a statement assigns to, each with its value; ``None``: not plainly."""
    if isinstance(statement, ast.Assign):
        return [
            (name.id, statement.value if name is target else None)
            for target in statement.targets
            for name in ast.walk(target)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        ]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [(statement.target.id, statement.value)] if statement.value else []
    if isinstance(statement, ast.AugAssign | ast.NamedExpr):
        target = statement.target
        return [(target.id, None)] if isinstance(target, ast.Name) else []
    return []
