"""``hai-cli validate <experiment> [rank...]`` and ``hai-cli validate nodes <node...>``: have nodes checked."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple, Sequence

from hfai.cli.argument_types import seconds
from hfai.cli.completion_names import all_names
from hfai.cli.completion_places import node_names
from hfai.cli.experiment_argument import add_experiment
from hfai.cli.language import mark, tr
from hfai.cli.output import Column, Listing, add_output, is_document, note, show_rows
from hfai.cli.sizes import size_text
from hfai.model.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from hfai.client import Experiment, NodeCheck, NodeReport

_NODES = "nodes"
_RESULTS = {"passed": mark("passed"), "failed": mark("failed"), "skipped": mark("skipped")}
_COLOURS = {"passed": 32, "failed": 31}

EXAMPLES = (
    ("hai-cli validate my_exp", mark("the nodes of a task: beside it while it runs, else where it ran last")),
    ("hai-cli validate nodes cpu-0 cpu-1", mark("two nodes, each as soon as it is free; one that fails is cordoned")),
    ("hai-cli validate nodes cpu-0 -f check.sh -q", mark("a check of your own as well; print only the nodes that failed")),
)


class _Row(NamedTuple):
    node: str
    rank: Any
    found: NodeCheck


def _result(row: _Row) -> str:
    return tr(_RESULTS[row.found.status])


def _colour(text: str) -> Any:
    return next((number for status, number in _COLOURS.items() if tr(_RESULTS[status]) == text), None)


def _text(row: _Row) -> str:
    from hfai.cli.wording import said

    return said(row.found.text)


CHECKS = Listing(
    columns=(
        Column("node"),
        Column("check", lambda row: row.found.name),
        Column("value", lambda row: _amount(row.found.value, row.found.unit)),
        Column("limit", lambda row: _limit(row.found)),
        Column("status", _result, colour=_colour),
        Column("text", _text),
        Column("rank", is_wide=True),
    ),
    name="node",
    key="node",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "hai-cli validate [OPTIONS] <experiment> [RANK...]\n       hai-cli validate [OPTIONS] nodes NODE..."
    add_experiment(parser, completer=_first_word)
    action = parser.add_argument(
        "which",
        nargs="*",
        default=[],
        metavar="RANK|NODE",
        help=tr("the ranks whose nodes are meant, by default all; behind the word nodes the names of nodes"),
    )
    action.completer = _other_words  # type: ignore[attr-defined]
    parser.add_argument(
        "-f",
        "--file",
        metavar="FILE",
        help=tr("a check of your own that is run as well: .py, .sh or with #!; exit code 0 is good"),
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="S",
        help=tr("seconds to wait for nodes at most, then exit with 124; default: no limit"),
    )
    add_output(parser, CHECKS)


def _first_word(prefix: str, **about: Any) -> list[str]:
    return [word for word in (_NODES, *all_names(prefix, **about)) if word.startswith(prefix)]


def _other_words(prefix: str, parsed_args: Any = None, **about: Any) -> list[str]:
    is_nodes = getattr(parsed_args, "experiment", None) == _NODES
    return node_names(prefix, parsed_args, **about) if is_nodes else []


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import resolve, validate, validate_nodes

    if arguments.experiment == _NODES and arguments.kind == "auto":
        if not arguments.which:
            raise UsageError("name at least one node: see them with `hai-cli nodes`")
        reports = validate_nodes(arguments.which, arguments.file, arguments.timeout, _say_what_it_waits_for)
    else:
        experiment = resolve(arguments.experiment, arguments.kind)
        ranks = [_rank(word) for word in arguments.which] or None
        reports = validate(experiment, ranks, arguments.file, arguments.timeout, _say_what_it_waits_for)
    rows = [_Row(report.node, report.rank, check) for report in reports for check in report.checks]
    if arguments.output in ("name", "quiet"):
        rows = [row for row in {row.node: row for row in rows}.values() if not _has_passed(row.node, reports)]
    show_rows(arguments, CHECKS, rows, lambda: [report_json(report) for report in reports])
    if not is_document(arguments) and arguments.output not in ("name", "quiet"):
        _show_outputs(reports)
    return _verdict(reports)


def _rank(word: str) -> int:
    if not word.isdecimal():
        raise UsageError(
            "a rank is a number from 0 on, not {found}; nodes are named behind `validate nodes`", found=repr(word)
        )
    return int(word)


def _say_what_it_waits_for(task: Experiment) -> None:
    from hfai.cli.task_tables import waiting_line

    pending = task.to_dict().get("pending") or {}
    if pending.get("code") == "node_busy":
        note(waiting_line(task) or "")


def _amount(value: Any, unit: str) -> str:
    if value is None:
        return ""
    if unit.startswith("bytes"):
        return size_text(value) + unit[len("bytes") :]
    if unit == "s" and value < 1:
        return f"{value * 1e3:.3g} ms"
    if unit == "flop/s":
        return f"{value / 1e9:.3g} Gflop/s"
    return f"{value:.3g} {unit}".rstrip()


def _limit(check: NodeCheck) -> str:
    return "" if check.limit is None else f"{'<=' if check.is_most else '>='} {_amount(check.limit, check.unit)}"


def _show_outputs(reports: Sequence[NodeReport]) -> None:
    import sys

    for report in reports:
        for check in report.checks:
            if check.name == "own" and check.output:
                sys.stdout.write(tr("output of your check on {node}:", node=report.node) + "\n")
                sys.stdout.write("".join(f"  {line}\n" for line in check.output.splitlines()))


def _has_passed(node: str, reports: Sequence[NodeReport]) -> bool:
    return all(report.has_passed for report in reports if report.node == node)


def _verdict(reports: Sequence[NodeReport]) -> int:
    """A line per node that takes nothing new or has no report; raises if one has failed."""
    from hfai.cli.wording import said

    for report in reports:
        if not report.checks:
            note(tr("node {node}: {reason}", node=report.node, reason=said(report.message)))
        if report.is_cordoned:
            note(
                tr("node {node} is cordoned; `hai-cli platform node uncordon {node}` brings it back", node=report.node)
            )
    failed = list(dict.fromkeys(report.node for report in reports if not report.has_passed))
    if failed:
        nodes = len({report.node for report in reports})
        raise CheckFailed(failed=len(failed), count=nodes, nodes=", ".join(failed))
    return 0


def report_json(report: NodeReport) -> dict[str, Any]:
    """A report as ``--json`` prints it."""
    return {
        "node": report.node,
        "rank": report.rank,
        "passed": report.has_passed,
        "is_cordoned": report.is_cordoned,
        "message": str(report.message),
        "checks": [{**check._asdict(), "text": str(check.text)} for check in report.checks],
    }
