"""``stop`` of several tasks, and ``list`` with its filters."""

from __future__ import annotations

import json
from typing import Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import Cli
from tests.cli.waiting import until_status


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineSandbox]:
    """Tasks a_1, a_2 and b_1 that run, and one that has ended; tags red and blue."""
    with EngineSandbox({"nodes": 4}) as sandbox:
        cli = Cli(sandbox.env, tmp_path_factory.mktemp("work"))
        cli.write("long.sh", "exec sleep 300\n")
        cli.write("quick.sh", "true\n")
        for name, tag in (("a_1", "red"), ("a_2", "blue"), ("b_1", "red")):
            assert cli("bash", "long.sh", "--", "--name", name, "--options", f"tags={tag}").status == 0
        assert cli("bash", "quick.sh", "--", "--name", "done", "-f").status == 0
        yield sandbox


def names(hai: Cli, *words: str) -> list[str]:
    return [one["nb_name"] for one in json.loads(hai("list", "--json", *words).out)["tasks"]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["done", "b_1", "a_2", "a_1"]),
        (("--name", "a_"), ["a_2", "a_1"]),
        (("--tag", "red"), ["b_1", "a_1"]),
        (("--status", "finished"), ["done"]),
        (("--status", "running", "--status", "finished", "--tag", "blue"), ["a_2"]),
        (("-p", "2", "-ps", "3"), ["a_1"]),
        (("-p", "9"), []),
    ],
)
def test_newest_first_and_filtered(hai: Cli, words: tuple[str, ...], expected: list[str]) -> None:
    assert names(hai, *words) == expected


def test_stop_of_several(hai: Cli) -> None:
    """A line per task; one that is not there does not keep the others."""
    done = hai("stop", "a_1", "nobody", "a_2", "done")
    assert done.status == 3
    assert done.err == "hai-cli: no task nobody: see your tasks with `hai-cli list`\n"
    assert [line.split(")", 1)[1] for line in done.out.splitlines()] == [
        " is being stopped",
        " is being stopped",
        " had ended before",
    ]
    for name in ("a_1", "a_2"):
        assert until_status(hai, name, "finished")["end"]["cause"] == "stopped"


def test_stop_as_failed(hai: Cli) -> None:
    assert hai("stop", "b_1", "--failed").status == 0
    assert until_status(hai, "b_1", "finished")["end"]["cause"] == "marked_failed"
    assert hai("stop", "b_1", "--failed", "--succeeded").status == 2
