"""docs/json.md against what is printed, both ways: no key that its section does not name, none in it that nothing prints."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import Cli
from tests.cli.json_page import JsonPage, Record, Words, fitting, objects
from tests.cli.reading import READS, STATUSES, prepared
from tests.cli.test_json import WITH_JSON
from tests.cli.test_shared_server import ACCOUNT
from tests.cli.test_simulate import TRACE
from tests.cli.waiting import task, until, until_status
from tests.nvml.machine import GpuMachine


class Printed:
    """What the commands have printed, each object by the one of the page that fits it."""

    def __init__(self, page: JsonPage) -> None:
        self._page = page
        self.typed: set[Words] = set()
        self.keys: dict[Record, set[str]] = defaultdict(set)
        self.unknown: set[str] = set()

    def add(self, command: Words, document: Any) -> None:
        records = self._page.records_of(command)
        for keys in objects(document):
            record = fitting(records, keys)
            if record is not None:
                self.keys[record] |= keys
            else:
                self.unknown.add(f"{' '.join(command)} prints an object that its section does not describe: {sorted(keys)}")


class Talk:
    """Types commands with ``--json`` and keeps what they print."""

    def __init__(self, hai: Cli, printed: Printed) -> None:
        self._hai = hai
        self._printed = printed

    def __call__(self, *words: object, status: int = 0, where: str = ".") -> Any:
        command = next(path for path in sorted(WITH_JSON, key=len, reverse=True) if words[: len(path)] == path)
        self._printed.typed.add(command)
        done = Cli(self._hai.env, self._hai.cwd / where)(*words, "--json")
        assert done.status == status, (words, done)
        as_lines = "--follow" in words or (command == ("logs",) and "-c" not in words)
        documents = [json.loads(text) for text in (done.out.splitlines() if as_lines else [done.out])]
        command = ("describe",) if "--dry-run" in words else ("logs",) if as_lines else command
        for document in documents:
            self._printed.add(command, document)
        return documents


@pytest.fixture
def engine(gpu_machine: GpuMachine) -> Iterator[EngineSandbox]:
    """Four nodes, two with a GPU."""
    with EngineSandbox({"nodes": 4, "stop_grace_s": 1, "suspend_grace_s": 1}) as sandbox:
        yield sandbox


def test_the_page(hai: Cli) -> None:
    page = JsonPage()
    printed = Printed(page)
    talk = Talk(hai, printed)
    tasks_of_every_kind(hai)
    for path, words in READS.items():
        talk(*path, *words, status=STATUSES.get(path, 0))
    acts(talk, hai)
    files(talk, hai)
    environments(talk, hai)
    assert printed.typed >= set(WITH_JSON), "say in tests/cli/reading.py, or here, how it can be run"
    assert not printed.unknown, "\n".join(sorted(printed.unknown))
    records = [record for section in page.sections.values() for record in section.records]
    silent = {str(record): missing for record in records if (missing := record.keys - printed.keys[record])}
    assert not silent, "docs/json.md names keys that are not printed"


def tasks_of_every_kind(hai: Cli) -> None:
    """One that was suspended, one that was started again, one that computes; then those of the other tests."""
    hai.write("forever.sh", "exec sleep 300\n")
    hai.write("once.sh", "[ -e again ] || { touch again; exit 3; }\n")
    hai.write("busy.py", "print('begun', flush=True)\ndef work():\n    while True: sum(range(1000))\nwork()\n")
    assert hai("bash", "forever.sh", "--", "--name", "saved").status == 0
    until_status(hai, "saved", "running")
    assert hai("suspend", "saved").status == 0
    until(lambda: task(hai, "saved")["suspensions"])
    assert hai("stop", "saved").status == 0
    assert hai("bash", "once.sh", "--", "--name", "again", "--options", "restart=1").status == 0
    until_status(hai, "again", "finished")
    assert hai("python", "busy.py", "--", "--name", "busy").status == 0
    until(lambda: "begun" in hai("logs", "busy").out)
    prepared(hai)


def acts(talk: Talk, hai: Cli) -> None:
    """What changes something, or takes long."""
    hai.write("own.sh", "echo fine\n")
    hai.write("trace.csv", TRACE)
    talk("status", "saved")
    talk("python", "one.py", "--", "--name", "submitted")
    talk("bash", "one.sh", "--", "--follow", status=3)
    talk("logs", "one", "-c")
    talk("nodes", "--tree")
    free = next(node["name"] for node in talk("nodes")[0] if node["state"] == "free")
    talk("platform", "node", "cordon", free)
    talk("monitor", "cluster-overview")
    talk("platform", "node", "uncordon", free)
    talk("validate", "nodes", free, "-f", "own.sh")
    talk("prof", "busy", "--time", "1", "--interval", "basic=0.2", "gpu=0.2")
    talk("platform", "user", "add", "ada", "--unix-name", ACCOUNT)
    talk("platform", "token", "create", "ada")
    talk("platform", "simulate", "--trace", "trace.csv", "--nodes", 1)


def files(talk: Talk, hai: Cli) -> None:
    """A workspace here and on the platform, with a change here and a file that a task has left."""
    (pushed,) = talk("workspace", "push", where="code")
    Path(pushed["path"], "result.txt").write_text("there")
    hai.write("code/a.txt", "changed")
    talk("workspace", "diff", where="code")
    talk("workspace", "download", "result.txt", where="code")
    talk("workspace", "pull", where="code")


def environments(talk: Talk, hai: Cli) -> None:
    assert hai("haienv", "create", "env", "-y", "-q", "--engine", "venv").status == 0
    talk("haienv", "list")
    talk("haienv", "config", "show", "-n", "env")
