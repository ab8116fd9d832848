"""``hai-cli help [COMMAND...|TOPIC]``: the help of a command, or what is to be known beside the commands."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Sequence

from hfai.cli.language import mark, tr
from hfai.cli.topics import TOPICS

EXAMPLES = (
    ("hai-cli help logs", mark("what `hai-cli logs --help` shows")),
    ("hai-cli help task-file", mark("every key of a task file")),
    ("hai-cli help exit-codes", mark("what a script can tell from the exit code")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    action = parser.add_argument(
        "words",
        nargs="*",
        metavar="COMMAND|TOPIC",
        help=tr("the words of a command, or a topic: {topics}", topics=", ".join(TOPICS)),
    )
    action.completer = _completions  # type: ignore[attr-defined]


def run(arguments: argparse.Namespace) -> int:
    words = arguments.words
    if not words:
        from hfai.cli.help_screen import help_screen, topics_list

        sys.stdout.write(f"{help_screen()}{topics_list()}")
        return 0
    if len(words) == 1 and words[0] in TOPICS:
        from hfai.cli.topics.screen import topic_screen

        sys.stdout.write(topic_screen(words[0]))
        return 0
    return _help_of(words)


def _help_of(words: Sequence[str]) -> int:
    from hfai.cli.commands import COMMANDS
    from hfai.cli.main import dispatch
    from hfai.cli.suggesting import no_command

    if words[0] not in COMMANDS:
        raise no_command(words[0], (*COMMANDS, *TOPICS), "help")
    command = COMMANDS[words[0]]
    for at, word in enumerate(words[1:], 1):
        inner = {one.name: one for one in command.subcommands}
        if word not in inner:
            raise no_command(word, inner, " ".join(words[:at]))
        command = inner[word]
    return dispatch([*words, "--help"])


def _completions(prefix: str, parsed_args: Any = None, **_: Any) -> list[str]:
    from hfai.cli.commands import COMMANDS

    typed = getattr(parsed_args, "words", None) or []
    known = {**COMMANDS, **dict.fromkeys(TOPICS)}
    for word in typed:
        command = known.get(word)
        known = {one.name: one for one in command.subcommands} if command else {}
    return [word for word in known if word.startswith(prefix)]
