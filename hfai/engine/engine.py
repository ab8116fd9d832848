"""The engine: everything that the HTTP side, or a test, may ask of it. One object, one event loop, one thread."""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path
from typing import Any, ContextManager, Mapping, Optional, Sequence, Union

from hfai.engine.accounts import Accounts
from hfai.engine.admission import Admission
from hfai.engine.cluster_views import node_views, queue_counts, queue_views
from hfai.engine.config import EngineConfig
from hfai.engine.deputy.deputies import Deputies
from hfai.engine.deputy.environments import TheirEnvironments
from hfai.engine.deputy.workspaces import TheirWorkspaces
from hfai.engine.environments import Environments
from hfai.engine.executors.base import Executor
from hfai.engine.executors.guest import Guest
from hfai.engine.gpu_watch import GpuWatch
from hfai.engine.guests import open_guest
from hfai.engine.names import FILE_NAME as NAMES
from hfai.engine.names import PLACES, NamesFile, write_places
from hfai.engine.orders import Orders
from hfai.engine.py_venv import theirs
from hfai.engine.queries import ListQuery, NodeView, QueueView, QuotaUse, Selector, StopOp, User
from hfai.engine.scheduling.cordons import Cordons
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.scheduling.new_runs import first_run, not_queued
from hfai.engine.scheduling.scheduler import Scheduler
from hfai.engine.shutdown import stop_all
from hfai.engine.store.chains import NewChain, NextRun, add_chain, add_run, ensure_name_is_free
from hfai.engine.store.database import Database
from hfai.engine.store.finding import find_chain
from hfai.engine.store.listing import list_chains
from hfai.engine.store.reading import unfinished_run, used_up, workspaces_of
from hfai.engine.store.searching import Searches
from hfai.engine.submission import check, ensure_within_quota
from hfai.engine.system import Clock, SystemClock, storage_errors
from hfai.engine.tags import Tags
from hfai.engine.task_reader import TaskReader
from hfai.engine.usage import UsageMeter
from hfai.engine.users import has_own_account
from hfai.engine.validation.validations import Request, Validations
from hfai.engine.watching import Change, Watches
from hfai.engine.workspaces.occupancy import OwnOccupancy
from hfai.engine.workspaces.workspaces import Workspaces
from hfai.model.errors import RefusedError
from hfai.model.phrase import Phrase
from hfai.model.records import Task
from hfai.model.states import QueueStatus

DATABASE = "engine.db"


