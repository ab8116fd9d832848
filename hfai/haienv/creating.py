"""Make and remove environments, so that one is either whole and in the registry or not there at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Callable, Iterator, NamedTuple, Optional, Sequence

from hfai.haienv import engines
from hfai.haienv.commands import held, run
from hfai.haienv.interpreters import Interpreter, current, wanted
from hfai.haienv.places import ensure_name, split_owner, user_name
from hfai.haienv.registry import (
    Environment,
    delete,
    environments,
    find,
    insert,
    is_there,
    own_registry,
    owner_dir,
    rows,
)
from hfai.haienv.requirements import Requirements, no_requirements
from hfai.haienv.users import extending, tasks_using
from hfai.model.errors import HfaiError, NameInUse, RefusedError, UsageError


class Plan(NamedTuple):
    """What :func:`create` is going to make; everything that can be refused has been by then."""

    name: str
    engine: str
    python: Optional[Interpreter]
    py: str
    extend: bool
    extend_env: str
    config: dict[str, list[str]]
    requirements: Requirements


def plan(
    name: str,
    *,
    extend: bool = True,
    py: Optional[str] = None,
    engine: Optional[str] = None,
    extra_search_dir: Sequence[str] = (),
    extra_search_bin_dir: Sequence[str] = (),
    extra_environment: Sequence[str] = (),
    requirements: Requirements = no_requirements,
) -> Plan:
    """Look at what is asked for, and change nothing.

    Args:
        name: of the environment.
        extend: whether it sees the packages of the current environment (the active one, else the ``python3`` in PATH).
        py: version or path of its Python; left out, that of the current environment.
        engine: ``conda``, ``mamba``, ``uv`` or ``venv``; left out, the best that there is.
        extra_search_dir, extra_search_bin_dir: directories for modules and for programs.
        extra_environment: ``K=V``, set while it is active.
        requirements: what is installed into it at once.

    Raises:
        UsageError: something that cannot be; NameInUse: there is one of that name.
    """
    ensure_name(name)
    config = dict(engines.config_of(extra_search_dir, extra_search_bin_dir, extra_environment))
    chosen = engines.chosen_engine(engine, extend=extend)
    if requirements.conda and chosen not in ("conda", "mamba"):
        template = "{file} has packages of conda ({packages}): make it with --engine conda --no_extend, or mamba"
        raise UsageError(template, file=requirements.file, packages=", ".join(requirements.conda[:5]))
    py = py or (requirements.py if not extend else None)
    with own_registry() as db:
        _ensure_free(name, _swept(db, owner_dir()), owner_dir())
    if chosen in ("conda", "mamba"):
        return Plan(name, chosen, None, py or "", False, "", config, requirements)
    if not extend:
        python = wanted(py) if py else current()[1]
        return Plan(name, chosen, python, python.version, False, "", config, requirements)
    extend_env, base = current()
    if py and not _is_of(base.version, py) and wanted(py).minor != base.minor:
        template = "--py {py}: {extend_env} has Python {version}, and another cannot extend it: leave --py out, or say --no_extend"
        raise UsageError(template, py=py, extend_env=extend_env, version=base.version)
    listed = requirements.py or base.version
    if not _is_of(base.version, ".".join(listed.split(".")[:2])):
        template = "{file} is for Python {py}: {extend_env} has Python {version}, and another cannot extend it: say --no_extend"
        raise UsageError(template, file=requirements.file, py=listed, extend_env=extend_env, version=base.version)
    return Plan(name, chosen, base, base.version, True, extend_env, config, requirements)


def _is_of(version: str, py: str) -> bool:
    return version == py or version.startswith(f"{py}.")


def create(planned: Plan) -> Environment:
    """Make it. Blocks as long as the engine and pip need; interrupted, nothing stays.

    Raises:
        NameInUse: somebody was faster; HfaiError: it could not be made.
    """
    with making(planned.name) as path:
        engines.make(planned.engine, path, planned.python, planned.py, extend=planned.extend)
        one = _finish(planned, path)
        with own_registry() as db:
            insert(db, one)
    return one


@contextlib.contextmanager
def making(name: str, owner: Optional[str] = None, *, replace: bool = False) -> Iterator[Path]:
    """A path for a new environment, which nobody else takes; what is there is removed again where making it fails.

    Args:
        name: of the environment.
        owner: whose it is to be, by default one's own.
        replace: whether there may be one of that name; it stays until the row of the new one is written.

    Raises:
        NameInUse: there is one, or it is being made; RefusedError: a running task uses the one to replace.
    """
    directory = owner_dir(owner)
    with own_registry(owner) as db:
        known = _swept(db, directory)
        _ensure_free(name, [] if replace else known, directory)
        path = next(path for path in (directory / f"{name}_{n}" for n in range(10**6)) if not path.exists())
        lock = _lock(_lock_file(path))
    held.add(lock)
    try:
        old = next((one for one in known if one.name == name), None)
        if old is not None:
            ensure_unused(old)
        yield path
    except BaseException:
        # Ctrl-C is heard when the row has been written, which takes long: then it is there.
        if not _is_registered(path):
            _rmtree(path)
        raise
    finally:
        held.discard(lock)
        _lock_file(path).unlink(missing_ok=True)
        os.close(lock)
    if old is not None:
        _rmtree(Path(old.path))


def _finish(planned: Plan, path: Path) -> Environment:
    from hfai.haienv.interpreters import probe

    version = planned.py
    if planned.python is None:
        made = probe(str(path / "bin" / "python"))
        version = made.version if made else planned.py
    python = planned.python
    one = Environment(
        name=planned.name,
        owner=path.parent.name,
        path=str(path),
        extend=planned.extend,
        extend_env=planned.extend_env,
        base=python.prefix if python and planned.extend else "",
        py=version,
        engine=planned.engine,
        config=planned.config,
        created_at=time.time(),
    )
    engines.write_extra(one.site_packages, planned.config["extra_search_dir"])
    if planned.extend and python is not None:
        engines.write_base(one.site_packages, python.packages)
    if planned.requirements.conda:
        run([planned.engine, "install", "--yes", "--prefix", str(path), *planned.requirements.conda])
    if planned.requirements.pip:
        listed = path / ".requirements.txt"
        listed.write_text("".join(f"{line}\n" for line in planned.requirements.pip), encoding="utf-8")
        run([str(one.python), "-I", "-m", "pip", "install", "--disable-pip-version-check", "-r", str(listed)])
    return one


def remove(name: str, owner: Optional[str] = None) -> None:
    """Remove an environment.

    Args:
        name: of it.
        owner: whose it is, by default one's own.

    Raises:
        EnvironmentNotFound: there is none; RefusedError: a running task uses it.
    """
    one = _own(name, owner)
    ensure_unused(one)
    with own_registry(owner) as db:
        delete(db, one.name)
    # From here on it is not there any more; what an interruption leaves, the next command takes away.
    _rmtree(Path(one.path))


def configure(name: str, key: str, change: Callable[[list[str]], list[str]]) -> Environment:
    """Change one list of an environment's configuration.

    Args:
        name: one of your environments.
        key: ``extra_search_dir``, ``extra_search_bin_dir`` or ``extra_environment``.
        change: makes the new list of the old.

    Raises:
        EnvironmentNotFound: there is none of that name.
    """
    name = _own(name).name
    with own_registry() as db:
        one = next(one for one in rows(db) if one.name == name)
        one = one._replace(config={**one.config, key: change(one.config[key])})
        engines.write_extra(one.site_packages, one.config["extra_search_dir"])
        insert(db, one)
    return one


def _own(name: str, owner: Optional[str] = None) -> Environment:
    """An environment that may be changed."""
    owner = owner or user_name()
    one = find(name, None if split_owner(name)[1] else owner)
    if one.owner != owner:
        raise RefusedError("environment {name} is {owner}'s: only they can change it", name=one.name, owner=one.owner)
    return one


def ensure_unused(one: Environment) -> None:
    """Raise RefusedError if a running task uses an environment, or one that extends it."""
    if tasks := tasks_using(one.path, *(each.path for each in extending(one))):
        template = "environment {name} is in use by running tasks ({tasks}): stop them first"
        raise RefusedError(template, name=one.name, tasks=", ".join(tasks))


def _ensure_free(name: str, known: Sequence[Environment], directory: Path) -> None:
    if any(one.name == name for one in known):
        template = "there is an environment {name} already: choose another name, or `haienv remove {name}` first"
        raise NameInUse(template, name=name)
    for lock in directory.glob(".*.making"):
        if lock.name[1:].removesuffix(".making").rpartition("_")[0] == name:
            raise NameInUse("environment {name} is being made right now, by another command", name=name)


def _lock_file(path: Path) -> Path:
    return path.with_name(f".{path.name}.making")


def _lock(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise
    return fd


def _is_registered(path: Path) -> bool:
    with contextlib.suppress(HfaiError):
        return any(one.path == str(path) for one in environments(path.parent.name))
    return False


def _swept(db: sqlite3.Connection, directory: Path) -> list[Environment]:
    """The environments of an owner, without what killed commands have left: rows without a directory, and directories that no row
    names and nobody is making.
    """
    known = rows(db, directory.name)
    for one in known:
        if not is_there(one, directory):
            delete(db, one.name)
    known = [one for one in known if is_there(one, directory)]
    kept = {Path(one.path).name for one in known}
    for entry in list(os.scandir(directory)):
        name = entry.name.removesuffix(".making").removeprefix(".") if entry.name.endswith(".making") else entry.name
        if name in kept or (not entry.is_dir() and not entry.name.endswith(".making")):
            continue
        path = directory / name
        try:
            lock = _lock(_lock_file(path))
        except OSError:
            continue
        _rmtree(path)
        _lock_file(path).unlink()
        os.close(lock)
    return known


def _rmtree(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
