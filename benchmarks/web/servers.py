"""Servers to measure: started on a free port, stopped at the end, their processor time read."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ISSO = "0.14.0"
WORKERS = "4"

GUNICORN = ("-w", WORKERS, "--preload", "--log-level", "error")
"""Isso's documentation: ``gunicorn -b localhost:8080 -w 4 --preload isso.run``."""


@dataclass
class Server:
    """A server that answers."""

    url: str
    process: psutil.Process

    def seconds(self) -> float:
        """Return the processor time that it has taken, with all its processes."""
        total = 0.0
        for process in (self.process, *self.process.children(recursive=True)):
            times = process.cpu_times()
            total += times.user + times.system
        return total


def isso_python(corpora: Path) -> Path:
    """Return the Python of an environment with Isso in it, made at the first call."""
    python = corpora / "isso" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
        packages = [f"isso=={ISSO}", "gunicorn"]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


@contextmanager
def isso(python: Path, settings: Path) -> Iterator[Server]:
    """Run Isso."""
    port = free_port()
    command = [str(python), "-m", "gunicorn", "-b", f"127.0.0.1:{port}", *GUNICORN, "isso.run"]
    with _running(command, port, "/?uri=/none", {"ISSO_SETTINGS": str(settings)}) as server:
        yield server


@contextmanager
def ours(kind: str, database: Path) -> Iterator[Server]:
    """Run the service.

    :param kind: ``gunicorn``, as Isso's, or ``granian``.
    """
    port = free_port()
    application = "benchmarks.web.application:application"
    command = [sys.executable, "-m", kind]
    if kind == "gunicorn":
        command += ["-b", f"127.0.0.1:{port}", *GUNICORN, application]
    else:
        command += ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--workers", WORKERS, "--no-ws", "--log-level", "error", application]
    settings = {"WEBSUPPORT_STORAGE": f"sqlite:///{database.as_posix()}"}
    with _running(command, port, "/health", settings) as server:
        yield server


@contextmanager
def _running(
    command: list[str], port: int, path: str, settings: Mapping[str, str]
) -> Iterator[Server]:
    environment = os.environ | settings | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    if "ISSO_SETTINGS" in settings:
        del environment["PYTHONPATH"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url + path, process)
        yield Server(url, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(30)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.05)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
