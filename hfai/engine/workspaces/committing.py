"""The steps of a commit on disk, and going on with one that was cut off (docs/architecture.md, "Workspaces").

The journal is written first and removed last. In between ``N.building`` is the next tree in the making: as long as it is
not there nothing has happened, and once it is there the commit is carried to its end, also after a crash.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import Optional

from attrs import evolve

from hfai.engine.system import write_atomic
from hfai.engine.workspaces.building import apply, available, copy_generation, gather
from hfai.engine.workspaces.early import found_in
from hfai.engine.workspaces.folder import Folder, Record, remove_tree
from hfai.engine.workspaces.index import read_index
from hfai.engine.workspaces.plan import Plan, checked, read_plan
from hfai.engine.workspaces.staging import Staging
from hfai.engine.workspaces.view import move_outputs
from hfai.model.errors import RefusedError
from hfai.model.plain_file import read_plain
from hfai.model.workspace.safe_tree import SafeTree

_LEAVING = ".leaving"


def recover(folder: Folder, staging: Optional[Staging] = None) -> Record:
    """Finish, or take back, what a crash has left half done; the record as it is then.

    Args:
        staging: the one that others may write to just now.

    Raises:
        WorkspaceNotFound: there is no such workspace.
        RefusedError: its files are damaged beyond that.
        StorageFull: there is no room to finish; nothing is lost, and the next call tries again.
    """
    record = folder.record()
    try:
        return _recovered(folder, record, staging or Staging(folder))
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise folder.damaged() from error


def _recovered(folder: Folder, record: Record, staging: Staging) -> Record:
    if folder.journal.exists():
        record = _carried_on(folder, record, staging)
    for leaving in folder.generations.glob(f"*{_LEAVING}"):
        folder.forward(int(leaving.stem))
        move_outputs(folder, record, leaving, int(leaving.stem))
    return record


def _carried_on(folder: Folder, record: Record, staging: Staging) -> Record:
    """Carry a commit on; one whose journal or plan a loss of power has emptied is taken back."""
    try:
        step = json.loads(read_plain(folder.journal))
        push, to = str(step["push"]), step["to"]
    except (ValueError, TypeError, LookupError, RecursionError):
        push, to = "", None
    version, new = record.version, record.version + 1
    if version == to:
        _tidy(folder, version - 1, version, push, staging)
        return record
    if folder.generation(new).is_dir():
        return finish(folder, record, Plan(push, {}, force=False), new, staging)
    if folder.building(new).is_dir():
        staging.early.forget()
        with contextlib.suppress(RefusedError, ValueError):
            return finish(folder, record, load_plan(folder, push), new, staging, is_cut=True)
        if folder.generation(version).is_dir():
            remove_tree(folder.building(new))
        else:
            folder.building(new).rename(folder.generation(version))
    remove_tree(folder.generations / f"{new}.copying")
    folder.point_to(version)
    folder.journal.unlink()
    return record


def load_plan(folder: Folder, push: str) -> Plan:
    """The plan of a push that was begun.

    Raises:
        RefusedError: it is not there: it was committed, or it is long ago.
    """
    try:
        return read_plan(push, json.loads(read_plain(folder.pushes / f"{push}.json")))
    except FileNotFoundError:
        raise RefusedError("this push is not known any more: push again") from None


def missing(folder: Folder, staging: Staging, record: Record, plan: Plan) -> list[str]:
    """The contents that the client has to send."""
    index = folder.index(record.version)
    contents = staging.contents()
    with SafeTree(str(folder.tree(record.version))) as tree:
        here = available(plan, contents, tree, index)
    return [digest for digest in plan.digests() if digest not in contents and digest not in here]


def check(folder: Folder, record: Record, plan: Plan) -> Plan:
    """The plan without what is so already.

    Raises:
        WorkspaceConflict: something was changed here meanwhile.
    """
    with SafeTree(str(folder.tree(record.version))) as tree:
        return checked(plan, tree, folder.index(record.version))


def begin(folder: Folder, record: Record, plan: Plan) -> None:
    """Write the journal; from here on :func:`recover` knows of the commit.

    It is not synced, which would take longer than a small commit: a file system keeps the order of what is made, renamed and
    removed, so that a loss of power may empty the journal and the plan, but not hide that there was one.

    The plan is in its file as it was asked for: what that holds beyond this one is so already, and changes nothing more.
    """
    step = {"push": plan.id, "from": record.version, "to": record.version + 1}
    write_atomic(folder.journal, json.dumps(step).encode())


def copy(folder: Folder, staging: Staging, record: Record, plan: Plan) -> None:
    """The tree is in use: make the next one beside it, as a copy."""
    new = record.version + 1
    tree, index = folder.tree(record.version), folder.index(record.version)
    gather(plan, staging.contents(), tree, index, folder.staging, may_move=False)
    copying = folder.generations / f"{new}.copying"
    copy_generation(folder, record.version, copying, plan)
    copying.rename(folder.building(new))


def finish(
    folder: Folder, record: Record, plan: Plan, new: int, staging: Staging, *, is_cut: bool = False
) -> Record:
    """Carry a commit to its end from wherever it is.

    Args:
        is_cut: it was begun before; what has got lost meanwhile is left out, and the next push brings it.
    """
    building = folder.building(new)
    if building.is_dir():
        tree, index = building / "tree", read_index(building).copy()
        there = staging.early.become(tree, plan)
        if not there and not index and is_cut:
            there, _ = found_in(tree)  # it may have become the tree before the crash
        done = {path: there[path] for path, entry in plan.wanted() if path in there and there[path][:5] == entry}
        index.update(done)
        rest = plan._replace(changes={path: change for path, change in plan.changes.items() if path not in done})
        contents = staging.contents()
        gather(rest, contents, tree, there or index, folder.staging, may_move=True)
        apply(rest, contents, building, index, may_lack=is_cut)
        staging.early.forget()
        with contextlib.suppress(FileNotFoundError):
            (building / "seen.json").unlink()
        building.rename(folder.generation(new))
    else:
        index = read_index(folder.generation(new))
    version = record.version
    record = evolve(record, version=new, pushed_at=time.time(), files=index.files, size_bytes=index.size_bytes)
    folder.write_record(record)
    _tidy(folder, version, new, plan.id, staging)
    return record


def _tidy(folder: Folder, version: int, new: int, push: str, staging: Staging) -> None:
    folder.point_to(new)
    folder.forward(version)
    with contextlib.suppress(FileNotFoundError):
        (folder.pushes / f"{push}.json").unlink()
    waiting = any(folder.pushes.iterdir())
    staging.clear(only_old=waiting)
    folder.journal.unlink()


def leaving(version: int) -> str:
    """What the directory of a tree that nobody uses is renamed to, in a moment; :func:`recover` does the rest."""
    return f"{version}{_LEAVING}"
