"""Which paths, link targets and names a workspace may hold: none that could lead out of it, whatever the file system does with it."""

from __future__ import annotations

import re
from typing import Optional

from hfai.model.errors import RefusedError, UsageError
from hfai.model.phrase import Phrase
from hfai.model.workspace.usual import STATE_DIR

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}", re.ASCII)
# Environments of haienv travel as workspaces of such names; no list shows them.
RESERVED = "_haienv-"
_LONGEST_PART, _LONGEST = 255, 4000
_DEEPEST = 200


def ensure_name(name: str) -> str:
    """A workspace's name, if it can be one.

    Raises:
        UsageError: it cannot.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            "{name} cannot be the name of a workspace: letters, digits and _ . + - only, at most 64, not beginning with a dot",
            name=repr(name)[:100],
        )
    return name


def path_problem(path: object) -> Optional[Phrase]:
    """Why a relative path cannot be one of a workspace; None if it can.

    Names of any bytes may be in it that Linux takes (other than UTF-8 as lone surrogates, as in ``os.fsdecode``).
    """
    if not isinstance(path, str) or not path or "\0" in path:
        return Phrase("it is empty or holds a NUL")
    if path.isascii() and len(path) <= _LONGEST_PART:
        # As nearly all are, and a push of many files asks several times for each.
        between = f"/{path}/"
        if not ("//" in between or "/./" in between or "/../" in between or between[:7].lower() == f"/{STATE_DIR}/"):
            return None
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return Phrase("it is no name of bytes")
    # What bytes decode to is what they are known by: else one file could have two names.
    if raw.decode("utf-8", "surrogateescape") != path:
        return Phrase("it is no name of bytes")
    parts = raw.split(b"/")
    if len(raw) > _LONGEST or len(parts) > _DEEPEST or max(map(len, parts)) > _LONGEST_PART:
        return Phrase("it is too long")
    if any(part in (b"", b".", b"..") for part in parts):
        return Phrase("it could lead out of the workspace")
    if parts[0].lower() == STATE_DIR.encode():
        return Phrase("this name is hfai's own")
    return None


def ensure_path(path: object) -> str:
    """The path, if a workspace may hold it.

    Raises:
        RefusedError: it may not.
    """
    problem = path_problem(path)
    if problem is not None or not isinstance(path, str):
        raise RefusedError(
            "the path {path} cannot be in a workspace: {problem}", path=ascii(path)[:200], problem=problem
        )
    return path


def is_plain(name: str) -> bool:
    """Whether a name, which holds no slash, surely is one that a directory inside a workspace may hold; most are."""
    return name.isascii() and 0 < len(name) <= _LONGEST_PART and name not in (".", "..") and "\0" not in name


def parents_of(path: str) -> list[str]:
    """The directories that a path is in, from the root down, without the root."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def leads_out(path: str, target: str) -> bool:
    """Whether a symbolic link at ``path`` could lead out of the workspace.

    A target may go up only at its beginning and only as far as the root: then it stays inside whatever the links that it
    passes through are, since each of them does. (``a/link/..`` is where ``link`` leads, not ``a``.)
    """
    if not target or target.startswith("/") or "\0" in target:
        return True
    parts = [part for part in target.split("/") if part not in ("", ".")]
    ups = 0
    while ups < len(parts) and parts[ups] == "..":
        ups += 1
    return ups > path.count("/") or ".." in parts[ups:]


def is_digest(word: object) -> bool:
    """Whether a word can be a SHA-256 in hex; it may be a part of a file's name then."""
    return isinstance(word, str) and len(word) == 64 and not word.strip("0123456789abcdef")
