"""Which task a call is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Union

from hfai.client import _session
from hfai.model.errors import UsageError

if TYPE_CHECKING:
    from hfai.client._experiment import Experiment

ExperimentLike = Union["Experiment", int, str]
"""An Experiment, the id of a run, or a name."""


def selector(experiment: ExperimentLike) -> dict[str, str]:
    """The arguments by which a server finds a task: an Experiment is meant as a chain, not as one of its runs."""
    if isinstance(experiment, bool):
        raise UsageError("a task is an Experiment, an id or a name, not {found}", found=experiment)
    if isinstance(experiment, int):
        return {"id": str(experiment)}
    if isinstance(experiment, str):
        return {"nb_name": experiment}
    chain_id = getattr(experiment, "chain_id", None)
    if not isinstance(chain_id, str):
        raise UsageError("a task is an Experiment, an id or a name, not {found}", found=repr(experiment)[:100])
    return {"chain_id": chain_id}


def subject(experiment: ExperimentLike) -> str:
    """How messages name a task."""
    return str(experiment) if isinstance(experiment, (int, str)) else str(experiment.nb_name)


def query_task(arguments: Mapping[str, str], *, subject: str) -> dict[str, Any]:
    """The task object that a server has for a selector.

    Raises:
        TaskNotFound: there is none of this user.
        HfaiError: no answer, or a refusal.
    """
    task: dict[str, Any] = _session.current().post("query/task", arguments, subject=subject)["result"]["task"]
    return task
