"""``hai-cli ssh <experiment> [-- COMMAND]``: a shell, or one command, inside a running task."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.completion_names import running_names
from hfai.cli.experiment_argument import add_experiment
from hfai.cli.language import mark, tr
from hfai.cli.output import note

_DIVIDER = "--"
USAGE = mark("hai-cli ssh <experiment> [OPTIONS] [-- COMMAND [ARGS]]")
EXAMPLES = (
    ("hai-cli ssh my_exp", mark("a shell where rank 0 of the task runs")),
    ("hai-cli ssh my_exp -r 1 -- nvidia-smi", mark("one command in rank 1; its exit code is that of hai-cli")),
    ("hai-cli ssh my_exp -- 'ls *.pt | wc -l'", mark("a single word is a line for the shell")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser, completer=running_names)
    parser.add_argument("-r", "--rank", type=int, default=0, metavar="N", help=tr("in which rank; default: 0"))
    parser.add_argument("-T", "--no-tty", action="store_true", help=tr("pipes, even where this is a terminal"))


def parse_words(words: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options, and the command behind the first ``--``: what is there is the command's own."""
    from hfai.cli.parsing import Parser

    at = words.index(_DIVIDER) if _DIVIDER in words else len(words)
    parser = Parser(("ssh",), usage=tr(USAGE))
    add_arguments(parser)
    return parser.parse_args(words[:at]), words[at + 1 :]


def run_words(words: list[str]) -> int:
    from hfai.cli.engine_notes import announce

    arguments, command = parse_words(words)
    announce()
    return _run(arguments, command)


def _run(arguments: argparse.Namespace, command: list[str]) -> int:
    from hfai.cli.terminal import Relay, is_interactive, terminal_size
    from hfai.cli.wording import said
    from hfai.client import ShellTerminal, open_shell, resolve

    experiment = resolve(arguments.experiment, arguments.kind)
    has_tty = is_interactive() and not arguments.no_tty
    tty = ShellTerminal(*terminal_size()) if has_tty else None
    # One word is what people type for a shell; several are exactly those arguments.
    shell = open_shell(experiment, arguments.rank, command[0] if len(command) == 1 else command or None, tty)
    with shell, Relay(shell, is_raw=has_tty) as relay:
        relay.run()
    if shell.message:
        sys.stderr.write(f"hai-cli: {said(shell.message)}\n")
    if shell.run_ended:
        note(tr("task {id} ({name}) has ended, and this shell with it", id=shell.run, name=experiment.nb_name))
    return shell.exit_status or 0
