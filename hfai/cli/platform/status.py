"""``hai-cli platform status``: whether the engine runs, where, and its state folder."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Any, Optional

from hfai.cli.language import mark, tr
from hfai.cli.output import add_output, show_text

if TYPE_CHECKING:
    from hfai.client.platform import EngineStatus

EXAMPLES = (
    ("hai-cli platform status", mark("whether the engine runs, where, and what it has to do")),
    ("hai-cli platform status --json", mark("the same for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client.platform import engine_status

    engine = engine_status()
    return show_text(arguments, lambda: state_lines(engine), lambda: state_json(engine))


def state_json(engine: Optional[EngineStatus]) -> dict[str, Any]:
    """The engine as ``--json`` prints it."""
    from hfai.client.platform import engine_log

    if engine is None:
        log = engine_log()
        return {"running": False, "state_dir": str(log.parent), "log": str(log)}
    started_at = datetime.fromtimestamp(engine.started_at).isoformat(timespec="seconds")
    return {"running": True, **engine._asdict(), "started_at": started_at, "log": str(engine_log())}


def state_lines(engine: Optional[EngineStatus]) -> str:
    """The engine in a few lines."""
    from hfai.cli.engine_notes import home_path

    state = state_json(engine)
    where = tr("state folder: {path}", path=home_path(state["state_dir"]))
    if engine is None:
        return tr("the engine is not running") + f"\n{where}\n"
    lines = [
        tr("the engine is running: hfai {version}, process {pid}", version=engine.version, pid=engine.pid),
        tr("address: {url}", url=engine.url),
        where,
        tr("started at: {time}", time=state["started_at"].replace("T", " ")),
        tr("nodes: {nodes}; runs with nodes: {scheduled}; in queue: {queued}", **engine._asdict()),
    ]
    return "\n".join(lines) + "\n"
