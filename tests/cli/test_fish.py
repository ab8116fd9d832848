"""``source haienv NAME`` in fish: what has to be told to it, and that nothing else becomes different."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hfai.cli.completion.shells import code_for
from tests.cli.conftest import HAI_CLI, Cli
from tests.cli.screen import Screen, needs_tmux
from tests.cli.test_completion import tab

HAIENV = Path(__file__).parents[2] / "bin" / "haienv"
DEADLINE_S = 60
USER = Path(".config", "fish", "conf.d", "hai-cli.fish")
# Has a function `source` take over in a script that does without haienv.
MENTION = "# source haienv\n"

SOURCED = """
set plain 1
set -l only_here 1
set -f of_function 1
set -g for_all 1
set -x handed_on 1
set outer changed
set -l outer hidden
set -e gone
echo "sees [$plain$only_here$of_function$for_all] outer [$outer] before [$before] argv [$argv] "(count $argv)
echo "at "(status filename)" line "(status line-number)", "(status current-command)
status is-block; echo block $status
status is-command-substitution; echo substitution $status
status is-interactive; echo interactive $status
function defined; echo "defined, argv [$argv]"; end
function on_event --on-event happened; echo "event [$argv]"; end
function on_variable --on-variable watched; echo "watched $watched"; end
function keeps --inherit-variable only_here; echo "keeps $only_here"; end
"""
ENDS = "echo first\nset -q argv[1]; and return $argv[1]\necho last\nfalse\n"
# Everything that a script may want of source; `return` in a file that a function sources is for the test of its own.
CASES = {
    "top": "source all.fish; echo $status; set -S plain only_here of_function for_all handed_on outer argv; defined x; "
    "emit happened y; set -g watched 3; keeps; env | string match 'handed_on=*'",
    "arguments": "source all.fish one 'two three'; set -S argv",
    "inside a function": "function f; set -l outer f; set gone 2; source all.fish $argv; echo $status; "
    "set -S plain only_here of_function for_all outer gone argv; end; f; f 1 2; set -S plain only_here of_function for_all outer",
    "inside a block": "begin; set -l outer b; set -l gone 2; source all.fish; "
    "set -S plain only_here of_function for_all outer gone argv; end; set -S plain only_here of_function for_all outer",
    "status": "source ends.fish; echo $status; source ends.fish 5; echo $status; if source ends.fish 0; echo yes; end; "
    "not source ends.fish 4; echo $status; source ends.fish 3 || echo no; false; source status.fish; echo 'false' | source; echo $status",
    "pipe": "cat all.fish | source; echo $status $pipestatus; set -S plain; cat all.fish | source - 1 2; cat ends.fish | source - 7; "
    "echo $status $pipestatus",
    "redirected": "source <all.fish; source - <ends.fish; echo $status; source ends.fish >/dev/null; echo $status; "
    "source says.fish 2>&1 | string upper; set got (source all.fish); count $got; set -S plain",
    "standard input": "echo line | source reads.fish; echo line | begin; source reads.fish; end; source reads.fish <ends.fish",
    "dot": ". all.fish; . ends.fish 6; echo $status; . nowhere.fish; echo $status",
    "nested": "source outer.fish; echo $status",
    "loops": "for i in 1 2; source breaks.fish; echo loop $i; end; for i in 1 2; source continues.fish; echo loop $i; end",
    "errors": "source nowhere.fish; echo $status; source .; echo $status; source no/such/file x; echo $status; "
    "source bad.fish; echo $status; source unknown.fish; echo $status",
    "help": "source --help | head -n 3; source -h | head -n 3",
    "jobs": "source background.fish; jobs -p | count",
    "exit": "source exits.fish; echo never",
}
FILES = {
    "all.fish": SOURCED,
    "ends.fish": ENDS,
    "status.fish": "echo before $status\n",
    "says.fish": "echo loud >&2\n",
    "reads.fish": 'read -l got; echo "read [$got]"\n',
    "outer.fish": "source all.fish 8; source ends.fish 9; echo $status; source unknown.fish; echo at (status filename); return 3\nfalse\n",
    "breaks.fish": "for i in 1 2; break; end; break; echo never\n",
    "continues.fish": "continue; echo never\n",
    "bad.fish": "echo ( syntax\n",
    "unknown.fish": "there_is_no_such_command\n",
    "background.fish": "sleep 0.01 &; jobs -p | count; wait\n",
    "exits.fish": "exit 4; echo never\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with blanks in its path, whose fish was told."""
    place = tmp_path / "a home"
    (place / USER).parent.mkdir(parents=True)
    (place / USER).write_text(code_for("fish"))
    # Without it fish makes completions of all man pages in the background at its first start.
    (place / ".local" / "share" / "fish" / "generated_completions").mkdir(parents=True)
    return place


