"""`hai-cli help`: commands and topics, the topics made from the tables that the code itself uses."""

from __future__ import annotations

from typing import Iterator

import pytest

from hfai.cli.text_width import text_width
from hfai.cli.topics import TOPICS
from hfai.cli.topics.exit_codes import EXIT_CODES
from hfai.cli.topics.task_file import MEANINGS, key_paths
from hfai.model.env import INHERITED, VARIABLES
from hfai.model.errors import HfaiError
from tests.cli.conftest import LANGUAGES, Cli


@pytest.mark.parametrize("words", [("logs",), ("platform",), ("platform", "node"), ("platform", "node", "cordon"), ("python",)])
def test_help_of_a_command(cli: Cli, words: tuple[str, ...]) -> None:
    """What `--help` says."""
    assert cli("help", *words) == cli(*words, "--help")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_help_alone(cli: Cli, lang: str) -> None:
    """The screen, and the topics behind it."""
    done = cli("help", lang=lang)
    assert done.out.startswith(cli("--help", lang=lang).out) and done.status == 0
    assert all(f"\n  {topic} " in done.out for topic in TOPICS)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("stauts",), "hai-cli help status"),
        (("exit-code",), "hai-cli help exit-codes"),
        (("platform", "nod"), "hai-cli platform node"),
        (("platform", "node", "codron"), "hai-cli platform node cordon"),
    ],
)
def test_a_mistyped_word(cli: Cli, words: tuple[str, ...], meant: str) -> None:
    done = cli("help", *words)
    assert (done.status, done.out) == (2, "") and f"`{meant}`" in done.err


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("columns", ["40", "200"])
def test_topics_fit(cli: Cli, topic: str, lang: str, columns: str) -> None:
    """On a narrow screen nothing but code and single long words is wider; on a wide one lines stay readable."""
    done = cli("help", topic, lang=lang, env={"COLUMNS": columns})
    assert (done.status, done.err) == (0, "")
    for line in done.out.splitlines():
        is_code = line.startswith("  ") and not line.startswith("   ")
        assert text_width(line) <= min(int(columns), 100) or is_code, line


def test_every_exit_status_is_explained() -> None:
    assert {kind.exit_status for kind in errors(HfaiError)} <= {int(code) for code, _ in EXIT_CODES if code.isdigit()}


def errors(kind: type[HfaiError]) -> Iterator[type[HfaiError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from errors(child)


def test_task_file_keys_are_those_of_the_schema(cli: Cli) -> None:
    """Each is in the topic, with the default that the schema has."""
    assert set(MEANINGS) <= set(key_paths())
    text = " ".join(cli("help", "task-file", env={"COLUMNS": "200"}).out.split())
    assert all(path in text for path in key_paths())
    assert "counts as hung; default: 1800" in text and "number of ranks; default: 1" in text


def test_every_variable_is_explained(cli: Cli) -> None:
    lines = cli("help", "environment").out.splitlines()
    words = {line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")}
    assert {name for name, *_ in VARIABLES} == words
    assert set(INHERITED) <= set(" ".join(lines).split())
