"""A task as JSON: what ``--json`` prints of it (docs/json.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from hfai.cli.wording import said
from hfai.model.phrase import gathered

if TYPE_CHECKING:
    from hfai.client import Experiment

# What of the task object is promised; the names are those of the SDK's attributes.
TASK_KEYS = (
    "id",
    "chain_id",
    "nb_name",
    "user_name",
    "chain_status",
    "queue_status",
    "worker_status",
    "stop_code",
    "nodes",
    "group",
    "priority",
    "whole_life_state",
    "tags",
    "workspace",
    "code_file",
    "assigned_nodes",
    "created_at",
    "begin_at",
    "end_at",
    "updated_at",
    "id_list",
)
_JOB_KEYS = ("status", "node", "created_at", "begin_at", "end_at")


def task_json(experiment: Experiment) -> dict[str, Any]:
    """The task, its jobs, what was decided about it, how it was suspended, why it waits and how its runs ended."""
    task = experiment.to_dict()
    body: dict[str, Any] = {name: task.get(name) for name in TASK_KEYS}
    body["suspend_count"] = experiment.suspend_count
    jobs = {job.rank: job for job in experiment.jobs}
    body["jobs"] = [
        {
            "rank": pod["job_id"],
            **{name: pod.get(name) for name in _JOB_KEYS},
            "exit_code": jobs[pod["job_id"]].exit_code,
        }
        for pod in sorted(task.get("_pods_") or (), key=lambda pod: int(pod["job_id"]))
    ]
    pending = task.get("pending")
    body["pending"] = pending and {
        "code": pending["code"],
        "position": pending["position"],
        "text": said(gathered("text", pending)),
    }
    body["decisions"] = [_told("why", decision) for decision in task.get("decisions") or ()]
    body["suspensions"] = [_told("why", suspension) for suspension in task.get("suspensions") or ()]
    body["earlier_ends"] = [_told("message", end) for end in task.get("earlier_ends") or ()]
    body["end"] = task.get("end") and _told("message", task["end"])
    body["exit_status"] = experiment.exit_status
    return body


def _told(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """An object with its sentence in the user's language, without the parts that it is made of."""
    told = {key: value for key, value in body.items() if key not in ("template", "data")}
    return {**told, name: said(gathered(name, body))}
