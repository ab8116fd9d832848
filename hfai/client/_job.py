"""One job of a task: one rank of its newest run."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, NamedTuple, Optional

from hfai.client._wire_field import wire_time


class Job(NamedTuple):
    """One rank of one run (wire document, section 2, pod object).

    Attributes:
        rank: from 0.
        status: ``created``, ``building``, ``running``, ``succeeded`` ...: see :class:`hfai.model.states.JobStatus`; text,
            because another server may know states that we do not.
        node: name of the node.
        created_at, begin_at, end_at: naive local times; None while it has not come so far.
        exit_code: None until it is known.
        assigned_gpus: numbers of the GPUs it was given.
    """

    rank: int
    status: str
    node: str
    created_at: Optional[datetime]
    begin_at: Optional[datetime]
    end_at: Optional[datetime]
    exit_code: Optional[int]
    assigned_gpus: tuple[int, ...]

    @classmethod
    def from_wire(cls, pod: Mapping[str, Any]) -> Job:
        """The job that a pod object describes."""
        exit_code = str(pod.get("exit_code"))
        return cls(
            rank=int(pod["job_id"]),
            status=str(pod["status"]),
            node=str(pod.get("node") or ""),
            created_at=wire_time(pod.get("created_at")),
            begin_at=wire_time(pod.get("begin_at")),
            end_at=wire_time(pod.get("end_at")),
            exit_code=int(exit_code) if exit_code.lstrip("-").isdecimal() else None,
            assigned_gpus=tuple(pod.get("assigned_gpus") or ()),
        )
