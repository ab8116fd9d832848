"""An environment that has come from another machine: its files put together, or made again from its lock."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Callable, Optional, Sequence

from hfai.haienv import engines
from hfai.haienv.commands import quietly
from hfai.haienv.creating import making
from hfai.haienv.interpreters import Interpreter, probe
from hfai.haienv.parcel import Parcel, python_of
from hfai.haienv.registry import Environment, insert, own_registry
from hfai.model.errors import HfaiError

# What the skeleton has already, for this machine.
_OF_THE_SKELETON = ("pyvenv.cfg", "lib64", ".requirements.txt")
# sh takes a path with blanks and of any length, which the first line of a script does not.
_FIRST_LINE = b"""#!/bin/sh
'''exec' "%s" "$0" "$@"
' '''
"""


def put_together(
    told: Parcel, fetch: Callable[[Path], Sequence[Path]], owner: Optional[str] = None, *, replace: bool = False
) -> Environment:
    """Make an environment of the files of another.

    Args:
        told: what it was where it comes from; for this platform.
        fetch: brings the trees, below a directory that it may use, and says where they are.
        owner, replace: see :func:`making`.

    Raises:
        NameInUse: there is one; HfaiError: it could not be made. Nothing stays then.
    """
    python = python_of(told.minor)
    if python is None:
        raise HfaiError("there is no Python {minor} here", minor=told.minor)
    with making(told.name, owner, replace=replace) as path:
        path.mkdir()
        incoming = path / ".incoming"
        incoming.mkdir()
        own, *others = fetch(incoming)
        quietly([python.executable, "-I", "-m", "venv", "--without-pip", str(path)])
        _lay_over(own, path, told.path)
        bases, waiting = [], iter(others)
        for number, where in enumerate(told.bases):
            place = path / (where or f"base/{number}")
            if not where:
                shutil.copytree(next(waiting), place, symlinks=True)
            bases.append(str(place))
        shutil.rmtree(incoming)
        return _registered(told, path, python, "venv", bases, owner)


def rebuild(told: Parcel, owner: Optional[str] = None, *, replace: bool = False) -> Environment:
    """Make an environment again from its lock, with the Python of that minor version, else the one that runs this.

    Raises:
        NameInUse: there is one; HfaiError: it could not be made. Nothing stays then.
    """
    python = python_of(told.minor) or probe(sys.executable)
    if python is None:
        raise HfaiError("there is no Python {minor} here", minor=told.minor)
    with making(told.name, owner, replace=replace) as path:
        engines.make("venv", path, python, python.version, extend=False)
        if told.requirements:
            listed = path / ".requirements.txt"
            listed.write_text("".join(f"{line}\n" for line in told.requirements), encoding="utf-8")
            pip = [str(path / "bin" / "python"), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            quietly([*pip, "-r", str(listed)])
        return _registered(told, path, python, "venv", [], owner)


def _registered(
    told: Parcel, path: Path, python: Interpreter, engine: str, bases: Sequence[str], owner: Optional[str]
) -> Environment:
    one = Environment(
        name=told.name,
        owner=path.parent.name,
        path=str(path),
        extend=bool(bases),
        extend_env=told.extend_env if bases else "",
        base=str(path / "base") if bases else "",
        py=python.version,
        engine=engine,
        config=told.config,
        created_at=time.time(),
    )
    engines.write_extra(one.site_packages, one.config["extra_search_dir"])
    engines.write_base(one.site_packages, bases)
    with own_registry(owner) as db:
        insert(db, one)
    return one


def _lay_over(source: Path, path: Path, was: str) -> None:
    """Put the files of an environment over the skeleton of a new one; its programs run with the new one's Python."""
    for entry in os.scandir(source):
        if entry.name in (*_OF_THE_SKELETON, "bin", ".incoming"):
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.copytree(entry.path, path / entry.name, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(entry.path, path / entry.name, follow_symlinks=False)
    programs = source / "bin"
    for entry in os.scandir(programs) if programs.is_dir() else ():
        target = path / "bin" / entry.name
        if target.exists() or entry.name.startswith("python") or not entry.is_file(follow_symlinks=False):
            continue
        data = Path(entry.path).read_bytes()
        if data.startswith(b"#!" + os.fsencode(was) + b"/bin/python"):
            first = _FIRST_LINE % os.fsencode(path / "bin" / "python")
            data = first + data.partition(b"\n")[2]
        elif data.startswith(b"#!"):
            data = data.replace(os.fsencode(was) + b"/", os.fsencode(path) + b"/")
        target.write_bytes(data)
        shutil.copymode(entry.path, target)
