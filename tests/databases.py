"""Database servers of a test's own, to be crashed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.servers import Server, free_port


def program(name: str) -> str | None:
    """Return where a program is: Debian keeps those of PostgreSQL's server off the path."""
    elsewhere = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(elsewhere[-1]) if elsewhere else None)


@contextmanager
def postgresql_server() -> Iterator[tuple[str, Server]]:
    """Run a PostgreSQL server; yield the URL of its database."""
    with _folder_of("postgres") as (folder, user):
        data, port = str(folder / "data"), free_port()
        _run(user, f"{program('initdb')}", "-D", data, "-U", "postgres", "-A", "trust")
        url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        command = [f"{program('postgres')}", "-D", data, "-p", str(port), "-k", str(folder)]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=16MB"]
        server = Server(command, folder / "log", lambda: _answers(url), folder=folder, user=user)
        server.start()
        try:
            yield url, server
        finally:
            # Of PostgreSQL's ways to end in good order, the one that does not wait for clients.
            server.crash(signal.SIGINT)


@contextmanager
def mariadb_server() -> Iterator[tuple[str, Server]]:
    """Run a MariaDB server; yield the URL of its database."""
    with _folder_of("mysql") as (folder, user):
        data, port = f"--datadir={folder / 'data'}", free_port()
        normal = "--auth-root-authentication-method=normal"
        _run(user, "mariadb-install-db", "--no-defaults", data, normal, "--skip-test-db")
        url = f"mysql+pymysql://root@127.0.0.1:{port}/mysql"
        command = [f"{program('mariadbd')}", "--no-defaults", data, f"--port={port}"]
        command += ["--bind-address=127.0.0.1", f"--socket={folder / 'socket'}"]
        command += [f"--pid-file={folder / 'pid'}", "--innodb-buffer-pool-size=16M"]
        server = Server(command, folder / "log", lambda: _answers(url), folder=folder, user=user)
        server.start()
        try:
            yield url, server
        finally:
            server.stop()


@contextmanager
def _folder_of(user: str) -> Iterator[tuple[Path, str | None]]:
    """Make a folder for a server that refuses to be root's; yield it and whose it is."""
    name = user if os.geteuid() == 0 else None
    # Not pytest's folder: that is closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="websupport-server-"))
    try:
        if name is not None:
            shutil.chown(folder, name)
        yield folder, name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(user: str | None, *command: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, user=user, cwd="/"
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _answers(url: str) -> bool:
    engine = create_engine(url, connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(text("SELECT 1")))
    except OperationalError:
        return False
    finally:
        engine.dispose()
