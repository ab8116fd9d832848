"""What the calls for workspaces return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Optional

if TYPE_CHECKING:
    from datetime import datetime


class WorkspaceInfo(NamedTuple):
    """A workspace on the platform.

    Attributes:
        name: its name, your own.
        version: how often it was pushed.
        files, size_bytes: of what was pushed last, in all.
        created_at, pushed_at: naive local times; ``pushed_at`` is None before the first push.
    """

    name: str
    version: int
    files: int
    size_bytes: int
    created_at: datetime
    pushed_at: Optional[datetime]

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> WorkspaceInfo:
        """From an answer of the engine."""
        from datetime import datetime

        at = body["pushed_at"]
        return cls(
            name=str(body["name"]),
            version=int(body["version"]),
            files=int(body["files"]),
            size_bytes=int(body["size_bytes"]),
            created_at=datetime.fromtimestamp(body["created_at"]),
            pushed_at=None if at is None else datetime.fromtimestamp(at),
        )


class PushResult(NamedTuple):
    """What a push did, or with ``dry_run`` would do.

    Attributes:
        name: of the workspace.
        path: the directory on the platform that a task is to work in.
        version: counts pushes.
        changed: paths that are new there or different, sorted.
        removed: paths that are gone.
        sent_bytes: of contents, before compression; what the other side had already is not sent.
        total_files: how many files the workspace has.
        skipped: paths that could not travel, and why: ``link`` (leads out of the workspace), ``kind`` (socket, pipe, device),
            ``changing`` (was written to all the time), ``unreadable``, ``name``.
        largest: the largest contents that were sent, as (path, bytes).
    """

    name: str
    path: str
    version: int
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    sent_bytes: int
    total_files: int
    skipped: Mapping[str, str]
    largest: tuple[tuple[str, int], ...]


class PullResult(NamedTuple):
    """What a pull did, or with ``dry_run`` would do.

    Attributes:
        name: of the workspace.
        changed: paths that are new here or different, sorted.
        removed: paths that are gone here.
        received_bytes: of contents.
        skipped: paths that were left as they are, and why: ``changing`` (a task writes to it all the time), ``edited`` (somebody
            changed it here meanwhile), ``not_empty`` (a directory with something of yours in it).
    """

    name: str
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    received_bytes: int
    skipped: Mapping[str, str]


class WorkspaceDiff(NamedTuple):
    """How the two sides differ; what is left out by ``.hfignore`` does not count.

    Attributes:
        name: of the workspace.
        changed: paths that are on both sides and differ, with the side that changed since they agreed: ``here``, ``there`` or ``both``.
        only_here, only_there: paths that are on one side.
    """

    name: str
    changed: tuple[tuple[str, str], ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
