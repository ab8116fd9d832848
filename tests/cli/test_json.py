"""Every form of output of every command that reads: JSON, YAML, tables, names."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from hfai.cli.commands import every_command
from tests.cli.conftest import LANGUAGES, Cli
from tests.cli.reading import READS, STATUSES, prepared
from tests.cli.test_conventions import actions_of

WITH_JSON = [
    path for path, _ in every_command() if any("--json" in action.option_strings for action in actions_of(path))
]
LISTINGS = [path for path in WITH_JSON if any("--columns" in action.option_strings for action in actions_of(path))]
WITH_OUTPUT = [path for path in WITH_JSON if any("--output" in action.option_strings for action in actions_of(path))]


@pytest.fixture
def ready(hai: Cli) -> Cli:
    return prepared(hai)


def ran(hai: Cli, path: tuple[str, ...], *flags: str, lang: str = "en") -> str:
    done = hai(*path, *READS[path], *flags, lang=lang)
    assert done.status == STATUSES.get(path, 0), (path, flags, done)
    return done.out


@pytest.mark.parametrize("path", [path for path in WITH_JSON if path in READS], ids="-".join)
def test_json(ready: Cli, path: tuple[str, ...]) -> None:
    """stdout as a whole is JSON, line by line for `logs`; as much in each language, by the long name of the option and by the short one.

    Which keys: `test_json_page.py`.
    """
    outs = [ran(ready, path, flag, lang=lang) for flag, lang in zip(("--json", "-j"), LANGUAGES)]
    for out in outs:
        documents = [json.loads(text) for text in (out.splitlines() if path == ("logs",) else [out])]
        assert documents, path
    assert outs[0].count("\n") == outs[1].count("\n")


@pytest.mark.parametrize("path", [path for path in WITH_OUTPUT if path in READS], ids="-".join)
def test_yaml_is_the_same(ready: Cli, path: tuple[str, ...]) -> None:
    as_json = json.loads(ran(ready, path, "--json"))
    as_yaml = YAML(typ="safe", pure=True).load(ran(ready, path, "-o", "yaml"))
    is_moving = path[0] == "monitor"
    assert plain(as_yaml, is_moving) == plain(as_json, is_moving)


def plain(value: Any, is_moving: bool) -> Any:
    """Times are texts in JSON; YAML may know them as times. What is moving has other numbers in the next moment."""
    if isinstance(value, dict):
        return {str(key): plain(one, is_moving) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one, is_moving) for one in value]
    if isinstance(value, (int, float, bool, type(None))):
        return 0 if is_moving else value
    return str(value).replace("T", " ")


@pytest.mark.parametrize("path", [path for path in LISTINGS if path in READS], ids="-".join)
def test_forms_of_a_listing(ready: Cli, path: tuple[str, ...]) -> None:
    """The same rows in the same order in every form: names, what -q prints, and the columns that are asked for."""
    names = ran(ready, path, "-o", "name").splitlines()
    assert names and len(ran(ready, path, "-q").splitlines()) == len(names)
    table, wide = ran(ready, path, "-o", "table"), ran(ready, path, "-o", "wide")
    header = [cell.strip() for cell in heading(table)]
    assert set(header) <= {cell.strip() for cell in heading(wide)}
    first = ran(ready, path, "--columns", f"{header[-1]},{header[0]}")
    assert [cell.strip() for cell in heading(first)] == [header[-1], header[0]]
    refused = ready(*path, *READS[path], "--columns", "nonsense")
    assert (refused.status, refused.out) == (2, "") and header[0] in refused.err
    assert ready(*path, *READS[path], "--json", "-q").status == 2
    assert ran(ready, path, "-o", "name").splitlines() == names


def heading(table: str) -> list[str]:
    return next(line for line in table.splitlines() if line.startswith("| ")).strip("|").split("|")


@pytest.mark.parametrize("path", [("list",), ("status",)], ids="-".join)
def test_colours_only_where_they_are_wanted(ready: Cli, path: tuple[str, ...]) -> None:
    """Not in a pipe, unless asked for; then they are around words, which stay the same."""
    plain_text = ran(ready, path)
    assert "\x1b" not in plain_text
    coloured = ran(ready, path, "--color", "always")
    assert "\x1b[" in coloured and re.sub(r"\x1b\[\d*m", "", coloured) == plain_text
