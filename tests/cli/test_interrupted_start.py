"""Ctrl-C while ``hai-cli`` still starts: no traceback, whatever it is importing just then."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

DEADLINE_S = 60
# What a console script does, with a child at each import behind the first of ours, which interrupts itself there.
START = """
import json, os, sys

class AtImport:
    is_begun = False
    ends = []

    def find_spec(self, name, path=None, target=None):
        self.is_begun = self.is_begun or name == "hfai.cli.main"
        if self.is_begun:
            with open("said", "w+") as said:
                child = os.fork()
                if child == 0:
                    self.is_begun = None
                    os.dup2(said.fileno(), 1)
                    os.dup2(said.fileno(), 2)
                    os.kill(os.getpid(), 2)
                    return None
                _, status = os.waitpid(child, 0)
                code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
                said.seek(0)
                self.ends.append((name, code, said.read()))
        return None

each = AtImport()
sys.meta_path.insert(0, each)
from hfai.cli.__main__ import main
status = main()
if each.is_begun:
    with open("ends", "w") as file:
        json.dump(each.ends, file)
sys.exit(status)
"""


def ends_at_each_import(cli: Cli, *words: str, ignored: bool = False) -> list[tuple[str, int, str]]:
    """For each import of the command: its name, how the process ended that was interrupted there, and what it said."""
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{START}" if ignored else START
    env = {**cli.env, "PYTHONPATH": str(Path(__file__).parents[2])}
    started = [sys.executable, "-c", code, *words]
    subprocess.run(started, env=env, cwd=cli.cwd, capture_output=True, timeout=DEADLINE_S, check=False)
    ends = json.loads((cli.cwd / "ends").read_text())
    assert {"hfai.cli.main", "hfai.cli.failing", "hfai.cli.commands"} <= {name for name, _, _ in ends}
    return [(name, status, said) for name, status, said in ends]


@pytest.mark.parametrize("words", [("--version",), ("list", "--help"), ("lst",), ("context", "list")], ids=" ".join)
def test_at_each_import(cli: Cli, words: tuple[str, ...]) -> None:
    """Ended by the signal while nothing can be said yet or any more, else a line and exit status 130."""
    silent, told = (-signal.SIGINT, ""), (130, "hai-cli: interrupted\n")
    ends = {name: (status, said) for name, status, said in ends_at_each_import(cli, *words)}
    assert ends["hfai.cli.main"] == ends["hfai.cli.failing"] == silent
    assert ends["hfai.cli.commands"] == told
    assert {*ends.values()} == {silent, told}, ends


def test_who_ignores_it_goes_on_ignoring(cli: Cli) -> None:
    for _, status, said in ends_at_each_import(cli, "--version", ignored=True):
        assert status == 0 and said.startswith("hai-cli ")


def test_a_library_leaves_signals_alone() -> None:
    """Only the program's own module changes what happens at Ctrl-C, and main() puts back what it has found."""
    code = """
import signal, sys
for how in (signal.default_int_handler, signal.SIG_DFL, signal.SIG_IGN, print):
    signal.signal(signal.SIGINT, how)
    import hfai.client, hfai.cli, hfai.cli.main
    sys.argv = ["hai-cli", "--version"]
    assert hfai.cli.main.main() == 0
    assert signal.getsignal(signal.SIGINT) == how, how
"""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=DEADLINE_S, stdout=subprocess.DEVNULL)


def test_as_a_module(cli: Cli) -> None:
    """`python -m hfai.cli` is the program too."""
    started = [sys.executable, "-m", "hfai.cli", "--version"]
    done = subprocess.run(started, env=cli.env, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0 and done.stdout.startswith("hai-cli ")
