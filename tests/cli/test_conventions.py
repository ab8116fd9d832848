"""What every command declares: a purpose, explained options with their defaults, and examples that can be typed."""

from __future__ import annotations

import argparse
import re
from typing import Any

import pytest

from hfai.cli.commands import every_command
from hfai.cli.examples import example_words
from hfai.cli.parsing import load, parser_of
from hfai.cli.tab import BY_METAVAR
from tests.cli.conftest import LANGUAGES
from tests.cli.transcripts import TRANSCRIPTS

PATHS = [path for path, _ in every_command()]


def actions_of(path: tuple[str, ...]) -> list[argparse.Action]:
    """The options and arguments of a command."""
    module = load(path)
    if not hasattr(module, "add_tail"):
        return parser_of(path)._actions
    found = []
    for divider in ("--", "++"):
        parser = argparse.ArgumentParser()
        module.add_tail(parser, divider)
        found += parser._actions
    return found


def parsed(path: tuple[str, ...], words: list[str]) -> Any:
    module = load(path)
    return module.parse_words(words) if hasattr(module, "run_words") else parser_of(path).parse_args(words)


@pytest.mark.parametrize("path", PATHS, ids="-".join)
def test_examples(path: tuple[str, ...]) -> None:
    """Two or three, each a line that begins with this command and that its own parser takes."""
    examples = getattr(load(path), "EXAMPLES", ())
    assert 2 <= len(examples) <= 3, "declare EXAMPLES: see 'Writing a command' in docs/architecture.md"
    for line, what in examples:
        words = example_words(line)
        assert tuple(words[: 1 + len(path)]) == ("hai-cli", *path), line
        assert parsed(path, words[1 + len(path) :]), line
        assert what and not what[0].isupper() and not what.endswith("."), what
        assert len(line) <= 100, line


@pytest.mark.parametrize("path", PATHS, ids="-".join)
def test_options_are_explained(path: tuple[str, ...]) -> None:
    """Each has a help text, and says its default where it takes a value and has one."""
    for action in actions_of(path):
        name = "/".join(action.option_strings) or action.dest
        assert action.help, f"{name} has no help"
        takes_value = action.option_strings and action.nargs != 0 and action.default is not argparse.SUPPRESS
        if takes_value and action.default not in (None, [], False, ""):
            assert "default" in action.help, f"{name}: its help does not say the default, {action.default!r}"


# What Tab leaves to the shell, which offers files: files, and texts that nobody else can know. A word for something that
# hai-cli knows the names of belongs into BY_METAVAR of hfai/cli/tab.py.
FREE = {
    "A,B", "DIR", "F", "FILE", "FILE.svg", "IMAGE", "K", "KEY=VALUE", "N", "N|all|0,3-5", "NAME", "NUMBER", "PATH", "PY", "REGEX", "S",
    "TAG", "TEXT", "TIME", "URL", "<token>",
    "ACCOUNT", "ID", "NODES", "TEAM", "USER",  # no cache has users and their tokens
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids="-".join)
def test_tab_knows_what_each_value_is(path: tuple[str, ...]) -> None:
    """By its choices, by the word that the help shows for it, or by a completer of its own."""
    for action in actions_of(path):
        if action.nargs == 0 or action.choices or hasattr(action, "completer"):
            continue
        word = str(action.metavar or action.dest.upper())
        assert word in BY_METAVAR or word in FREE, (
            f"{word}: what can Tab offer for it? Use one of {sorted(BY_METAVAR)} as metavar, give the action a completer, "
            f"or add the word to BY_METAVAR in hfai/cli/tab.py, or to FREE here if it is a text or a file"
        )


def test_each_command_has_a_transcript() -> None:
    """In both languages: what a person sees is looked at whenever it changes."""
    for lang in LANGUAGES:
        texts = [path.read_text(encoding="utf-8") for path in TRANSCRIPTS.glob(f"*.{lang}.txt")]
        steps = [line.split()[2:] for text in texts for line in text.splitlines() if line.startswith("$ hai-cli ")]
        for path in PATHS:
            assert any(tuple(words[: len(path)]) == path for words in steps), (
                f"hai-cli {' '.join(path)} has no step in tests/cli/golden/transcripts/*.{lang}.txt: write one "
                "('Writing a command' in docs/architecture.md), then GOLDEN_RECORD=1 python -m pytest tests/cli -k transcript"
            )


def test_chinese_transcripts_hold_no_english() -> None:
    """What hai-cli itself says on stderr; a task's own words stand further in."""
    for path in TRANSCRIPTS.glob("*.zh.txt"):
        for line in path.read_text(encoding="utf-8").splitlines():
            words = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|--[a-z_-]+ \w+", "", line)
            is_ours = line.startswith("! ") and not line.startswith("!   ")
            assert not (is_ours and re.search(r"\b[a-z]{2,} [a-z]{2,}", words)), f"{path.name}: {line}"


def test_examples_are_translated_and_last(cli: Any) -> None:
    """A comment above each line, in the user's language."""
    done = cli("logs", "--help", lang="zh")
    assert done.out.rstrip().splitlines()[-1].startswith("  hai-cli logs ")
    assert "\n示例:\n" in done.out or "\n示例：\n" in done.out
