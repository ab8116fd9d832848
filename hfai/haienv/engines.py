"""What makes an environment: venv, uv, conda or mamba; and how one sees the packages of another behind its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Mapping, Optional, Sequence

from hfai.haienv.activation import OWN_VARIABLES
from hfai.haienv.commands import quietly, run
from hfai.haienv.interpreters import Interpreter
from hfai.model.errors import HfaiError, UsageError

ENGINES = ("conda", "mamba", "uv", "venv")
# Lines of .pth files; Python reads them in the order of their names, and what comes first wins.
_EXTRA, _BASE = "_haienv_1_extra.pth", "_haienv_2_base.pth"
# Ctrl-C in a terminal reaches it too; what it would say is of no use to anybody.
_VENV = "import runpy, signal; signal.signal(signal.SIGINT, signal.SIG_DFL); runpy.run_module('venv', run_name='__main__')"
# A path in the first line of a script may hold no blank and not be long; sh takes any.
_PIP = """#!/bin/sh
'''exec' "$(dirname -- "$0")/python" "$0" "$@"
' '''
import sys
from pip._internal.cli.main import main
sys.exit(main())
"""


def chosen_engine(asked: Optional[str], *, extend: bool) -> str:
    """The engine to use.

    Conda makes environments that stand alone: pip would change the base through one that extends it. For these it is uv or venv.

    Raises:
        UsageError: what was asked for is not here, or cannot do it.
    """
    if asked:
        if asked != "venv" and shutil.which(asked) is None:
            raise UsageError("--engine: there is no {engine} in PATH", engine=asked)
        if extend and asked in ("conda", "mamba"):
            template = (
                "--engine {engine} cannot extend an environment without changing it: leave it out, or say --no_extend"
            )
            raise UsageError(template, engine=asked)
        return asked
    candidates = ("uv",) if extend else ("conda", "mamba", "uv")
    return next((one for one in candidates if shutil.which(one)), "venv")


def make(engine: str, path: Path, python: Optional[Interpreter], py: str, *, extend: bool) -> None:
    """Make an environment at a path that does not exist.

    Args:
        engine: one of :data:`ENGINES`.
        path: where.
        python: what it is made from; None for conda and mamba.
        py: the version for these, empty for the newest.
        extend: whether the packages of ``python`` are to be seen in it.

    Raises:
        HfaiError: it could not be made.
    """
    if python is None:
        run([engine, "create", "--yes", "--prefix", str(path), f"python={py}" if py else "python", "pip"])
        return
    has_pip = extend and python.has_pip
    if not has_pip and not python.has_ensurepip:
        template = "{python} lacks ensurepip, so the environment would have no pip: apt install python3-venv brings it"
        raise HfaiError(template, python=python.executable)
    if engine == "uv":
        run(["uv", "venv", "--quiet", "--no-config", "--no-python-downloads", "--python", python.executable, str(path)])
    else:
        run([python.executable, "-I", "-c", _VENV, "--without-pip", str(path)])
    if not has_pip:
        quietly([str(path / "bin" / "python"), "-I", "-m", "ensurepip", "--default-pip"])
    else:
        for name in ("pip", "pip3", f"pip{python.minor}"):
            (path / "bin" / name).write_text(_PIP)
            (path / "bin" / name).chmod(0o755)


def write_base(site_packages: Path, base: Sequence[str]) -> None:
    """Have an environment see directories of another one behind its own; nothing is copied."""
    # addsitedir, so that what is installed there in place (pip install -e) is seen too.
    lines = ["import site; " + "; ".join(f"site.addsitedir({place!r})" for place in base)] if base else []
    (site_packages / _BASE).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def write_extra(site_packages: Path, places: Sequence[str]) -> None:
    """Have an environment look for modules in more directories, before those of its base."""
    (site_packages / _EXTRA).write_text("".join(f"{place}\n" for place in places), encoding="utf-8")


def config_of(search: Sequence[str], bins: Sequence[str], variables: Sequence[str]) -> Mapping[str, list[str]]:
    """The configuration of an environment, checked.

    Raises:
        UsageError: a value that cannot be used.
    """
    return {
        "extra_search_dir": [checked("extra_search_dir", value) for value in search],
        "extra_search_bin_dir": [checked("extra_search_bin_dir", value) for value in bins],
        "extra_environment": [checked("extra_environment", value) for value in variables],
    }


def checked(key: str, value: str) -> str:
    """One value of a key as it is kept: directories with their whole path, ``K=V`` as it is.

    Raises:
        UsageError: it cannot be used.
    """
    if key == "extra_environment":
        name, equals, _ = value.partition("=")
        if not equals or not name.isidentifier() or not name.isascii() or "\0" in value:
            raise UsageError("{key}: {value} is not K=V, K of letters, digits and _", key=key, value=repr(value))
        if name in OWN_VARIABLES:
            template = "{key}: {name} is set by the environment itself; {bins} is for programs"
            raise UsageError(template, key=key, name=name, bins="extra_search_bin_dir")
        return value
    path = str(Path(value).expanduser().absolute())
    if not value or ":" in path or "\n" in path or not Path(path).is_dir():
        raise UsageError("{key}: {value} is no directory, or has a colon in its name", key=key, value=repr(value))
    return path
