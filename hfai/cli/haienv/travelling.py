"""What ``haienv push`` and ``haienv pull`` share: their options, and what they print."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hfai.cli.language import tr
from hfai.cli.output import add_quiet, note, say_done
from hfai.cli.wording import said

if TYPE_CHECKING:
    from hfai.client import EnvironmentTravel


def add_options(parser: argparse.ArgumentParser, force: str) -> None:
    """``--rebuild``, ``--force``, ``--dry-run``, ``-q``."""
    parser.add_argument(
        "--rebuild", action="store_true", help=tr("send no files: have pip make it again from the list of its packages")
    )
    parser.add_argument("--force", action="store_true", help=force)
    parser.add_argument("--dry-run", action="store_true", help=tr("say how it would travel, and change nothing"))
    add_quiet(parser)


def show(arguments: argparse.Namespace, done: EnvironmentTravel, sent: str, rebuilt: str) -> int:
    """One line of what was done; what could not come along, and why it was made again, to stderr."""
    if done.how == "here":
        text = tr("the engine is on this machine and sees environment {name} already: nothing to do", name=done.name)
        say_done(arguments, text)
        return 0
    if done.reason:
        note(tr("made again from its list of packages: {reason}", reason=said(done.reason)))
    if done.left_out:
        packages = ", ".join(done.left_out)
        note(tr("installed in place (pip install -e), so they do not come along: {packages}", packages=packages))
    if arguments.dry_run:
        text = tr("would send its files") if done.how == "sent" else tr("would make it again from its list of packages")
        say_done(arguments, tr("environment {name}: {text}", name=done.name, text=text))
    else:
        say_done(arguments, sent if done.how == "sent" else rebuilt)
    return 0
