"""Task files: the v2 YAML that ``hai-cli run`` takes and ``hai-cli describe`` prints.

A key that resembles a known one is taken for a typo and refused; any other unknown key is kept. An unknown key
written in quotes is always kept, which is how ``describe`` writes them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any, Mapping, Union

from hfai.model.checks import Section, has_control
from hfai.model.errors import InvalidTask, InvalidTaskFile
from hfai.model.spec import TaskSpec
from hfai.model.taskfile_object import as_mapping
from hfai.model.taskfile_typos import typos
from hfai.model.taskfile_write import dump_task_file
from hfai.model.taskfile_yaml import POSITION, Document

__all__ = ["POSITION", "TaskFileSource", "dump_task_file", "load_task_file"]

TaskFileSource = Union[str, "os.PathLike[str]", IO[str], IO[bytes], Mapping[str, Any], TaskSpec, object]

_TYPO = "unknown key {key}: did you mean {suggestion}?"
_TYPO_IN_FILE = _TYPO + " To keep it as it is, write it in quotes"
_LARGEST_BYTES = 1 << 20


def load_task_file(source: TaskFileSource) -> TaskSpec:
    """Read a task from wherever it is written down.

    A ``spec.workspace`` that is relative is taken from the current directory, ``~`` is the home directory, and without
    one the workspace is the current directory; only a task that brings ``spec.git_remote_repo`` keeps none.

    Args:
        source: a path; YAML text (a str with a line break, or with ``": "`` unless a file has that name); an open
            file; a mapping; an object whose attributes are the keys; or a TaskSpec, which is returned as it is.

    Returns:
        The task, with every value checked.

    Raises:
        InvalidTaskFile: the file is missing, unreadable or wrong; the message begins with file, line and column where
            there are any; ``data`` has ``file``, ``line``, ``column``, ``key`` and what else the message says.
        InvalidTask: the same for a mapping or an object, which have no lines.

    Blocks for reading one file of at most 1 MiB.

    Example:
        >>> load_task_file("version: 2\\nname: x\\nspec: {entrypoint: a.py}\\n").entrypoint
        'a.py'
    """
    if isinstance(source, TaskSpec):
        return source
    if isinstance(source, str) and source and not _is_text(source):
        source = Path(source)
    if isinstance(source, os.PathLike):
        file = os.fspath(source)
        return _from_text(_read(Path(file), file), ascii(file) if has_control(file) else file)
    if isinstance(source, str):
        return _from_text(source, "<text>")
    if callable(getattr(source, "read", None)):
        name = getattr(source, "name", None)
        file = name if isinstance(name, str) else "<text>"
        return _from_text(_decoded(source.read(), file), file)  # type: ignore[attr-defined]
    body = as_mapping(source)
    for key, suggestion in typos(body):
        raise InvalidTask(_TYPO, key=key, suggestion=suggestion)
    return TaskSpec.from_mapping(_with_workspace(body))


def _is_text(source: str) -> bool:
    return "\n" in source or (": " in source and not Path(source).exists())


def _from_text(text: str, file: str) -> TaskSpec:
    document = Document(text, file)
    try:
        Section(document.value)
        for key, suggestion in typos(document.value):
            if key not in document.quoted_keys:
                document.fail(key, _TYPO_IN_FILE, at_key=True, suggestion=suggestion)
        return TaskSpec.from_mapping(_with_workspace(document.value))
    except InvalidTaskFile:
        raise
    except InvalidTask as error:
        data = {name: value for name, value in error.data.items() if name != "key"}
        key = "" if error.data["key"] == "the task" else str(error.data["key"])
        line, column = document.position(key)
        data.update(file=file, line=line, column=column, key=error.data["key"])
        raise InvalidTaskFile(POSITION + error.template, **data) from None


def _read(path: Path, file: str) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise _unusable(file, "there is no such file") from None
    except IsADirectoryError:
        raise _unusable(file, "this is a directory, not a task file") from None
    except PermissionError:
        raise _unusable(file, "you may not read it") from None
    except (OSError, ValueError) as error:
        raise _unusable(file, str(getattr(error, "strerror", None) or error)) from None
    return _decoded(content, file)


def _decoded(content: object, file: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, (bytes, bytearray)):
        raise _unusable(file, "it gives neither text nor bytes")
    if len(content) > _LARGEST_BYTES:
        raise _unusable(file, "it is larger than 1 MiB: this is no task file")
    try:
        return bytes(content).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = bytes(content[: error.start])
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise InvalidTaskFile(
            POSITION + "{problem}", file=file, line=line, column=column, key="", problem="this is not UTF-8 text"
        ) from None


def _with_workspace(body: Mapping[str, Any]) -> Mapping[str, Any]:
    spec = body.get("spec")
    if not isinstance(spec, Mapping) or spec.get("git_remote_repo"):
        return body
    workspace = spec.get("workspace")
    if workspace is None or workspace == "":
        workspace = str(Path.cwd())
    elif isinstance(workspace, str) and not workspace.startswith(("/", "$")):
        workspace = os.path.normpath(Path.cwd() / Path(workspace).expanduser())
    return {**body, "spec": {**spec, "workspace": workspace}}


def _unusable(file: str, problem: str) -> InvalidTaskFile:
    return InvalidTaskFile("{file}: {problem}", file=file, line=1, column=1, key="", problem=problem)
