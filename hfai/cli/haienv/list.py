"""``haienv list``: the environments that there are (tutorial, use case 1)."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hfai.cli.language import mark, tr
from hfai.cli.output import Column, Listing, add_output, show_rows

if TYPE_CHECKING:
    from hfai.haienv import Environment

ENVIRONMENTS = Listing(
    columns=(
        Column("venv_name", lambda one: one.name),
        Column("path"),
        Column("extend"),
        Column("extend_env"),
        Column("py"),
        Column("owner", is_wide=True),
        Column("engine", is_wide=True),
    ),
    name="venv_name",
    key="venv_name",
)
EXAMPLES = (
    ("hai-cli haienv list -a -o wide", mark("everybody's, and whose they are")),
    ("hai-cli haienv list -u alice -o json", mark("those of a user, for programs")),
    ("hai-cli haienv list --remote", mark("those on the platform that your tasks there find")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("-u", "--user", metavar="OWNER", help=tr("those of this user; default: yours"))
    whose.add_argument("-a", "--all", action="store_true", help=tr("everybody's"))
    whose.add_argument("--remote", action="store_true", help=tr("those on the platform that your tasks there find"))
    add_output(parser, ENVIRONMENTS)


def run(arguments: argparse.Namespace) -> int:
    from hfai import client, haienv

    if arguments.remote:
        found = client.list_haienvs()
        nothing = tr("you have no environments on the platform: `haienv push NAME` takes one there")
    elif arguments.all:
        found, nothing = haienv.everybodys(), ""
    else:
        found = haienv.environments(arguments.user)
        nothing = "" if arguments.user else tr("you have no environments: `haienv create NAME` makes one")
    return show_rows(arguments, ENVIRONMENTS, found, lambda: [_json(one) for one in found], nothing=nothing)


def _json(one: Environment) -> dict[str, Any]:
    told = one._asdict()
    return {"venv_name": told.pop("name"), **told}
