"""conf.yaml: both shapes, the fallback, what is wrong with it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hfai.client._config import EMBEDDED, Settings, load_settings, save_settings
from hfai.model.errors import ConfigError


def write(home: Path, text: str) -> Path:
    path = home / "conf.yaml"
    path.write_text(text)
    return path


def test_nothing_configured_is_the_embedded_engine() -> None:
    assert load_settings() == Settings(EMBEDDED, None, None, None)


def test_the_flat_shape(own_home: Path) -> None:
    """As HAI writes it; https is added."""
    write(own_home, "token: abc\nurl: hai.example.org/\nbff_url: x\n")
    assert load_settings() == Settings("default", "https://hai.example.org", "abc", None)


def test_contexts(own_home: Path) -> None:
    write(
        own_home, "current: b\ncontexts:\n  a: {url: http://a, token: x}\n  b: {url: http://b, token: y, kind: hfai}\n"
    )
    assert load_settings() == Settings("b", "http://b", "y", "hfai")


def test_the_environment_fills_what_the_file_lacks(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file wins."""
    monkeypatch.setenv("MARSV2_SERVER", "http://env")
    monkeypatch.setenv("MARSV2_USER_TOKEN", "env-token")
    assert load_settings() == Settings("default", "http://env", "env-token", None)
    write(own_home, "url: http://file\n")
    assert load_settings() == Settings("default", "http://file", "env-token", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("token: [\n", "{file}:2: expected the node content, but found '<stream end>'"),
        ("just text\n", "{file}:1: token and url are missing: see `hai-cli init`"),
        ("url: 'http://a'\ntoken: 12345\n", "{file}: token must be text in quotes"),
        ("url: ftp://a\n", "{file}: url must begin with http:// or https://"),
        ("url: http://a\nkind: slurm\n", "{file}: kind must be one of hfai, haiplatform"),
        ("current: c\ncontexts: {a: {url: http://a}}\n", "{file}: no context c; there are: a"),
        ("contexts: [1]\n", "{file}: contexts must be names with url, token and kind under them"),
        ("\x00", "{file}:1: this is no YAML text"),
    ],
)
def test_a_corrupt_file(own_home: Path, text: str, expected: str) -> None:
    """Names the file, the line where there is one, and what is wrong."""
    path = write(own_home, text)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value) == expected.replace("{file}", str(path))


def test_a_directory_in_its_place(own_home: Path) -> None:
    (own_home / "conf.yaml").mkdir()
    with pytest.raises(ConfigError, match="directory"):
        load_settings()


def test_saving_keeps_what_else_is_there(own_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only the owner may read it; a token of digits stays text; nothing is left beside it."""
    path = tmp_path / "deep" / "conf.yaml"
    monkeypatch.setenv("HFAI_CLIENT_CONFIG", str(path))
    save_settings(Settings("default", "http://a", "123", "haiplatform"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_settings() == Settings("default", "http://a", "123", "haiplatform")
    save_settings(Settings("lab", "http://b", "t", None))
    assert load_settings() == Settings("lab", "http://b", "t", None)
    assert "default:\n" in path.read_text().replace('"', "")
    assert [file.name for file in path.parent.iterdir()] == ["conf.yaml"]
    save_settings(Settings("default", "http://c", "u", None))
    assert load_settings().url == "http://c"
    assert "http://b" in path.read_text()
