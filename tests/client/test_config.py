"""conf.yaml: both shapes, the fallback, what is wrong with it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hfai.client._config import LOCAL, Settings, all_settings, load_settings, remove, save_settings, use
from hfai.model.errors import ConfigError, NotFoundError, UsageError


def write(home: Path, text: str) -> Path:
    path = home / "conf.yaml"
    path.write_text(text)
    return path


def test_nothing_configured_is_the_embedded_engine() -> None:
    assert load_settings() == Settings(LOCAL)


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
        ("token: [\n", "{file}:2:1: expected the node content, but found '<stream end>'"),
        ("just text\n", "{file}:1:1: token and url are missing: see `hai-cli init`"),
        ("url: 'http://a'\ntoken: 12345\n", "{file}:2:8: token must be text in quotes"),
        ("url: ftp://a\n", "{file}:1:6: url must begin with http:// or https://"),
        ("url: http://a\nkind: slurm\n", "{file}:2:7: kind must be one of hfai, haiplatform"),
        ("current: c\ncontexts: {a: {url: http://a}}\n", "{file}:1:10: no context c; there are: local, a"),
        ("contexts: [1]\n", "{file}:1:11: contexts must be names with url, token and kind under them"),
        ("\x00", "{file}:1:1: this is no YAML text"),
    ],
)
def test_a_corrupt_file(own_home: Path, text: str, expected: str) -> None:
    """Names the file, line and column, and what is wrong; a change leaves it as it is."""
    path = write(own_home, text)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value) == expected.replace("{file}", str(path))
    if not text.startswith("current"):  # choosing another repairs that
        with pytest.raises(ConfigError):
            save_settings(Settings("lab", "http://b", "t"))
        assert path.read_text() == text


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
    assert all_settings()["default"] == Settings("default", "http://a", "123", "haiplatform")
    assert [file.name for file in path.parent.iterdir()] == ["conf.yaml"]
    save_settings(Settings("default", "http://c", "u", None))
    assert load_settings().url == "http://c"
    assert "http://b" in path.read_text()


KEPT = """\
# ours, do not lose
url: http://a  # the old one
token: x
proxy_rules: [1, 2]   # not ours

contexts:
  # of the lab
  "lab": {url: http://b, token: y}   # beside it
  7:
    url: http://c
    colour: red
"""


def test_comments_and_unknown_keys_stay(own_home: Path) -> None:
    path = write(own_home, KEPT)
    path.chmod(0o644)
    save_settings(Settings("7", "http://c", "new", "hfai", "ada"))
    text = path.read_text()
    for line in ("# ours, do not lose", "# the old one", "proxy_rules: [1, 2]   # not ours", "# of the lab", "# beside it"):
        assert line in text, text
    assert "colour: red" in text and load_settings() == Settings("7", "http://c", "new", "hfai", "ada")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    use("lab")
    assert load_settings().url == "http://b"
    use("default")
    assert load_settings() == Settings("default", "http://a", "x")
    remove("lab")
    assert list(all_settings()) == ["local", "default", "7"]
    assert "proxy_rules" in path.read_text()


def test_a_file_of_comments_only(own_home: Path) -> None:
    path = write(own_home, "# mine\n")
    save_settings(Settings("default", "http://a", "1"))
    assert path.read_text() == "# mine\nurl: http://a\ntoken: '1'\n"


def test_a_link_stays_one(own_home: Path, tmp_path: Path) -> None:
    """As people keep their settings elsewhere."""
    (tmp_path / "dotfiles").write_text("url: http://a\n")
    (own_home / "conf.yaml").symlink_to(tmp_path / "dotfiles")
    save_settings(Settings("default", "http://b", "t"))
    assert (own_home / "conf.yaml").is_symlink()
    assert "http://b" in (tmp_path / "dotfiles").read_text()


def test_which_one_counts(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HFAI_CONTEXT, a task's own platform, the file, the environment."""
    monkeypatch.setenv("MARSV2_SERVER", "http://env")
    monkeypatch.setenv("MARSV2_USER_TOKEN", "e")
    assert list(all_settings()) == ["local", "default"]
    with pytest.raises(UsageError, match="MARSV2_SERVER"):
        remove("default")
    write(own_home, "current: local\ncontexts: {lab: {url: http://b, token: y}}\n")
    assert load_settings() == Settings(LOCAL)
    monkeypatch.setenv("HFAI_RUN", "e:1:0")
    assert load_settings() == Settings("default", "http://env", "e")
    monkeypatch.setenv("HFAI_CONTEXT", "lab")
    assert load_settings() == Settings("lab", "http://b", "y")
    monkeypatch.setenv("HFAI_CONTEXT", "nope")
    with pytest.raises(NotFoundError, match="no context nope; there are: local, lab"):
        load_settings()


def test_removing_the_current_one_goes_back_to_this_machine(own_home: Path) -> None:
    save_settings(Settings("default", "http://a", "x"))
    cache = own_home / "cache" / "default.names"
    cache.parent.mkdir()
    cache.write_text("1\ta\tfinished\n")
    cache.with_suffix(".places").write_text("n0\tdefault\n")
    remove("default")
    assert load_settings() == Settings(LOCAL) and list(cache.parent.iterdir()) == []
    assert "x" not in (own_home / "conf.yaml").read_text()
    for name, kind in (("default", NotFoundError), (LOCAL, UsageError)):
        with pytest.raises(kind):
            remove(name)


@pytest.mark.parametrize("name", ["local", "", "a b", "-x", "x" * 65, "a/b"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(UsageError):
        save_settings(Settings(name, "http://a", "t"))
