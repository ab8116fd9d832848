"""What a person does at a real terminal: Ctrl-C while a log is followed, a shell inside a rank, a window of another size."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from hfai.cli.text_width import text_width
from tests.cli.conftest import HAI_CLI, Cli
from tests.cli.reading import READS, prepared
from tests.cli.screen import Screen, needs_tmux
from tests.cli.test_json import LISTINGS
from tests.cli.waiting import until_status

TICKS = "n=0; while [ ! -e stop ]; do n=$((n+1)); echo tick $n; sleep 0.05; done\necho over\nexit 5\n"
pytestmark = needs_tmux


@pytest.fixture
def screen(hai: Cli, tmp_path: Path) -> Iterator[Screen]:
    """A bash in a terminal; what a command exits with is said as `code N`."""
    env = {**hai.env, "PATH": f"{HAI_CLI.parent}:{hai.env['PATH']}", "LANG": "C.UTF-8", "HISTFILE": "", "PS1": "> "}
    env.pop("COLUMNS", None)
    with Screen(["bash", "--norc", "--noprofile", "-i"], env, tmp_path, columns=90) as one:
        one.wait_for(">")
        yield one


def line(text: str, *, in_text: str) -> bool:
    return text in in_text.splitlines()


def test_follow_interrupted_and_resumed(hai: Cli, screen: Screen) -> None:
    """The task goes on, the text says how to go on watching it, and the next `-f` ends with the task's own code."""
    hai.write("ticks.sh", TICKS)
    assert hai("bash", "ticks.sh", "--", "--name", "ticks").status == 0
    screen.type("hai-cli logs -f ticks; echo code $?", "Enter")
    screen.wait_for("] tick 3")
    screen.type("", "C-c")
    said = screen.wait_for("code 130")
    assert "interrupted: task" in said and "`hai-cli logs -f ticks`" in " ".join(said.split())
    screen.type("clear; hai-cli logs -f ticks --tail 2; echo code $?", "Enter")
    screen.wait_for(lambda text: text.count("] tick") > 3)
    (hai.cwd / "stop").touch()
    said = screen.wait_for("code 5")
    assert "] over" in said and "ticks failed: rank 0 ended first, with exit code 5" in said
    numbers = [int(row.rpartition(" ")[2]) for row in said.splitlines() if "] tick" in row]
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), "no line is missing or there twice"


def test_only_a_clear_yes_is_one(screen: Screen) -> None:
    """Anything else, the end of the input among it, and a line says that nothing was done."""
    for answer in (("maybe", "Enter"), ("n", "Enter"), ("", "Enter"), ("", "C-d")):
        screen.type("clear; haienv create asked; echo code $?", "Enter")
        screen.wait_for(lambda text: text.rstrip().endswith("Y/N:"))
        screen.type(*answer)
        said = screen.wait_for("code 1")
        assert line("nothing was done", in_text=said)
    screen.type("clear; haienv list", "Enter")
    screen.wait_for("you have no environments: `haienv create NAME` makes one")


def test_a_shell_in_a_rank(hai: Cli, screen: Screen) -> None:
    """As wide as the window, also when that changes; Ctrl-C goes to what runs there; the shell's code is hai-cli's."""
    hai.write("hold.sh", "exec sleep 300\n")
    assert hai("bash", "hold.sh", "--", "--name", "held").status == 0
    until_status(hai, "held", "running")
    screen.type("hai-cli ssh held; echo code $?", "Enter")
    screen.type("stty size; echo task $MARSV2_NB_NAME", "Enter")
    screen.wait_for(lambda text: line("task held", in_text=text) and line("30 90", in_text=text))
    screen.resize(61, 17)
    screen.type("clear; stty size", "Enter")
    screen.wait_for(lambda text: line("17 61", in_text=text))
    screen.type("sleep 100", "Enter")
    screen.type("", "C-c")
    screen.type("echo status $?", "Enter")
    screen.wait_for("status 130")
    screen.type("exit 7", "Enter")
    screen.wait_for(lambda text: line("code 7", in_text=text))
    assert hai("stop", "held").status == 0


def test_tables_in_a_narrow_window(hai: Cli, screen: Screen) -> None:
    """No row of any listing is cut by the terminal; a long name with wide signs is there as a whole."""
    name = "实验_with_a_very_long_name_indeed_" + "x" * 60
    prepared(hai)
    assert hai("bash", "one.py", "--", "--name", name, "-q").status == 0
    screen.resize(40, 200)
    for path in LISTINGS:
        if path in READS:
            screen.type(f"clear; hai-cli {' '.join((*path, *READS[path]))}; echo end-of-{'-'.join(path)}", "Enter")
            said = screen.wait_for(f"\nend-of-{'-'.join(path)}")
            rows = [row for row in screen.whole_lines if row.startswith(("|", "+", "-"))]
            assert rows and not [row for row in rows if text_width(row) > 40], path
            if path == ("list",):
                values = [row.split()[-1] for row in said.splitlines() if row.startswith(("nb_name", "  "))]
                assert name in "".join(values)
    heads_of = {"status 1": ["experiment", "jobs"], "whoami": ["user", "quota", "tokens"], "logs 1": [" fetching  log on rank 0..."]}
    for command, titles in heads_of.items():
        screen.type(f"clear; hai-cli {command}; echo end-of-{command[:4]}", "Enter")
        screen.wait_for(f"\nend-of-{command[:4]}")
        heads = [row for row in screen.whole_lines if row.startswith("=")]
        assert [head.strip("=")[1:-1] for head in heads][-len(titles) :] == titles and max(map(text_width, heads)) <= 40
