"""``hai-cli platform simulate``: replay a trace of submissions through the policy that the engine runs, beside FIFO.

The engine's own types (jobs, outcome) are ``Any`` here: the command line does not import the engine before it runs.
"""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import Any

from hfai.cli.language import mark, tr
from hfai.cli.output import add_output, show_text
from hfai.model.errors import UsageError

# Option -> the least that it may be.
_LEAST = {
    "nodes": 1,
    "users": 1,
    "gpus_per_node": 1,
    "acknowledge_every": 0,
    "slice": 0,
    "min_slice": 0,
    "restart_cost": 0,
    "checkpoint_interval": 1,
    "load": 0.01,
}

EXAMPLES = (
    ("hai-cli platform simulate --trace jobs.csv --nodes 16", mark("how long these tasks would have waited on 16 nodes")),
    (
        "hai-cli platform simulate --trace jobs.csv --nodes 16 --load 0.9 --plot use.svg",
        mark("the same at a load of 90 %, with a chart"),
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    def add(option: str, kind: Any, default: Any, metavar: str, text: str) -> None:
        parser.add_argument(option, type=kind, default=default, metavar=metavar, help=text)

    parser.add_argument(
        "--trace",
        type=Path,
        required=True,
        metavar="FILE",
        help=tr("CSV with the columns timestamp, duration, num_gpus or nodes, and perhaps user, priority"),
    )
    parser.add_argument("--nodes", type=int, required=True, metavar="N", help=tr("nodes of the cluster"))
    add("--gpus-per-node", int, 1, "N", tr("turns num_gpus into nodes; default: {value}", value=1))
    add("--load", float, None, "F", tr("compress the arrivals to this offered load; default: as they were"))
    text = tr("users to spread the tasks over where the trace names none; default: {value}", value=20)
    add("--users", int, 20, "N", text)
    add("--policy", Path, None, "FILE", tr("take the numbers of the policy from such an engine.yaml"))
    add("--slice", float, None, "S", tr("seconds of a time slice; default: {value}", value=3600))
    add("--min-slice", float, None, "S", tr("seconds that a task runs at least; default: {value}", value=300))
    add("--restart-cost", float, 60.0, "S", tr("seconds that a restart costs; default: {value}", value=60))
    text = tr("seconds between checkpoints; work since the last is lost; default: {value}", value=300)
    add("--checkpoint-interval", float, 300.0, "S", text)
    text = tr("every K-th interruption is saved in time and loses no work; default: none")
    add("--acknowledge-every", int, 0, "K", text)
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help=tr("draw the nodes in use over time"))
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.platform.policy_file import policy_of
    from hfai.cli.platform.simulate_tables import simulate_tables
    from hfai.cli.progress_bar import ProgressBar
    from hfai.engine.simulate.replay import RestartCost
    from hfai.engine.simulate.report import simulate
    from hfai.engine.simulate.trace import compress, read_trace

    _ensure_usable(arguments)
    settings = policy_of(arguments.policy, arguments.slice, arguments.min_slice)
    cost = RestartCost(
        restart_s=arguments.restart_cost,
        checkpoint_s=arguments.checkpoint_interval,
        acknowledge_every=arguments.acknowledge_every,
    )
    jobs = read_trace(arguments.trace, users=arguments.users, gpus_per_node=arguments.gpus_per_node)
    _ensure_finite(jobs, arguments.trace)
    if arguments.load is not None:
        jobs = compress(jobs, arguments.nodes, arguments.load)
    with ProgressBar(tr("replaying {tasks} tasks", tasks=len(jobs)), len(jobs)) as bar:
        report, outcome = simulate(jobs, arguments.nodes, settings, cost, bar.show)
    if arguments.plot is not None:
        _plot(arguments.plot, jobs, arguments.nodes, outcome)
    return show_text(arguments, lambda: simulate_tables(report), lambda: report)


def _ensure_usable(arguments: argparse.Namespace) -> None:
    """Before half a minute of computing.

    Raises:
        UsageError: a number that is too small, or a chart that could not be written.
    """
    for name, least in _LEAST.items():
        value = getattr(arguments, name)
        if value is not None and not least <= value < math.inf:
            option = f"--{name.replace('_', '-')}"
            raise UsageError("{option} {value}: it must be {least} or more", option=option, value=value, least=least)
    plot = arguments.plot
    if plot is not None and (plot.is_dir() or not os.access(plot.parent, os.W_OK)):
        raise UsageError("cannot write the chart {file}: {reason}", file=str(plot), reason=tr("no such place"))


def _ensure_finite(jobs: list[Any], trace: Path) -> None:
    for job in jobs:
        if not (math.isfinite(job.submit_s) and math.isfinite(job.work_s)):
            raise UsageError("{file}:{line}: a number without an end", file=str(trace), line=job.number)


def _plot(path: Path, jobs: list[Any], nodes: int, outcome: Any) -> None:
    from hfai.engine.simulate.chart import svg
    from hfai.engine.simulate.fifo import fifo

    usage = fifo(jobs, nodes)[1]
    until_s = jobs[-1].submit_s or max(usage[-1].at_s, outcome.usage[-1].at_s)
    series = ((tr("time-sharing"), "#1668a8", outcome.usage), ("FIFO", "#c0392b", usage))
    try:
        path.write_text(svg(series, nodes, until_s), encoding="utf-8")
    except OSError as error:
        raise UsageError("cannot write the chart {file}: {reason}", file=str(path), reason=error.strerror or str(error)) from error
