"""The options of a submission: behind ``--`` of ``python|bash|exec``, and what ``run`` shares with them."""

from __future__ import annotations

import argparse
import json
from typing import Any, Sequence

from hfai.cli.language import tr
from hfai.cli.output import add_json
from hfai.cli.priority_argument import priority_number
from hfai.cli.workspace.sync_options import add_pushing
from hfai.model.errors import UsageError
from hfai.model.priorities import Priority

_NAMES = ", ".join(level.name for level in Priority)


def add_placing(parser: argparse.ArgumentParser, *, defaults: bool) -> None:
    """Where and how the task is to run; ``defaults``: whether anything stands where an option is left out."""

    def said(what: str, default: object) -> str:
        value = default if defaults else tr("as in the file")
        return tr("{what}; default: {value}", what=what, value=value)

    parser.add_argument("--name", metavar="NAME", help=tr("name of the task"))
    parser.add_argument("-n", "--nodes", type=_nodes, metavar="N", help=said(tr("number of nodes"), 1))
    parser.add_argument("-g", "--group", metavar="GROUP", help=said(tr("group of nodes"), "default"))
    parser.add_argument(
        "-p",
        "--priority",
        type=priority_number,
        metavar="PRIORITY",
        help=said(tr("a name or its number: {names}", names=_NAMES), "AUTO"),
    )


def add_following(parser: argparse.ArgumentParser) -> None:
    """What to do once it is submitted, or instead."""
    parser.add_argument(
        "-f", "--follow", action="store_true", help=tr("show the log until the task has ended; exits with its exit code")
    )
    parser.add_argument("--dry-run", action="store_true", help=tr("check everything and print the request, submit nothing"))
    parser.add_argument("-q", "--quiet", action="store_true", help=tr("print only the id, or with -f only the log"))
    add_json(parser)


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Everything that may stand behind ``--``."""
    add_placing(parser, defaults=True)
    parser.add_argument("-i", "--image", metavar="IMAGE", help=tr("environment image"))
    parser.add_argument(
        "-e",
        "--environments",
        action="append",
        default=[],
        type=_variable,
        metavar="KEY=VALUE",
        help=tr("a variable of the task; may be given several times"),
    )
    parser.add_argument(
        "--options",
        action="append",
        default=[],
        type=_option,
        metavar="KEY=VALUE",
        help=tr("an option of the task file, such as py_venv=NAME or profile.time=60; may be given several times"),
    )
    parser.add_argument(
        "--no_inherit", action="store_true", help=tr("do not run in the environment of this shell (PATH, VIRTUAL_ENV ...)")
    )
    add_following(parser)
    parser.add_argument(
        "--no_push", action="store_true", help=tr("inside a workspace: do not push, run in the directory here")
    )
    add_pushing(parser, short=False)


def nested(options: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """``[("a.b", 1)]`` as ``{"a": {"b": 1}}``.

    Raises:
        UsageError: a key is given both a value and keys below it.
    """
    result: dict[str, Any] = {}
    for key, value in options:
        *sections, last = key.split(".")
        place = result
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise UsageError("--options {key}: {section} has a value already", key=key, section=section)
        place[last] = value
    return result


def _nodes(text: str) -> int:
    try:
        nodes = int(text)
    except ValueError:
        nodes = 0
    if nodes < 1:
        raise argparse.ArgumentTypeError(tr("{value} is no number of nodes: it must be 1 or more", value=text))
    return nodes


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(tr("{value} is no KEY=VALUE", value=text))
    return name, value


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not all(name.split(".")):
        raise argparse.ArgumentTypeError(tr("{value} is no KEY=VALUE", value=text))
    try:
        return name, json.loads(value)  # numbers, true, false, lists
    except ValueError:
        return name, value


