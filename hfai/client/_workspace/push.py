"""``push_workspace``: make the other side the same as here, sending only what it does not have."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Container, Iterator, Mapping, Optional, Union

from hfai.client._workspace.connection import Connection, Progress
from hfai.client._workspace.local import LocalWorkspace, open_local
from hfai.client._workspace.results import PushResult
from hfai.client._workspace.sending import Sender, Wanted
from hfai.model.errors import RefusedError, UnreachableError, WaitTimeout
from hfai.model.workspace.collecting import uncollected
from hfai.model.workspace.entry import DIRECTORY, FILE, Entry
from hfai.model.workspace.scan import Take, is_gone

if TYPE_CHECKING:
    from hfai.client._workspace.still import Seen

_ATTEMPTS = 4
_MOST_NAMED = 5
# A scan that has read this much is remembered before anything else can go wrong.
_WORTH_KEEPING = 256 << 20

Directory = Union[str, "os.PathLike[str]", None]


def push_workspace(
    directory: Directory = None,
    *,
    force: bool = False,
    checksum: bool = True,
    hfignore: bool = True,
    zip: bool = True,
    diff: bool = True,
    dry_run: bool = False,
    list_timeout_s: Optional[float] = None,
    sync_timeout_s: Optional[float] = None,
    proxy: Optional[str] = None,
    progress: Optional[Progress] = None,
) -> PushResult:
    """Make a workspace on the platform the same as the directory here.

    Only contents travel that the other side does not have; a file that was renamed or copied costs nothing. The push counts
    as a whole at its end or not at all: no task ever sees half of it, and tasks that have not finished keep the tree that they began in.
    What tasks have made there stays there.

    Args:
        directory: in the workspace; by default the current one.
        force: overwrite what has changed on the other side since both agreed.
        checksum: read every file again whose inode or change time is new; False: be content with size and time of writing.
        hfignore: leave out what ``.hfignore`` files and the usual list (``.git``, ``__pycache__``, ...) name.
        zip: compress what gets smaller by it.
        diff: send only what differs; False: everything, even what the other side says it has.
        dry_run: compare, and send nothing.
        list_timeout_s: seconds that comparing may take; default 300.
        sync_timeout_s: seconds that sending may take; default: as long as it needs.
        proxy: ``http://HOST:PORT``; default: as the environment says.
        progress: called with the bytes sent and in all (0 as long as that is not known), from several threads, one at a time.

    Returns:
        What was pushed, and the directory on the platform for ``spec.workspace`` of a task.

    Raises:
        UsageError: the directory is not in a workspace.
        WorkspaceNotFound: the workspace is no longer there.
        WorkspaceConflict: the other side has changed too; nothing was overwritten.
        StorageFull: there is no room for it.
        WaitTimeout: ``sync_timeout_s`` is over.
        HfaiError: no answer, or another refusal. Whatever ends it, what has arrived is kept for the next push.

    Blocks until it is done. Source: tutorial, use case 1; design, section 6.

    Example:
        >>> push_workspace().path  # doctest: +SKIP
        '/home/ada/.hai/engine/workspaces/u-ada/my_code/generations/3/tree'
    """
    local = open_local(directory)
    connection = Connection(local.name, list_timeout_s, sync_timeout_s, proxy)
    push = _Push(
        local, connection, force=force, checksum=checksum, hfignore=hfignore, zip=zip, diff=diff, progress=progress
    )
    with uncollected(), contextlib.closing(local):
        return push.run(dry_run=dry_run)


def push_seen(seen: Seen, *, progress: Optional[Progress] = None) -> PushResult:
    """:func:`push_workspace` without options, where :func:`hfai.client._workspace.still.look_here` has looked just now."""
    root, found, there = seen
    with contextlib.closing(found.memory):
        local = LocalWorkspace(Path(root)).load()
        local.take(found, use_ignore=True)
        connection = Connection(local.name)
        push = _Push(
            local,
            connection,
            force=False,
            checksum=True,
            hfignore=True,
            zip=True,
            diff=True,
            progress=progress,
        )
        return push.run(dry_run=False, head=there if local.uid == found.memory.uid else None)


def push_tree(name: str, root: Path, state_dir: Path, *, progress: Optional[Progress] = None) -> int:
    """Make a workspace of the platform the same as a directory that is none itself; returns the bytes sent."""
    from hfai.client import _session

    made = _session.current().post("operating/workspace/create", {"name": name}, subject=name)["result"]
    local = LocalWorkspace(root, state_dir)
    local.name = name
    local.agree_with(made["uid"])
    push = _Push(
        local, Connection(name), force=True, checksum=True, hfignore=False, zip=True, diff=True, progress=progress
    )
    with contextlib.closing(local):
        return push.run(dry_run=False).sent_bytes


class _Push:
    def __init__(
        self,
        local: LocalWorkspace,
        connection: Connection,
        *,
        force: bool,
        checksum: bool,
        hfignore: bool,
        zip: bool,
        diff: bool,
        progress: Optional[Progress],
    ) -> None:
        self._local = local
        self._connection = connection
        self._force = force
        self._checksum = checksum
        self._hfignore = hfignore
        # On one machine the bytes are copied faster than they are compressed.
        self._zip = zip and not connection.is_embedded
        self._diff = diff
        self._progress = progress
        self._sent: dict[str, int] = {}
        self._ahead: Mapping[str, int] = {}
        self._busy: dict[str, str] = {}

    def run(self, *, dry_run: bool, head: Optional[Mapping[str, Any]] = None) -> PushResult:
        local, connection = self._local, self._connection
        is_looked_at = head is not None
        head = head or connection.ask("query/workspace")["result"]
        if not is_looked_at and self._diff and not self._force and head["uid"] == local.uid:
            files = local.look(use_ignore=self._hfignore)
            if files is not None:
                return self._result(head, (), (), {}, files)
        local.load_tree()
        local.agree_with(head["uid"])
        for _ in range(_ATTEMPTS):
            with self._sending_ahead(head, dry_run=dry_run) as take:
                found = local.scan(use_ignore=self._hfignore, by_time_only=not self._checksum, take=take)
                skipped = {**found.skipped, **self._busy}
                changes, removed = self._changes(skipped)
                body = self._body(changes, removed, dry_run=dry_run)
                if not dry_run:
                    local.make_ready(is_agreed=not found.skipped and not self._busy)
            if not changes and not removed:
                if not dry_run:
                    local.save(still=None if skipped else self._hfignore)
                return self._result(head, (), (), skipped)
            if found.hashed_bytes > _WORTH_KEEPING:
                local.save()
            begun = connection.ask("operating/workspace/push/begin", body)["result"]
            paths = tuple(sorted(changes))
            self._note(changes, {*begun["missing"], *self._ahead})
            if dry_run:
                return self._result(head, paths, tuple(sorted(removed)), skipped)
            changed = self._send(changes, begun["missing"], begun["parts"])
            done = begun.get("done") or ({} if changed else self._commit(changes, begun["push"]))
            if not done:
                # Read again what was written to; in the end go without it.
                self._busy.update(dict.fromkeys(changed & self._busy.keys(), "changing"))
                self._busy.update({path: "" for path in changed if path not in self._busy})
                continue
            for path, entry in changes.items():
                local.set_base(path, entry.identity)
            for path in removed:
                local.set_base(path, None)
            local.save(still=None if skipped else self._hfignore)
            return self._result(done, paths, tuple(sorted(removed)), skipped)
        raise RefusedError("the files of workspace {name} change all the time: try again later", name=local.name)

    @contextlib.contextmanager
    def _sending_ahead(self, head: Mapping[str, Any], *, dry_run: bool) -> Iterator[Optional[Take]]:
        """What a scan is to give its files to, so that they are sent at once: if surely nothing of them is on the other side yet."""
        # An answer that does not say whether anything has come is not from an engine that takes it so early.
        if dry_run or head["version"] or head.get("is_staged", True) or self._ahead:
            yield None
            return
        from hfai.client._workspace.ahead import Ahead

        ahead = Ahead(self._connection, is_zipped=self._zip, progress=self._progress)
        self._ahead = ahead.sizes
        with self._connection.through_proxy(), ahead:
            yield ahead.take

    def _changes(self, skipped: Mapping[str, str]) -> tuple[dict[str, Entry], dict[str, str]]:
        """What differs here from what the other side had when both agreed; what is gone here. Of a directory that cannot be read
        nothing is said.
        """
        local = self._local
        paths = local.differing() if self._diff else local.known
        changes = {path: local.known[path].entry for path in paths}
        if self._diff:
            changes = {path: entry for path, entry in changes.items() if entry.identity != local.base(path)}
        for path, why in skipped.items():
            if why:
                changes.pop(path, None)
        removed: dict[str, str] = {}
        is_ignored = local.ignores() if self._hfignore else None
        for path in local.gone():
            base = local.base(path) or ""
            # What is left out, or still here and left out only now, stays over there.
            is_left_out = is_ignored is not None and is_ignored(path, base.startswith(DIRECTORY))
            if not is_left_out and is_gone(f"{local.root}/{path}"):
                removed[path] = base
        return changes, removed

    def _body(self, changes: Mapping[str, Entry], removed: Mapping[str, str], *, dry_run: bool) -> bytes:
        base = self._local.base
        rows: list[list[Any]] = [[path, *entry, base(path)] for path, entry in changes.items()]
        rows += [[path, None, None, None, None, None, identity] for path, identity in removed.items()]
        body = {"changes": rows, "force": self._force, "fresh": not self._diff, "dry_run": dry_run, "commit": True}
        return json.dumps(body).encode()

    def _send(self, changes: Mapping[str, Entry], missing: list[str], parts: dict[str, int]) -> set[str]:
        """Send contents; the paths that have changed meanwhile."""
        if not missing:
            return set()
        local = self._local
        by_digest = {entry.content: path for path, entry in changes.items() if entry.kind == FILE}
        wanted = [Wanted(digest, by_digest[digest], local.known[by_digest[digest]]) for digest in missing]
        sender = Sender(
            Path(local.root), self._connection, wanted, is_zipped=self._zip, parts=parts, progress=self._progress
        )
        sender.send()
        return sender.changed

    def _note(self, changes: Mapping[str, Entry], sent: Container[str]) -> None:
        """Remember what travels, a path for each content."""
        sizes = {entry.content: (path, entry.size) for path, entry in changes.items() if entry.kind == FILE}
        self._sent.update(size for digest, size in sizes.items() if digest in sent)

    def _commit(self, changes: Mapping[str, Entry], push: str) -> dict[str, Any]:
        """The answer to the commit; empty if it has to be begun anew."""
        for _ in range(_ATTEMPTS):
            try:
                done: dict[str, Any] = self._connection.ask("operating/workspace/push/commit", push=push)["result"]
            except RefusedError as error:
                if error.code == "refused":
                    return {}
                raise
            except (UnreachableError, WaitTimeout):
                raise
            if not done["missing"]:
                return done
            self._note(changes, done["missing"])
            if self._send(changes, done["missing"], {}):
                return {}
        return {}

    def _result(
        self,
        head: Mapping[str, Any],
        changed: tuple[str, ...],
        removed: tuple[str, ...],
        skipped: Mapping[str, str],
        files: Optional[int] = None,
    ) -> PushResult:
        largest = sorted(self._sent.items(), key=lambda one: (-one[1], one[0]))[:_MOST_NAMED]
        return PushResult(
            name=self._local.name,
            path=str(head["path"]),
            version=int(head["version"]),
            changed=changed,
            removed=removed,
            sent_bytes=sum(self._sent.values()),
            total_files=files if files is not None else self._local.files,
            skipped={path: why for path, why in skipped.items() if why},
            largest=tuple(largest),
        )
