"""``--json``: stdout is JSON and nothing else, with the keys of docs/json.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import LANGUAGES, Cli

DOCUMENTED = set(re.findall(r"`([a-z_]+)`", (Path(__file__).parents[2] / "docs" / "json.md").read_text()))

COMMANDS = (
    ("status", "one"),
    ("list",),
    ("list", "--status", "finished"),
    ("logs", "one"),
    ("logs", "one", "-f", "-r", "all"),
    ("describe", "one"),
    ("version",),
    ("context", "list"),
    ("platform", "user", "list"),
    ("platform", "token", "list"),
    ("platform", "quota", "list"),
    ("nodes",),
    ("nodes", "--tree"),
    ("validate", "nodes", "cpu-0"),
    ("whoami",),
    ("monitor", "cluster-overview"),
    ("monitor", "quota-overview", "--all"),
    ("monitor", "storage-overview"),
    ("monitor", "task-overview"),
    ("monitor", "top"),
    ("platform", "status"),
    ("platform", "up"),
    ("run", "one.yaml", "--dry-run"),
)


@pytest.fixture
def with_task(hai: Cli) -> Cli:
    hai.write("one.sh", "echo 一; exit 3\n")
    hai.write("one.yaml", "version: 2\nname: one\nspec: {entrypoint: one.sh}\n")
    assert hai("run", "one.yaml", "-f").status == 3
    assert hai("platform", "quota", "set", 9).status == 0
    return hai


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reading_command(with_task: Cli, engine: EngineSandbox, lang: str) -> None:
    """Parsed as a whole, line by line for ``logs``; each key is documented."""
    for words in COMMANDS:
        done = with_task(*words, "--json", lang=lang)
        assert done.status == (3 if "-f" in words else 0), done.err
        documents = done.out.splitlines() if words[0] == "logs" else [done.out]
        found = set().union(*(keys(json.loads(document)) for document in documents))
        if words[0] in ("describe", "run"):  # the keys of a task file
            found &= {"version", "name", "priority", "spec", "resource", "options"}
        assert found and found <= DOCUMENTED, f"{words}: {sorted(found - DOCUMENTED)} not in docs/json.md"
