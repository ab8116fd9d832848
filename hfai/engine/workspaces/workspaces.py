"""The workspaces of all users: one object, asked from the engine's loop; what takes time is done in threads, one workspace at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any, AsyncGenerator, AsyncIterator, Mapping, NamedTuple, Optional, Sequence

from hfai.engine.system import write_atomic
from hfai.engine.workspaces import committing
from hfai.engine.workspaces.folder import Folder, Record, names_of
from hfai.engine.workspaces.occupancy import Occupancy
from hfai.engine.workspaces.plan import Plan, read_plan
from hfai.engine.workspaces.reading import blocks
from hfai.engine.workspaces.staging import KEPT_S, Staging
from hfai.engine.workspaces.view import view
from hfai.model.errors import RefusedError, StorageFull, WorkspaceNotFound
from hfai.model.workspace.collecting import uncollected
from hfai.model.workspace.paths import RESERVED

# Left free beside what a push brings: for the database, logs and checkpoints of what runs.
_MARGIN_BYTES = 1 << 20
# How much of the disk is left free while nobody knows how much a push will bring.
_EARLY_SHARE = 0.1
# Of pushes that were begun and not committed; the others are read from their files again.
_MOST_PLANS = 8


class Committed(NamedTuple):
    """A push that is done; or, where ``missing`` holds something, one whose contents have to be sent (again)."""

    record: Record
    path: Path
    missing: list[str]


class Begun(NamedTuple):
    """A push that may go on: the contents to send, and how far large ones have come already; or one that is done."""

    push: str
    missing: list[str]
    parts: dict[str, int]
    done: Optional[Committed] = None


class Workspaces:
    """See the module.

    Args:
        root: where they are.
        occupancy: knows where unfinished tasks work.
    """

    def __init__(self, root: Path, occupancy: Occupancy) -> None:
        self._root = root
        self._occupancy = occupancy
        self._locks: dict[Path, asyncio.Lock] = {}
        self._stagings: dict[Path, Staging] = {}
        # Of the workspaces that were pushed to last the plan that was begun last, as it is in its file.
        self._plans: dict[Path, Plan] = {}

    async def create(self, user_name: str, name: str) -> tuple[Record, bool]:
        """A new, empty workspace, or the one that is there; and whether it is new."""
        folder = Folder(self._root, user_name, name)
        async with self._lock(folder):
            if folder.exists:
                return await asyncio.to_thread(committing.recover, folder, self._staging(folder)), False
            record = Record(secrets.token_hex(16), name, user_name, time.time())
            self._root.mkdir(mode=0o700, exist_ok=True)
            await asyncio.to_thread(folder.make, record)
            return record, True

    async def fill(self, user_name: str, name: str, source: Path) -> None:
        """Make a workspace anew with a copy of a directory of this machine in it, to be pulled."""
        with contextlib.suppress(WorkspaceNotFound):
            await self.remove(user_name, name)
        await self.create(user_name, name)
        async with self._opened(user_name, name) as (folder, record):
            place = folder.tree(record.version)
            await asyncio.to_thread(shutil.copytree, source, place, symlinks=True, dirs_exist_ok=True)

    async def head(self, user_name: str, name: str) -> tuple[Record, Path]:
        """What was pushed last, and where a task finds it."""
        async with self._opened(user_name, name) as (folder, record):
            return record, folder.tree(record.version)

    async def of_user(self, user_name: str) -> list[Record]:
        """A user's workspaces by name, without those that environments travel in."""

        def read() -> list[Record]:
            found = []
            for name in names_of(self._root, user_name):
                with contextlib.suppress(WorkspaceNotFound):
                    found.append(Folder(self._root, user_name, name).record())
            return found

        return [record for record in await asyncio.to_thread(read) if not record.name.startswith(RESERVED)]

    async def rows(self, user_name: str, name: str) -> tuple[Record, bytes]:
        """Everything that is in a workspace now, outputs of tasks among it, as JSON.

        The rows are ``[path, kind, mode, size, content, mtime_ns]``.
        """

        def made(folder: Folder, record: Record) -> bytes:
            # ASCII: names that are not UTF-8 are lone surrogates here.
            return json.dumps([[path, *known.entry] for path, known in view(folder, record).tree.items()]).encode()

        async with self._opened(user_name, name) as (folder, record):
            return record, await asyncio.to_thread(made, folder, record)

    async def content(self, user_name: str, name: str, paths: Sequence[str], at: int) -> AsyncGenerator[bytes, None]:
        """Files as :func:`hfai.engine.workspaces.reading.blocks` gives them."""
        async with self._opened(user_name, name) as (folder, record):
            trees = [folder.tree(version) for version in (record.version, *folder.older(record.version))]
        return _taken_from(trees, paths, at)

    async def remove(self, user_name: str, name: str) -> None:
        """Remove a workspace with everything in it.

        Raises:
            RefusedError: a task that has not finished works in it.
        """
        folder = self._existing(user_name, name)
        async with self._lock(folder):
            self._existing(user_name, name)  # another may have removed it meanwhile
            if await self._occupancy.is_used(folder.path):
                raise RefusedError("tasks that have not finished work in workspace {name}: stop them first", name=name)
            await asyncio.to_thread(folder.remove)
            self._stagings.pop(folder.path, None)
            self._plans.pop(folder.path, None)

    async def is_staged(self, user_name: str, name: str) -> bool:
        """Whether contents of a push that has not been committed are kept."""
        return not self._staging(self._existing(user_name, name)).is_empty

    async def begin(self, user_name: str, name: str, raw: bytes, body: Any) -> Begun:
        """Check a push and say what it has to send; where it has nothing to send, and asks for that, it counts at once.

        Args:
            raw: the body as it came, which is kept until the commit.
            body: the same, read.

        Raises:
            RefusedError: something in it cannot be in a workspace.
            WorkspaceConflict: it would overwrite what somebody else has changed.
            StorageFull: there is no room for it.
        """
        async with self._opened(user_name, name) as (folder, record):
            begun, plan = await asyncio.to_thread(self._begin, folder, record, raw, body)
            if not _asks(body, "dry_run"):
                self._remember(folder, plan)
            if begun.missing or not _asks(body, "commit") or _asks(body, "dry_run"):
                return begun
            return begun._replace(done=await self._made_to_count(folder, record, plan))

    def _begin(self, folder: Folder, record: Record, raw: bytes, body: Any) -> tuple[Begun, Plan]:
        push = secrets.token_hex(16)
        with uncollected():
            plan = committing.check(folder, record, read_plan(push, body))
        staging = self._staging(folder)
        staging.clear(only_old=True)
        folder.forget_pushes(time.time() - KEPT_S)
        sizes = plan.digests()
        wanted = list(sizes) if plan.fresh else committing.missing(folder, staging, record, plan)
        parts = staging.parts()
        needed = sum(sizes[digest] - parts.get(digest, 0) for digest in wanted) + _MARGIN_BYTES
        if needed > shutil.disk_usage(folder.path).free:
            # Also of pushes that are under way: what they miss at their commit is asked for again.
            staging.keep_only(sizes)
            if needed > shutil.disk_usage(folder.path).free:
                raise StorageFull(path=str(folder.path))
        if not _asks(body, "dry_run"):
            write_atomic(folder.pushes / f"{push}.json", raw)
        return Begun(push, wanted, parts), plan

    def _remember(self, folder: Folder, plan: Plan) -> None:
        plans = self._plans
        plans.pop(folder.path, None)
        while len(plans) >= _MOST_PLANS:
            plans.pop(next(iter(plans)), None)
        plans[folder.path] = plan

    async def add_pack(self, user_name: str, name: str, body: bytes, *, is_early: bool) -> int:
        """Keep small contents that a push sends; how many.

        Args:
            is_early: the push has not been begun yet.

        Raises:
            StorageFull: the disk is nearly full, and nobody has looked yet whether there is room for the push.
        """
        folder = self._existing(user_name, name)
        if is_early:
            disk = shutil.disk_usage(folder.path)
            if disk.free < _EARLY_SHARE * disk.total + len(body):
                raise StorageFull(path=str(folder.path))
        return await asyncio.to_thread(partial(self._staging(folder).add_pack, body, is_early=is_early))

    async def add_part(self, user_name: str, name: str, digest: str, at: int, size: int, data: bytes) -> int:
        """Append to a large content that a push sends; how far it has come."""
        folder = self._existing(user_name, name)
        return await asyncio.to_thread(self._staging(folder).add_part, digest, at, size, data)

    async def take_copy(self, user_name: str, name: str, digest: str, path: str, stat: Mapping[str, int]) -> bool:
        """Copy a large content from elsewhere on this machine; False if it has changed since it was hashed."""
        folder = self._existing(user_name, name)
        return await asyncio.to_thread(self._staging(folder).take_copy, digest, path, stat)

    async def commit(self, user_name: str, name: str, push: str) -> Committed:
        """Make a push count, whole; tasks that have not finished keep the tree that they have.

        Raises:
            WorkspaceConflict: somebody else has changed something since it was begun.
            StorageFull: nothing that can be seen has changed, and the next call goes on with it.
        """
        async with self._opened(user_name, name) as (folder, record):
            begun = self._plans.pop(folder.path, None)
            plan, missing = await asyncio.to_thread(self._prepare, folder, record, push, begun)
            if missing:
                return Committed(record, folder.tree(record.version), missing)
            return await self._made_to_count(folder, record, plan)

    def _prepare(
        self, folder: Folder, record: Record, push: str, begun: Optional[Plan]
    ) -> tuple[Plan, list[str]]:
        if begun is None or begun.id != push or not (folder.pushes / f"{push}.json").exists():
            begun = committing.load_plan(folder, push)
        plan = committing.check(folder, record, begun)
        return plan, committing.missing(folder, self._staging(folder), record, plan)

    async def _made_to_count(self, folder: Folder, record: Record, plan: Plan) -> Committed:
        if plan.changes:
            await asyncio.to_thread(committing.begin, folder, record, plan)
            new = record.version + 1
            if not await self._occupancy.moved(folder.generation(record.version), folder.building(new).name):
                await asyncio.to_thread(committing.copy, folder, self._staging(folder), record, plan)
            record = await asyncio.to_thread(committing.finish, folder, record, plan, new, self._staging(folder))
        else:
            (folder.pushes / f"{plan.id}.json").unlink(missing_ok=True)
        return Committed(record, folder.tree(record.version), [])

    @contextlib.asynccontextmanager
    async def _opened(self, user_name: str, name: str) -> AsyncIterator[tuple[Folder, Record]]:
        """A workspace to oneself: whole, and without trees that nobody needs any more."""
        folder = Folder(self._root, user_name, name)
        async with self._lock(folder):
            staging = self._staging(folder)
            record = await asyncio.to_thread(committing.recover, folder, staging)
            left = False
            for version in folder.older(record.version):
                left |= await self._occupancy.moved(folder.generation(version), committing.leaving(version))
            if left:
                record = await asyncio.to_thread(committing.recover, folder, staging)
            yield folder, record

    def _existing(self, user_name: str, name: str) -> Folder:
        folder = Folder(self._root, user_name, name)
        if not folder.exists:
            raise WorkspaceNotFound(name=name)
        return folder

    def _staging(self, folder: Folder) -> Staging:
        return self._stagings.setdefault(folder.path, Staging(folder))

    def _lock(self, folder: Folder) -> asyncio.Lock:
        return self._locks.setdefault(folder.path, asyncio.Lock())


def _asks(body: Any, what: str) -> bool:
    return isinstance(body, Mapping) and bool(body.get(what))


async def _taken_from(trees: Sequence[Path], paths: Sequence[str], at: int) -> AsyncGenerator[bytes, None]:
    found = blocks(trees, paths, at)
    try:
        while block := await asyncio.to_thread(next, found, b""):
            yield block
    finally:
        with contextlib.suppress(ValueError):  # a thread is still in it, and lets go of it
            found.close()
