"""The registry of one owner: which environments there are. SQLite; a row is there once its environment is whole."""

from __future__ import annotations

import contextlib
import difflib
import fcntl
import json
import os
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator, Mapping, NamedTuple, Optional

from hfai.haienv.places import ensure_owner, envs_root, split_owner, user_name
from hfai.model.errors import EnvironmentNotFound, HfaiError
from hfai.model.plain_file import read_plain

_FILE = "envs.db"
_BUSY_S = 30
_MOST_STEPS = 10_000_000
_ATTEMPTS, _ATTEMPT_S = 5, 0.02
_TABLE = """create table if not exists environments (
    name text primary key, path text not null, extend integer not null, extend_env text not null, base text not null,
    py text not null, engine text not null, config text not null, created_at real not null) strict"""
# Before SQLite 3.37 there are no strict tables.
_TABLE = _TABLE if sqlite3.sqlite_version_info >= (3, 37) else _TABLE.removesuffix(" strict")
CONFIG_KEYS = ("extra_search_dir", "extra_search_bin_dir", "extra_environment")


class Environment(NamedTuple):
    """One environment.

    Attributes:
        name, owner: what it is called, and whose it is.
        path: its directory.
        extend: whether the packages of another environment are seen behind its own.
        extend_env: the name of that one, or empty.
        base: the directory of that one, or empty.
        py: version of its Python, such as ``3.11.2``.
        engine: what made it: ``venv``, ``uv``, ``conda`` or ``mamba``.
        config: a list of texts per key of :data:`CONFIG_KEYS`.
        created_at: seconds since 1970.
    """

    name: str
    owner: str
    path: str
    extend: bool
    extend_env: str
    base: str
    py: str
    engine: str
    config: Mapping[str, list[str]]
    created_at: float

    @property
    def bin_dir(self) -> Path:
        """Where its programs are."""
        return Path(self.path, "bin")

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.bin_dir / "python"

    @property
    def site_packages(self) -> Path:
        """Where its own packages are."""
        return Path(self.path, "lib", "python" + ".".join(self.py.split(".")[:2]), "site-packages")

    @property
    def word(self) -> str:
        """As a task file names it."""
        return self.name if self.owner == user_name() else f"{self.name}[{self.owner}]"


def owner_dir(owner: Optional[str] = None, root: Optional[Path] = None) -> Path:
    """The directory of an owner, by default of this process's account, in a root, by default that of all."""
    return (root or envs_root()) / ensure_owner(owner or user_name())


def environments(owner: Optional[str] = None, root: Optional[Path] = None) -> list[Environment]:
    """The environments of one owner, by name. Others' that may not be read count as none.

    Args:
        owner, root: see :func:`owner_dir`.

    Raises:
        HfaiError: one's own registry cannot be read.
    """
    directory = owner_dir(owner, root)
    if not (directory / _FILE).is_file():
        return []
    try:
        with _opened(directory) as db:
            # Of others' it may hold anything, also a view without an end.
            db.set_progress_handler(lambda: 1, _MOST_STEPS)
            return [one for one in rows(db, directory.name) if is_there(one, directory)]
    except (sqlite3.Error, OSError, ValueError, TypeError, AttributeError) as error:
        if directory.name != user_name():
            return []
        template = "the list of environments {path} cannot be read ({reason}): move it away to begin anew"
        raise HfaiError(template, path=str(directory / _FILE), reason=str(error)) from None


@contextlib.contextmanager
def _opened(directory: Path) -> Iterator[sqlite3.Connection]:
    """A registry, to be read. Of another's a copy: beside that itself SQLite might write, or wait for a pipe."""
    with contextlib.ExitStack() as stack:
        path = directory / _FILE
        if directory.stat().st_uid != os.geteuid():
            path = Path(stack.enter_context(tempfile.TemporaryDirectory()), _FILE)
            path.write_bytes(_whole(directory / _FILE))
        db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)
        yield stack.enter_context(contextlib.closing(db))


def _whole(path: Path) -> bytes:
    """The database between two changes, which have a journal beside it; as it is where that stays."""
    journal = f"{path}-journal"
    for _ in range(_ATTEMPTS):
        is_changing = os.path.lexists(journal)
        data = read_plain(path)
        if not is_changing and not os.path.lexists(journal):
            break
        time.sleep(_ATTEMPT_S)
    return data


