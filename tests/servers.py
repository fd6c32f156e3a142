"""Starts real servers on free ports of this machine, and stops them: each is a child process.

Run as a program, ``python -m tests.servers s3`` (or ``redis``, ``redis-cluster``) starts one, says
where it is and stops it at the end of input.
"""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.serving import make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

START = 60.0
"""How many seconds a server may take until it answers."""


class Server:
    """A process that serves, and can be stopped and started again with what it stored.

    :param command: the program, in the foreground.
    :param is_ready: tells whether it answers.
    :param folder: where it runs.
    :param environment: what it finds in its environment, in place of this process's.
    :param user: whose process it is, in place of the tests' own user.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        is_ready: Callable[[], bool],
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self._command = command
        self._log = log
        self._is_ready = is_ready
        self._folder = folder
        self._environment = environment
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self._environment,
                user=self._user,
            )
        wait_until(self._is_ready, lambda: self._fail_if_ended())

    def stop(self) -> None:
        """End the process and wait for its end."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def crash(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the process without letting it put anything in order, and wait for its end."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def _fail_if_ended(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            said = self._log.read_text(errors="replace")[-2000:]
            code = self._process.returncode
            raise RuntimeError(f"{' '.join(self._command)} ended with {code}:\n{said}")


def wait_until(is_true: Callable[[], bool], check: Callable[[], None] = lambda: None) -> None:
    """Wait for a condition.

    :param check: called between two looks; what it raises ends the waiting.
    :raises TimeoutError: it did not come true.
    """
    end = time.monotonic() + START
    while not is_true():
        check()
        if time.monotonic() > end:
            raise TimeoutError(f"no answer within {START:.0f} seconds")
        time.sleep(0.02)


def free_port(below: int = 65536) -> int:
    """Return a port of the loopback interface that nobody uses now."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < below:
            return port


def accepts_connections(port: int) -> bool:
    """Tell whether somebody listens on a port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


# -- Redis -----------------------------------------------------------------------------------


def redis_server(folder: Path, port: int, *options: str) -> Server:
    """Return a Redis server that keeps what it acknowledged in a folder."""
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    command += ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec", *options]
    return Server(command, folder / "redis.log", lambda: accepts_connections(port))


@contextmanager
def redis_cluster(folder: Path) -> Iterator[int]:
    """Run a Redis Cluster of three nodes; yield the port of one of them."""
    with ExitStack() as stack:
        ports = []
        for number in range(3):
            home = folder / str(number)
            home.mkdir(parents=True)
            # Each node also listens on its port + 10,000.
            port = free_port(below=55536)
            server = redis_server(
                home, port, "--cluster-enabled", "yes", "--cluster-node-timeout", "5000"
            )
            stack.callback(server.stop)
            server.start()
            ports.append(port)
        nodes = [f"127.0.0.1:{port}" for port in ports]
        _run("redis-cli", "--cluster", "create", *nodes, "--cluster-yes")
        wait_until(
            lambda: all(
                "cluster_state:ok" in _run("redis-cli", "-p", str(port), "cluster", "info")
                for port in ports
            )
        )
        yield ports[0]


# -- S3 --------------------------------------------------------------------------------------

_ATTEMPTS = 10

S3_PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "ceph")

_CEPH = """\
[global]
fsid = {fsid}
mon host = v1:{monitor}
mon initial members = a
public addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 2147483648
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data avail crit = 1
run dir = {folder}
log file = {folder}/$name.log
admin socket = {folder}/$name.asok
[mon.a]
mon data = {folder}/mon
[osd.0]
osd data = {folder}/osd
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw data = {folder}/rgw
"""


@contextmanager
def s3_gateway(folder: Path) -> Iterator[tuple[str, Server]]:
    """Run Ceph's S3 gateway over an object store in memory.

    Yields its URL (access key and secret key are ``test``) and the gateway itself: while that
    is stopped, the objects stay.
    """
    with ExitStack() as stack:
        for attempt in range(_ATTEMPTS):
            # A monitor refuses what asks before it has told its fsid (EPERM), and Ceph's daemons
            # choose some of their ports themselves, which may be taken at the very moment. Both
            # end the start within a second, one time in six: then all is begun anew.
            started = ExitStack()
            try:
                url, gateway = _start_ceph(folder / str(attempt), started)
            except RuntimeError:
                started.close()
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                stack.push(started)
                break
        yield url, gateway


@contextmanager
def s3_imitation() -> Iterator[str]:
    """Run moto's imitation of S3 in this process; yield its URL.

    One request at a time: moto compares an ``If-Match`` and stores the value in two steps, and
    two requests that met there both won.
    """
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )

    moto = DomainDispatcherApplication(create_backend_app)
    turn = threading.Lock()

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        with turn:
            return list(moto(environ, start_response))

    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _start_ceph(folder: Path, stack: ExitStack) -> tuple[str, Server]:
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir(parents=True)
    port, monitor_port = free_port(), free_port()
    monitor = f"127.0.0.1:{monitor_port}"
    fsid = str(uuid.uuid4())
    config = folder / "ceph.conf"
    config.write_text(_CEPH.format(fsid=fsid, monitor=monitor, folder=folder, port=port))
    conf = ("-c", str(config))

    def run(*command: str, is_ready: Callable[[], bool]) -> Server:
        server = Server(command, folder / "start.log", is_ready)
        stack.callback(server.stop)
        server.start()
        return server

    monmap = str(folder / "monmap")
    _run("monmaptool", "--create", "--addv", "a", f"[v1:{monitor}]", "--fsid", fsid, monmap)
    _run("ceph-mon", *conf, "--mkfs", "-i", "a", "--monmap", monmap)
    run("ceph-mon", *conf, "-i", "a", "-f", is_ready=lambda: accepts_connections(monitor_port))
    disk = str(uuid.uuid4())
    number = _run("ceph", *conf, "--connect-timeout", "30", "osd", "new", disk).strip()
    _run("ceph-osd", *conf, "-i", number, "--mkfs", "--osd-uuid", disk)
    run("ceph-osd", *conf, "-i", number, "-f", is_ready=lambda: _is_up(conf))
    gateway = run(
        "radosgw", *conf, "-n", "client.rgw.a", "-f", is_ready=lambda: _answers_http(port)
    )
    user = ("--uid=test", "--display-name=test", "--access-key=test", "--secret-key=test")
    _run("radosgw-admin", *conf, "user", "create", *user)
    return f"http://127.0.0.1:{port}", gateway


def _answers_http(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _is_up(conf: Sequence[str]) -> bool:
    try:
        status = json.loads(_run("ceph", *conf, "osd", "stat", "-f", "json"))
    except RuntimeError:
        return False  # now and then a young monitor refuses a question ("Error EPERM")
    return int(status["num_up_osds"]) == 1


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def main(argv: list[str]) -> int:
    """Run one server until the end of input."""
    folder = Path(tempfile.mkdtemp(prefix="websupport-server-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if argv == ["s3"]:
            where, _ = stack.enter_context(s3_gateway(folder))
        elif argv == ["redis-cluster"]:
            where = f"redis+cluster://127.0.0.1:{stack.enter_context(redis_cluster(folder))}"
        elif argv == ["redis"]:
            port = free_port()
            server = redis_server(folder, port)
            stack.callback(server.stop)
            server.start()
            where = f"redis://127.0.0.1:{port}"
        else:
            sys.stderr.write("usage: python -m tests.servers redis|redis-cluster|s3\n")
            return 2
        sys.stdout.write(f"{where}\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
