"""The text of ``conf.yaml``: read with line and column, changed without losing comments, replaced whole."""

from __future__ import annotations

import os
import tempfile
from io import StringIO
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from hfai.client._config_plain import plain_mapping
from hfai.model.errors import ConfigError


def read(path: Path) -> Mapping[str, Any]:
    """The file's mapping.

    Raises:
        ConfigError: it cannot be read, or is none; the message has file, line and column.
    """
    text = _text(path)
    if (plain := plain_mapping(text)) is not None:
        return plain
    body = _parsed(path, text, "safe")
    return {} if body is None else _mapping(path, body)


def position(path: Path, keys: Sequence[Any]) -> tuple[int, int]:
    """Line and column, from 1, of what stands under the keys."""
    at: Any = _parsed(path, _text(path), "rt")
    line, column = 0, 0
    for key in keys:
        line, column = at.lc.value(key)
        at = at[key]
    return line + 1, column + 1


def edit(path: Path, change: Callable[[Any], None]) -> Path:
    """Have a function change the file's mapping and write it: mode 0600, all of it or nothing.

    Args:
        path: it need not be there yet; where it is a link, what it leads to is replaced.
        change: changes the mapping in place.

    Raises:
        ConfigError: the file cannot be read, is no mapping, or cannot be written.
    """
    from ruamel.yaml.comments import CommentedMap

    text = _text(path) if path.exists() else ""
    body = _parsed(path, text, "rt")
    head = ""
    if body is None:
        # ruamel.yaml drops the comments of a file that has nothing else.
        body, head = CommentedMap(), text and text.rstrip("\n") + "\n"
    change(_mapping(path, body))
    stream = StringIO()
    yaml = _yaml("rt")
    if body:
        yaml.dump(body, stream)
    _write(path, head + stream.getvalue())
    return path


def section(body: Any, key: str) -> Any:
    """The mapping under a key, made if it is not there."""
    from ruamel.yaml.comments import CommentedMap

    found = next((one for one in body if str(one) == key), key)
    if body.get(found) is None:
        body[found] = CommentedMap()
    return body[found]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise ConfigError("{file}:{line}:{column}: this is no YAML text", file=str(path), line=line, column=column) from None
    except OSError as error:
        raise _of_system(path, error) from None


def _yaml(kind: str) -> Any:
    from ruamel.yaml import YAML

    yaml = YAML(typ=kind, pure=True)
    yaml.preserve_quotes = True
    yaml.width = 4096
    return yaml


def _parsed(path: Path, text: str, kind: str) -> Any:
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        return _yaml(kind).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = (error.problem or error.context or "no YAML").splitlines()[0]
        raise ConfigError("{file}:{line}:{column}: {problem}", file=str(path), line=line, column=column, problem=problem) from None
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise ConfigError("{file}:{line}:{column}: this is no YAML text", file=str(path), line=line, column=column) from None
    except (YAMLError, ValueError, RecursionError):
        raise ConfigError("{file}:{line}:{column}: this is no YAML text", file=str(path), line=1, column=1) from None


def _mapping(path: Path, body: Any) -> Any:
    if not isinstance(body, dict):
        raise ConfigError("{file}:{line}:{column}: token and url are missing: see `hai-cli init`", file=str(path), line=1, column=1)
    return body


def _write(path: Path, text: str) -> None:
    try:
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # 0600 from the beginning
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(fd)
            Path(beside).replace(target)
        except BaseException:
            Path(beside).unlink()
            raise
    except OSError as error:
        raise _of_system(path, error) from None


def _of_system(path: Path, error: OSError) -> ConfigError:
    return ConfigError("{file}: {problem}", file=str(path), problem=error.strerror or str(error))
