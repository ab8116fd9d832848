"""What an environment says of itself to a machine that it travels to: enough to be put together there, or to be made again."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Optional, Sequence

from hfai.haienv.interpreters import Interpreter, installed, probe
from hfai.haienv.places import ensure_name
from hfai.haienv.registry import CONFIG_KEYS, Environment
from hfai.model.errors import UsageError
from hfai.model.phrase import Phrase

_VERSION = re.compile(r"\d+\.\d+(\.\d+)?", re.ASCII)
_TOOLS = ("pip", "setuptools", "wheel")


class Parcel(NamedTuple):
    """An environment as it travels.

    Attributes:
        name, path, py, engine, extend_env, config: see :class:`Environment`; ``path`` is where it was.
        platform: the system, the machine and the C library that its packages are for.
        bases: for each directory of the environment that it extends its place in this one; empty: it is a tree of its own.
        requirements: the lock: its packages and those of its base, as lines of a requirements.txt.
        left_out: packages that are installed in place (``pip install -e``) and therefore are in no lock.
    """

    name: str
    path: str
    py: str
    engine: str
    extend_env: str
    config: Mapping[str, list[str]]
    platform: str
    bases: list[str]
    requirements: list[str]
    left_out: list[str]

    @property
    def minor(self) -> str:
        """``3.11`` of ``3.11.2``."""
        return ".".join(self.py.split(".")[:2])

    @property
    def trees(self) -> int:
        """How many trees it is sent as: its own, and one per directory of its base."""
        return 1 + self.bases.count("")


def parcel(one: Environment) -> tuple[Parcel, list[Path]]:
    """An environment of this machine as it travels, and the directories to send.

    Raises:
        UsageError: its Python does not run any more.
    """
    bases = base_directories(one)
    inside = [place.relative_to(one.path).as_posix() if place.is_relative_to(one.path) else "" for place in bases]
    requirements, left_out = _lock([one.site_packages, *bases])
    told = Parcel(
        name=one.name,
        path=one.path,
        py=one.py,
        engine=one.engine,
        extend_env=one.extend_env,
        config=one.config,
        platform=this_platform(),
        bases=inside,
        requirements=requirements,
        left_out=left_out,
    )
    return told, [Path(one.path), *(place for place, where in zip(bases, inside) if not where)]


def read_parcel(body: Any) -> Parcel:
    """A parcel from the wire, checked.

    Raises:
        UsageError: it is none.
    """
    try:
        told = Parcel(**{key: body[key] for key in Parcel._fields})
        ensure_name(told.name)
        words = (told.path, told.py, told.engine, told.extend_env, told.platform)
        lists: Sequence[Any] = [
            told.bases,
            told.requirements,
            told.left_out,
            *(told.config[key] for key in CONFIG_KEYS),
        ]
        if (
            not all(isinstance(word, str) for word in words)
            or not all(isinstance(each, list) and all(isinstance(word, str) for word in each) for each in lists)
            or not told.path
            or not _VERSION.fullmatch(told.py)
            or any(where.startswith("/") or ".." in where.split("/") for where in told.bases)
        ):
            raise TypeError
    except (TypeError, LookupError):
        raise UsageError("this is no description of an environment of haienv") from None
    return told


def base_directories(one: Environment) -> list[Path]:
    """The directories with packages that it sees behind its own.

    Raises:
        UsageError: its Python does not run any more.
    """
    if not one.extend:
        return []
    found = probe(str(one.python))
    if found is None:
        raise UsageError("environment {name}: its Python {python} does not run", name=one.name, python=str(one.python))
    own = {str(one.site_packages), *one.config["extra_search_dir"]}
    return [Path(place) for place in found.packages if place not in own]


def this_platform() -> str:
    """Packages for one such machine run on another."""
    return f"{sys.platform}-{platform.machine()}-{platform.libc_ver()[0] or 'other'}"


def why_rebuilt(told: Parcel) -> Optional[Phrase]:
    """Why an environment has to be made again on this machine from its lock; None where its files can be used."""
    if told.engine in ("conda", "mamba"):
        return Phrase("{engine} has made it, whose files hold their place", engine=told.engine)
    if told.platform != this_platform():
        return Phrase("it is for {there}, and is to go to {here}", there=told.platform, here=this_platform())
    if python_of(told.minor) is None:
        return Phrase("there is no Python {minor} where it is to go", minor=told.minor)
    return None


def python_of(minor: str) -> Optional[Interpreter]:
    """A Python of this machine of that minor version; the one that runs this first."""
    own = probe(sys.executable)
    if own is not None and own.minor == minor:
        return own
    return next((one for one in installed() if one.minor == minor), None)


def tree_names(name: str, count: int) -> list[str]:
    """What the trees of an environment are called while they travel."""
    from hfai.model.workspace.paths import RESERVED

    digest = hashlib.sha256(name.encode()).hexdigest()[:24]
    return [f"{RESERVED}{digest}-{number}" for number in range(count)]


def _lock(places: Sequence[Path]) -> tuple[list[str], list[str]]:
    found: dict[str, str] = {}
    left_out = []
    for each in metadata.distributions(path=[str(place) for place in places]):
        name = each.metadata["Name"]
        if not name or name.lower() in found or name.lower() in _TOOLS:
            continue
        told = json.loads(each.read_text("direct_url.json") or "{}")
        url, vcs = str(told.get("url", "")), told.get("vcs_info")
        if told.get("dir_info", {}).get("editable"):
            left_out.append(name)
            found[name.lower()] = ""
        elif vcs:
            found[name.lower()] = f"{name} @ {vcs['vcs']}+{url}@{vcs['commit_id']}"
        else:
            # A file of this machine is none of the other: the version says what it is.
            is_elsewhere = url and not url.startswith("file:")
            found[name.lower()] = f"{name} @ {url}" if is_elsewhere else f"{name}=={each.version}"
    return [found[name] for name in sorted(found) if found[name]], sorted(left_out)
