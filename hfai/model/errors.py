"""Everything that hfai raises on purpose.

::

    HfaiError                     1
    |- UsageError                 2    a wrong argument of a command or a call
    |  `- ConfigError             2    conf.yaml or engine.yaml cannot be used
    |- NotFoundError              3
    |  |- TaskNotFound            3
    |  |- RankNotFound            3
    |  |- NodeNotFound            3
    |  |- EnvironmentNotFound     3
    |  `- WorkspaceNotFound       3
    |- NotAuthorised              4
    |- UnreachableError           5    no answer from the platform
    |  |- EngineStartError        5    the embedded engine could not be started
    |  |- ProtocolMismatch        5    client and engine cannot understand each other
    |  `- StreamLost              5    a log stream broke and could not be taken up again
    |- RefusedError               6    the platform understood and said no
    |  |- InvalidTask             6    a task that could never run as asked
    |  |  `- InvalidTaskFile      6    ... found in a file, with line and column
    |  |- NameInUse               6
    |  |- NotRunning              6    only a task that runs can be asked this
    |  |- QuotaExceeded           6
    |  |- StorageFull             6
    |  `- WorkspaceConflict       6    changed on both sides
    |- CheckFailed              7    a node has not passed a check
    |- WaitTimeout              124
    `- IllegalMove                1    a bug of ours: a job state that cannot follow another

The number is the exit status of ``hai-cli``. Every error has a stable ``code`` (also on the wire), its message as
``template`` and the values in it as ``data``, so that a client can say the same in another language. A message says
what is wrong, with which value, and what to do next. Standard library only.
"""

from __future__ import annotations

from typing import Any, ClassVar, Mapping, Optional

from hfai.model.phrase import Phrase, packed, unpacked


class HfaiError(Exception):
    """Root of all errors of hfai.

    Args:
        template: the message in English with ``{name}`` fields; left out, the class's own.
        data: the values of the fields, kept as attribute ``data``; those that are texts of ours are :class:`~hfai.model.phrase.Phrase`.
    """

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1
    default_template: ClassVar[str] = "{message}"

    def __init__(self, template: Optional[str] = None, /, **data: Any) -> None:
        self.template = template or self.default_template
        self.data = data
        super().__init__(self.template.format(**data))

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would hand the finished text back in as a template: errors cross process borders in pools.
        return _rebuild, (type(self), self.template, self.data)

    @property
    def said(self) -> Phrase:
        """Its message, to be a part of another."""
        return Phrase(self.template, **self.data)

    def to_wire(self) -> dict[str, Any]:
        """The refusal as an engine sends it: ``success``, ``code``, ``msg``, ``template``, ``data``."""
        return {"success": 0, "code": self.code, "msg": str(self), "template": self.template, "data": packed(self.data)}


class UsageError(HfaiError):
    """An argument is wrong; the message says which one, and what is allowed."""

    code = "usage"
    exit_status = 2


class ConfigError(UsageError):
    """A configuration file cannot be read or holds something that cannot be used."""

    code = "config"


class NotFoundError(HfaiError):
    """Something that was named does not exist."""

    code = "not_found"
    exit_status = 3


class TaskNotFound(NotFoundError):
    """No task of this user has the id, name or chain id."""

    code = "task_not_found"
    default_template = "no task {experiment}: see your tasks with `hai-cli list`"


class RankNotFound(NotFoundError):
    """The task has no such rank."""

    code = "rank_not_found"
    default_template = "task {experiment} has no rank {rank}: its ranks are {ranks}"


class NodeNotFound(NotFoundError):
    """No node has this name."""

    code = "node_not_found"
    default_template = "no node {node}: see the nodes with `hai-cli nodes`"


class EnvironmentNotFound(NotFoundError):
    """No Python environment has this name."""

    code = "environment_not_found"
    default_template = "no environment {environment}: see them with `haienv list`"


class WorkspaceNotFound(NotFoundError):
    """No workspace of this user has the name."""

    code = "workspace_not_found"
    default_template = "no workspace {name}: see them with `hai-cli workspace list`, make one with `hai-cli workspace init {name}`"


