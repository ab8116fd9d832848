"""``create_experiment_v2``: submit a task."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any, Literal, Mapping, Optional, Sequence, Union, overload

from hfai.client import _names_cache, _session
from hfai.client._experiment import Experiment
from hfai.model.env import INHERITED
from hfai.model.errors import EngineStartError, ProtocolMismatch, TaskNotFound, UnreachableError
from hfai.model.spec import TaskSpec
from hfai.model.taskfile import load_task_file

if TYPE_CHECKING:
    from hfai.model.taskfile import TaskFileSource

_ATTEMPTS = 4


@overload
def create_experiment_v2(
    config: TaskFileSource,
    *,
    name: Optional[str] = None,
    nodes: Optional[int] = None,
    group: Optional[str] = None,
    priority: Optional[int] = None,
    image: Optional[str] = None,
    workspace: Optional[str] = None,
    parameters: Optional[str] = None,
    environments: Optional[Mapping[str, str]] = None,
    tags: Optional[Sequence[str]] = None,
    options: Optional[Mapping[str, Any]] = None,
    inherit_environment: bool = True,
    dry_run: Literal[False] = False,
) -> Experiment: ...
@overload
def create_experiment_v2(
    config: TaskFileSource,
    *,
    name: Optional[str] = None,
    nodes: Optional[int] = None,
    group: Optional[str] = None,
    priority: Optional[int] = None,
    image: Optional[str] = None,
    workspace: Optional[str] = None,
    parameters: Optional[str] = None,
    environments: Optional[Mapping[str, str]] = None,
    tags: Optional[Sequence[str]] = None,
    options: Optional[Mapping[str, Any]] = None,
    inherit_environment: bool = True,
    dry_run: Literal[True],
) -> dict[str, Any]: ...
def create_experiment_v2(
    config: TaskFileSource,
    *,
    name: Optional[str] = None,
    nodes: Optional[int] = None,
    group: Optional[str] = None,
    priority: Optional[int] = None,
    image: Optional[str] = None,
    workspace: Optional[str] = None,
    parameters: Optional[str] = None,
    environments: Optional[Mapping[str, str]] = None,
    tags: Optional[Sequence[str]] = None,
    options: Optional[Mapping[str, Any]] = None,
    inherit_environment: bool = True,
    dry_run: bool = False,
) -> Union[Experiment, dict[str, Any]]:
    """Submit a task; it waits for its nodes then.

    Args:
        config: the task: path, YAML text, open file, mapping, or an object with the keys as attributes; see
            :func:`hfai.model.taskfile.load_task_file`.
        name, nodes, group, priority, image, workspace, parameters: instead of what ``config`` says.
        environments, options: on top of what ``config`` says, a key at a time; sections of ``options`` likewise.
        tags: beside those of ``config``.
        inherit_environment: whether the task on this machine gets the submitter's PATH, VIRTUAL_ENV and the other
            variables of ``hfai.model.env.INHERITED``; a HAI Platform never does. On both it uses the environment of haienv
            that is active here (``HF_ENV_NAME``), where ``config`` and ``options`` name none.
        dry_run: check it, have the engine check it, submit nothing.

    Returns:
        The task as it was accepted; it exists from then on, whatever happens to the engine. With ``dry_run`` the
        request that would be sent.

    Raises:
        InvalidTaskFile, InvalidTask: the task could never run as asked.
        NameInUse: an unfinished task of yours has the name.
        QuotaExceeded: it is larger than what you may ever have.
        HfaiError: no answer, or another refusal.

    Blocks for one request. Calling it twice submits twice; one call submits once, also over a broken connection.
    Source: HAI's documentation; wire document, section 3.

    Example:
        >>> task = {"version": 2, "name": "x", "spec": {"entrypoint": "train.py"}}
        >>> create_experiment_v2(task, nodes=2).nodes  # doctest: +SKIP
        2
    """
    session = _session.current()
    body = load_task_file(config).to_wire()
    spec: dict[str, Any] = {"workspace": workspace, "parameters": parameters, "environments": environments}
    if environments and session.is_haiplatform:
        # It writes `export K=V` into a script without quotes (wire document, section 10).
        spec["environments"] = {key: shlex.quote(value) for key, value in environments.items()}
    changes: dict[str, Any] = {
        "name": name,
        "priority": priority,
        "spec": spec,
        "resource": {"node_count": nodes, "group": group, "image": image},
        "options": dict(options or {}),
    }
    if inherit_environment and not (body["options"].get("py_venv") or changes["options"].get("py_venv")):
        changes["options"]["py_venv"] = active_environment()
    if tags:
        changes["options"]["tags"] = [*body["options"].get("tags", ()), *tags]
    if _merge(body, changes):
        body = TaskSpec.from_mapping(body).to_wire()
    return _dry_run(session, body) if dry_run else _submit(session, body, inherit_environment=inherit_environment)


create_experiment = create_experiment_v2
"""The same under the name that some of HAI's documentation uses."""


