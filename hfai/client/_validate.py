"""``validate`` and ``validate_nodes``: have nodes checked, and what was found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Optional, Sequence, Union

from hfai.client import _session
from hfai.client._experiment import Experiment
from hfai.client._operate import stop
from hfai.client._select import ExperimentLike, selector, subject
from hfai.client._wait import wait_each
from hfai.model.env import INHERITED
from hfai.model.errors import HfaiError, UsageError, WaitTimeout
from hfai.model.phrase import gathered, unpacked

# The engine takes no more; what is longer is no check.
_MOST_BYTES = 32 << 10
# A look beside a running task takes about a second, and a check of one's own there at most 45.
_BESIDE_S = 90.0
_OnTask = Callable[[Experiment], None]


class NodeCheck(NamedTuple):
    """One check of a node.

    Attributes:
        name: ``memory``, ``gpu_memory``, ``gpu_errors``, ``workspace_space``, ``log_space``, ``clock``, ``workspace_write``,
            ``log_write``, ``bandwidth``, ``compute``, ``suspend``, ``own``.
        status: ``passed``, ``failed`` or ``skipped``.
        value: what was measured, None where nothing was.
        limit: the least that is good, with ``is_most`` the most; None where any value is.
        unit: of both: ``bytes``, ``bytes/s``, ``s``, ``errors``, ``flop/s``.
        is_most: whether the limit is the most that is good.
        text: one sentence: what is wrong, why it was skipped, how it was measured; or empty.
        output: of ``own``, the end of what the script printed.
    """

    name: str
    status: str
    value: Optional[float]
    limit: Optional[float]
    unit: str
    is_most: bool
    text: str
    output: str


class NodeReport(NamedTuple):
    """What was found on one node.

    Attributes:
        node: its name.
        rank: of the task beside which it was looked at, None for a check of the node alone.
        checks: in the order in which they were made; none where there is no report.
        message: why there is no report, or empty.
        is_cordoned: whether the node takes nothing new now, because of these checks or from before.
    """

    node: str
    rank: Optional[int]
    checks: tuple[NodeCheck, ...]
    message: str
    is_cordoned: bool

    @property
    def has_passed(self) -> bool:
        """Whether there is a report and no check has failed."""
        return bool(self.checks) and not any(check.status == "failed" for check in self.checks)


def validate(
    experiment: ExperimentLike,
    ranks: Optional[Sequence[int]] = None,
    check_file: Union[str, os.PathLike[str], None] = None,
    timeout: Optional[float] = None,
    on_task: Optional[_OnTask] = None,
) -> list[NodeReport]:
    """Check the nodes of a task: while it runs beside it, by all that does not disturb it; else as :func:`validate_nodes`.

    Args:
        experiment: an Experiment, the id of a run, or a name; only tasks of your own.
        ranks: whose nodes; None for all.
        check_file: a script of your own that is run as well, in the task's workspace.
        timeout, on_task: see :func:`validate_nodes`.

    Returns:
        One report per node, in the order of the ranks.

    Raises:
        TaskNotFound, RankNotFound: it is not there.
        RefusedError: it has not run on any node yet.
        The errors of :func:`validate_nodes`.

    Blocks until all is checked. Source: design, section 6, and the tutorial's ``validate``.

    Example:
        >>> [report.has_passed for report in validate("sample_exp", [0])]  # doctest: +SKIP
        [True]
    """
    for rank in ranks or ():
        if isinstance(rank, bool) or not isinstance(rank, int) or rank < 0:
            raise UsageError("a rank must be a number from 0 on, not {found}", found=repr(rank))
    query: dict[str, Any] = {**selector(experiment)}
    if ranks is not None:
        query["ranks"] = ",".join(map(str, ranks))
    answer = _session.current().post(
        "operating/task/validate",
        query,
        _body(check_file),
        subject=subject(experiment),
        timeout_s=_BESIDE_S,
        is_repeatable=False,
    )
    return [_report(row) for row in answer["reports"]] + _reports(answer["tasks"], timeout, on_task)


def validate_nodes(
    names: Sequence[str],
    check_file: Union[str, os.PathLike[str], None] = None,
    timeout: Optional[float] = None,
    on_task: Optional[_OnTask] = None,
) -> list[NodeReport]:
    """Check nodes: each gets a validation task of its own, as soon as it is free; a cordoned one can be checked too.

    A node that fails is cordoned with the reason, by ``platform``; :func:`uncordon_node` brings it back. What failed only in the workspace
    cordons nothing, and a script of your own only if you administer the platform.

    Args:
        names: of the nodes.
        check_file: a script of your own that is run as well, in the current directory where the node has it: ``.py``, ``.sh`` or
            with ``#!``; exit code 0 is good. At most 32 KiB.
        timeout: seconds to wait at most; None: until all have been free.
        on_task: called with each validation task that was queued; its ``pending`` says what it waits for.

    Returns:
        One report per node, in the order of the names.

    Raises:
        NodeNotFound: one is not there; none is checked.
        UsageError: no names, or the file cannot be read.
        WaitTimeout: not all were done in time.
        RefusedError: the platform is a HAI Platform without this.
        HfaiError: no answer, or another refusal.

    Blocks until all is checked. Whatever ends it early, an exception or Ctrl-C, stops the validation tasks that have not ended.
    Source: design, section 6, and the tutorial's ``validate``.

    Example:
        >>> for report in validate_nodes(["cpu-0", "cpu-1"]):  # doctest: +SKIP
        ...     print(report.node, report.has_passed)
    """
    if isinstance(names, str) or not names:
        raise UsageError("name at least one node, in a list")
    query = {"nodes": list(dict.fromkeys(names))}
    answer = _session.current().post("operating/node/validate", query, _body(check_file), is_repeatable=False)
    return _reports(answer["tasks"], timeout, on_task)


def _reports(rows: Sequence[Mapping[str, Any]], timeout: Optional[float], on_task: Optional[_OnTask]) -> list[NodeReport]:
    tasks = [Experiment(dict(row)) for row in rows]
    left = {task.chain_id: task for task in tasks}
    found: dict[str, NodeReport] = {}
    try:
        for task in tasks:
            if on_task is not None:
                on_task(task)
        for task in wait_each(tasks, timeout=timeout) if tasks else ():
            answer = _session.current().post("query/task/checks", {"chain_id": task.chain_id}, subject=task.nb_name)
            found[task.chain_id] = _report(answer["result"])
            del left[task.chain_id]
    except WaitTimeout:
        template = "not all nodes were checked within {timeout_s} s: what had not ended was stopped"
        raise WaitTimeout(template, timeout_s=timeout) from None
    finally:
        for task in left.values():
            try:
                stop(task)
            except HfaiError:  # it is about to end by itself, or nobody is there to be told
                continue
    return [found[task.chain_id] for task in tasks]


def _body(check_file: Union[str, os.PathLike[str], None]) -> dict[str, Any]:
    environ = os.environ
    body: dict[str, Any] = {
        "workspace": str(Path.cwd()),
        "shell_environment": {key: environ[key] for key in INHERITED if key in environ},
    }
    if check_file is not None:
        path = Path(check_file)
        try:
            text = path.read_bytes()
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError("the check {file} cannot be read: {reason}", file=str(path), reason=reason) from None
        if len(text) > _MOST_BYTES:
            template = "the check {file} has {size} bytes: it may have {most}"
            raise UsageError(template, file=str(path), size=len(text), most=_MOST_BYTES)
        try:
            body["check"] = {"name": path.name, "text": text.decode()}
        except UnicodeDecodeError:
            raise UsageError("the check {file} is no script: it is not UTF-8 text", file=str(path)) from None
    return body


def _report(row: Mapping[str, Any]) -> NodeReport:
    checks = tuple(NodeCheck(**{name: unpacked(check[name]) for name in NodeCheck._fields}) for check in row["checks"])
    return NodeReport(str(row["node"]), row["rank"], checks, gathered("message", row), bool(row["is_cordoned"]))
