"""Run one benchmark: ``python -m benchmarks NAME [arguments]``."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec


def main(arguments: list[str]) -> int:
    """Import ``benchmarks.NAME`` and call its ``main`` with the remaining arguments."""
    if not arguments or not arguments[0].isidentifier():
        print("usage: python -m benchmarks NAME [arguments]", file=sys.stderr)
        return 2
    name = f"benchmarks.{arguments[0]}"
    if find_spec(name) is None:
        print(f"there is no benchmark {arguments[0]!r}", file=sys.stderr)
        return 2
    result: int | None = import_module(name).main(arguments[1:])
    return result or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