class NotAuthorised(HfaiError):
    """The token is missing, wrong or not allowed to do this."""

    code = "not_authorised"
    exit_status = 4
    default_template = "{message}"


class UnreachableError(HfaiError):
    """The platform did not answer."""

    code = "unreachable"
    exit_status = 5
    default_template = "no answer from {url} ({reason}): check the address and the network, then try again"


class EngineStartError(UnreachableError):
    """The embedded engine could not be started."""

    code = "engine_start"
    default_template = "the engine could not be started: {reason}"


class ProtocolMismatch(UnreachableError):
    """Client and engine are of versions that cannot understand each other."""

    code = "protocol_mismatch"
    default_template = (
        "the running engine is hfai {engine_version}, this client is hfai {client_version}: restart it with "
        "`hai-cli platform down && hai-cli platform up` (running tasks go on)"
    )


class StreamLost(UnreachableError):
    """A log stream broke and could not be taken up again; the task is not affected."""

    code = "stream_lost"
    default_template = "the log stream of task {experiment} was lost ({reason}): the task goes on, try again"


class RefusedError(HfaiError):
    """The platform understood the request and refused it."""

    code = "refused"
    exit_status = 6


class InvalidTask(RefusedError):
    """The task could never run as asked."""

    code = "invalid_task"


class InvalidTaskFile(InvalidTask):
    """A task file is wrong at a known place; ``data`` has ``file``, ``line``, ``column`` (from 1) and ``key``."""

    code = "invalid_task_file"


class NameInUse(RefusedError):
    """An unfinished task of this user has the name."""

    code = "name_in_use"
    default_template = (
        "the name {name} is in use by your task {id} ({chain_status}): choose another with --name, "
        "or stop that one with `hai-cli stop {id}`"
    )


class NotRunning(RefusedError):
    """The task, or that rank of it, does not run: nothing can be started beside it."""

    code = "not_running"
    default_template = "task {id} ({name}) does not run, it is {chain_status}: see `hai-cli status {id}`"


class QuotaExceeded(RefusedError):
    """The task is larger than what this user may ever have."""

    code = "quota_exceeded"
    default_template = "{nodes} nodes of group {group} at priority {priority} are more than your quota of {quota}"


class StorageFull(RefusedError):
    """The disk under the state folder is full."""

    code = "storage_full"
    default_template = "no space left under {path}: free some and try again; nothing was changed"


class CheckFailed(HfaiError):
    """Nodes were checked, and not all are fit."""

    code = "check_failed"
    exit_status = 7
    default_template = "not fit: {nodes} ({failed} of {count})"


class WorkspaceConflict(RefusedError):
    """Something has changed on both sides; nothing was overwritten. ``data`` has ``paths``, at most 100 of them."""

    code = "workspace_conflict"
    default_template = (
        "changed on both sides: {shown} ({count} in all): `hai-cli workspace push --force` keeps what is here,"
        " `hai-cli workspace pull --force` what is on the platform"
    )


class WaitTimeout(HfaiError):
    """A wait ended before the task did."""

    code = "wait_timeout"
    exit_status = 124
    default_template = "task {experiment} is still {chain_status} after {timeout_s} s: it goes on"


class IllegalMove(HfaiError):
    """A job state that cannot follow another; a bug, never the user's doing."""

    code = "illegal_move"
    default_template = "a job cannot go from {old} to {new}"


def _rebuild(kind: type[HfaiError], template: str, data: dict[str, Any]) -> HfaiError:
    return kind(template, **data)


def _tree(root: type[HfaiError]) -> dict[str, type[HfaiError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


def from_wire(body: Mapping[str, Any]) -> HfaiError:
    """The error that an engine's refusal stands for; an unknown code becomes :class:`RefusedError`.

    A refusal of an existing HAI Platform server has only ``msg`` and becomes a RefusedError with that text.
    """
    kind = _tree(HfaiError).get(str(body.get("code")), RefusedError)
    template, data = body.get("template"), body.get("data")
    if isinstance(template, str) and isinstance(data, dict):
        try:
            return kind(template, **unpacked(data))
        except (KeyError, IndexError, ValueError, TypeError):
            pass
    return kind("{message}", message=str(body.get("msg") or body))
