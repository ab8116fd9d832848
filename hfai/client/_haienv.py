"""``push_haienv``, ``pull_haienv``, ``list_haienvs``, ``remove_haienv``: environments go to the platform and come back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Sequence

from hfai.client import _session
from hfai.client._workspace.connection import Connection, Progress
from hfai.client._workspace.local import LocalWorkspace
from hfai.client._workspace.pull import take_everything
from hfai.client._workspace.push import push_tree
from hfai.model.errors import NameInUse
from hfai.model.phrase import unpacked

if TYPE_CHECKING:
    from hfai.haienv import Environment

# pip may have to bring and to build a lot.
_INSTALL_TIMEOUT_S = 3600.0


class EnvironmentTravel(NamedTuple):
    """What a push or a pull of an environment did, or with ``dry_run`` would do.

    Attributes:
        name: of the environment.
        how: ``sent`` (its files), ``rebuilt`` (from its lock), or ``here``: the platform is this machine, nothing needs to travel.
        reason: why it was rebuilt, a phrase; empty where it was not, or was to be.
        sent_bytes: of contents, in either direction.
        packages: how many packages its lock names.
        left_out: packages that are installed in place (``pip install -e``): no lock can name them.
    """

    name: str
    how: str
    reason: str = ""
    sent_bytes: int = 0
    packages: int = 0
    left_out: tuple[str, ...] = ()


def push_haienv(
    name: str,
    *,
    rebuild: bool = False,
    force: bool = False,
    dry_run: bool = False,
    progress: Optional[Progress] = None,
) -> EnvironmentTravel:
    """Take an environment of haienv to the platform, for ``options.py_venv`` of your tasks there.

    Its files are sent, those of the environment that it extends too; where the platform is another (system, machine, C library,
    minor version of Python), it is made again there from its lock, by pip.

    Args:
        name: of one of your environments.
        rebuild: make it again from its lock in any case.
        force: replace the one of that name there.
        dry_run: only say which of both it would be.
        progress: called with the bytes sent and in all, from several threads, one at a time.

    Raises:
        EnvironmentNotFound: there is none of that name here.
        NameInUse: there is one on the platform.
        RefusedError: running tasks use that one.
        HfaiError: no answer, another refusal, or it could not be made there; nothing has changed there then.

    Blocks until it is whole there. Source: design, section 6.

    Example:
        >>> push_haienv("extenv").how  # doctest: +SKIP
        'sent'
    """
    from hfai.haienv.parcel import parcel, tree_names
    from hfai.haienv.registry import find

    one = find(name)
    session = _session.current()
    if session.is_embedded:
        return EnvironmentTravel(one.name, "here")
    told, places = parcel(one)
    body: dict[str, Any] = told._asdict()
    answer = session.post("query/haienv/check", body=body, subject=name)
    if answer["is_there"] and not force:
        raise NameInUse("there is an environment {name} on the platform already: replace it with --force", name=name)
    reason = unpacked(answer["why_rebuilt"]) or ""
    is_rebuilt = rebuild or bool(reason)
    sent_bytes = 0
    if not dry_run:
        if not is_rebuilt:
            with tempfile.TemporaryDirectory(prefix="hfai-push-") as memory:
                for tree, place in zip(tree_names(told.name, told.trees), places):
                    sent_bytes += push_tree(tree, place, Path(memory, tree), progress=progress)
        query = {"force": int(force), "rebuild": int(is_rebuilt)}
        session.post(
            "operating/haienv/install", query, body, subject=name, timeout_s=_INSTALL_TIMEOUT_S, is_repeatable=False
        )
    left_out = tuple(told.left_out)
    how = "rebuilt" if is_rebuilt else "sent"
    return EnvironmentTravel(name, how, reason, sent_bytes, len(told.requirements), left_out)


def pull_haienv(
    name: str,
    *,
    rebuild: bool = False,
    force: bool = False,
    dry_run: bool = False,
    progress: Optional[Progress] = None,
) -> EnvironmentTravel:
    """Bring an environment of haienv from the platform here.

    Args:
        name: of one of your environments there.
        rebuild, dry_run, progress: see :func:`push_haienv`.
        force: replace the one of that name here.

    Raises:
        EnvironmentNotFound: there is none of that name there.
        NameInUse: there is one here.
        HfaiError: no answer, another refusal, or it could not be made here; nothing has changed here then.

    Blocks until it is whole here. Source: design, section 6.

    Example:
        >>> pull_haienv("extenv", rebuild=True).how  # doctest: +SKIP
        'rebuilt'
    """
    from hfai.haienv import arriving
    from hfai.haienv.parcel import read_parcel, tree_names, why_rebuilt
    from hfai.haienv.places import ensure_name
    from hfai.haienv.registry import environments, find

    session = _session.current()
    if session.is_embedded:
        return EnvironmentTravel(find(name).name, "here")
    told = read_parcel(session.post("query/haienv", {"name": ensure_name(name)}, subject=name)["result"])
    if not force and any(one.name == told.name for one in environments()):
        raise NameInUse("there is an environment {name} here already: replace it with --force", name=name)
    why = why_rebuilt(told)
    is_rebuilt = rebuild or why is not None
    received_bytes = 0

    def fetch(incoming: Path) -> Sequence[Path]:
        nonlocal received_bytes
        session.post("operating/haienv/pack", {"name": name}, subject=name, timeout_s=_INSTALL_TIMEOUT_S)
        found = []
        for tree in tree_names(told.name, told.trees):
            place = incoming / tree
            place.mkdir()
            local = LocalWorkspace(place, incoming / f"{tree}.state")
            local.state_dir.mkdir()
            local.name = tree
            received_bytes += take_everything(local, Connection(tree), progress)
            found.append(place)
        session.post("operating/haienv/unpack", {"name": name}, subject=name)
        return found

    if not dry_run:
        if is_rebuilt:
            arriving.rebuild(told, replace=force)
        else:
            arriving.put_together(told, fetch, replace=force)
    how = "rebuilt" if is_rebuilt else "sent"
    return EnvironmentTravel(name, how, why or "", received_bytes, len(told.requirements), tuple(told.left_out))


def list_haienvs() -> list[Environment]:
    """The environments on the platform that your tasks find by their name alone, by name.

    Raises:
        HfaiError: no answer, or a refusal.

    Blocks for one request. Source: design, section 6.

    Example:
        >>> [one.name for one in list_haienvs()]  # doctest: +SKIP
        ['extenv']
    """
    from hfai.haienv.registry import Environment, environments

    session = _session.current()
    if session.is_embedded:
        return environments()
    rows = session.post("query/haienv/list")["result"]
    return [Environment(**{key: row[key] for key in Environment._fields}) for row in rows]


def remove_haienv(name: str) -> None:
    """Remove an environment from the platform, with all that is installed in it; that of the same name here stays.

    Args:
        name: of one that you have pushed.

    Raises:
        EnvironmentNotFound: there is none of that name there.
        RefusedError: running tasks use it, or it was made there.
        HfaiError: no answer, or another refusal.

    Blocks until it is gone. Source: design, section 6.

    Example:
        >>> remove_haienv("extenv")  # doctest: +SKIP
    """
    from hfai.haienv.creating import remove
    from hfai.haienv.places import ensure_name

    session = _session.current()
    if session.is_embedded:
        remove(name)
    else:
        query = {"name": ensure_name(name)}
        session.post("operating/haienv/remove", query, subject=name, timeout_s=_INSTALL_TIMEOUT_S, is_repeatable=False)
