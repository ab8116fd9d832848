"""Tab, through argcomplete's protocol: only the parser of the command that is being typed is built.

Never prints and never fails: whatever goes wrong, the shell gets no suggestions, and then offers file names by itself.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import Any, NoReturn

from hfai.cli import completion_names, completion_places
from hfai.cli.commands import COMMANDS, Command
from hfai.cli.language import tr
from hfai.cli.parsing import Parser, load

_SPLITTERS = ("--", "++")
_CONTEXT = re.compile(r"(\s*\S+\s+)--context(?:=|\s+)\S+\s+")

# What an argument is, by the word that its help shows for it: then no command has to say how it is completed.
BY_METAVAR: dict[str, Any] = {
    "<experiment>": completion_names.all_names,
    "<priority>": completion_places.priority_names,
    "ENVIRONMENT": completion_names.environment_names,
    "OWNER": completion_names.owner_names,
    "CONTEXT": completion_names.context_names,
    "GROUP": completion_places.group_names,
    "NODE": completion_places.node_names,
    "PRIORITY": completion_places.priority_names,
}


def complete() -> NoReturn:
    """Answer the shell and leave the process."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        _answer()
    except BaseException:
        pass
    os._exit(0)


def _answer() -> None:
    import argcomplete

    line, point = os.environ["COMP_LINE"], int(os.environ["COMP_POINT"])
    # In signs; zsh and fish send the line up to the cursor and more than its length.
    typed = line[:point]
    is_entering = typed.split()[:2] == ["source", "haienv"]
    if is_entering:
        typed = typed.lstrip()[len("source") :].lstrip()
    elif (program := typed.split(maxsplit=1)[0]).rpartition("/")[2] == "haienv":
        typed = f"hai-cli haienv {typed.lstrip()[len(program) :].lstrip()}"
    if (whole := _CONTEXT.match(typed)) is not None:
        # What is behind it is completed as if it were not there.
        typed = whole[1] + typed[whole.end() :]
    os.environ["COMP_LINE"], os.environ["COMP_POINT"] = typed, str(len(typed))
    _, _, _, words, _ = argcomplete.lexers.split_line(typed, len(typed))
    parser = _entering_parser() if is_entering else _parser_for([] if words[1:] == ["--context"] else words[1:], typed)
    # Free texts and files are left to the shell: argcomplete would start a bash for them.
    nothing = argcomplete.completers.SuppressCompleter()
    argcomplete.autocomplete(parser, always_complete_options=False, default_completer=nothing)


def _entering_parser() -> argparse.ArgumentParser:
    """``source haienv NAME [-u OWNER]``, which no command's module is for."""
    from hfai.cli.haienv.arguments import add_name, add_owner

    parser = argparse.ArgumentParser(prog="haienv", add_help=False, allow_abbrev=False, formatter_class=_formatter)
    add_name(parser)
    add_owner(parser)
    _add_completers(parser)
    return parser


def _parser_for(words: list[str], typed: str) -> argparse.ArgumentParser:
    """The parser that knows the word being typed; ``words`` are those before it, without the program."""
    top = argparse.ArgumentParser(prog="hai-cli", add_help=False, allow_abbrev=False, formatter_class=_formatter)
    if not words:
        action = top.add_argument("--context")
        action.completer = completion_names.context_names  # type: ignore[attr-defined]
        top.add_argument("--version", action="store_true")
        top.add_argument("-h", "--help", action="store_true")
        _add_words(top, tuple(COMMANDS.values()))
        return top
    command = COMMANDS[words[0]]
    path: tuple[str, ...] = (command.name,)
    rest = words[1:]
    inner = _add_words(top, (command,))[command.name]
    while command.subcommands:
        if not rest:
            _add_words(inner, command.subcommands)
            return top
        command = next(one for one in command.subcommands if one.name == rest[0])
        inner = _add_words(inner, (command,))[command.name]
        path, rest = (*path, rest[0]), rest[1:]
    module = load(path)
    splits = [number for number, word in enumerate(rest) if word in _SPLITTERS] if hasattr(module, "run_words") else []
    if not hasattr(module, "add_tail"):
        if splits:
            sys.exit(0)  # what is behind is for another program
        module.add_arguments(inner)
        _add_completers(inner)
        return top
    if not splits:
        sys.exit(0)  # a script and its arguments
    # What is behind the split is completed as if it stood alone.
    tail = typed.rpartition(f" {rest[splits[-1]]} ")[2]
    os.environ["COMP_LINE"] = f"hai-cli {tail}"
    os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))
    parser = Parser(path)
    module.add_tail(parser, rest[splits[-1]])
    _add_completers(parser)
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Nothing is shown. Only a width that is given keeps argparse from importing shutil to find one."""
    return argparse.HelpFormatter(prog, width=80)


def _add_words(parser: argparse.ArgumentParser, commands: tuple[Command, ...]) -> dict[str, argparse.ArgumentParser]:
    words = parser.add_subparsers()
    return {
        command.name: words.add_parser(command.name, help=tr(command.purpose), allow_abbrev=False, formatter_class=_formatter)
        for command in commands
    }


def _add_completers(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:
        found = BY_METAVAR.get(str(action.metavar))
        if found is not None and not hasattr(action, "completer"):
            action.completer = found  # type: ignore[attr-defined]
        if hasattr(action, "is_more"):
            action.nargs = "+"
