"""``hai-cli python|bash|exec FILE`` without a divider runs here, behind ``++`` as if it were a task."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Cli

SHOW = """
import json, os, sys
names = ("HFAI_SIMULATE", "SIMULATE_SUSPEND", "MARSV2_WHOLE_LIFE_STATE", "WORLD_SIZE", "RANK", "MASTER_IP", "MASTER_PORT")
print(json.dumps([sys.argv[1:], {name: os.environ.get(name) for name in names}]))
sys.exit(7)
"""
ODD = ["a b", "$HOME", "it's", '"', "line\nbreak", "中文", "", "*", "-n"]


def test_python_runs_here_with_the_arguments_as_given(cli: Cli) -> None:
    """The exit code is the program's; no engine is started."""
    cli.write("show.py", SHOW)
    done = cli("python", "show.py", *ODD)
    arguments, environ = json.loads(done.out)
    assert (done.status, done.err, arguments) == (7, "", ODD)
    assert set(environ.values()) == {None}


def test_bash_and_exec_run_here(cli: Cli) -> None:
    """A shell script and a program."""
    path = cli.write("tell.sh", '#!/bin/sh\necho "$#: $*"\nexit 3\n')
    path.chmod(0o755)
    assert cli("bash", "tell.sh", "x y", "z") == (3, "2: x y z\n", "")
    assert cli("exec", "./tell.sh", "x y") == (3, "1: x y\n", "")


def test_simulation_sets_the_variables(cli: Cli) -> None:
    """Those of the client API."""
    cli.write("show.py", SHOW)
    done = cli("python", "show.py", "x", "++", "-ss", "2.5", "-ls", "4")
    arguments, environ = json.loads(done.out)
    assert (done.status, arguments) == (7, ["x"])
    assert environ == {
        "HFAI_SIMULATE": "1",
        "SIMULATE_SUSPEND": "2.5",
        "MARSV2_WHOLE_LIFE_STATE": "4",
        "WORLD_SIZE": "1",
        "RANK": "0",
        "MASTER_IP": "127.0.0.1",
        "MASTER_PORT": "29510",
    }


def test_a_program_that_is_not_there(cli: Cli) -> None:
    assert cli("exec", "no-such-program") == (127, "", "hai-cli: no-such-program: No such file or directory\n")


@pytest.mark.parametrize("divider", ["--", "++"])
def test_a_wrong_split_shows_both_halves(cli: Cli, divider: str) -> None:
    """So that one sees which divider was taken."""
    done = cli("python", "train.py", "--lr", "1", divider, "--bogus", "a b")
    assert done.status == 2
    assert "in front of it: `train.py --lr 1`, behind it: `--bogus 'a b'`" in done.err
    assert "no option --bogus" in done.err


def test_a_divider_needs_a_file_in_front(cli: Cli) -> None:
    done = cli("python", "--", "-n", "1")
    assert done == (2, "", "hai-cli: name the file to run: `hai-cli python FILE [ARGS] -- ...`\n")
