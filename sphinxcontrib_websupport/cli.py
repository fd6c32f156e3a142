"""The command line: ``build`` a project, ``serve`` it, ``check``, ``copy`` or mend its store."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any

import click

from sphinxcontrib_websupport import __version__
from sphinxcontrib_websupport.backends import probe
from sphinxcontrib_websupport.errors import (
    NodeNotFoundError,
    SettingsError,
    StorageError,
    TransferError,
    WebSupportError,
)
from sphinxcontrib_websupport.registry import (
    is_database,
    missing_place,
    open_storage,
    shown_place,
)
from sphinxcontrib_websupport.serve import server
from sphinxcontrib_websupport.serve.project import Project, find_source
from sphinxcontrib_websupport.settings import Settings, chosen, from_file, gather, require
from sphinxcontrib_websupport.sphinxext import runner
from sphinxcontrib_websupport.storage.transfer import copying, jsonlines
from sphinxcontrib_websupport.web.readers.passwords import hash_password
from sphinxcontrib_websupport.web.settings import MODERATING, SIGNING, open_session
from sphinxcontrib_websupport.websupport import WebSupport

FOLDER = click.Path(path_type=Path)
STORAGE = click.option(
    "--storage", metavar="URL", help="The comment store, instead of the settings' (STORAGE)."
)
SETTINGS = click.option(
    "--settings", type=FOLDER, help="A TOML, JSON or Python file  [default: $WEBSUPPORT_SETTINGS]"
)

FIRST_WORDS = 60
"""How many characters of a paragraph a line shows, so that a person knows it again."""

DIFFERENCES = 50
"""How many differences between two stores are told one by one."""


class Failure(click.ClickException):
    """What went wrong, in a sentence; the process ends with code 2."""

    exit_code = 2


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except WebSupportError as error:
        raise Failure(_sentence(error)) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # what a shell reports of a process that Ctrl-C ended


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sphinx-websupport")
def main() -> None:
    """Discuss, vote on and propose changes to any paragraph of a Sphinx site."""


@main.command()
@click.argument("source", type=FOLDER)
@click.argument("output", type=FOLDER)
@click.option("--builder", default="html", show_default=True, help="Sphinx's builder.")
@click.option("--doctrees", type=FOLDER, help="Sphinx's cache  [default: OUTPUT/.doctrees]")
@click.option("--storage", metavar="URL", help="The comment store, instead of conf.py's.")
@click.option("--search", metavar="URL", help="The search index, instead of conf.py's.")
@click.option("--url", help="Where the pages find the service, instead of conf.py's.")
@click.option("-D", "define", multiple=True, metavar="NAME=VALUE", help="Override conf.py.")
@click.option("-j", "--jobs", default="1", show_default=True, help="Processes, or auto.")
@SETTINGS
@click.option("--error-file", type=FOLDER, hidden=True)
def build(
    source: Path,
    output: Path,
    builder: str,
    doctrees: Path | None,
    storage: str | None,
    search: str | None,
    url: str | None,
    define: tuple[str, ...],
    jobs: str,
    settings: Path | None,
    error_file: Path | None,
) -> None:
    """Build the Sphinx project in SOURCE, whose conf.py need not know this extension."""
    overrides: dict[str, object] = dict(_definition(text) for text in define)
    if url is not None:
        overrides["websupport_url"] = url
    with _sentences(), _settings_file(settings):
        try:
            runner.run(
                find_source(source),
                output,
                doctrees or output / ".doctrees",
                buildername=builder,
                confoverrides=overrides,
                storage=storage,
                search=search,
                status=sys.stdout,
                warning=sys.stderr,
                parallel=_jobs(jobs),
            )
        except WebSupportError as error:
            if error_file is None:
                raise
            error_file.write_text(_sentence(error), encoding="utf-8")
            raise SystemExit(Failure.exit_code) from error


@main.command()
@click.argument("folder", type=FOLDER, default=".")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8000, show_default=True, help="0 for any free one.")
@click.option("--moderator", metavar="NAME", help="Print a link that signs in as this moderator.")
@click.option("--watch", is_flag=True, help="Build and reload when a source changes.")
@click.option("--storage", metavar="URL", help="The comment store, instead of the settings'.")
@click.option("--output", type=FOLDER, help="Folder of the build  [default: _build/websupport]")
@click.option("--sample", type=FOLDER, help="JSON file of comments to post when there are none.")
@SETTINGS
def serve(
    folder: Path,
    host: str,
    port: int,
    moderator: str | None,
    watch: bool,
    storage: str | None,
    output: Path | None,
    sample: Path | None,
    settings: Path | None,
) -> None:
    """Build the Sphinx project in FOLDER and serve it with its discussions.

    Its conf.py need not know this extension. Readers choose a name themselves, on trust: this
    is for one's own machine and for networks where people know each other.
    """
    with _sentences(), _settings_file(settings):
        source = find_source(folder)
        place = (output or source / "_build" / "websupport").resolve()
        storage = storage or str(chosen(gather())["STORAGE"])
        if not storage:
            place.mkdir(parents=True, exist_ok=True)
            storage = f"sqlite:///{(place / 'comments.db').as_posix()}"
        project = Project(source, place, storage)
        server.serve(project, server.Options(host, port, moderator, watch, sample))


@main.command()
@click.argument("url", required=False)
@SETTINGS
def check(url: str | None, settings: Path | None) -> None:
    """Try the store that the settings, or a URL, choose: connect, write, read and delete.

    Settings come from the environment (WEBSUPPORT_STORAGE_BACKEND=redis,
    WEBSUPPORT_REDIS_URL=...) and from a file.
    """
    with _sentences():
        found = _given(url, settings)
        place = str(chosen(found)["STORAGE"])
        shown = shown_place(place)
        _must_be_there(found)
        if is_database(place):
            with _naming(shown):
                storage = open_storage(found)
                try:
                    storage.check()
                finally:
                    storage.close()
            click.echo(f"the database {shown} answers, and has the tables it needs")
            return
        with _naming(shown):
            for line in probe.check({**found, "STORAGE_BACKEND": place} if place else found):
                click.echo(line)


@main.command()
@STORAGE
@SETTINGS
@click.option("--document", metavar="NAME", help="Only those that were on this page.")
def detached(storage: str | None, settings: Path | None, document: str | None) -> None:
    """List the discussions whose paragraphs are gone: id, page, comments, first words.

    The columns are parted by tabs. Comments that wait for a moderator count, too.
    """
    with _support(storage, settings) as support:
        for node, count in support.get_retired(document, moderator=True):
            beginning = shorten(node.source, FIRST_WORDS, placeholder="…")
            click.echo(f"{node.id}\t{node.document}\t{count}\t{beginning}")


@main.command()
@click.argument("node")
@click.argument("to")
@STORAGE
@SETTINGS
def attach(node: str, to: str, storage: str | None, settings: Path | None) -> None:
    """Move the discussion of NODE, whose paragraph is gone, to the paragraph TO.

    Both are ids: ``detached`` lists those of NODE, and in a page TO is what follows the s in
    the paragraph's id. A search index with comments in it follows within ten minutes.
    """
    with _support(storage, settings) as support:
        support.attach(node, to, moderator=True)
    click.echo(f"the discussion of {node} is now that of {to}")


@main.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy nodes, comments and votes from the store FROM to TO, and compare both.

    Each is a URL, or the path of a file of settings (.toml, .json or .py), which keeps a password
    out of the list of processes, or that of a file of JSON Lines (.jsonl). Ids stay as they are.
    What was broken off is begun again by the same command. Nobody should write to either
    meanwhile. The code is 1 when the two differ in the end.
    """
    with _sentences(), ExitStack() as stack:
        read = _opened(source, stack)
        differences = _copied(read, target, stack)
    for sentence in differences[:DIFFERENCES]:
        click.echo(sentence)
    if len(differences) > DIFFERENCES:
        click.echo(f"and {len(differences) - DIFFERENCES} more")
    if differences:
        click.echo(f"FROM and TO differ in {len(differences)} nodes and comments", err=True)
        raise SystemExit(1)
    click.echo("FROM and TO hold the same")


