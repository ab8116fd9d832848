"""Workspace and entrypoint of a script: the current directory if the script is below it, else the script's own."""

from __future__ import annotations

import os
import shutil
from typing import Any

from hfai.model.errors import InvalidTask


def place_script(file: str) -> dict[str, Any]:
    """The parts of ``spec`` for a script that an interpreter runs.

    Raises:
        InvalidTask: there is no such file, or its workspace could not be one.
    """
    _ensure_file(file)
    path = os.path.abspath(file)
    here = os.getcwd()
    workspace = here if _is_below(path, here) else os.path.dirname(path)
    _ensure_workspace(workspace)
    return {"workspace": workspace, "entrypoint": os.path.relpath(path, workspace)}


def place_program(file: str) -> dict[str, Any]:
    """The parts of ``spec`` for a program: found in PATH, or a file.

    Raises:
        InvalidTask: there is no such program, or the workspace could not be one.
    """
    here = os.getcwd()
    _ensure_workspace(here)
    entrypoint = file
    if "/" in file:
        _ensure_file(file)
        path = os.path.abspath(file)
        entrypoint = os.path.join(".", os.path.relpath(path, here)) if _is_below(path, here) else path
    elif shutil.which(file) is None:
        if os.path.exists(file):
            raise InvalidTask("{file} is not in PATH: for the one in this directory, write ./{file}", file=file)
        raise InvalidTask("{file}: there is no such program", file=file)
    return {"workspace": here, "entrypoint": entrypoint, "entrypoint_executable": True}


def _is_below(path: str, directory: str) -> bool:
    return os.path.commonpath([path, directory]) == directory


def _ensure_file(file: str) -> None:
    if os.path.isdir(file):
        raise InvalidTask("{file}: this is a directory, not a file to run", file=file)
    if not os.path.exists(file):
        raise InvalidTask("{file}: there is no such file", file=file)


def _ensure_workspace(workspace: str) -> None:
    if any(sign.isspace() for sign in workspace):
        raise InvalidTask(
            "the workspace '{workspace}' has a blank in its path, which no platform takes: start from a directory without one",
            workspace=workspace,
        )
