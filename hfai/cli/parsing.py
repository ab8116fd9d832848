"""argparse as ``hai-cli`` uses it: no abbreviated options, suggestions, its own words translated, one-line errors."""

from __future__ import annotations

import argparse
import importlib
from typing import TYPE_CHECKING, Any, NoReturn, Optional, Protocol, Sequence

from hfai.cli.commands import COMMANDS, Command, module_of
from hfai.cli.language import language, mark, tr
from hfai.model.errors import UsageError

if TYPE_CHECKING:
    from hfai.cli.examples import Examples

# argparse's words that people get to see; those of several Python versions.
_ITS_WORDS = (
    mark("usage: "),
    mark("options"),
    mark("optional arguments"),
    mark("positional arguments"),
    mark("show this help message and exit"),
    mark("the following arguments are required: %s"),
    mark("expected one argument"),
    mark("expected at least one argument"),
    mark("invalid %(type)s value: %(value)r"),
    mark("not allowed with argument %s"),
    mark("ignored explicit argument %r"),
    mark("argument %(argument_name)s: %(message)s"),
)


class CommandModule(Protocol):
    """What every command's module has (docs/architecture.md, "Writing a command")."""

    EXAMPLES: Examples

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


class Parser(argparse.ArgumentParser):
    """The parser of one command.

    Args:
        path: the command's words.
        usage: its usage line, where argparse's own would not do.

    Raises:
        UsageError: from :meth:`parse_args`, instead of leaving the process.
    """

    def __init__(self, path: Sequence[str], usage: Optional[str] = None, **options: Any) -> None:
        if language() != "en":
            # argparse asks gettext with its own idea of the language; HAI_LANG has to reach it too.
            vars(argparse)["_"] = tr
        super().__init__(
            prog=" ".join(("hai-cli", *path)),
            usage=usage,
            description=tr(_row(path).purpose),
            allow_abbrev=False,
            formatter_class=_Formatter,
            **options,
        )
        self._path = tuple(path)

    def format_help(self) -> str:
        from hfai.cli.examples import examples_text

        if examples := getattr(load(self._path), "EXAMPLES", ()):
            self.epilog = examples_text(examples)
        return super().format_help()

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        words = [self._spelled(word) for word in args or ()]
        known, extra = self.parse_known_args(self._options_repeated(words, is_sure=True), namespace)
        if extra:
            known, extra = self.parse_known_args(self._options_repeated(words, is_sure=False), namespace)
        if extra:
            from hfai.cli.suggesting import no_option

            raise no_option(extra[0], self._option_string_actions, self.prog)
        return known

    def _spelled(self, word: str) -> str:
        """An option as it is declared: HAI spells ``--page_size``, most programs ``--page-size``; both are understood."""
        name, equals, value = word.partition("=")
        if not name.startswith("--") or name in self._option_string_actions:
            return word
        for other in (name[2:].replace("-", "_"), name[2:].replace("_", "-")):
            if f"--{other}" in self._option_string_actions:
                return f"--{other}{equals}{value}"
        return word

    def _options_repeated(self, words: Sequence[str], *, is_sure: bool) -> list[str]:
        """``--interval basic=2 gpu=1`` as ``--interval basic=2 --interval gpu=1``, for options whose action says in
        ``is_more(word, is_sure)`` what may follow their first value.

        Args:
            words: of the command line.
            is_sure: whether only words belong to an option that nothing else can be; otherwise all that look like it do,
                so that the option can say what is wrong with them.
        """
        found: list[str] = []
        option, has_value = "", False
        for word in words:
            if word.startswith("-"):
                option, has_value = word.partition("=")[0], "=" in word
                found.append(word)
                continue
            is_more = getattr(self._option_string_actions.get(option), "is_more", None)
            if is_more is None or (has_value and not is_more(word, is_sure)):
                option = ""
            elif has_value:
                found.append(option)
            has_value = True
            found.append(word)
        return found

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        # argparse's own sentence differs from one Python to the next and suggests nothing.
        if action.choices is None or value in action.choices:
            return
        from hfai.cli.suggesting import nearest

        known = [str(choice) for choice in action.choices]
        meant = nearest(str(value), known)
        template = mark("{value} is none of {choices} (did you mean {meant}?)") if meant else mark("{value} is none of {choices}")
        raise argparse.ArgumentError(action, tr(template, value=value, choices=", ".join(known), meant=meant))

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError:
            # argparse names the Python type that it has called; the types of our own say it themselves.
            kind = {int: tr("{value} is no whole number", value=arg_string), float: tr("{value} is no number", value=arg_string)}
            if action.type not in kind:
                raise
            raise argparse.ArgumentError(action, kind[action.type]) from None

    def error(self, message: str) -> NoReturn:
        name, colon, problem = message.removeprefix("argument ").partition(": ")
        if colon and message.startswith("argument "):  # Python 3.9 does not ask gettext for this one
            message = tr("argument %(argument_name)s: %(message)s") % {"argument_name": name, "message": problem}
        raise UsageError("{problem}: see `{program} --help`", problem=message, program=self.prog)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Wraps texts by the room that they take: a Chinese sign takes two columns."""

    def _format_usage(self, usage: Any, actions: Any, groups: Any, prefix: Optional[str]) -> str:
        from hfai.cli.text_width import text_width

        prefix = tr("usage: ") if prefix is None else prefix
        blank = " " * text_width(prefix)
        text = super()._format_usage(usage, actions, groups, blank).replace(blank, prefix, 1)
        # Usage lines of our own stand below each other as in English.
        return text.replace(f"\n{' ' * len('usage: ')}", f"\n{blank}") if usage else text

    def _split_lines(self, text: str, width: int) -> list[str]:
        from hfai.cli.text_width import wrap

        return wrap(" ".join(text.split()), width)


def _row(path: Sequence[str]) -> Command:
    command = COMMANDS[path[0]]
    for word in path[1:]:
        command = next(one for one in command.subcommands if one.name == word)
    return command


def load(path: tuple[str, ...]) -> Any:
    """The module of a command."""
    return importlib.import_module(module_of(path))


def parser_of(path: tuple[str, ...]) -> Parser:
    """The parser of a command that leaves its words to argparse."""
    module = load(path)
    usage = getattr(module, "USAGE", None)
    parser = Parser(path, usage and tr(usage))
    module.add_arguments(parser)
    return parser


def run_command(path: tuple[str, ...], words: Sequence[str]) -> int:
    """Parse the words behind the command and run it."""
    module = load(path)
    if hasattr(module, "run_words"):  # commands that split their words themselves, see hfai.cli.submitting
        return int(module.run_words(list(words)))
    arguments = parser_of(path).parse_args(list(words))
    from hfai.cli.engine_notes import announce

    announce()
    return int(module.run(arguments))
