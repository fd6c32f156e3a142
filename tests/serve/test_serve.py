"""``python -m sphinxcontrib_websupport serve DIR``, as a user runs it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener, urlopen

import pytest

from sphinxcontrib_websupport.registry import open_storage
from tests.serve.conftest import Served, command
from tests.settingsfiles import KINDS, settings_file

Serve = Callable[..., Served]


def get(address: str) -> str:
    with urlopen(address, timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def nodes(page: str) -> list[str]:
    return re.findall(r'class="[^"]*sphinx-has-comment[^"]*" id="s([0-9a-z]+)"', page)


def post(served: Served, path: str, data: object, opener: OpenerDirector | None = None) -> object:
    request = Request(
        served.address + "_comments/" + path,
        json.dumps(data).encode(),
        {"Content-Type": "application/json", "Origin": served.address.rstrip("/")},
    )
    with (opener or build_opener()).open(request, timeout=30) as answer:
        return json.loads(answer.read())


def test_it_builds_and_serves_pages_with_their_discussions(project: Path, serve: Serve) -> None:
    served = serve(project)
    page = get(served.address)
    assert "The first paragraph." in page
    first, second = nodes(page)
    posted = post(served, f"nodes/{first}/comments", {"text": "Hello *there*"})
    assert isinstance(posted, dict)
    thread = json.loads(get(served.address + f"_comments/nodes/{first}"))
    assert [c["text"] for c in thread["comments"]] == ["<p>Hello <em>there</em></p>\n"]
    counts = json.loads(get(served.address + "_comments/documents/index"))["nodes"]
    assert {id: node["count"] for id, node in counts.items()} == {first: 1, second: 0}
    assert served.stop()[0] == 0


def test_ctrl_c_ends_it_clean(project: Path, serve: Serve) -> None:
    code, out, err = serve(project).stop()
    assert code == 0
    assert out == "Stopped.\n"
    assert "Traceback" not in err


def test_comments_are_there_after_a_restart(project: Path, serve: Serve) -> None:
    served = serve(project)
    first = nodes(get(served.address))[0]
    post(served, f"nodes/{first}/comments", {"text": "Still here"})
    served.stop()
    served = serve(project)
    assert nodes(get(served.address))[0] == first
    assert "Still here" in get(served.address + f"_comments/nodes/{first}")


def test_the_printed_link_signs_the_moderator_in(project: Path, serve: Serve) -> None:
    served = serve(project, "--moderator", "ada")
    assert served.sign_in is not None
    first = nodes(get(served.address))[0]
    comment = post(served, f"nodes/{first}/comments", {"text": "Spam"})
    assert isinstance(comment, dict)
    remove = Request(
        served.address + f"_comments/comments/{comment['id']}",
        headers={"Origin": served.address.rstrip("/")},
        method="DELETE",
    )
    with pytest.raises(HTTPError) as refused:
        build_opener().open(remove, timeout=30)
    assert refused.value.code in (401, 403)
    refused.value.close()
    moderator = build_opener(HTTPCookieProcessor())
    with moderator.open(served.sign_in, timeout=30) as shown:
        assert b"<button" in shown.read()
    address, _, token = served.sign_in.partition("?token=")
    press = Request(
        address,
        data=urlencode({"link": unquote(token)}).encode(),
        headers={"Origin": served.address.rstrip("/")},
    )
    moderator.open(press, timeout=30).close()
    moderator.open(remove, timeout=30).close()
    thread = json.loads(get(served.address + f"_comments/nodes/{first}"))
    assert thread["comments"] == []


def test_it_builds_again_and_tells_open_pages_when_a_source_changes(
    project: Path, serve: Serve
) -> None:
    served = serve(project, "--watch")
    page = get(served.address)
    first = nodes(page)[0]
    assert 'src="/_reload/reload.js"' in page
    post(served, f"nodes/{first}/comments", {"text": "Stays"})
    with urlopen(served.address + "_reload/events", timeout=60) as events:
        assert events.readline() == b"retry: 1000\n"
        source = project / "index.rst"
        source.write_text(source.read_text().replace("The first", "New.\n\nThe first"))
        while (line := events.readline()) != b"event: built\n":
            assert line, "the server closed the connection"
    page = get(served.address)
    assert "New." in page
    assert nodes(page)[1] == first
    assert "Stays" in get(served.address + f"_comments/nodes/{first}")
    code, out, err = served.stop()
    assert code == 0
    assert "Changed: index.rst" in out
    assert "Traceback" not in err


def test_sample_comments_are_posted_once(project: Path, serve: Serve, tmp_path: Path) -> None:
    sample = tmp_path / "sample.json"
    comment = {
        "text": "A sample",
        "username": "ada",
        "votes": {"bob": 1},
        "proposal": ["first", "very first"],
        "replies": [{"text": "A reply", "username": ""}],
    }
    sample.write_text(
        json.dumps([{"document": "index", "paragraph": "The first", "comments": [comment]}])
    )
    for _ in range(2):
        served = serve(project, "--sample", sample)
        first = nodes(get(served.address))[0]
        (thread,) = json.loads(get(served.address + f"_comments/nodes/{first}"))["comments"]
        assert (thread["text"], thread["rating"]) == ("<p>A sample</p>\n", 1)
        assert "<ins>" in thread["proposal_diff"]
        assert [reply["text"] for reply in thread["children"]] == ["<p>A reply</p>\n"]
        served.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_settings_is_heard_and_stands_in_no_command_line(
    project: Path, serve: Serve, tmp_path: Path, kind: str
) -> None:
    url = f"sqlite:///{(tmp_path / 'hushhush.db').as_posix()}"
    settings = settings_file(tmp_path, kind, STORAGE=url, MODERATOR="ada", SIGNING_KEY="k" * 20)
    conf = project / "conf.py"
    told = tmp_path / "command.txt"  # by the process that builds, of itself
    conf.write_text(f"import sys\nopen({str(told)!r}, 'w').write(repr(sys.orig_argv))\n")
    served = serve(project, "--settings", settings)
    first = nodes(get(served.address))[0]
    post(served, f"nodes/{first}/comments", {"text": "Kept there"})
    service = served.address + "_comments"
    link = subprocess.check_output(command("link", service, "--settings", settings), text=True)
    assert "<button" in get(link.strip()), "the key is another"
    served.stop()
    with closing(open_storage(url)) as storage:
        assert storage.get_metadata("index", moderator=False)[first] == 1
    assert "build" in told.read_text()
    assert "hushhush" not in told.read_text()


def fails(*arguments: str | Path) -> str:
    """Run the command, which must end with code 2, and return its one sentence."""
    done = subprocess.run(
        command("serve", "--port", "0", *arguments),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, done.stderr
    assert done.stderr.splitlines()[-1] == errors[0], "the sentence comes last, on one line"
    return errors[0]


class TestSentences:
    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        assert "there is no folder" in fails(tmp_path / "nowhere")

    def test_a_file(self, project: Path) -> None:
        assert "is not a folder" in fails(project / "conf.py")

    def test_a_folder_without_conf_py(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        assert "has no conf.py" in fails(tmp_path / "empty")

    def test_the_folder_above(self, project: Path) -> None:
        assert f"did you mean {project}?" in fails(project.parent)

    def test_a_busy_port(self, project: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            sentence = fails(project, "--port", port)
        assert port in sentence
        assert "--port" in sentence
        assert not (project / "_build" / "websupport" / "html").exists(), "it built for nothing"

    @pytest.mark.parametrize(
        ("conf", "word"),
        [
            ("project = ", "conf.py"),
            ("import nothing_of_this_name", "nothing_of_this_name"),
            ("raise ValueError('no way')", "no way"),
            ("import sys; sys.exit(3)", "sys.exit"),
            ('extensions = ["nothing_of_this_name"]', "nothing_of_this_name"),
            ('html_theme = "nothing_of_this_name"', "nothing_of_this_name"),
        ],
    )
    def test_a_broken_conf_py(self, project: Path, conf: str, word: str) -> None:
        (project / "conf.py").write_text(conf)
        assert word in fails(project)

    def test_a_store_that_cannot_be_opened(self, project: Path) -> None:
        assert "nothing" in fails(project, "--storage", "nothing://here")

    @pytest.mark.parametrize("content", ["{", "[{}]", '{"a": 1}', "[1]"])
    def test_a_damaged_sample_file(self, project: Path, tmp_path: Path, content: str) -> None:
        sample = tmp_path / "sample.json"
        sample.write_text(content)
        assert "sample.json" in fails(project, "--sample", sample)
