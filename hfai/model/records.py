"""What the engine knows of a task, as frozen records, and the task object it becomes on the wire.

Times are seconds since the epoch (UTC) in records and naive local ISO-8601 text on the wire, because that is what
existing servers say and existing clients parse (wire document, section 1).
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Mapping, Optional

from attrs import field, frozen

from hfai.model.codes import StopCode, SuspendCode
from hfai.model.phrase import Phrase, gathered, packed, spread, unpacked
from hfai.model.states import ChainStatus, JobStatus, QueueStatus, chain_status, worker_status
from hfai.model.suspension import Suspension


class Cause(str, Enum):
    """Why a run ended (design, section 3)."""

    SUCCEEDED = "succeeded"
    USER_CODE = "user_code"
    STOPPED = "stopped"
    MARKED_SUCCEEDED = "marked_succeeded"
    MARKED_FAILED = "marked_failed"
    CANCELED = "canceled"
    SUSPENDED = "suspended"
    WATCHDOG = "watchdog"
    TIMEOUT = "timeout"
    NODE_LOST = "node_lost"
    PLATFORM = "platform"


@frozen
class End:
    """How a run ended.

    Attributes:
        cause: what ended it.
        exit_status: what ``hai-cli run -f`` and ``wait`` exit with: the code of the rank that failed first, 128+N for
            signal N, 0 on success.
        rank: the rank that failed first, if one did.
        exit_code: that rank's exit code, None if it ended by a signal.
        signal: the number of the signal that ended it.
        last_lines: its last lines of output, oldest first.
        message: one sentence for people, a :class:`~hfai.model.phrase.Phrase` where it is one of ours.
    """

    cause: Cause
    exit_status: int
    rank: Optional[int] = None
    exit_code: Optional[int] = None
    signal: Optional[int] = None
    last_lines: tuple[str, ...] = ()
    message: str = ""

    def to_wire(self) -> dict[str, Any]:
        return {
            "cause": self.cause.value,
            "exit_status": self.exit_status,
            "rank": self.rank,
            "exit_code": self.exit_code,
            "signal": self.signal,
            "last_lines": list(self.last_lines),
            **spread("message", self.message),
        }

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> End:
        return cls(
            cause=Cause(body["cause"]),
            exit_status=body["exit_status"],
            rank=body["rank"],
            exit_code=body["exit_code"],
            signal=body["signal"],
            last_lines=tuple(body["last_lines"]),
            message=gathered("message", body),
        )


@frozen
class Pending:
    """Why a queued task waits: a sentence as template and values, so that a client can say it in its language.

    Attributes:
        code: stable name of the reason: ``held``, ``next_held``, ``waits``, ``next_waits``, ``saving``, ``leaving``, ``quota``, ``own``,
            ``group_too_small``, ``cordoned``, ``backoff`` (docs/architecture.md).
        template: English text with ``{name}`` fields.
        data: the values.
        position: place in the queue of its group, 1 is next.
    """

    code: str
    template: str
    data: Mapping[str, Any]
    position: int

    @property
    def text(self) -> Phrase:
        """The reason in words."""
        return Phrase(self.template, **self.data)

    def to_wire(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "template": self.template,
            "data": packed(dict(self.data)),
            "position": self.position,
            "text": str(self.text),
        }

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> Pending:
        return cls(body["code"], body["template"], unpacked(body["data"]), body["position"])


@frozen
class Job:
    """One rank of one run."""

    rank: int
    status: JobStatus
    node: str
    created_at: float
    begin_at: Optional[float] = None
    end_at: Optional[float] = None
    exit_code: Optional[int] = None
    assigned_gpus: tuple[int, ...] = ()

    def to_wire(self, *, run_id: int, user_name: str) -> dict[str, Any]:
        begin_at = local_time(self.begin_at)
        return {
            "task_id": run_id,
            "pod_id": f"{user_name.replace('_', '-')}-{run_id}-{self.rank}",
            "job_id": self.rank,
            "status": self.status.value,
            "node": self.node,
            "role": "master" if self.rank == 0 else "worker",
            "created_at": local_time(self.created_at),
            "begin_at": begin_at,
            "end_at": local_time(self.end_at),
            "memory": 0,
            "cpu": 0,
            "exit_code": "nan" if self.exit_code is None else str(self.exit_code),
            "started_at": begin_at,
            "job_uid": "",
            "assigned_gpus": list(self.assigned_gpus),
        }


@frozen
class Run:
    """One start of a chain.

    Attributes:
        start_why: why it was started when it was, a phrase; empty until then.
        suspension: how it was told to yield, if it was.
    """

    id: int
    queue_status: QueueStatus
    created_at: float
    begin_at: Optional[float] = None
    end_at: Optional[float] = None
    stop_code: StopCode = StopCode.NONE
    suspend_code: SuspendCode = SuspendCode.NONE
    suspend_updated_at: Optional[float] = None
    whole_life_state: int = 0
    worker_status: str = "queued"
    end: Optional[End] = None
    start_why: str = ""
    suspension: Optional[Suspension] = None


@frozen
class Task:
    """A task chain with its newest run in front.

    Attributes:
        runs: every run of the chain, oldest first; the last one is the newest.
        jobs: the jobs of the newest run; while suspended those of the run before.
        schema: the submitted request (version, name, priority, spec, resource, options ...), without the token.
    """

    chain_id: str
    user_name: str
    nb_name: str
    task_type: str
    group: str
    nodes: int
    priority: int
    workspace: str
    code_file: str
    backend: str
    schema: Mapping[str, Any]
    tags: tuple[str, ...]
    runs: tuple[Run, ...]
    jobs: tuple[Job, ...] = ()
    assigned_nodes: tuple[str, ...] = ()
    pending: Optional[Pending] = None
    config: Mapping[str, Any] = field(factory=dict)

    @property
    def newest(self) -> Run:
        return self.runs[-1]

    @property
    def id(self) -> int:
        """The id of the newest run."""
        return self.newest.id

    @property
    def chain_status(self) -> ChainStatus:
        return chain_status(self.newest.queue_status, is_first_run=len(self.runs) == 1)

    @property
    def updated_at(self) -> float:
        """When anything of the chain last changed, in seconds since the epoch."""
        run = self.newest
        return max(t for t in (run.created_at, run.begin_at, run.end_at, run.suspend_updated_at) if t is not None)

    def to_wire(self, *, select_pods: bool = True) -> dict[str, Any]:
        """The task object of the wire document, section 2, and what we add: ``decisions``, ``end``, ``pending``,
        ``suspensions``, ``updated_at``.
        """
        run = self.newest
        created_at = local_time(run.created_at)
        begin_at = local_time(run.begin_at) or created_at
        config_json = {
            "schema": dict(self.schema),
            "client_group": self.group,
            "schedule_zone": None,
            "environments": {},
            "train_image": "",
            "whole_life_state": run.whole_life_state,
            "override_node_resource": {},
            **self.config,
        }
        pods = [job.to_wire(run_id=run.id, user_name=self.user_name) for job in self.jobs] if select_pods else []
        body: dict[str, Any] = {
            "_pods_": pods,
            "assigned_nodes": list(self.assigned_nodes),
            "backend": self.backend,
            "begin_at": begin_at,
            "begin_at_list": [local_time(r.begin_at) or local_time(r.created_at) for r in self.runs],
            "chain_id": self.chain_id,
            "chain_status": self.chain_status.value,
            "code_file": self.code_file,
            "config_json": config_json,
            "created_at": created_at,
            "created_at_list": [local_time(r.created_at) for r in self.runs],
            "decisions": [decision for r in self.runs for decision in _decisions(r)],
            "earlier_ends": [_earlier_end(r, r.end) for r in self.runs[:-1] if r.end and r.end.cause is not Cause.SUSPENDED],
            "end": run.end.to_wire() if run.end else None,
            "end_at": local_time(run.end_at) or begin_at,
            "end_at_list": [local_time(r.end_at or r.begin_at or r.created_at) for r in self.runs],
            "first_id": self.runs[0].id,
            "group": self.group,
            "id": run.id,
            "id_list": [r.id for r in self.runs],
            "mount_code": 2,
            "nb_name": self.nb_name,
            "nodes": self.nodes,
            "notes": None,
            "pending": self.pending.to_wire() if self.pending else None,
            "priority": self.priority,
            "queue_status": run.queue_status.value,
            "queue_status_list": [r.queue_status.value for r in self.runs],
            "restart_count": len(self.runs) - 1,
            "scheduled_info": None,
            "star": "star" in self.tags,
            "stop_code": int(run.stop_code),
            "stop_code_list": [int(r.stop_code) for r in self.runs],
            "suspend_code": int(run.suspend_code),
            "suspend_code_list": [int(r.suspend_code) for r in self.runs],
            "suspend_updated_at": local_time(run.suspend_updated_at) or created_at,
            "suspensions": [_suspension(r.id, r.suspension) for r in self.runs if r.suspension],
            "tags": list(self.tags),
            "task_type": self.task_type,
            "updated_at": local_time(self.updated_at),
            "user_name": self.user_name,
            "whole_life_state": run.whole_life_state,
            "whole_life_state_list": [r.whole_life_state for r in self.runs],
            "worker_status": run.worker_status,
            "worker_status_list": [r.worker_status for r in self.runs],
            "workspace": self.workspace,
        }
        return body


def _earlier_end(run: Run, end: End) -> dict[str, Any]:
    """How a run ended after which the chain was started again."""
    return {"id": run.id, "at": local_time(run.end_at), **end.to_wire()}


def _decisions(run: Run) -> list[dict[str, Any]]:
    """What was decided about a run and why."""
    decisions = []
    if run.start_why:
        decisions.append(
            {"id": run.id, "at": local_time(run.begin_at), "what": "start", **spread("why", run.start_why)}
        )
    if run.suspension:
        at = local_time(run.suspension.told_at)
        decisions.append({"id": run.id, "at": at, "what": "suspend", **spread("why", run.suspension.why)})
    return decisions


def _suspension(run_id: int, suspension: Suspension) -> dict[str, Any]:
    return {
        "id": run_id,
        "by": suspension.by.value,
        **spread("why", suspension.why),
        "for_id": suspension.for_id,
        "grace_s": suspension.grace_s,
        "told_at": local_time(suspension.told_at),
        "acknowledged_at": local_time(suspension.acknowledged_at),
        "saved_at": local_time(suspension.saved_at),
        "forced_at": local_time(suspension.forced_at),
    }


def run_worker_status(jobs: tuple[Job, ...]) -> str:
    """The worker status of a run from its jobs."""
    return worker_status(job.status for job in jobs)


def local_time(at: Optional[float]) -> Optional[str]:
    """Seconds since the epoch as the naive local text of the wire; None stays None."""
    return None if at is None else datetime.fromtimestamp(at).isoformat()


@frozen
class Cordon:
    """Why a node takes nothing new.

    Attributes:
        reason: in words.
        by: name of the user who cordoned it, ``platform`` where a check did.
        since: seconds since the epoch.
    """

    reason: str
    by: str
    since: float


@frozen
class Node:
    """One node: as the executor offers it, and whether it takes anything new."""

    name: str
    group: str
    gpus: tuple[int, ...] = ()
    cpu: int = 0
    memory_bytes: int = 0
    is_ready: bool = True
    cordon: Optional[Cordon] = None

    @property
    def is_usable(self) -> bool:
        """Whether runs can be put on it."""
        return self.is_ready and self.cordon is None

    @property
    def why_not(self) -> str:
        """Why no run can be put on it; empty where one can."""
        if self.cordon is not None:
            return self.cordon.reason
        return "" if self.is_ready else "not ready"
