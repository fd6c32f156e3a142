"""Settings have one name, wherever they come from."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.settings import (
    from_conf,
    from_environ,
    from_file,
    gather,
    is_true,
    require,
)


def test_the_environment_holds_them_behind_a_prefix() -> None:
    environ = {"WEBSUPPORT_REDIS_URL": "redis://x", "REDIS_URL": "no", "WEBSUPPORT_FILE_DIR": ""}
    assert from_environ(environ) == {"REDIS_URL": "redis://x"}


def test_a_file_is_toml_or_json(tmp_path: Path) -> None:
    toml, json = tmp_path / "websupport.toml", tmp_path / "websupport.json"
    toml.write_text('STORAGE_BACKEND = "redis" # "redis", "couchbase", or "file".\n')
    json.write_text('{"STORAGE_BACKEND": "redis"}')
    assert from_file(toml) == from_file(json) == {"STORAGE_BACKEND": "redis"}


@pytest.mark.parametrize("text", ["STORAGE_BACKEND = redis", "\x00"])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"x\.toml cannot be read"):
        from_file(tmp_path / "x.toml")
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read"):
        from_file(tmp_path / "none.toml")


def test_conf_py_holds_them_in_either_form() -> None:
    conf = {"project": "x", "REDIS_URL": "redis://a", "websupport_s3_bucket": "b", "extensions": []}
    assert from_conf(conf) == {"REDIS_URL": "redis://a", "S3_BUCKET": "b"}


def test_a_mapping_wins_over_the_environment_over_a_file(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text('{"S3_BUCKET": "file", "S3_REGION": "file", "S3_PREFIX": "file"}')
    environ = {
        "WEBSUPPORT_SETTINGS": str(file),
        "WEBSUPPORT_S3_REGION": "environment",
        "WEBSUPPORT_S3_PREFIX": "environment",
    }
    settings = gather({"S3_PREFIX": "mapping"}, environ=environ)
    assert settings == {"S3_BUCKET": "file", "S3_REGION": "environment", "S3_PREFIX": "mapping"}


def test_one_error_names_all_that_is_missing() -> None:
    required = [
        {"name": "GREAT_API_KEY", "obtain_at": "1. Go to great.example\n  2. Click."},
        {"name": "GREAT_HOST", "obtain_at": "Ask."},
        {"name": "GREAT_PORT", "obtain_at": "Ask.", "unless": "GREAT_SOCKET"},
    ]
    with pytest.raises(SettingsError) as caught:
        require({"GREAT_SOCKET": "/run/great"}, required, "great")  # type: ignore[arg-type] # as authors write it: plain dicts
    assert str(caught.value).splitlines() == [
        "the store 'great' needs settings that are missing:",
        "- GREAT_API_KEY: 1. Go to great.example",
        "  2. Click.",
        "- GREAT_HOST: Ask.",
    ]


@pytest.mark.parametrize(
    ("word", "meaning"), [("Yes", True), (1, True), ("off", False), ("", False)]
)
def test_yes_and_no(word: object, meaning: bool) -> None:
    assert is_true(word) is meaning


def test_neither_yes_nor_no() -> None:
    with pytest.raises(SettingsError, match="maybe"):
        is_true("maybe")


def conf(tmp_path: Path, text: str, name: str = "config.py") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_python_file_is_read_and_not_executed(tmp_path: Path) -> None:
    text = """
import os
os.abort()
DEBUG = make(True)
REDIS_URL: str = "redis://x"
WEBSUPPORT_ORIGINS = ["https://a.example"]
"""
    expected = {"REDIS_URL": "redis://x", "ORIGINS": ["https://a.example"]}
    assert from_file(conf(tmp_path, text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\nREDIS_URL = os.environ['X']",
        "x = 1\nREDIS_URL = f'redis://{x}'",
        "if x:\n    REDIS_URL = 'redis://a'",
        "x = 1\nREDIS_URL, y = 'redis://a', 1",
        "REDIS_URL = 'a'\nREDIS_URL += 'b'",
    ],
)
def test_python_file_with_a_setting_that_is_no_plain_literal_names_its_line(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(SettingsError, match=r"config\.py, line 2: REDIS_URL is not"):
        from_file(conf(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.toml", 'STORAG = "memory"'),
        ("x.toml", 'storage = "memory"'),
        ("x.toml", 'WEBSUPPORT_STORAG = "memory"'),
        ("x.json", '{"STORAG": "memory"}'),
        ("x.py", "STORAG = 'memory'"),
    ],
)
def test_file_with_an_unknown_name_is_refused_with_what_was_meant(
    tmp_path: Path, name: str, text: str
) -> None:
    with pytest.raises(SettingsError, match=r"did you mean STORAGE\?"):
        from_file(conf(tmp_path, text, name))


def test_environment_with_a_typing_mistake_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"WEBSUPPORT_STORGE \(did you mean WEBSUPPORT_STORAGE"):
        gather(environ={"WEBSUPPORT_STORGE": "memory"})


def test_environment_with_names_of_others_is_told_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    gather(environ={"WEBSUPPORT_IMAGE_TAG": "7", "WEBSUPPORT_PORT_8000_TCP": "x"})
    (line,) = caplog.messages
    assert "WEBSUPPORT_IMAGE_TAG, WEBSUPPORT_PORT_8000_TCP" in line


def test_settings_of_contributed_stores_are_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    point = EntryPoint("great", "tests.test_settings:Great", "sphinxcontrib_websupport.backends")
    monkeypatch.setattr(
        "sphinxcontrib_websupport.settings.entry_points",
        lambda group: [point] if group == point.group else [],
    )
    text = 'THEIR_KEY = "a"\nGREAT_TIMEOUT = 5'
    assert from_file(conf(tmp_path, text, "x.toml")) == {"THEIR_KEY": "a", "GREAT_TIMEOUT": 5}
    with pytest.raises(SettingsError, match=r"THEIR_KY \(did you mean THEIR_KEY"):
        from_file(conf(tmp_path, 'THEIR_KY = "a"', "x.toml"))


class Great:
    required_settings = ({"name": "THEIR_KEY", "obtain_at": "Ask."},)
