"""The engine's side of ``validate``: tasks pinned to nodes, looks beside tasks that run, and what becomes of their reports.

A node of which a check fails is cordoned by the platform. Two kinds of failure are not the node's: those of the workspace, which may
be full or closed because of its owner, and those of a check that a plain user brought along.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import shlex
import sys
import uuid
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from attrs import asdict, evolve, frozen

from hfai.engine import unix_accounts
from hfai.engine.accounts import Accounts
from hfai.engine.config import EngineConfig
from hfai.engine.executors.base import Executor, GuestRefused, RankEnd
from hfai.engine.executors.environment import bare_environ
from hfai.engine.logs.ranks import ensure_rank
from hfai.engine.queries import User
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.scheduling.new_runs import first_run
from hfai.engine.scheduling.scheduler import Scheduler
from hfai.engine.store.baselines import add_speed, baseline_of
from hfai.engine.store.chains import NewChain, add_chain
from hfai.engine.store.database import Database
from hfai.engine.system import Clock
from hfai.engine.users import has_own_account
from hfai.engine.validation import beside
from hfai.engine.validation.main import FILE_NAME
from hfai.engine.validation.options import VARIABLE, Options, OwnCheck
from hfai.model.errors import HfaiError, NodeNotFound, NotRunning, RefusedError
from hfai.model.phrase import Phrase
from hfai.model.priorities import Priority
from hfai.model.records import Node, Task
from hfai.model.spec import TaskSpec
from hfai.model.states import ChainStatus
from hfai.node.check import Check, amount

# Not `-m`, and isolated: nothing in the workspace stands in for a module of ours.
_PROGRAM = "import sys; sys.path.append(sys.argv.pop()); from hfai.engine.validation.main import main; sys.exit(main())"
_LIBRARY = str(Path(__file__).resolve().parents[3])
# Checks whose text does not say what was measured.
_MEASURED = ("bandwidth", "clock", "compute", "log_write", "suspend")
# The most that a plain user's own check may take on a node.
_PLAIN_OWN_S = 60.0
MOST_OWN_BYTES = 32 << 10
_log = logging.getLogger(__name__)


@frozen
class Request:
    """What comes with a validation.

    Attributes:
        user: who asks.
        workspace: whose disk is looked at, where the user's own check begins.
        own: that check.
        shell_environment: of the shell that asks.
    """

    user: User
    workspace: Optional[str] = None
    own: Optional[OwnCheck] = None
    shell_environment: Optional[Mapping[str, str]] = None


@frozen
class Report:
    """What was found on a node; no checks where ``message`` says why there is no report."""

    node: str
    rank: Optional[int] = None
    checks: tuple[Check, ...] = ()
    message: str = ""


class Validations:
    """Queues them, and hears what they have found.

    Args:
        config: the settings.
        clock: where times come from.
        db: the store.
        executor: what runs the ranks.
        scheduler: what queues; it reports the ends of pinned runs here.
        accounts: who may have a node cordoned by a check of their own.
        url: where the engine listens.
    """

    def __init__(
        self,
        config: EngineConfig,
        clock: Clock,
        db: Database,
        executor: Executor,
        scheduler: Scheduler,
        accounts: Accounts,
        url: str,
    ) -> None:
        self._config = config
        self._clock = clock
        self._db = db
        self._executor = executor
        self._scheduler = scheduler
        self._accounts = accounts
        self._url = url
        scheduler.reports.on_checked = self._ended

    # Asking for them

    def queue(self, names: Sequence[str], request: Request) -> list[int]:
        """Queue one task per node, that gets it as soon as it is free, cordoned or not; the ids of their runs.

        Raises:
            NodeNotFound: one of them is not there; nothing is queued.
            RefusedError: a plain user has asked for the same already.
            StorageFull: nothing was stored.
        """
        nodes = [self._node(name) for name in dict.fromkeys(names)]
        if not request.user.is_admin:
            self._ensure_none_waits(nodes, request.user)
        news = [self._chain(node, request) for node in nodes]
        with self._db.transaction():
            ids = [add_chain(self._db, new) for new in news]
        for run_id, new in zip(ids, news):
            self._scheduler.add(first_run(run_id, new))
        return ids

    def _ensure_none_waits(self, nodes: Sequence[Node], user: User) -> None:
        """Checks go before all tasks and beside all quotas: nobody is to fill a node with them."""
        names = {node.name for node in nodes}
        for run in self._scheduler.runs:
            if run.pinned_to in names and run.user_name == user.name:
                template = "node {node} is being checked for you already, by task {id}: wait for that one"
                raise RefusedError(template, node=run.pinned_to, id=run.id)

    def _node(self, name: str) -> Node:
        node = self._scheduler.cluster.node(name)
        if node is None:
            raise NodeNotFound(node=name)
        return node

    def _options(self, node: str, request: Request, *, is_beside: bool = False) -> Options:
        state_dir = self._config.state_dir
        precheck = asdict(self._config.precheck)
        del precheck["is_on"]
        limits = self._config.validation
        if not request.user.is_admin:
            limits = evolve(limits, own_timeout_s=min(limits.own_timeout_s, _PLAIN_OWN_S))
        return Options(
            node=node,
            workspace=request.workspace or str(state_dir),
            log_dir=str(state_dir),
            server=self._url,
            lock=str(state_dir / "validate.lock"),
            limits=limits,
            precheck=precheck,
            baseline=baseline_of(self._db, node),
            is_beside=is_beside,
            own=None if request.own is None else self._as_its_user(request.own, request),
        )

    def _as_its_user(self, check: OwnCheck, request: Request) -> OwnCheck:
        """With the environment and under the account that the tasks of who asks have: the program itself has the engine's."""
        user, environ = request.user, request.shell_environment
        account = None
        if has_own_account(user):
            found = unix_accounts.find(user.unix_name)
            if found is None:
                raise RefusedError("there is no account {account} on this machine any more", account=user.unix_name)
            account = asdict(found)
        return evolve(check, environ=dict(bare_environ(user.uid) if environ is None else environ), account=account)

    def _chain(self, node: Node, request: Request) -> NewChain:
        options = self._options(node.name, request)
        spec = TaskSpec(
            name=f"validate-{node.name}-{secrets.token_hex(3)}",
            task_type="validation",
            priority=int(Priority.NORMAL),
            workspace="/",  # that of the options may be no workspace: it may have a blank in its path
            entrypoint=sys.executable,
            entrypoint_executable=True,
            parameters=shlex.join(["-I", "-c", _PROGRAM, _LIBRARY]),
            environments={VARIABLE: options.to_text(), **_library_path()},
            group=node.group,
        )
        return NewChain(
            chain_id=str(uuid.uuid4()),
            user_name=request.user.name,
            group=node.group,
            spec=spec,
            created_at=self._clock.now(),
            pinned_to=node.name,
        )

    def nodes_of(self, task: Task, ranks: Sequence[int]) -> list[str]:
        """The nodes on which ranks of a task run, or ran last.

        Raises:
            RankNotFound: it has no such rank.
            RefusedError: it has not run anywhere yet.
        """
        for rank in ranks:
            ensure_rank(task, rank)
        if not task.jobs:
            template = "task {id} ({name}) has not run on any node yet: name the nodes, `hai-cli validate nodes NODE`"
            raise RefusedError(template, id=task.id, name=task.nb_name)
        return [task.jobs[rank].node for rank in ranks]

    async def beside(self, task: Task, ranks: Sequence[int], request: Request) -> list[Report]:
        """Look at the nodes of a task while it runs there: all that does not disturb it; waits for what is found.

        Raises:
            NotRunning: it, or one of the ranks, does not run any more.
        """
        if task.chain_status is not ChainStatus.RUNNING:
            raise NotRunning(id=task.id, name=task.nb_name, chain_status=task.chain_status.value)
        return list(await asyncio.gather(*(self._look_beside(task, rank, request) for rank in ranks)))

    async def _look_beside(self, task: Task, rank: int, request: Request) -> Report:
        node = task.jobs[rank].node
        options = self._options(node, evolve(request, workspace=task.workspace, own=None), is_beside=True)
        try:
            found = _read(await beside.look(self._executor, task, rank, options))
            if request.own is not None and found is not None:
                found = (*found, await beside.own(self._executor, task, rank, request.own))
        except GuestRefused as error:
            return Report(node, rank, message=Phrase("the checks did not report: {reason}", reason=str(error)))
        if found is None:
            return Report(node, rank, message=Phrase("the checks did not report: {reason}", reason=""))
        self._judge(node, found, request.user)
        return Report(node, rank, found)

    # What they have found

    def report(self, task: Task) -> Report:
        """What a validation task has found.

        Raises:
            RefusedError: it is none, or has not finished.
        """
        if task.task_type != "validation" or task.chain_status is not ChainStatus.FINISHED:
            raise RefusedError("task {id} ({name}) is no validation that has finished", id=task.id, name=task.nb_name)
        node = task.assigned_nodes[0] if task.assigned_nodes else ""
        checks = self._found(task.id)
        if checks is not None:
            return Report(node, checks=checks)
        end = task.newest.end
        return Report(node, message=Phrase("the checks did not report: {reason}", reason=end.message if end else ""))

    def _found(self, run_id: int) -> Optional[tuple[Check, ...]]:
        try:
            return _read((self._executor.run_dir(run_id) / "0" / FILE_NAME).read_bytes())
        except OSError:
            return None

    def _ended(self, run: LiveRun, end: RankEnd) -> None:
        """Told before the end is stored, and told again after a restart of the engine if it was not: twice does no harm."""
        checks = self._found(run.id)
        user = self._accounts.named(run.user_name)
        if checks is not None and run.pinned_to is not None and user is not None:
            self._judge(run.pinned_to, checks, user)

    def _judge(self, node: str, checks: Sequence[Check], user: User) -> None:
        bad = [check for check in checks if check.has_failed and _is_of_node(check, user)]
        if bad:
            self._scheduler.cordons.fail(node, Phrase("validation: {why}", why=_reason(bad[0])))
            return
        speeds = [
            check for check in checks if check.name == "compute" and check.value is not None and not check.has_failed
        ]
        if speeds and not any(check.has_failed for check in checks):
            try:
                with self._db.transaction():
                    add_speed(self._db, node, speeds[0].output, float(speeds[0].value or 0))
            except HfaiError as error:
                _log.error("the speed of node %s was not stored: %s", node, error)


def _is_of_node(check: Check, user: User) -> bool:
    return user.is_admin if check.name == "own" else not check.name.startswith("workspace")


def _reason(check: Check) -> Phrase:
    """What is wrong, in a sentence: that of the check, or its measure."""
    if check.name not in _MEASURED or check.value is None or check.limit is None:
        return check.text or Phrase("check {name} failed", name=check.name)
    template = (
        "{name} is {value}, it should be at most {limit}"
        if check.is_most
        else "{name} is {value}, it should be at least {limit}"
    )
    return Phrase(
        template, name=check.name, value=amount(check.value, check.unit), limit=amount(check.limit, check.unit)
    )


def _read(text: bytes) -> Optional[tuple[Check, ...]]:
    """The checks of a report; None where it is none."""
    try:
        body: Any = json.loads(text)
        return tuple(Check.from_wire(check) for check in body["checks"])
    except (ValueError, KeyError, TypeError):
        return None


def _library_path() -> dict[str, str]:
    """Where the engine finds libraries: in many containers it is this that leads to the GPUs' driver."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
