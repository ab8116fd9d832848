"""Which Pythons there are, and which environment is the current one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Optional

from hfai.haienv.commands import call
from hfai.model.errors import UsageError

_PROBE = """
import json, os, sys, sysconfig
try:
    import pip
    has_pip = True
except ImportError:
    has_pip = False
try:
    import ensurepip
    has_ensurepip = True
except ImportError:
    has_ensurepip = False
stdlib = {os.path.realpath(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib")}
inside = lambda path: any(os.path.realpath(path) in (one, one + "/lib-dynload") for one in stdlib)
print(json.dumps({
    "executable": sys.executable, "prefix": sys.prefix, "version": "%d.%d.%d" % sys.version_info[:3], "has_pip": has_pip,
    "has_ensurepip": has_ensurepip, "packages": [path for path in sys.path if os.path.isdir(path) and not inside(path)],
}))
"""
_PROBE_S = 60


class Interpreter(NamedTuple):
    """A Python that was asked about itself.

    Attributes:
        executable, prefix, version: as it says.
        has_pip, has_ensurepip: whether these can be imported.
        packages: the directories on its path that hold packages, in order, without the standard library.
    """

    executable: str
    prefix: str
    version: str
    has_pip: bool
    has_ensurepip: bool
    packages: list[str]

    @property
    def minor(self) -> str:
        """``3.11`` of ``3.11.2``."""
        return ".".join(self.version.split(".")[:2])


def probe(python: str) -> Optional[Interpreter]:
    """Ask a Python about itself; None where it is none that runs, or older than 3.6."""
    # PYTHONPATH belongs to the shell, not to the environment that is looked at.
    environ = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(
            [python, "-c", _PROBE],
            env=environ,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_S,
            check=False,
        )
        return Interpreter(**json.loads(done.stdout)) if done.returncode == 0 else None
    except (OSError, ValueError, TypeError, subprocess.TimeoutExpired):
        return None


def current() -> tuple[str, Interpreter]:
    """The environment that is active, or what ``python3`` in PATH is; and its name for people.

    Raises:
        UsageError: it has no Python that runs.
    """
    environ = os.environ
    name = environ.get("HF_ENV_NAME", "")
    venv, conda = environ.get("VIRTUAL_ENV", ""), environ.get("CONDA_PREFIX", "")
    for place in filter(None, (venv, conda)):
        found = probe(str(Path(place, "bin", "python")))
        if found is not None:
            default = environ.get("CONDA_DEFAULT_ENV", "") if place == conda else ""
            return name or Path(default or _venv_name(place)).name, found
    for python in (shutil.which("python3"), shutil.which("python"), sys.executable):
        found = probe(python) if python else None
        if found is not None:
            is_venv = Path(found.prefix, "pyvenv.cfg").exists()
            return _venv_name(found.prefix) if is_venv else f"python{found.minor}", found
    raise UsageError("no Python runs here: put one into PATH, or name it with --py PATH")


def wanted(py: str) -> Interpreter:
    """The Python for ``--py``: a path, or a version such as ``3.11`` or ``3.11.2``.

    Raises:
        UsageError: this machine has none such; the message says which it has.
    """
    if "/" in py or (shutil.which(py) and not py[:1].isdigit()):
        found = probe(str(Path(py).expanduser()) if "/" in py else py)
        if found is None:
            raise UsageError("--py: {py} is no Python that runs", py=py)
        return found
    known = installed()
    for one in known:
        if one.version == py or one.version.startswith(f"{py}."):
            return one
    versions = ", ".join(dict.fromkeys(one.version for one in known)) or "-"
    template = (
        "--py: this machine has no Python {py}, it has {versions}; conda can bring others: --engine conda --no_extend"
    )
    raise UsageError(template, py=py, versions=versions)


def installed() -> list[Interpreter]:
    """The Pythons that this machine has, newest first: in PATH, pyenv's and uv's."""
    paths: dict[str, None] = {}
    for directory in os.environ.get("PATH", "").split(":"):
        for minor in range(30, 5, -1):
            path = Path(directory, f"python3.{minor}")
            if directory and os.access(path, os.X_OK):
                paths[os.path.realpath(path) if ".pyenv/shims" not in directory else str(path)] = None
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser() / "versions"
    paths.update((str(path), None) for path in pyenv.glob("*/bin/python3"))
    uv = shutil.which("uv")
    if uv:
        done = call([uv, "python", "list", "--only-installed", "--offline", "--output-format", "json"])
        if done.returncode == 0:
            paths.update((str(row["path"]), None) for row in json.loads(done.stdout) if row.get("path"))
    paths[sys.executable] = None
    found = {one.executable: one for one in map(probe, paths) if one is not None}
    return sorted(found.values(), key=lambda one: [int(part) for part in one.version.split(".")], reverse=True)


def _venv_name(place: str) -> str:
    # A directory called .venv or venv says less than the project that it is in.
    path = Path(place)
    return path.parent.name if path.name in (".venv", "venv", "env") and path.parent.name else path.name
