"""``.hfignore`` means what gitignore means: compared with ``git check-ignore`` on random patterns and paths."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hfai.model.workspace.ignore import Rules, default_rules, ignore_lines

_PIECES = [
    "a",
    "b",
    "ab",
    "*",
    "**",
    "?",
    "/",
    "/**/",
    "**/",
    "/**",
    "[ab]",
    "[!a]",
    "[a-c]",
    "[^b]",
    "\\*",
    "\\",
    ".",
    " ",
    "[[:alpha:]]",
    "[",
    "]",
    "!",
    "#",
    "é",
]
_PATTERNS = st.lists(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=5).map("".join), min_size=1, max_size=4)
_NAMES = st.sampled_from(["a", "b", "ab", "abc", "c", "a b", "*", "é", ".a", "a.b", "!", "#a", "a\\", "[a]"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def verdicts(root: Path, patterns: list[str], paths: list[str]) -> dict[str, bool]:
    """What git says of paths, each of which is a file in existing directories."""
    (root / ".gitignore").write_bytes("\n".join(patterns).encode())
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", "-C", str(root), "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(paths).encode() + b"\0",
        capture_output=True,
        check=False,
        env=environment,
    )
    assert done.returncode in (0, 1), done
    ignored = set(done.stdout.decode().split("\0"))
    return {path: path in ignored for path in paths}


def is_ignored(rules: Rules, path: str) -> bool:
    """As a scan finds out: directory by directory from the top."""
    parts = path.split("/")
    for end in range(1, len(parts) + 1):
        part = "/".join(parts[:end]).encode()
        if rules.is_ignored(part, is_directory=end < len(parts)):
            return True
    return False


@settings(max_examples=150)
@given(patterns=_PATTERNS, paths=st.lists(_PATHS, min_size=1, max_size=12, unique=True))
def test_as_git(repository: Path, patterns: list[str], paths: list[str]) -> None:
    rules = Rules(ignore_lines("\n".join(patterns).encode()))
    ours = {path: is_ignored(rules, path) for path in paths}
    assert ours == verdicts(repository, patterns, paths), patterns


@pytest.mark.parametrize(
    ("patterns", "path", "wanted"),
    [
        ("*.log", "a/b.log", True),
        ("/a", "b/a", False),
        ("a/", "a", False),
        ("a/", "a/x", True),
        ("*\n!a", "a", False),
        ("*\n!a/b", "a/b", True),
        ("a/**/b", "a/b", True),
        ("a**/b", "ab", True),
        ("a**/**/", "a/a", True),
        ("b?**/b", "ab", False),
        ("\\#a", "#a", True),
        ("a\\ ", "a ", True),
        ("a ", "a", True),
        ("# a", "# a", False),
        ("\ufeffa", "a", True),
        ("a\r", "a", True),
    ],
)
def test_single(patterns: str, path: str, wanted: bool) -> None:
    assert is_ignored(Rules(ignore_lines(patterns.encode())), path) is wanted


def test_nested_files_count_after_those_above() -> None:
    above = Rules([b"*.bin"], above=default_rules())
    below = Rules([b"!keep.bin", b"/only"], b"sub/", above)
    assert not below.is_ignored(b"sub/keep.bin", is_directory=False)
    assert below.is_ignored(b"sub/x.bin", is_directory=False)
    assert below.is_ignored(b"sub/only", is_directory=False)
    assert not below.is_ignored(b"sub/deep/only", is_directory=False)
    assert below.is_ignored(b"sub/__pycache__", is_directory=True)
    brought_back: Optional[Rules] = Rules([b"!.venv/"], above=default_rules())
    assert brought_back and not brought_back.is_ignored(b".venv", is_directory=True)
