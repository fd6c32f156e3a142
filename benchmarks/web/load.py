"""Load from wrk, and what a request of it cost the server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.web.servers import Server

_REQUESTS = re.compile(r"(\d+) requests in")
_READERS = 40
"""How many vote in one measurement; Isso counts at most 142 on a comment."""

_FEW = 100
"""With fewer answers than this, those that are under way at the end would count."""


@dataclass(frozen=True)
class Load:
    """Requests of one kind."""

    path: str
    """With ``{id}`` for one of :attr:`ids` after the other."""
    method: str = "GET"
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)
    turning: str = ""
    """A header in which every request names another reader."""
    turns: str = "reader {}"

    def script(self, turn: int) -> str:
        """Return it in wrk's words."""
        lines = [f"local ids = {{{','.join(map(str, self.ids)) or '0'}}}", "local n = 0"]
        lines += ["local headers = {}"]
        lines += [f"headers[{json.dumps(n)}] = {json.dumps(v)}" for n, v in self.headers.items()]
        body = "nil" if self.body is None else json.dumps(json.dumps(self.body))
        lines += [
            "function request()",
            "  n = n + 1",
            f"  local path = string.gsub({json.dumps(self.path)}, '{{id}}', ids[n % #ids + 1])",
        ]
        if self.turning:
            # Each of 200 comments gets a vote of one reader, then of the next.
            others = f"math.floor(n / #ids) + {turn * _READERS}"
            name = json.dumps(self.turns.replace("{}", "%d"))
            reader = f"string.format({name}, ({others}) % 250)"
            lines.append(f"  headers[{json.dumps(self.turning)}] = {reader}")
        lines += [f"  return wrk.format('{self.method}', path, headers, {body})", "end"]
        return "\n".join(lines) + "\n"


def cost(server: Server, load: Load, seconds: int, turn: int = 0) -> float:
    """Return the processor time of the server for one request, in seconds.

    One that is asked for at the end and not counted is a part of the cost: so a slow server is
    asked for longer, by one client.

    :param turn: how often this was measured before: other readers ask then.
    :raises RuntimeError: requests failed, or wrk is not there.
    """
    spent, answered = _run(server, load.script(turn), seconds, connections=4)
    if answered < _FEW:
        spent, answered = _run(server, load.script(turn), seconds * 5, connections=1)
    return spent / max(answered, 1)


def _run(server: Server, program: str, seconds: int, connections: int) -> tuple[float, int]:
    """Return the processor time of the server, and how many requests were answered."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        script.write_text(program, encoding="utf-8")
        _await_rest(server)
        before = server.seconds()
        command = [
            wrk,
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--timeout",
            "60s",
            "-s",
            str(script),
            server.url,
        ]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        spent = server.seconds() - before
    answered = _REQUESTS.search(said)
    if answered is None or "Non-2xx" in said:
        raise RuntimeError(f"{program} failed: {said}")
    return spent, int(answered[1])


def _await_rest(server: Server) -> None:
    """Wait until the server does nothing more for those that went away before."""
    spent = -1.0
    while server.seconds() - spent > 0.02:
        spent = server.seconds()
        time.sleep(0.3)
