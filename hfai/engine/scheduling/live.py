"""A run that has not finished, as the scheduler holds it in memory; the store holds the same after every tick."""

from __future__ import annotations

from typing import Optional

from attrs import define, evolve, field

from hfai.engine.executors.base import RankEnd
from hfai.engine.policy.snapshot import PinnedTask, QueuedTask, RunningTask, Start
from hfai.engine.queries import QueueView
from hfai.engine.store.backoff import NO_BACKOFF, Backoff
from hfai.engine.store.chains import NextRun, RunState
from hfai.engine.store.reading import UnfinishedRun
from hfai.model.codes import StopCode, SuspendCode
from hfai.model.priorities import Priority
from hfai.model.records import End, Job, Node, Pending, run_worker_status
from hfai.model.states import JobStatus, QueueStatus, chain_status, move
from hfai.model.suspension import Suspension


@define(eq=False)
class LiveRun:
    """One unfinished run.

    Attributes:
        first_id: the chain, by the id of its first run.
        priority: what the user asked for.
        queued_at: its place in line, seconds since the epoch.
        asked: word of the user's stop command.
        failures: runs of the chain in a row, before this one, that the platform failed.
        ends: how its ranks ended, as far as they have.
        gang_at: when the other ranks are stopped because one has failed; seconds since the epoch.
        is_leaving: whether all its ranks have been told to end.
        user_failures: how often the chain was started again after its own code had failed.
        ran_s: seconds that the runs of the chain before this one have run.
        forced: how often in a row, before this run, the chain lost its nodes without having saved anything.
        run_priority: what it was started at: AUTO has become one of the others.
        is_borrowing: whether it was started on nodes that another task has reserved.
        start_why: why it was started when it was, a phrase.
        backoff: what it carries of the restarts before it.
        suspension: how it is told to yield, if it is.
        pinned_to: the node that it is to check; None for a task that may run anywhere.
    """

    id: int
    first_id: int
    chain_id: str
    user_name: str
    nb_name: str
    group: str
    width: int
    priority: int
    created_at: float
    whole_life_state: int
    queued_at: float
    queue_status: QueueStatus = QueueStatus.QUEUED
    not_before: float = 0.0
    failures: int = 0
    asked: Optional[str] = None
    begin_at: Optional[float] = None
    end_at: Optional[float] = None
    stop_code: StopCode = StopCode.NONE
    end: Optional[End] = None
    jobs: list[Job] = field(factory=list)
    ends: dict[int, RankEnd] = field(factory=dict)
    gang_at: Optional[float] = None
    is_leaving: bool = False
    user_failures: int = 0
    ran_s: float = 0.0
    forced: int = 0
    run_priority: Optional[int] = None
    is_borrowing: bool = False
    start_why: str = ""
    backoff: Backoff = NO_BACKOFF
    suspend_code: SuspendCode = SuspendCode.NONE
    suspend_updated_at: Optional[float] = None
    suspension: Optional[Suspension] = None
    pinned_to: Optional[str] = None

    @classmethod
    def of(cls, row: UnfinishedRun) -> LiveRun:
        """The run as the store knows it."""
        return cls(
            id=row.id,
            first_id=row.first_id,
            chain_id=row.chain_id,
            user_name=row.user_name,
            nb_name=row.nb_name,
            group=row.group,
            width=row.nodes,
            priority=row.priority,
            created_at=row.created_at,
            whole_life_state=row.whole_life_state,
            queue_status=QueueStatus(row.queue_status),
            not_before=row.not_before,
            failures=row.failures,
            asked=row.asked,
            begin_at=row.begin_at,
            jobs=list(row.jobs),
            queued_at=row.queued_at,
            user_failures=row.user_failures,
            ran_s=row.ran_s,
            forced=row.forced,
            run_priority=row.run_priority,
            is_borrowing=row.is_borrowing,
            start_why=row.start_why,
            suspend_code=row.suspend_code,
            suspend_updated_at=row.suspend_updated_at,
            suspension=row.suspension,
            backoff=row.backoff,
            pinned_to=row.pinned_to,
        )

    def queued(self, skipped: int = 0) -> QueuedTask:
        """The run in line, as the policy sees it."""
        return QueuedTask(
            self.id,
            self.user_name,
            self.group,
            self.priority,
            self.width,
            self.queued_at,
            self.ran_s,
            self.not_before,
            skipped,
            self.backoff.avoid,
        )

    def pinned(self, node: str) -> PinnedTask:
        """The run as the policy sees it while it waits for the one node that it is to check."""
        return PinnedTask(self.id, self.user_name, self.group, node, self.queued_at, self.not_before)

    @property
    def running(self) -> RunningTask:
        """The run on its nodes, as the policy sees it."""
        priority = self.priority if self.run_priority is None else self.run_priority
        return RunningTask(
            self.id,
            self.user_name,
            self.group,
            int(Priority.NORMAL) if priority == Priority.AUTO else priority,
            tuple(job.node for job in self.jobs),
            self.begin_at or self.created_at,
            self.queued_at,
            self.ran_s,
            self.is_borrowing,
            self.is_vacating or self.pinned_to is not None,
            self.forced,
            self.pinned_to is not None,
        )

    @property
    def is_vacating(self) -> bool:
        """Whether its nodes come free soon, whatever else is decided."""
        return self.is_leaving or self.asked is not None or self.suspension is not None or self.gang_at is not None

    @property
    def worker_status(self) -> str:
        """That of its worst job; ``canceled`` if it was ended before it had any (wire document, section 12)."""
        if not self.jobs and self.queue_status is QueueStatus.FINISHED:
            return "canceled"
        return run_worker_status(tuple(self.jobs))

    @property
    def has_ended(self) -> bool:
        """Whether every rank has."""
        return self.queue_status is QueueStatus.SCHEDULED and len(self.ends) == len(self.jobs)

    def schedule(self, nodes: list[Node], start: Start, why: str, now: float) -> None:
        """Give it its nodes, for this reason."""
        self.queue_status = QueueStatus.SCHEDULED
        self.begin_at = now
        self.run_priority, self.is_borrowing, self.start_why = start.priority, start.is_borrowing, why
        self.jobs = [
            Job(rank=rank, status=JobStatus.CREATED, node=node.name, created_at=now, assigned_gpus=node.gpus)
            for rank, node in enumerate(nodes)
        ]

    def unschedule(self) -> None:
        """Take its nodes away again; nobody has seen that it had them."""
        self.queue_status = QueueStatus.QUEUED
        self.begin_at = self.run_priority = None
        self.is_borrowing, self.start_why = False, ""
        self.jobs = []

    def used_up(self, now: float) -> float:
        """Seconds that the chain has run, this run included."""
        return self.ran_s + (0.0 if self.begin_at is None else max(0.0, now - self.begin_at))

    def successor(self, run_id: int, new: NextRun) -> LiveRun:
        """The next run of the chain, queued."""
        return LiveRun(
            id=run_id,
            first_id=self.first_id,
            chain_id=self.chain_id,
            user_name=self.user_name,
            nb_name=self.nb_name,
            group=self.group,
            width=self.width,
            priority=self.priority,
            created_at=new.created_at,
            queued_at=new.queued_at,
            whole_life_state=new.whole_life_state,
            not_before=new.not_before,
            failures=new.failures,
            user_failures=new.user_failures,
            ran_s=new.ran_s,
            forced=new.forced,
            backoff=new.backoff,
            pinned_to=self.pinned_to,
        )

    def set_building(self, rank: int, now: float) -> bool:
        """The rank is being started; returns whether that is news."""
        job = self.jobs[rank]
        if job.status not in (JobStatus.CREATED, JobStatus.UNSCHEDULABLE):
            return False
        self._put(evolve(job, status=move(job.status, JobStatus.BUILDING), begin_at=now))
        return True

    def set_running(self, rank: int, at: float) -> bool:
        """Its command runs; returns whether that is news."""
        self.set_building(rank, at)
        job = self.jobs[rank]
        if job.status is not JobStatus.BUILDING:
            return False
        self._put(evolve(job, status=move(job.status, JobStatus.RUNNING)))
        return True

    def set_ended(self, end: RankEnd, status: JobStatus) -> bool:
        """Nothing of the rank runs any more; returns whether that is news.

        Args:
            end: how it ended.
            status: ``*_terminating``: it is final once all ranks have ended and their nodes are given back.
        """
        if end.rank in self.ends:
            return False
        self.ends[end.rank] = end
        job = self.jobs[end.rank]
        if job.status.is_ending:
            return False
        if job.status is JobStatus.CREATED and status is JobStatus.SUCCEEDED_TERMINATING:
            job = evolve(job, status=move(job.status, JobStatus.BUILDING), begin_at=end.ended_at)
        self._put(evolve(job, status=move(job.status, status), end_at=end.ended_at, exit_code=end.exit_code))
        return True

    def finish(self, end: End, stop_code: StopCode, now: float) -> None:
        """It is over: every job takes its final status."""
        self.jobs = [evolve(job, status=move(job.status, _FINAL[job.status])) for job in self.jobs]
        self.queue_status = QueueStatus.FINISHED
        self.end, self.stop_code, self.end_at = end, stop_code, now

    def view(self, pending: Optional[Pending] = None) -> QueueView:
        """The run as everybody may see it, with why it waits."""
        return QueueView(
            id=self.id,
            nb_name=self.nb_name,
            user_name=self.user_name,
            group=self.group,
            nodes=self.width,
            priority=self.priority,
            queue_status=self.queue_status.value,
            chain_status=chain_status(self.queue_status, is_first_run=self.id == self.first_id).value,
            created_at=self.created_at,
            queued_at=self.queued_at,
            begin_at=self.begin_at,
            node_names=tuple(job.node for job in self.jobs),
            pending=pending,
        )

    def state(self) -> RunState:
        """What the store keeps."""
        is_first = self.id == self.first_id
        return RunState(
            id=self.id,
            first_id=self.first_id,
            queue_status=self.queue_status,
            chain_status=chain_status(self.queue_status, is_first_run=is_first),
            worker_status=self.worker_status,
            begin_at=self.begin_at,
            end_at=self.end_at,
            stop_code=int(self.stop_code),
            whole_life_state=self.whole_life_state,
            not_before=self.not_before,
            asked=self.asked,
            end=self.end,
            jobs=tuple(self.jobs),
            failures=self.failures,
            suspend_code=int(self.suspend_code),
            suspend_updated_at=self.suspend_updated_at,
            run_priority=self.run_priority,
            is_borrowing=self.is_borrowing,
            start_why=self.start_why,
            suspension=self.suspension,
        )

    def _put(self, job: Job) -> None:
        self.jobs[job.rank] = job


_FINAL = {
    JobStatus.SUCCEEDED_TERMINATING: JobStatus.SUCCEEDED,
    JobStatus.FAILED_TERMINATING: JobStatus.FAILED,
    JobStatus.STOPPED_TERMINATING: JobStatus.STOPPED,
}
