"""The nearest word to a mistyped command or option."""

from __future__ import annotations

import difflib
from typing import Iterable, Optional

from hfai.model.errors import UsageError

# What the same is called by kubectl, Slurm, docker and their like.
_OTHER_WORDS = {
    "attach": "ssh",
    "cancel": "stop",
    "delete": "stop",
    "get": "list",
    "info": "status",
    "kill": "stop",
    "login": "init",
    "pause": "suspend",
    "ps": "list",
    "restart": "resume",
    "rm": "stop",
    "sbatch": "run",
    "scancel": "stop",
    "show": "status",
    "sinfo": "nodes",
    "squeue": "list",
    "srun": "run",
    "submit": "run",
    "tail": "logs",
}


def nearest(word: str, known: Iterable[str]) -> Optional[str]:
    """The known word that was probably meant, None if none resembles it."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def no_command(word: str, known: Iterable[str], parent: str = "") -> UsageError:
    """The error for a command that does not exist."""
    program = f"hai-cli {parent}".rstrip()
    if parent == "haienv" and _is_environment(word):
        from hfai.cli.haienv.entering import how_to_enter

        return UsageError("no command {word}; enter the environment of that name with: {how}", word=word, how=how_to_enter(word))
    if meant := ("" if parent else _further_in(word) or _OTHER_WORDS.get(word)) or nearest(word, known):
        return UsageError("no command {word}: did you mean `{program} {meant}`?", word=word, program=program, meant=meant)
    return UsageError("no command {word}: see `{program} --help`", word=word, program=program)


def _further_in(word: str) -> str:
    """The words of a command whose last word this is: ``cordon`` is ``platform node cordon``."""
    from hfai.cli.commands import every_command

    return next((" ".join(path) for path, _ in every_command() if path[-1] == word), "")


def _is_environment(word: str) -> bool:
    from hfai.cli.completion_names import environment_names

    return word in environment_names(word)


def no_option(word: str, known: Iterable[str], program: str) -> UsageError:
    """The error for an option or argument that the command does not take."""
    name = word.split("=", 1)[0]
    if name == "--context":
        return UsageError("--context stands before the command: `hai-cli --context NAME {command}`", command=program.partition(" ")[2])
    meant = nearest(name, known) if name.startswith("-") and len(name) > 1 else None
    if meant:
        return UsageError("no option {word}: did you mean {meant}? See `{program} --help`", word=name, program=program, meant=meant)
    if name.startswith("-"):
        return UsageError("no option {word}: see `{program} --help`", word=name, program=program)
    return UsageError("{word} is one argument too many: see `{program} --help`", word=word, program=program)
