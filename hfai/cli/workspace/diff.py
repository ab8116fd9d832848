"""``hai-cli workspace diff``: how the two sides differ."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hfai.cli.language import mark, tr
from hfai.cli.output import add_output, show_text
from hfai.cli.workspace.pushing import json_path, shown_path
from hfai.cli.workspace.sync_options import add_comparing, add_network

if TYPE_CHECKING:
    from hfai.client import WorkspaceDiff

EXAMPLES = (
    ("hai-cli workspace diff", mark("what is changed, only here, or only on the platform")),
    ("hai-cli workspace diff --json", mark("the same for programs")),
)
_SIDES = {"here": mark("changed here"), "there": mark("changed there"), "both": mark("changed on both sides")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_comparing(parser)
    add_network(parser, contents=False)
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import diff_workspace

    found = diff_workspace(
        checksum=not arguments.no_checksum,
        hfignore=not arguments.no_hfignore,
        list_timeout_s=arguments.list_timeout,
        proxy=arguments.proxy,
    )
    document = {
        "name": found.name,
        "changed": [{"path": json_path(path), "side": side} for path, side in found.changed],
        "only_here": [json_path(path) for path in found.only_here],
        "only_there": [json_path(path) for path in found.only_there],
    }
    return show_text(arguments, lambda: _text(found), lambda: document)


def _text(found: WorkspaceDiff) -> str:
    if not (found.changed or found.only_here or found.only_there):
        return tr("workspace {name}: both sides are the same", name=found.name) + "\n"
    lines = [f"{tr(_SIDES[side])}: {shown_path(path)}" for path, side in found.changed]
    lines += [f"{tr('only here')}: {shown_path(path)}" for path in found.only_here]
    lines += [f"{tr('only there')}: {shown_path(path)}" for path in found.only_there]
    return "".join(f"{line}\n" for line in lines)
