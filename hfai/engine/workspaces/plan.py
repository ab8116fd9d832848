"""A push as it was asked for: what is to change, checked entry by entry, and what of that somebody else has changed."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, NamedTuple, Optional

from hfai.engine.workspaces.view import identity_at
from hfai.model.errors import RefusedError, WorkspaceConflict
from hfai.model.phrase import Phrase
from hfai.model.workspace.entry import DIRECTORY, FILE, LINK, MODE, Entry, Known, kind_of
from hfai.model.workspace.paths import ensure_path, is_digest, leads_out
from hfai.model.workspace.safe_tree import SafeTree

_MOST_TOLD = 100
_MOST_SHOWN = 3
_LARGEST = 2**60


class Change(NamedTuple):
    """One path: what it is to be, None for nothing, and what the client believes it to be."""

    wanted: Optional[Entry]
    base: Optional[str]


class Plan(NamedTuple):
    """A push.

    Attributes:
        id: its name in ``pushes/``.
        changes: by path, sorted, so that directories come before what is in them.
        force: whether what others have changed is overwritten.
        fresh: whether files are written anew that are so already.
    """

    id: str
    changes: Mapping[str, Change]
    force: bool
    fresh: bool = False

    def wanted(self) -> Iterator[tuple[str, Entry]]:
        """What is to be there, by path."""
        return ((path, change.wanted) for path, change in self.changes.items() if change.wanted is not None)

    def removed(self) -> list[str]:
        """What is to go, the deepest first."""
        return [path for path, change in self.changes.items() if change.wanted is None][::-1]

    def digests(self) -> dict[str, int]:
        """The contents that it needs, and their sizes."""
        return {entry.content: entry.size for _, entry in self.wanted() if entry.kind == FILE}


def read_plan(plan_id: str, body: Any) -> Plan:
    """A plan from a request or from its file.

    Raises:
        RefusedError: something in it is no entry of a workspace, or could lead out of it.
    """
    rows, force = (body.get("changes"), body.get("force")) if isinstance(body, dict) else (None, None)
    if not isinstance(rows, list) or not isinstance(force, bool):
        raise RefusedError("this is no push: changes must be a list, and force true or false")
    changes: dict[str, Change] = {}
    for row in rows:
        path, change = _change(row)
        changes[path] = change
    for path, change in changes.items():
        parent = path.rpartition("/")[0]
        if parent in changes and change.wanted is not None:
            above = changes[parent].wanted
            if above is None or above.kind != DIRECTORY:
                raise RefusedError(
                    "the path {path} cannot be in a workspace: {problem}",
                    path=path,
                    problem=Phrase("{parent} is no directory", parent=parent),
                )
    return Plan(plan_id, dict(sorted(changes.items())), force, body.get("fresh") is True)


def _change(row: Any) -> tuple[str, Change]:
    if not isinstance(row, list) or len(row) != 7:
        raise RefusedError("this is no push: a change has a path, five values and what was there before")
    path = ensure_path(row[0])
    kind, mode, size, content, mtime_ns, base = row[1:]
    if base is not None and not isinstance(base, str):
        raise _bad(path, Phrase("what was there before must be a text"))
    if kind is None:
        return path, Change(None, base)
    if not type(mode) is type(size) is type(mtime_ns) is int:
        raise _bad(path, Phrase("mode, size and time must be whole numbers"))
    if not (0 <= mode <= MODE and 0 <= size <= _LARGEST and mtime_ns < 2**63 and isinstance(content, str)):
        raise _bad(path, Phrase("mode, size or content is out of range"))
    if kind == FILE and not is_digest(content):
        raise _bad(path, Phrase("its content must be a SHA-256 in hex"))
    if kind == LINK and leads_out(path, content):
        raise _bad(path, Phrase("the link leads out of the workspace"))
    if kind not in (FILE, LINK, DIRECTORY):
        raise _bad(path, Phrase("it must be a file, a directory or a link"))
    if kind == DIRECTORY:
        mode |= 0o500
    return path, Change(Entry(kind, mode, size, content, max(mtime_ns, 0)), base)


def _bad(path: str, problem: Phrase) -> RefusedError:
    return RefusedError("the path {path} cannot be in a workspace: {problem}", path=ascii(path)[:200], problem=problem)


def checked(plan: Plan, tree: SafeTree, index: Mapping[str, Known]) -> Plan:
    """The plan without what is so already.

    Raises:
        WorkspaceConflict: something has changed here since the client saw it, and it is not forced.
    """
    left: dict[str, Change] = {}
    conflicts: list[str] = []
    parents: dict[str, bool] = {"": True}
    for path, change in plan.changes.items():
        parent = path.rpartition("/")[0]
        if parent not in parents:
            status = tree.stat(parent)
            parents[parent] = status is not None and kind_of(status.st_mode) == DIRECTORY
        there = identity_at(tree, path, index.get(path)) if parents[parent] else None
        wanted = change.wanted.identity if change.wanted else None
        is_anew = plan.fresh and change.wanted is not None and change.wanted.kind == FILE
        if there == wanted and (wanted is None or path in index) and not is_anew:
            continue
        left[path] = change
        if there in (wanted, change.base) or (there is None and wanted is None):
            continue
        is_directory = there is not None and there.startswith(DIRECTORY)
        if is_directory and (change.wanted is None or change.wanted.kind == DIRECTORY):
            continue
        if is_directory and _is_emptied(tree, path, plan):
            continue
        conflicts.append(path)
    if conflicts and not plan.force:
        raise WorkspaceConflict(
            paths=[_shown(path) for path in conflicts[:_MOST_TOLD]],
            shown=", ".join(map(_shown, conflicts[:_MOST_SHOWN])),
            count=len(conflicts),
        )
    return plan._replace(changes=left)


def _shown(path: str) -> str:
    return path if path.isprintable() else ascii(path)


def _is_emptied(tree: SafeTree, path: str, plan: Plan) -> bool:
    """Whether everything in a directory is removed by the plan."""
    for one in tree.names(path):
        change = plan.changes.get(f"{path}/{one}")
        if change is None or change.wanted is not None:
            return False
    return True