class Engine:
    """The embedded platform without its HTTP face.

    Args:
        config: the settings, among them the state directory.
        clock: where times come from.
        executor: what runs the ranks; left out, the one that the settings name.

    Attributes:
        accounts: the users, their tokens and quotas; from :meth:`start` on, as the next three.
        admission: who is let in.
        tags: words on tasks.
        validations: the checks of nodes.
        usage: how busy the machine is.

    Example:
        >>> engine = Engine(EngineConfig(state_dir=Path("/tmp/state")))  # doctest: +SKIP
        >>> await engine.start(url="http://127.0.0.1:1234")  # doctest: +SKIP
    """

    def __init__(
        self, config: EngineConfig, *, clock: Optional[Clock] = None, executor: Optional[Executor] = None
    ) -> None:
        self.config = config
        self._clock = clock or SystemClock()
        self._given_executor = executor
        self._watches = Watches()
        self.usage = UsageMeter(GpuWatch() if any(node.gpus for node in config.nodes) else None)
        self._is_open = False

    # Life

    async def start(self, *, url: str) -> None:
        """Open the store, take up what a daemon before this one left, and begin to schedule.

        Args:
            url: where the daemon listens; tasks are told.

        Raises:
            EngineStartError: the database cannot be used.
            StorageFull: no space is left under the state directory.
            RefusedError: the state directory cannot be written.
        """
        state_dir = self.config.state_dir
        with storage_errors(state_dir):
            state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = Database(state_dir / DATABASE)
        with contextlib.ExitStack() as undo:
            undo.callback(self._db.close)
            self.engine_id = self._db.engine_id
            self.accounts = Accounts(self.config, self._db, self._clock)
            self._executor = self._given_executor or _executor(self.config, self.engine_id, self._clock, url)
            self._names = NamesFile(state_dir / NAMES, self._db, self.accounts.owner.name)
            self._searches = Searches(state_dir / DATABASE)
            self._scheduler = Scheduler(
                self.config,
                self._clock,
                self._db,
                self._executor,
                self._watches,
                Orders(self.config, self._db, self.accounts).of,
                self._names.refresh_later,
            )
            self.admission = Admission(self.accounts, self._scheduler, self._watches)
            self._reader = TaskReader(self._db, self._scheduler)
            self.tags = Tags(self._db, self._reader, self._watches)
            self.validations = Validations(
                self.config, self._clock, self._db, self._executor, self._scheduler, self.accounts, url
            )
            places = state_dir / "workspaces"
            self._workspaces = Workspaces(places, OwnOccupancy(places, self._working_directories))
            self._deputies = Deputies(self.config.task_dir / self.engine_id, self._working_directories)
            self._scheduler.set_quotas(self.accounts.quotas)
            self.accounts.on_quotas = self._scheduler.set_quotas
            with storage_errors(state_dir):
                await self._executor.start(self._scheduler.reports)
            try:
                self._scheduler.start()
            except BaseException:
                await self._executor.close()
                raise
            undo.pop_all()
        self._is_open = True
        self._names.refresh_later()
        write_places(state_dir / PLACES, self._scheduler.cluster.nodes)

    async def close(self, *, stop_tasks: bool = False) -> None:
        """Stop scheduling and let go of everything; what runs goes on and is adopted by the next start. May be called twice.

        Args:
            stop_tasks: stop running tasks and cancel queued ones first; waits until they have ended.
        """
        if not self._is_open:
            return
        if stop_tasks:
            await stop_all(self._scheduler, self._watches, self.config.stop_grace_s)
        self._is_open = False
        await self.usage.close()
        self._deputies.close()
        self._scheduler.close()
        await self._executor.close()
        self._names.close()
        self._searches.close()
        self._db.close()

    def tick(self) -> None:
        """Schedule now. The engine does so by itself whenever something happens or a time has come; with a clock of a test
        only the test knows when.
        """
        self._scheduler.tick(self._clock.now())

    # Submitting

    def submit(self, body: Mapping[str, Any], *, user: User, dry_run: bool = False) -> Task:
        """Check a task and queue it; it is on disk when this returns.

        Args:
            body: the task file as JSON; ``shell_environment`` may hold the environment that it is to run in.
            user: who asks.
            dry_run: only check, store nothing; the task returned has the id 0.

        Raises:
            InvalidTask: it could never run as asked.
            EnvironmentNotFound: there is no such Python environment.
            QuotaExceeded: it is wider than the user's whole quota.
            NameInUse: an unfinished task of the user has the name.
            StorageFull: no space is left; nothing was stored.
        """
        submission = check(body, self.config, self.accounts.quotas, self._scheduler.cluster.group_sizes, user)
        new = NewChain(
            chain_id=str(uuid.uuid4()),
            user_name=user.name,
            group=submission.group,
            spec=submission.spec,
            created_at=self._clock.now(),
            shell_environment=submission.shell_environment,
        )
        if dry_run:
            ensure_name_is_free(self._db, user.name, submission.spec.name)
            return not_queued(new)
        with self._db.transaction():
            run_id = add_chain(self._db, new)
        self._scheduler.add(first_run(run_id, new))
        return self._reader.task(run_id)

    def validate(self, names: Sequence[str], request: Request) -> list[Task]:
        """Queue the checks of nodes: see :meth:`hfai.engine.validation.validations.Validations.queue`."""
        return [self._reader.task(run_id) for run_id in self.validations.queue(names, request)]

    def resume(self, task: Task) -> Task:
        """Queue a finished chain again, as a new run. One that waits, suspended or not, stays in line as it is, but is
        held back no longer after failures.

        Raises:
            NameInUse: it runs, or another unfinished task has its name.
            StorageFull: nothing was stored.
        """
        now, first_id = self._clock.now(), task.runs[0].id
        live = self._scheduler.of_chain(task.chain_id)
        if live is not None and live.queue_status is QueueStatus.QUEUED:
            self._scheduler.release(live)
            return self._reader.task(first_id)
        with self._db.transaction():
            ensure_name_is_free(self._db, task.user_name, task.nb_name)
            state = task.newest.whole_life_state
            run_id = add_run(self._db, NextRun(first_id, now, now, state, ran_s=used_up(self._db, first_id)))
        self._scheduler.add(LiveRun.of(unfinished_run(self._db, run_id)))
        return self._reader.task(first_id)

    # Asking

    def find(self, selector: Selector, *, user: User) -> Task:
        """A task with its newest run.

        Raises:
            TaskNotFound: there is none, or what was given is not of one chain.
            NotAuthorised: it is somebody else's.
        """
        return self._reader.task(find_chain(self._db, selector, user.name, may_see_all=user.is_admin))

    def list_tasks(self, query: ListQuery, *, user: User) -> tuple[list[Task], int]:
        """One page of tasks, the user's own where the query names nobody, and how many there are on all pages."""
        first_ids, total = list_chains(self._db, query, query.user_name or user.name)
        return self._reader.tasks(first_ids), total

    async def search_tasks(self, query: ListQuery, *, user: User) -> tuple[list[Task], int]:
        """The same where many names have to be looked at: others are answered meanwhile."""
        first_ids, total = await self._searches.list_chains(query, query.user_name or user.name)
        return self._reader.tasks(first_ids), total

    def nodes(self) -> list[NodeView]:
        """Every node and what it works on."""
        return node_views(self._scheduler.cluster)

    @property
    def cordons(self) -> Cordons:
        """Lets nothing new onto a node, and lifts that again."""
        return self._scheduler.cordons

    def queue_counts(self) -> list[tuple[int, str, int]]:
        """Unfinished tasks of all users per (priority, queue status), the highest priority first."""
        return queue_counts(self._scheduler)

    def queue(self, most: int, user: User) -> list[QueueView]:
        """Everybody's tasks: see :func:`hfai.engine.cluster_views.queue_views`."""
        return queue_views(self._scheduler, most, user)

    def quota_uses(self) -> Mapping[str, QuotaUse]:
        """How many nodes each user with unfinished tasks has and waits for, by group and priority."""
        return self._scheduler.quota_uses()

    def watch(self, *chain_ids: str) -> ContextManager[Change]:
        """Be woken by every change of a chain: of its status, of its jobs, of the reason why it waits.

        Example:
            >>> with engine.watch(task.chain_id) as change:  # doctest: +SKIP
            ...     await change.changed()
        """
        return self._watches.watch(*chain_ids)

    def run_dir(self, run_id: int) -> Path:
        """Where the files of a run are."""
        return self._executor.run_dir(run_id)

    def rank_dir(self, run_id: int, rank: int) -> Path:
        """Where the files of a rank are, its log among them."""
        return self._executor.run_dir(run_id) / str(rank)

    async def open_guest(self, task: Task, rank: int, request: Mapping[str, Any]) -> Guest:
        """Start a program beside a running task: see :func:`hfai.engine.guests.open_guest`.

        Raises:
            RefusedError: it is a check of a node, which has the engine's account: nobody else gets a shell there.
        """
        run = self._scheduler.of_chain(task.chain_id)
        if run is not None and run.pinned_to is not None:
            template = "task {id} ({name}) checks node {node} for the platform: nothing else can be started there"
            raise RefusedError(template, id=task.id, name=task.nb_name, node=run.pinned_to)
        return await open_guest(self._executor, task, rank, request)

    # Changing

    async def stop(self, task: Task, op: StopOp) -> str:
        """End a task. Returns at once; a running one gets its grace time. May be called again.

        Returns:
            ``stopping``, ``canceled`` if it was queued, ``already_finished``; for ``suspend`` what :meth:`suspend` returns.

        Raises:
            StorageFull: a queued task could not be canceled.
        """
        if op is StopOp.SUSPEND:
            return self.suspend(task)
        run = self._scheduler.of_chain(task.chain_id)
        if run is None:
            return "already_finished"
        if run.queue_status is QueueStatus.QUEUED:
            self._scheduler.cancel(run)
            return "canceled"
        self._scheduler.stop(run, op.value)
        return "stopping"

    def suspend(self, task: Task) -> str:
        """Let a running task save and yield its nodes; its chain is queued again at the end of its line (design, section 5).

        Returns at once; may be called again, which changes nothing while the task is at it.

        Returns:
            ``suspending``, ``queued`` if it waits already, ``already_finished``.
        """
        run = self._scheduler.of_chain(task.chain_id)
        if run is None:
            return "already_finished"
        if run.queue_status is QueueStatus.QUEUED:
            return "queued"
        self._scheduler.suspend(run, Phrase("its user asked for it"))
        return "suspending"

    def set_priority(self, task: Task, priority: int) -> Task:
        """Give an unfinished task another priority, for this run and those to come; it is stored on return.

        Raises:
            QuotaExceeded: it is wider than the user's whole quota at that priority.
            RefusedError: the task has finished, or it runs and the quota is in use.
            StorageFull: nothing was changed.
        """
        run = self._scheduler.of_chain(task.chain_id)
        if run is None:
            raise RefusedError("task {name} has finished: its priority cannot be changed", name=task.nb_name)
        ensure_within_quota(self.accounts.quotas, task.user_name, task.group, priority, task.nodes)
        self._scheduler.set_priority(run, priority)
        return self._reader.task(task.runs[0].id)

    def _working_directories(self) -> list[str]:
        """Where unfinished tasks work, as they were told."""
        return workspaces_of(self._db, [run.first_id for run in self._scheduler.runs])

    # What travels

    def workspaces_of(self, user: User) -> Union[Workspaces, TheirWorkspaces]:
        """The workspaces of a user.

        Raises:
            RefusedError: the account of their tasks is not on this machine any more.
        """
        if not has_own_account(user):
            return self._workspaces
        return TheirWorkspaces(self._deputies.of(user.unix_name))

    def environments_of(self, user: User) -> Union[Environments, TheirEnvironments]:
        """The Python environments of a user.

        Raises:
            RefusedError: see :meth:`workspaces_of`.
        """
        if not has_own_account(user):
            return Environments(self._workspaces)
        return TheirEnvironments(self._deputies.of(user.unix_name), theirs(self.config.state_dir))


def _executor(config: EngineConfig, engine_id: str, clock: Clock, url: str) -> Executor:
    # Loaded by name: a Slurm cluster needs nothing of this machine's.
    from hfai.engine.executors.local import LocalExecutor

    return LocalExecutor(config, engine_id, clock, server_url=url)