def _opened(place: str, stack: ExitStack) -> copying.StoreStream | jsonlines.FileStream:
    if not _is_store(place):
        file = jsonlines.FileStream(Path(place))
        with _bar("reading", file.size) as bar:
            file.check(bar.update)
        return file
    return copying.StoreStream(_store(place, stack))


def _copied(
    source: copying.StoreStream | jsonlines.FileStream, place: str, stack: ExitStack
) -> list[str]:
    if source.size == 0:
        raise TransferError("FROM is empty: there is nothing to copy")
    if _is_store(place):
        target = _store(place, stack)
        with _bar("copying", source.size) as bar:
            copying.copy(source, target, bar.update)
        with _bar("comparing", source.size) as bar:
            return list(copying.compare(source, target, bar.update))
    if isinstance(source, jsonlines.FileStream):
        raise TransferError("FROM and TO are files: one of them has to be a store")
    with _bar("copying", source.size) as bar:
        jsonlines.write(source, Path(place), bar.update)
    written = jsonlines.FileStream(Path(place))
    with _bar("reading", written.size) as bar:
        written.check(bar.update)
    with _bar("comparing", written.size) as bar:
        return list(copying.compare(written, source.storage, bar.update, ("TO", "FROM")))


def _store(url: str, stack: ExitStack) -> copying.TransferableStorage:
    # A file names the store just as a URL does: that of the environment is not what was meant.
    nothing = {"STORAGE": "", "STORAGE_BACKEND": ""}
    source = url if "://" in url else {**gather(), **nothing, **from_file(url)}
    return copying.transferable(stack.enter_context(closing(open_storage(source))))