def is_there(one: Environment, directory: Path) -> bool:
    """Whether an environment in an owner's directory has not been taken away; its row may name the directory by an older name."""
    places = (one.path, directory / Path(one.path).name)
    return any(os.path.isdir(place) for place in places)  # noqa: PTH112 - false where it may not be asked


def everybodys() -> list[Environment]:
    """One's own environments first, then the others', by owner and name."""
    root = envs_root()
    owners = sorted(entry.name for entry in os.scandir(root) if entry.is_dir()) if root.is_dir() else []
    own = user_name()
    return [one for owner in sorted(owners, key=lambda word: (word != own, word)) for one in environments(owner)]


def find(name: str, owner: Optional[str] = None) -> Environment:
    """The environment of that name; ``NAME[OWNER]`` is understood too.

    Raises:
        EnvironmentNotFound: there is none; the nearest name is suggested.
    """
    short, in_brackets = split_owner(name)
    known = environments(owner or in_brackets or None)
    found = next((one for one in known if one.name == short), None)
    if found is not None and Path(found.path).is_dir():
        return found
    whose = owner or in_brackets
    shown = short if whose in (None, "", user_name()) else f"{short}[{whose}]"
    near = difflib.get_close_matches(short, [one.name for one in known if one is not found], 1)
    if near:
        template = "no environment {environment}: did you mean {near}? See them with `haienv list`"
        raise EnvironmentNotFound(template, environment=shown, near=near[0])
    raise EnvironmentNotFound(environment=shown)


@contextlib.contextmanager
def own_registry(owner: Optional[str] = None, root: Optional[Path] = None) -> Iterator[sqlite3.Connection]:
    """A registry to change, by default one's own; nobody else changes anything in the owner's directory meanwhile.

    Args:
        owner, root: see :func:`owner_dir`.

    Raises:
        HfaiError: it cannot be written, or an owner that was named is another account, who may have put anything there.
    """
    directory = owner_dir(owner, root)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if owner and directory.stat().st_uid != os.geteuid():
            raise HfaiError("{path} belongs to another account: only that may change it", path=str(directory))
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unwritable(error, directory) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.closing(sqlite3.connect(directory / _FILE, timeout=_BUSY_S)) as db:
            db.execute(_TABLE)
            with db:
                yield db
            _write_names(directory, db)
    except sqlite3.Error as error:
        template = "the list of environments {path} cannot be written ({reason})"
        raise HfaiError(template, path=str(directory / _FILE), reason=str(error)) from None
    except OSError as error:
        raise _unwritable(error, directory) from None
    finally:
        os.close(lock)


def _unwritable(error: OSError, directory: Path) -> HfaiError:
    template = "{path} cannot be written ({reason}): set HFAI_ENVS_DIR to a directory that can"
    return HfaiError(template, path=str(directory), reason=error.strerror)


def insert(db: sqlite3.Connection, one: Environment) -> None:
    """A new row, or the row of that name again."""
    values = (one.name, one.path, int(one.extend), one.extend_env, one.base, one.py, one.engine)
    row = (*values, json.dumps(one.config), one.created_at or time.time())
    db.execute("insert or replace into environments values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def delete(db: sqlite3.Connection, name: str) -> None:
    """No row of that name any more."""
    db.execute("delete from environments where name = ?", (name,))


def rows(db: sqlite3.Connection, owner: Optional[str] = None) -> list[Environment]:
    """What the registry holds."""
    return [_read(row, owner or user_name()) for row in db.execute("select * from environments order by name")]


def _read(row: tuple[Any, ...], owner: str) -> Environment:
    name, path, extend, extend_env, base, py, engine, config, created_at = row
    values = json.loads(config)
    told = {key: list(values.get(key, ())) for key in CONFIG_KEYS}
    return Environment(name, owner, path, bool(extend), extend_env, base, py, engine, told, created_at)


def _write_names(directory: Path, db: sqlite3.Connection) -> None:
    """What Tab reads: one name a line."""
    text = "".join(f"{name}\n" for (name,) in db.execute("select name from environments order by name"))
    beside = directory / f".names.{os.getpid()}"
    beside.write_text(text, encoding="utf-8")
    beside.replace(directory / "names")
