"""Run benchmarks: ``python -m benchmarks NAME [arguments]``, or ``all`` of them one by one."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

ALL = (
    "imports",
    "build",
    "thirdparty",
    "detached",
    "identity",
    "storage",
    "keyvalue",
    "backends",
    "search",
    "detached",
    "web",
    "servers",
    "frontend",
)


def main(arguments: list[str]) -> int:
    """Call the ``main`` of one benchmark, or of all with their defaults; 1 for a missed bound."""
    if not arguments or not arguments[0].isidentifier():
        print(f"usage: python -m benchmarks NAME [arguments]\nnames: {', '.join(ALL)}, all")
        return 2
    name, *rest = arguments
    if name == "all":
        return max(_run(each, []) for each in ALL)
    if find_spec(f"benchmarks.{name}") is None:
        print(f"there is no benchmark {name!r}", file=sys.stderr)
        return 2
    return _run(name, rest)


def _run(name: str, arguments: list[str]) -> int:
    print(f"== {name}", flush=True)
    result: int | None = import_module(f"benchmarks.{name}").main(arguments)
    return result or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
