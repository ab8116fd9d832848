"""``hai-cli``: looks at the command word and imports that command's module, nothing else."""

from __future__ import annotations

import sys

from hfai.cli.failing import guarded

TYPE_CHECKING = False  # see hfai.cli.language
if TYPE_CHECKING:
    from typing import Sequence


def main() -> int:
    """The console entry; returns the exit status (design, section 7)."""
    import os

    if "_ARGCOMPLETE" in os.environ:
        from hfai.cli.tab import complete

        complete()
    return guarded(lambda: dispatch(sys.argv[1:]))


def dispatch(words: Sequence[str]) -> int:
    """Run the command that the words name.

    Args:
        words: the command line without the program.

    Returns:
        The exit status of the command.

    Raises:
        HfaiError: whatever the command raises; UsageError for a command that does not exist.
    """
    from hfai.cli.commands import COMMANDS

    if words and words[0].partition("=")[0] == "--context":
        words = _with_context(words)
    if not words or words[0] in ("-h", "--help"):
        from hfai.cli.help_screen import help_screen

        sys.stdout.write(help_screen())
        return 0
    if words[0] == "--version":
        from hfai import __version__

        sys.stdout.write(f"hai-cli {__version__}\n")
        return 0
    command = COMMANDS.get(words[0])
    if command is None:
        from hfai.cli.suggesting import no_command, no_option

        if words[0].startswith("-"):
            raise no_option(words[0], ("--context", "--help", "--version"), "hai-cli")
        raise no_command(words[0], tuple(COMMANDS))
    path: tuple[str, ...] = (command.name,)
    rest = words[1:]
    if command.name == "haienv" and rest and rest[0] in ("--shell-code", "deactivate"):
        from hfai.cli.haienv_shell import run_words

        return run_words(rest)
    while command.subcommands:
        if not rest or rest[0] in ("-h", "--help"):
            from hfai.cli.help_screen import subcommand_screen

            sys.stdout.write(subcommand_screen(path, command))
            return 0
        inner = {one.name: one for one in command.subcommands}
        if rest[0] not in inner:
            from hfai.cli.suggesting import no_command

            raise no_command(rest[0], inner, " ".join(path))
        command = inner[rest[0]]
        path, rest = (*path, rest[0]), rest[1:]
    if not rest and path == ("workspace", "push"):
        # As a rule it has little to do, and argparse and the rest take longer than that.
        from hfai.cli.workspace.untouched import run_plain

        status = run_plain()
        if status is not None:
            return status
    from hfai.cli.parsing import run_command

    return run_command(path, rest)


def _with_context(words: Sequence[str]) -> Sequence[str]:
    """Take ``--context NAME`` off and have this command, and the programs that it starts, use that context."""
    import os

    _, equals, name = words[0].partition("=")
    rest = words[1:]
    if not equals and rest:
        name, rest = rest[0], rest[1:]
    if not name:
        from hfai.model.errors import UsageError

        raise UsageError("--context needs a name: see `hai-cli context list`")
    os.environ["HFAI_CONTEXT"] = name
    return rest
