"""Between the live runs and the policy: what a plan is made from, and why a run waits by the last one."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Iterable, Iterator, NamedTuple, Optional

from hfai.engine.config import EngineConfig
from hfai.engine.config_quotas import QuotaRows
from hfai.engine.policy.explain import GroupFacts, facts_of, say, say_pinned
from hfai.engine.policy.plan import plan
from hfai.engine.policy.priority import worn
from hfai.engine.policy.snapshot import Plan, QueuedTask, RunningTask, Snapshot, Wait, slice_end
from hfai.engine.queries import QuotaUse
from hfai.engine.scheduling.cluster import Cluster
from hfai.engine.scheduling.lines import Lines
from hfai.engine.scheduling.live import LiveRun
from hfai.model.errors import RefusedError
from hfai.model.priorities import Priority
from hfai.model.records import Pending
from hfai.model.states import QueueStatus

_IN_USE = "of your quota of {quota} at {priority} {used} are in use, and task {name} needs {nodes}: try again when they are free"
_NOTHING = Plan((), (), {}, None)


class _View(NamedTuple):
    """What runs, as explanations need it."""

    running: tuple[RunningTask, ...]
    names: dict[int, str]
    turns: Counter[tuple[str, str, int]]
    facts: dict[str, GroupFacts]


class Planner:
    """Asks the policy.

    Args:
        config: the settings.
        cluster: the nodes and who holds them.

    Attributes:
        lines: who waits.
    """

    def __init__(self, config: EngineConfig, cluster: Cluster) -> None:
        self._settings = config.policy
        self._quotas = config.quotas
        self._cluster = cluster
        self._groups = sorted({node.group for node in cluster.policy_nodes})
        self._rows: dict[str, dict[tuple[str, str, int], int]] = {}
        self._decided, self._asked = _NOTHING, Snapshot((), (), ())
        self._peers: Optional[dict[tuple[str, str, int, int], Wait]] = None
        self._view: Optional[_View] = None
        self.lines = Lines(self._settings, lambda user, group: any(row[1] == group for row in self._rows_of(user)))

    def _rows_of(self, user: str) -> dict[tuple[str, str, int], int]:
        rows = self._rows.get(user)
        if rows is None:
            rows = self._rows[user] = self._quotas.of_user(user, self._groups)
        return rows

    def set_quotas(self, quotas: QuotaRows, runs: Iterable[LiveRun]) -> None:
        """Let these rows count; ``runs`` are all that have not finished. Where AUTO stands in line depends on them."""
        queued = [run for run in runs if run.queue_status is QueueStatus.QUEUED]
        for run in queued:
            self.lines.leave(run)
        self._quotas = quotas
        self._rows.clear()
        for run in queued:
            self.lines.join(run)
        self.changed()

    def quota_uses(self, runs: Iterable[LiveRun], now: float) -> dict[str, QuotaUse]:
        """What each user has and waits for, of these unfinished runs; nobody who has none."""
        uses: dict[str, QuotaUse] = {}
        for run in runs:
            if run.pinned_to is not None:
                continue
            use = uses.get(run.user_name)
            if use is None:
                use = uses[run.user_name] = QuotaUse(Counter(), Counter())
            if run.queue_status is QueueStatus.QUEUED:
                use.waiting[run.group, self.lines.priority(run)] += run.width
            else:
                use.running[run.group, self._priority_now(run.running, now)] += run.width
        return uses

    def _priority_now(self, run: RunningTask, now: float) -> int:
        return worn(run.priority, run.ran_s + now - run.started_at, self._settings)

    def changed(self) -> None:
        """What runs has changed: explanations are made anew."""
        self._view = None

    def plan(self, now: float) -> Plan:
        """What to do now."""
        running = tuple(run.running for run in self._cluster.runs)
        queued: list[QueuedTask] = []
        for group in self.lines.groups:
            queued += self.lines.kept(group, self._reach(group, running, now), now)
        quotas: dict[tuple[str, str, int], int] = {}
        if self._quotas.rows:
            for user in {task.user for task in queued} | {run.user for run in running}:
                quotas.update(self._rows_of(user))
        self._asked = Snapshot(self._cluster.policy_nodes, running, tuple(queued), quotas, self.lines.pinned)
        self._decided = plan(self._asked, self._settings, now)
        self._view = self._peers = None
        return self._decided

    def _reach(self, group: str, running: tuple[RunningTask, ...], now: float) -> dict[int, int]:
        """How many nodes those who wait at a priority can get at most: all but those of whom they cannot interrupt."""
        firm: Counter[int] = Counter()
        before: Counter[int] = Counter()
        for run in running:
            if run.group != group or run.is_leaving:
                continue
            priority = self._priority_now(run, now)
            width = sum(name in self._cluster.usable for name in run.nodes)
            (firm if now < slice_end(run, self._settings) else before)[priority] += width
        reach = {}
        for priority in self.lines.priorities(group):
            taken = sum(width for other, width in firm.items() if other >= priority)
            taken += sum(width for other, width in before.items() if other > priority)
            # AUTO limited by quotas may become any priority.
            reach[priority] = self._cluster.usable_sizes[group] - (taken if priority >= 0 else 0)
        return reach

    def ensure_room(self, run: LiveRun, priority: int, now: float) -> None:
        """Raise RefusedError if a run on its nodes would be beyond its user's quota at another priority."""
        limit = self._quotas.limit(run.user_name, run.group, priority)
        if limit is None or priority == Priority.AUTO:
            return
        used = 0
        for other in self._cluster.runs:
            if other is run or other.pinned_to is not None or (other.user_name, other.group) != (run.user_name, run.group):
                continue
            if self._priority_now(other.running, now) == priority:
                used += other.width
        if used + run.width > limit:
            name = Priority(priority).name
            raise RefusedError(_IN_USE, name=run.nb_name, nodes=run.width, priority=name, quota=limit, used=used)

    def in_order(self, group: str, now: float) -> Iterator[LiveRun]:
        """The queued runs of a group, the next one first."""
        turns = self._look(now).turns
        return self.lines.in_order(group, lambda user, priority: turns[group, user, priority])

    def next_ones(self, most: int, now: float) -> list[LiveRun]:
        """Of each group the first ``most`` queued runs, the next one first."""
        return [run for group in sorted(self.lines.groups) for run in islice(self.in_order(group, now), most)]

    # Why a run waits

    def pending(self, run: LiveRun, now: float) -> Pending:
        """Why a queued run waits."""
        if run.pinned_to is not None:
            return self._pending_on(run.pinned_to, run)
        view = self._look(now)
        place = self.lines.place(run, lambda user, priority: view.turns[run.group, user, priority])
        wait = self._decided.waits.get(run.id) or self._as_its_peers(run, place.position)
        facts = view.facts.get(run.group)
        if facts is None:
            snapshot = Snapshot(self._cluster.policy_nodes, view.running, ())
            facts = view.facts[run.group] = facts_of(snapshot, self._settings, run.group)
        return say(run.queued(), wait, place, facts, self._decided, self._settings, view.names, run.backoff.why)

    def _pending_on(self, node: str, run: LiveRun) -> Pending:
        wait = self._decided.waits.get(run.id) or Wait("node_busy", 1, int(Priority.NORMAL))
        held = self._cluster.holder(node)
        holder = None if held is None else (held[0].id, held[0].nb_name, held[0].user_name)
        return say_pinned(run.pinned(node), wait, holder, run.backoff.why)

    def _as_its_peers(self, run: LiveRun, position: int) -> Wait:
        """The plan left it out: the last one like it that it did look at waits for the same reason."""
        if self._peers is None:
            self._peers = {}
            for task in self._asked.queued:
                wait = self._decided.waits.get(task.run_id)
                if wait is not None and wait.code != "backoff":
                    for priority in {task.priority, wait.priority}:  # AUTO may stand in line as itself or as another
                        self._peers[task.user, task.group, priority, task.width] = wait
        wait = self._peers.get((run.user_name, run.group, self.lines.priority(run), run.width))
        if wait is None:
            for code, count in (
                ("group_too_small", self._cluster.group_sizes),
                ("cordoned", self._cluster.usable_sizes),
            ):
                if run.width > count.get(run.group, 0):
                    return Wait(code, position, self.lines.priority(run))
            return Wait("nodes" if position == 1 else "turn", position, self.lines.priority(run))
        return wait._replace(code="turn") if wait.code in ("nodes", "saving") else wait

    def _look(self, now: float) -> _View:
        if self._view is None:
            running, names, turns = [], {}, Counter[tuple[str, str, int]]()
            for run in self._cluster.runs:
                seen = run.running
                running.append(seen)
                names[run.id] = run.nb_name
                if not seen.is_leaving:
                    priority = self._priority_now(seen, now)
                    turns[seen.group, seen.user, priority] += 1
            self._view = _View(tuple(running), names, turns, {})
        return self._view
