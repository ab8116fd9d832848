"""What ``python``, ``bash`` and ``exec`` share: run here, simulate, or submit (tutorial, use case 2)."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Callable, NoReturn, Sequence

from hfai.cli.cluster_options import add_cluster_options, nested
from hfai.cli.language import tr
from hfai.cli.parsing import Parser
from hfai.cli.simulating import add_simulate_options, simulated
from hfai.cli.splitting import SIMULATE, SUBMIT, Split, split_words
from hfai.model.errors import UsageError

# Makes workspace, entrypoint and entrypoint_executable from the word that was typed.
Placing = Callable[[str], dict[str, Any]]


def add_tail(parser: argparse.ArgumentParser, divider: str) -> None:
    """The options behind a divider."""
    if divider == SUBMIT:
        add_cluster_options(parser)
    else:
        add_simulate_options(parser)


def run_split(kind: str, interpreter: Sequence[str], placing: Placing, words: list[str]) -> int:
    """Run ``hai-cli <kind> WORDS``.

    Args:
        kind: the command's word.
        interpreter: what runs the file here, empty for the file itself.
        placing: says what the task file says of the file.
        words: everything behind the command's word.

    Returns:
        The exit status of a submission; without one the process becomes the program.
    """
    if not words:
        raise UsageError("name the file to run: see `hai-cli {kind} --help`", kind=kind)
    if words[0] in ("-h", "--help"):
        sys.stdout.write(_help(kind))
        return 0
    split = parse_split(kind, words)
    if split.options is None:
        become([*interpreter, *split.words], dict(os.environ))
    if not split.words or split.words[0].startswith("-"):
        raise UsageError("name the file to run: `hai-cli {kind} FILE [ARGS] {how} ...`", kind=kind, how=split.how)
    if split.how == SIMULATE:
        become([*interpreter, *split.words], simulated(split.options))
    return _submit(split.words, placing, split.options)


def parse_split(kind: str, words: Sequence[str]) -> Split:
    """The command line in its halves, the options read.

    Raises:
        UsageError: what stands behind the divider cannot be read.
    """
    return split_words(words, lambda divider, options: _parse(kind, divider, options))


def _submit(words: Sequence[str], placing: Placing, options: argparse.Namespace) -> int:
    import shlex

    from hfai.cli.engine_notes import announce
    from hfai.cli.script_place import ensure_workspace
    from hfai.cli.submission import submit

    announce()
    file, *arguments = words
    place = here = placing(file)
    if not options.no_push and not options.dry_run:
        from hfai.cli.workspace.before_task import pushed_place

        place = pushed_place(place, options)
    if place is here:  # where it was pushed to is the platform's choice
        ensure_workspace(place["workspace"])
    config: dict[str, Any] = {
        "version": 2,
        "name": Path(file).name,
        "spec": {
            **place,
            "parameters": shlex.join(arguments),
            "environments": dict(options.environments),
        },
        "resource": {},
        "options": nested(options.options),
    }
    return submit(config, options, image=options.image, inherit_environment=not options.no_inherit)


def _parse(kind: str, divider: str, options: list[str]) -> argparse.Namespace:
    parser = Parser((kind,), usage=tr("hai-cli {kind} FILE [ARGS] {divider} [OPTIONS]", kind=kind, divider=divider))
    add_tail(parser, divider)
    parsed: argparse.Namespace = parser.parse_args(options)
    return parsed


def usage_lines(kind: str) -> list[str]:
    """The three ways to use the command."""
    ways = (
        ("", tr("run it here")),
        (" -- [OPTIONS]", tr("submit it as a task")),
        (" ++ [OPTIONS]", tr("run it here as if it were a task")),
    )
    return [f"{f'hai-cli {kind} FILE [ARGS]{behind}':<{len(kind) + 36}}{what}" for behind, what in ways]


def _help(kind: str) -> str:
    parser = Parser((kind,), usage="\n       ".join(usage_lines(kind)), add_help=False)
    add_cluster_options(parser.add_argument_group(tr("options behind --")))  # type: ignore[arg-type]
    add_simulate_options(parser.add_argument_group(tr("options behind ++")))  # type: ignore[arg-type]
    return parser.format_help()


def become(command: Sequence[str], environment: dict[str, str]) -> NoReturn:
    """Replace this process: its exit code, its signals and its terminal are then the program's own.

    Where it cannot be run a line says why, and the exit code is that of a shell: 127 for what is not there, else 126.
    """
    sys.stdout.flush()
    try:
        os.execvpe(command[0], list(command), environment)
    except OSError as error:
        from hfai.cli.failing import say

        say(UsageError("{program}: {reason}", program=command[0], reason=error.strerror))
        raise SystemExit(127 if isinstance(error, FileNotFoundError) else 126) from None
