"""``operating/node/validate``, ``operating/task/validate``: have nodes checked; ``query/task/checks``: what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from hfai.engine.http.arguments import BadArguments, problem
from hfai.engine.http.call import Answer, Call
from hfai.engine.http.selecting import find
from hfai.engine.submission import read_shell_environment
from hfai.engine.validation.options import OwnCheck
from hfai.engine.validation.validations import MOST_OWN_BYTES, Report, Request
from hfai.model.errors import RefusedError, UsageError
from hfai.model.phrase import spread
from hfai.model.states import ChainStatus


async def validate_nodes(call: Call) -> Answer:
    """One validation task for each of ``nodes`` (repeatable, or with commas), in that order."""
    known = {view.node.name for view in call.engine.nodes()}
    given = call.arguments.many("nodes")
    names = [name for text in given for name in ([text] if text in known else text.split(",")) if name]
    if not names:
        call.arguments.wrong("nodes", "name at least one node")
    call.arguments.ensure_valid()
    tasks = call.engine.validate(names, await _request(call))
    return {"success": 1, "tasks": [task.to_wire() for task in tasks]}


async def validate_task(call: Call) -> Answer:
    """The nodes of ``ranks`` of a task, left out: of all: looked at beside it while it runs, else as nodes."""
    task = find(call)
    ranks = [rank for text in call.arguments.many("ranks") for rank in text.split(",") if rank]
    for rank in ranks:
        if not rank.isdecimal():
            call.arguments.wrong("ranks", f"a rank is a number from 0 on, not {rank!r}")
    call.arguments.ensure_valid()
    chosen = [int(rank) for rank in dict.fromkeys(ranks)] or list(range(task.nodes))
    request = await _request(call, workspace=task.workspace)
    names = call.engine.validations.nodes_of(task, chosen)
    if task.chain_status is ChainStatus.RUNNING:
        reports = await call.engine.validations.beside(task, chosen, request)
        return {"success": 1, "tasks": [], "reports": [report_row(call, report) for report in reports]}
    tasks = call.engine.validate(names, request)
    return {"success": 1, "tasks": [task.to_wire() for task in tasks], "reports": []}


async def checks(call: Call) -> Answer:
    """What a validation task that has finished has found."""
    return {"success": 1, "result": report_row(call, call.engine.validations.report(find(call)))}


def report_row(call: Call, report: Report) -> dict[str, Any]:
    """A report as it goes over the wire."""
    cordon = next((view.node.cordon for view in call.engine.nodes() if view.node.name == report.node), None)
    return {
        "node": report.node,
        "rank": report.rank,
        "checks": [check.to_wire() for check in report.checks],
        **spread("message", report.message),
        "is_cordoned": cordon is not None,
    }


async def _request(call: Call, workspace: Optional[str] = None) -> Request:
    body: Any = await call.json() if await call.body() else {}
    if not isinstance(body, dict):
        raise BadArguments([problem(("body",), "value is not a valid dict", "type_error.dict")])
    if workspace is None and isinstance(body.get("workspace"), str) and Path(body["workspace"]).is_dir():
        workspace = body["workspace"]
    environment = read_shell_environment(body.get("shell_environment"))
    return Request(call.user, workspace, _own(body.get("check")), environment)


def _own(value: Any) -> Optional[OwnCheck]:
    if value is None:
        return None
    name, text = (value.get("name"), value.get("text")) if isinstance(value, dict) else (None, None)
    if not isinstance(name, str) or not name or not isinstance(text, str) or "\0" in name + text:
        raise UsageError("check must have the name and the text of a script")
    if len(text.encode()) > MOST_OWN_BYTES:
        raise RefusedError(
            "{name} has {size} bytes: a check may have {most}", name=name, size=len(text.encode()), most=MOST_OWN_BYTES
        )
    return OwnCheck(name, text)
