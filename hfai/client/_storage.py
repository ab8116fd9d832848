"""``storage_overview``: the disks of state, logs and workspaces, and what of it is the platform's own."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional

from hfai.client import _session
from hfai.model.errors import RefusedError, UnreachableError


class DiskUse(NamedTuple):
    """One file system of the platform; what it does not tell is None.

    Attributes:
        mount: where it is mounted.
        device, kind: what is mounted there, and its type.
        size_bytes, used_bytes: as ``df`` counts.
        free_bytes: what may still be filled.
        files, files_used: inodes; None also where there is no fixed number of them.
        is_read_only: whether nothing can be written.
        holds: what is on it and where: pairs of ``state``, ``database``, ``logs`` or ``workspace`` and a path.
    """

    mount: str
    device: str
    kind: str
    size_bytes: Optional[int]
    used_bytes: Optional[int]
    free_bytes: Optional[int]
    files: Optional[int]
    files_used: Optional[int]
    is_read_only: bool
    holds: tuple[tuple[str, str], ...]


class StorageOverview(NamedTuple):
    """Disks at one moment.

    Attributes:
        disks: each file system once.
        state_dir: where the engine keeps its state; None where the platform does not say, and then so are the next four.
        logs_bytes: what the logs of tasks take there.
        database_bytes: what its database takes.
        other_bytes: what the rest takes.
        files_of_ours: how many files and folders that is.
        is_whole: False where there was no time to count all of it: then it is at least as much.
    """

    disks: tuple[DiskUse, ...]
    state_dir: Optional[str]
    logs_bytes: Optional[int]
    database_bytes: Optional[int]
    other_bytes: Optional[int]
    files_of_ours: Optional[int]
    is_whole: bool


def storage_overview() -> StorageOverview:
    """The disks that state, logs and the workspaces of one's unfinished tasks are on.

    Raises:
        RefusedError: the platform does not tell.
        UnreachableError: no answer.
        HfaiError: another refusal.

    Blocks for one request, of up to some seconds where there are many old logs. Source: wire document, section 5, for a HAI Platform.

    Example:
        >>> [(disk.mount, disk.free_bytes) for disk in storage_overview().disks]  # doctest: +SKIP
        [('/', 52613349376)]
    """
    session = _session.current()
    if session.is_haiplatform:
        return _of_haiplatform(session)
    body = session.post("query/storage/overview")["result"]
    return StorageOverview(
        disks=tuple(map(_disk, body["disks"])),
        state_dir=body["state_dir"],
        logs_bytes=body["logs_bytes"],
        database_bytes=body["database_bytes"],
        other_bytes=body["other_bytes"],
        files_of_ours=body["files"],
        is_whole=body["is_whole"],
    )


def _disk(row: Mapping[str, Any]) -> DiskUse:
    values = {name: row[name] for name in DiskUse._fields}
    values["holds"] = tuple((one["what"], one["path"]) for one in row["holds"])
    return DiskUse(**values)


def _of_haiplatform(session: _session.Session) -> StorageOverview:
    """It lists what is mounted into tasks, without sizes; its stock front door does not forward the route."""
    try:
        rows = session.post("monitor/user/storage/list")["storages"]
    except (RefusedError, UnreachableError) as error:
        if isinstance(error, UnreachableError) and "503" not in str(error):
            raise
        raise RefusedError("the server {url} does not tell about its disks", url=session.url) from None
    disks = [
        DiskUse(
            mount=str(row["mount_path"]),
            device=str(row.get("host_path") or ""),
            kind=str(row.get("mount_type") or ""),
            size_bytes=None,
            used_bytes=None,
            free_bytes=None,
            files=None,
            files_used=None,
            is_read_only=bool(row.get("read_only")),
            holds=(),
        )
        for row in rows
    ]
    return StorageOverview(tuple(disks), None, None, None, None, None, is_whole=True)