def _is_store(place: str) -> bool:
    path = Path(place)
    if "://" in place or path.suffix in {".toml", ".py"}:
        return True
    # What ends so may hold comments, too: there was a time when it always did.
    return path.suffix == ".json" and path.is_file() and not jsonlines.is_file_of_ours(path)


def _bar(label: str, length: int) -> AbstractContextManager[Any]:
    return click.progressbar(length=length, label=label, file=sys.stderr)


@main.command()
def password() -> None:
    """Ask for a moderator's password and print its hash, for WEBSUPPORT_PASSWORD_HASH.

    It is read from the terminal, or else as one line of standard input.
    """
    if sys.stdin.isatty():
        given = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    with _sentences():
        click.echo(hash_password(given))


@main.command()
@click.argument("address")
@SETTINGS
def link(address: str, settings: Path | None) -> None:
    """Print a link that signs the moderator in, once, within a day.

    ADDRESS is the service's own, such as https://comments.example.net or
    http://localhost:8000/_comments. SIGNING_KEY and MODERATOR are those of the service, from the
    environment (WEBSUPPORT_SIGNING_KEY) or a file.
    """
    with _sentences():
        given = gather(file=settings)
        require(given, SIGNING + MODERATING, "link", "command")
        session = open_session({**given, "LINKS": None})
        assert session is not None  # noqa: S101 - there is a moderator
        click.echo(session.link(address, ""))


@contextmanager
def _support(storage: str | None, settings: Path | None) -> Iterator[WebSupport]:
    with _sentences():
        given = _given(storage, settings)
        if not chosen(given)["STORAGE"]:
            raise SettingsError(
                "the comment store is not named: say --storage URL, or set WEBSUPPORT_STORAGE or "
                "STORAGE in a file of settings"
            )
        _must_be_there(given)
        with _naming(shown_place(str(chosen(given)["STORAGE"]))):
            support = WebSupport(storage=given)
            try:
                yield support
            finally:
                support.close()


def _given(url: str | None, settings: Path | None) -> Settings:
    """Return the settings; an argument wins over them without a word."""
    given = gather(file=settings)
    return {**given, "STORAGE": url, "STORAGE_BACKEND": ""} if url else given


def _must_be_there(given: Settings) -> None:
    """Refuse a store that is not there: who looks at one does not mean to make one.

    :raises SettingsError: there is no such file or folder.
    """
    missing = missing_place(given)
    place = str(chosen(given)["STORAGE"])
    if missing is None and "://" in place and is_database(place):
        from sphinxcontrib_websupport.storage.sql.engine import is_empty

        shown = shown_place(place)
        with _naming(shown):
            missing = shown if is_empty(place) else None
    if missing is not None:
        raise SettingsError(
            f"there is no comment store at {missing}: a build makes it, this command does not"
        )


@contextmanager
def _naming(store: str) -> Iterator[None]:
    """Say in an error which store it is about."""
    try:
        yield
    except (NodeNotFoundError, StorageError) as error:
        raise type(error)(f"{error} (the store is {store})") from error


@contextmanager
def _settings_file(path: Path | None) -> Iterator[None]:
    """Let a build read this file of settings, and the processes that it starts, too."""
    before = os.environ.get(_FILE)
    if path is not None:
        os.environ[_FILE] = str(path.resolve())
    try:
        yield
    finally:
        if path is not None:
            os.environ.pop(_FILE)
            if before is not None:
                os.environ[_FILE] = before


_FILE = "WEBSUPPORT_SETTINGS"


def _sentence(error: WebSupportError) -> str:
    """Return an error in one line; of a traceback that Sphinx put into it, the last one.

    What is missing or wrong in settings is a list, and keeps its lines.
    """
    if isinstance(error, SettingsError):
        return str(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if any(line.startswith("Traceback (most recent call last)") for line in lines):
        lines = [lines[0], lines[-1]]
    return " ".join(lines)


def _definition(text: str) -> tuple[str, object]:
    name, found, value = text.partition("=")
    if not found:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="-D")
    return name, value


def _jobs(text: str) -> int:
    if text == "auto":
        return os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise click.BadParameter(f"{text!r} is neither a number of processes nor auto")
    return int(text)
