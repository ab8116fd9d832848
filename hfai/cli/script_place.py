"""Workspace and entrypoint of a script: the current directory if the script is below it, else the script's own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from hfai.model.errors import InvalidTask


def place_script(file: str) -> dict[str, Any]:
    """The parts of ``spec`` for a script that an interpreter runs.

    Raises:
        InvalidTask: there is no such file.
    """
    path = _file(file)
    here = Path.cwd()
    workspace = here if path.is_relative_to(here) else path.parent
    return {"workspace": str(workspace), "entrypoint": str(path.relative_to(workspace))}


def place_program(file: str) -> dict[str, Any]:
    """The parts of ``spec`` for a program: found in PATH, or a file.

    Raises:
        InvalidTask: there is no such program.
    """
    here = Path.cwd()
    entrypoint = file
    if "/" in file:
        path = _file(file)
        entrypoint = f"./{path.relative_to(here)}" if path.is_relative_to(here) else str(path)
    elif shutil.which(file) is None:
        if Path(file).exists():
            raise InvalidTask("{file} is not in PATH: for the one in this directory, write ./{file}", file=file)
        raise InvalidTask("{file}: there is no such program", file=file)
    return {"workspace": str(here), "entrypoint": entrypoint, "entrypoint_executable": True}


def _file(file: str) -> Path:
    """The absolute path, without its symbolic links resolved: the workspace is what was typed."""
    path = Path(os.path.normpath(Path.cwd() / file))
    if path.is_dir():
        raise InvalidTask("{file}: this is a directory, not a file to run", file=file)
    if not path.exists():
        raise InvalidTask("{file}: there is no such file", file=file)
    return path


def ensure_workspace(workspace: str) -> None:
    """Refuse a directory that a task cannot run in.

    Raises:
        InvalidTask: saying why, and what can be done.
    """
    if any(sign.isspace() for sign in workspace):
        template = (
            "the workspace '{workspace}' has a blank in its path, which no platform takes: start from a directory without one,"
            " or have it pushed: `hai-cli workspace init NAME`"
        )
        raise InvalidTask(template, workspace=workspace)
