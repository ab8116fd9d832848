"""The help screens."""

from __future__ import annotations

from typing import Callable

import pytest

from hfai.cli.commands import Command, every_command
from hfai.cli.text_width import text_width
from tests.cli.conftest import LANGUAGES, Cli


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_screen_is_the_tutorials(cli: Cli, golden: Callable[[str, str], None], lang: str) -> None:
    """Groups, order and frame of the tutorial; only commands that exist."""
    done = cli("--help", lang=lang)
    golden(f"help.{lang}.txt", done.out)
    assert (done.status, done.err) == (0, "")
    assert cli(lang=lang).out == cli("-h", lang=lang).out == done.out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_screens_fit_80_columns(cli: Cli, lang: str) -> None:
    """Those that list commands: they are not wrapped."""
    groups = {path[:depth] for path, _ in every_command() for depth in range(len(path))}
    for path in groups:
        assert [line for line in cli(*path, "--help", lang=lang).out.splitlines() if text_width(line) > 80] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_platform_has_commands_of_its_own(cli: Cli, golden: Callable[[str, str], None], lang: str) -> None:
    done = cli("platform", lang=lang)
    golden(f"platform.{lang}.txt", done.out)
    assert cli("platform", "--help", lang=lang) == done


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("path", "command"), every_command(), ids=lambda one: "-".join(one) if isinstance(one, tuple) else "")
def test_each_command_has_help(cli: Cli, path: tuple[str, ...], command: Command, lang: str) -> None:
    """With its purpose and its usage; nothing is started for it."""
    done = cli(*path, "--help", lang=lang)
    assert (done.status, done.err) == (0, "")
    assert f"hai-cli {' '.join(path)}" in done.out
    assert (command.purpose in done.out) == (lang == "en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_usage_lines_stand_below_each_other(cli: Cli, lang: str) -> None:
    """Those that argparse wraps and those of our own, whatever the word in front of them takes."""
    for words, starts in ((("list",), ("[", "[")), (("python",), ("hai-cli", "hai-cli"))):
        first, second = cli(*words, "--help", lang=lang).out.splitlines()[:2]
        at = text_width(first[: first.index(starts[0])])
        assert second.startswith(" " * at + starts[1]), (first, second)


def test_version_option(cli: Cli) -> None:
    """One line, with the name in front."""
    done = cli("--version")
    assert done.out.startswith("hai-cli ") and done.out.count("\n") == 1
    assert (done.status, done.err) == (0, "")