def active_environment() -> Optional[str]:
    """The environment of haienv that is active here, as ``options.py_venv`` names it: ``HF_ENV_NAME``, ``HF_ENV_OWNER``."""
    name, owner = os.environ.get("HF_ENV_NAME"), os.environ.get("HF_ENV_OWNER")
    return f"{name}[{owner}]" if name and owner else name or None


def _submit(session: _session.Session, body: dict[str, Any], *, inherit_environment: bool) -> Experiment:
    # A mark of this call: by it the task is known as ours if the answer is lost.
    request: dict[str, Any] = {**body, "submission": os.urandom(16).hex()}
    if inherit_environment and not session.is_haiplatform:
        environ = os.environ
        request["shell_environment"] = {key: environ[key] for key in INHERITED if key in environ}
    task = _send_once(session, request)
    if not task.get("chain_status"):
        task = {**task, "chain_status": "waiting_init"}  # HAI Platform leaves it empty here
    experiment = Experiment(task)
    _names_cache.note(session, [experiment])
    return experiment


def _send_once(session: _session.Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Send until there is an answer, and never when the request may have become a task already."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            name = str(request["name"])
            answer = session.post("operating/task/create", body=request, subject=name, is_repeatable=False)
            return dict(answer["task"])
        except (EngineStartError, ProtocolMismatch):
            raise
        except UnreachableError as error:
            found = _sent_before(session, request)
            if found is not None:
                return found
            # From a timeout, and behind the doors of a HAI Platform, it may still be on its way.
            if session.is_haiplatform or error.data.get("is_timeout") or attempt == _ATTEMPTS:
                raise
    raise AssertionError("the last attempt returns or raises")


def _sent_before(session: _session.Session, request: Mapping[str, Any]) -> Optional[dict[str, Any]]:
    """The task that a request has become whose answer was lost; both kinds of server keep the mark in the schema."""
    name = str(request["name"])
    try:
        task = session.post("query/task", {"nb_name": name}, subject=name)["result"]["task"]
    except (TaskNotFound, UnreachableError):
        return None
    is_ours = task["config_json"]["schema"].get("submission") == request["submission"]
    return dict(task) if is_ours else None


def _dry_run(session: _session.Session, body: dict[str, Any]) -> dict[str, Any]:
    if not session.is_haiplatform:
        session.post("operating/task/create", body={**body, "dry_run": True}, subject=str(body["name"]))
    return body


def _merge(body: dict[str, Any], changes: Mapping[str, Any]) -> bool:
    """Put values other than None in their places; whether there were any."""
    is_changed = False
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(body.get(key), dict):
            body[key] = dict(body[key])
            is_changed = _merge(body[key], value) or is_changed
        elif value is not None:
            body[key] = value
            is_changed = True
    return is_changed