def surroundings(cli: Cli, home: Path) -> dict[str, str]:
    env = {name: value for name, value in cli.env.items() if not name.startswith(("XDG_", "VIRTUAL_ENV", "HF_ENV", "COLUMNS"))}
    return {**env, "HOME": str(home), "LANG": "C.UTF-8", "PATH": f"{HAI_CLI.parent}:{HAIENV.parent}:{os.environ['PATH']}"}


def fish(cli: Cli, home: Path, *words: str, typed: str = "") -> tuple[int, str]:
    """How fish ends, and all that it says."""
    done = subprocess.run(
        ["fish", *words],
        env=surroundings(cli, home),
        cwd=cli.cwd,
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return done.returncode, done.stdout


def without_function(said: str) -> str:
    """Without what the function adds to the trace behind an error: the one thing that it cannot hide."""
    added = r"\tcalled on line \d+ of file [^\n]*/hai-cli\.fish\nin function '(source|\.)'[^\n]*\n"
    return re.sub(added, "", said)


@pytest.mark.parametrize("case", CASES)
def test_source_is_what_it_was(cli: Cli, home: Path, case: str) -> None:
    """To the last sign where nothing says `source haienv`, and all but the traces of errors where something does."""
    for name, text in FILES.items():
        cli.write(name, text)
    cli.write("script.fish", f"set -g gone 1; set before top\n{CASES[case]}\n")
    expected = fish(cli, home, "--no-config", "script.fish")
    assert fish(cli, home, "script.fish") == expected
    cli.write("script.fish", f"set -g gone 1; set before top\n{CASES[case]} {MENTION}")
    status, said = fish(cli, home, "script.fish")
    assert (status, without_function(said)) == (expected[0], expected[1].replace(CASES[case], f"{CASES[case]} {MENTION.strip()}"))


def test_return_leaves_the_function_too(cli: Cli, home: Path) -> None:
    """What a file returns leaves the function that has sourced it: so it has to be the builtin wherever it can be."""
    cli.write("ends.fish", "return 5\n")
    cli.write("script.fish", "function f; source ends.fish; echo behind; end; f; echo $status; type source\n")
    assert fish(cli, home, "script.fish") == (0, "5\nsource is a builtin\n")


def make(cli: Cli, *names: str) -> None:
    for name in names:
        assert cli("haienv", "create", name, "-y", "-q", "--engine", "venv").status == 0


def test_without_a_prompt(cli: Cli, home: Path) -> None:
    """`fish -c`, a script with arguments, standard input, the configuration; in a place with blanks."""
    cli.cwd = cli.cwd / "a place"
    cli.cwd.mkdir()
    make(cli, "ext", "two.b+c")
    line = "source haienv ext; and source haienv two.b+c; and echo in $HF_ENV_NAME; haienv deactivate; source haienv deactivate; "
    line += "set -q HF_ENV_NAME; or echo out"
    expected = (0, "in two.b+c\nout\n")
    assert fish(cli, home, "-c", line) == expected
    assert fish(cli, home, "--init-command", line, "-c", "true") == expected
    cli.write("a script.fish", f"{line}\necho $argv >&2")
    assert fish(cli, home, "a script.fish", "1", "--two") == (0, f"{expected[1]}1 --two\n")
    assert fish(cli, home, typed=line) == expected
    (home / ".config" / "fish" / "config.fish").write_text("source haienv ext\n")
    assert fish(cli, home, "-c", "echo [$HF_ENV_NAME]") == (0, "[ext]\n")


def test_what_is_not_meant(cli: Cli, home: Path) -> None:
    """A file of that name in the directory; a function `source` of the user's own; no haienv; a word that only begins like it."""
    cli.write("haienv", "echo own $argv\n")
    assert fish(cli, home, "-c", "source haienv ext") == (0, "own ext\n")
    (cli.cwd / "haienv").unlink()
    (cli.cwd / "haienv").mkdir()
    status, said = fish(cli, home, "-c", "source haienv nope")
    assert "no environment nope" in said, (status, said)
    own = (home / USER).with_name("a.fish")
    own.write_text("function source; test $argv[1] = haienv; and echo mine $argv; or builtin source $argv; end\n")
    assert fish(cli, home, "-c", "source haienv ext") == (0, "mine haienv ext\n")
    own.unlink()
    (cli.cwd / "haienv").rmdir()
    assert fish(cli, home, "-c", "source haienvs ext; type source")[1].endswith("source is a builtin\n")
    status, said = fish(cli, home, "-c", "set PATH /usr/bin /bin; source haienv ext")
    assert status == 1 and "sourcing file 'haienv'" in said


@needs_tmux
def test_at_the_prompt(cli: Cli, home: Path) -> None:
    """Prompt, one inside another, an owner, leaving; Tab; a function for that line only."""
    make(cli, "ext", "two.b+c")
    (home / ".config" / "fish" / "config.fish").write_text("function fish_prompt\n echo '> '\nend\nset -g fish_greeting\n")
    work = cli.cwd / "some work"
    work.mkdir()
    owner = next(Path(os.environ["HFAI_HOME"], "envs").iterdir()).name
    with Screen(["fish"], {**surroundings(cli, home), "HFAI_HOME": os.environ["HFAI_HOME"]}, work) as screen:
        screen.wait_for(">")
        screen.type("source haienv e", "Tab")
        screen.wait_for("> source haienv ext")
        screen.type("", "Enter")
        screen.wait_for("(ext) >")
        screen.type(f"source haienv two.b+c -u {owner[:-1]}", "Tab")
        screen.wait_for(f"source haienv two.b+c -u {owner}")
        screen.type("", "Enter")
        screen.wait_for("(two.b+c) >")
        screen.type("type source", "Enter")
        screen.wait_for("source is a builtin")
        screen.type("haienv deactivate; source haienv nope; echo =$status=$HF_ENV_NAME=", "Enter")
        assert "no environment nope" in screen.wait_for("=1=ext=")
        screen.type("clear; source haienv deactivate", "Enter")
        screen.wait_for(lambda text: text in (">", "> "))


def test_tab_asks_for_environments(cli: Cli) -> None:
    make(cli, "extenv")
    assert tab(cli, "source haienv ex") == ["extenv"]
    assert tab(cli, "source haienv extenv -") == ["-u", "--user"]
    assert tab(cli, "source haienv extenv ") == []


@pytest.mark.parametrize("place", [".local/share", "shared"])
def test_an_installation_brings_it(cli: Cli, home: Path, place: str) -> None:
    """Where fish looks through the prefix: the user's own, and those of XDG_DATA_DIRS."""
    make(cli, "ext")
    vendor = home / place / "fish" / "vendor_conf.d"
    vendor.mkdir(parents=True)
    shutil.move(home / USER, vendor / USER.name)
    cli.env["HFAI_HOME"] = os.environ["HFAI_HOME"]
    env = {**surroundings(cli, home), "XDG_DATA_DIRS": f"{home / 'shared'}:/usr/share"}
    done = subprocess.run(
        ["fish", "-c", "source haienv ext; and echo $HF_ENV_NAME; haienv create more -y --engine venv; echo"],
        env=env, cwd=cli.cwd, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("ext\n"), done
    assert "enter it with: source haienv more\n" in done.stdout + done.stderr


def test_a_fish_that_was_not_told(cli: Cli, home: Path) -> None:
    """How to enter what was made is said in a way that works there."""
    (home / USER).unlink()
    _, said = fish(cli, home, "-c", "haienv create ext -y --engine venv; echo")
    way = "source (command -s haienv) ext"
    assert f"enter it with: {way}, or in a new fish after `hai-cli completion install fish`: source haienv ext\n" in said
    assert fish(cli, home, "-c", f"{way}; echo $HF_ENV_NAME") == (0, "ext\n")
