"""``haienv remove NAME``: remove an environment (tutorial, use case 1)."""

from __future__ import annotations

import argparse
import difflib

from hfai.cli.asking import can_ask, is_agreed
from hfai.cli.haienv.arguments import add_name
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, note, say_done
from hfai.model.errors import EnvironmentNotFound, UsageError

EXAMPLES = (
    ("hai-cli haienv remove extenv", mark("asks first; refused while a running task uses it")),
    ("hai-cli haienv remove extenv --yes", mark("does not ask, for scripts")),
    ("hai-cli haienv remove extenv --remote", mark("the one that was pushed to the platform; the one here stays")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    parser.add_argument("-y", "--yes", action="store_true", help=tr("do not ask"))
    parser.add_argument("--remote", action="store_true", help=tr("the one on the platform; the one here stays"))
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai import client, haienv
    from hfai.haienv.users import extending

    if arguments.remote:
        one = _there(arguments.name)
        question = tr("remove environment {name} from the platform with all that is installed in it? [y/N] ", name=one)
        done = tr("removed environment {name} from the platform", name=one)
    else:
        found = haienv.find(arguments.name)
        one = found.name
        if (others := extending(found)) and not arguments.quiet:
            note(tr("these extend it, and will lack what is installed in it: {others}", others=", ".join(each.word for each in others)))
        question = tr("remove environment {name} with all that is installed in it? [y/N] ", name=one)
        done = tr("removed environment {name}", name=one)
    if not arguments.yes:
        if not can_ask():
            raise UsageError("this removes environment {name} with all that is installed in it: say --yes", name=one)
        if not is_agreed(question):
            return 1
    if arguments.remote:
        client.remove_haienv(one)
    else:
        haienv.remove(arguments.name)
    say_done(arguments, done)
    return 0


def _there(name: str) -> str:
    """The name, if there is one of it on the platform."""
    from hfai.client import list_haienvs

    known = [one.name for one in list_haienvs()]
    if name in known:
        return name
    data = {"environment": name}
    if near := difflib.get_close_matches(name, known, 1):
        template = "you have no environment {environment} on the platform: did you mean {near}?"
        raise EnvironmentNotFound(template, near=near[0], **data)
    template = "you have no environment {environment} on the platform: see them with `haienv list --remote`"
    raise EnvironmentNotFound(template, **data)
