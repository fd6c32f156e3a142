"""Build, serve, watch, stop."""

from __future__ import annotations

import logging
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from types import FrameType

import click
from watchfiles import DefaultFilter, watch
from werkzeug.serving import BaseWSGIServer, make_server

from sphinxcontrib_websupport.errors import BuildError, SettingsError
from sphinxcontrib_websupport.serve.draining import Draining
from sphinxcontrib_websupport.serve.project import SERVICE, ProgressLine, Project
from sphinxcontrib_websupport.serve.reload import Reloader
from sphinxcontrib_websupport.serve.sample import add_samples
from sphinxcontrib_websupport.serve.site import Site
from sphinxcontrib_websupport.settings import gather
from sphinxcontrib_websupport.web.settings import service_options
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport


@dataclass(frozen=True)
class Options:
    """How to serve."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0 for any free one."""
    moderator: str | None = None
    """Who may accept and delete; signs in with the link that is printed."""
    watch: bool = False
    sample: Path | None = None
    """A file of comments to post when there are none."""


def serve(project: Project, options: Options) -> None:
    """Build a project and serve it with its discussions until Ctrl-C.

    :raises SettingsError: the port is taken, or a sample file is wrong.
    :raises BuildError: the first build failed. A later one that fails is reported, and the
        pages stay as they were.
    """
    # The port comes first: nobody wants to learn after a long build that it is taken.
    with _listen(options.host, options.port) as listener:
        _build(project)
        support = WebSupport(
            builddir=project.output, storage=project.storage, search=project.search
        )
        try:
            if options.sample is not None:
                add_samples(support, options.sample)
            _serve_until_interrupted(project, options, support, listener)
        finally:
            support.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise SettingsError(
            f"port {port} of {host} cannot be used ({error.strerror or error}); "
            "choose another with --port, or --port 0 for any free one"
        ) from error


def _build(project: Project) -> None:
    progress = ProgressLine(sys.stderr)
    try:
        project.build(progress)
    finally:
        progress.end()


def _serve_until_interrupted(
    project: Project, options: Options, support: WebSupport, listener: socket.socket
) -> None:
    host, port = listener.getsockname()[:2]
    given = gather()
    settings = {
        "SIGNING_KEY": secrets.token_hex(),
        "SIGN_IN": True,
        "DOCUMENT_URL": "/{docname}.html",
        **given,
    }
    if options.moderator is not None:
        settings["MODERATOR"] = options.moderator
    choices = service_options(settings)
    service = WSGIApp(support, **choices)
    app = Site(project.pages, service, SERVICE, hosts=_names(host, port))
    draining = Draining()
    reloader = Reloader(app) if options.watch else None
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line per request is no help here
    with (
        suppress(KeyboardInterrupt),  # it ends the server, wherever it arrives
        make_server(
            host,
            port,
            reloader or app,
            threaded=True,
            request_handler=draining.handler(),
            fd=listener.fileno(),
        ) as server,
        _watching(project, reloader),
        _interruptible(server),
    ):
        address = f"http://{host}:{port}/"
        click.echo(f"Serving {project.source} at {address} (Ctrl-C ends it)")
        if (session := choices.get("session")) and (name := settings.get("MODERATOR")):
            click.echo(f"Sign in as {name}: {session.link(address, SERVICE)}")
        server.serve_forever()
    listener.close()  # nobody is let in any more; who is in gets the answer
    if not draining.wait():
        click.echo("Not everybody was answered in time.", err=True)
    click.echo("Stopped.")


def _names(host: str, port: int) -> set[str]:
    """Return the only names to answer to on a loopback address; elsewhere any will do."""
    if not ip_address(host).is_loopback:
        return set()
    return {f"{host}:{port}", f"localhost:{port}"}


@contextmanager
def _interruptible(server: BaseWSGIServer) -> Iterator[None]:
    """Let Ctrl-C and a polite kill end the server between two requests; a second one, at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        restore()
        # Not by an exception: where it meets a request being taken in, that would be dropped.
        threading.Thread(target=server.shutdown, name="stop", daemon=True).start()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        restore()


@contextmanager
def _watching(project: Project, reloader: Reloader | None) -> Iterator[None]:
    if reloader is None:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(project, reloader, stop), name="watch")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        reloader.close()
        thread.join()


def _watch(project: Project, reloader: Reloader, stop: threading.Event) -> None:
    # Everything under the source folder but what the build itself writes there.
    sources = DefaultFilter(ignore_paths=[project.output])
    for changes in watch(project.source, watch_filter=sources, stop_event=stop):
        names = sorted({Path(path).name for _, path in changes})
        click.echo(f"Changed: {', '.join(names[:5])}{'…' if len(names) > 5 else ''}")
        try:
            _build(project)
        except BuildError as error:
            click.echo(f"Error: {error}", err=True)
        else:
            reloader.built()
