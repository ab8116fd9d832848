"""``haienv``: transcripts, the shells that source it, and tasks that use an environment."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Callable, Mapping

import pytest

from tests.cli.conftest import HAI_CLI, Cli
from tests.cli.test_completion import tab
from tests.cli.transcripts import Transcript

Begin = Callable[[str], Transcript]
SCRIPT = Path(__file__).parents[2] / "bin" / "haienv"
SHELLS = {
    "bash": ["bash", "--norc", "--noprofile"],
    "zsh": ["zsh", "-f"],
    "fish": ["fish", "--no-config"],
}
DEADLINE_S = 60


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for PATH with ``haienv`` and ``hai-cli`` as an installation has them side by side."""
    place = tmp_path_factory.mktemp("a place") / "bin"
    place.mkdir()
    shutil.copy(SCRIPT, place / "haienv")
    (place / "hai-cli").symlink_to(HAI_CLI)
    return place


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment to extend, with pip, and `hand` and `kept` at version 1."""
    place = tmp_path_factory.mktemp("base env") / "venv"
    subprocess.run([sys.executable, "-m", "venv", place], check=True, timeout=DEADLINE_S)
    wheels = wheels_of(place)
    wheels.mkdir()
    for name, version in (("hand", "1"), ("kept", "1"), ("hand", "2")):
        wheel(wheels, name, version)
    pip = [place / "bin" / "pip", "install", "-q", "--no-index", "--find-links", wheels, "--disable-pip-version-check"]
    subprocess.run([*pip, "hand==1", "kept"], check=True, timeout=DEADLINE_S)
    return place


def wheels_of(base: Path) -> Path:
    """Where the packages for it are: pip would take a blank for the end of a place."""
    return base.parent.parent / "wheels"


def wheel(directory: Path, name: str, version: str) -> None:
    """A package that knows its version, made by hand: there is no network here."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(directory / f"{name}-{version}-py3-none-any.whl", "w") as file:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            file.writestr(path, text)


@pytest.fixture
def shell(cli: Cli, programs: Path, base: Path) -> Callable[[str, str], tuple[int, str]]:
    """Runs a script in a shell whose current environment is `base`: its status, and all that it says."""

    def run(name: str, script: str, **more: str) -> tuple[int, str]:
        env = {**surroundings(cli.env, programs, base), **more}
        done = subprocess.run(
            [*SHELLS[name], "-c", script],
            env=env,
            cwd=cli.cwd,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def surroundings(env: Mapping[str, str], programs: Path, base: Path) -> dict[str, str]:
    """PATH and variables of a shell in which `base` is active."""
    wheels = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels_of(base)), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return {
        **env,
        **wheels,
        "PATH": f"{base / 'bin'}:{programs}:{os.environ['PATH']}",
        "VIRTUAL_ENV": str(base),
        "HOME": str(programs),
    }


def test_haienv_transcript(transcript: Begin) -> None:
    talk = transcript("haienv")
    hai = talk.hai
    talk("hai-cli haienv list")
    talk("hai-cli haienv create ext --engine venv")
    talk("hai-cli haienv create ext --engine venv -y -q")
    talk("hai-cli haienv create ext -y")
    talk("hai-cli haienv create 'a b' -y")
    talk("hai-cli haienv create deactivate -y")
    talk("hai-cli haienv create x --engine conda -y")
    talk("hai-cli haienv create x --from nowhere.txt -y")
    talk("hai-cli haienv list --columns venv_name,extend,engine")
    talk("hai-cli haienv config append -n ext -k extra_environment -v THREADS=4")
    talk("hai-cli haienv config append -n ext -k extra_environment -v =4")
    talk("hai-cli haienv config append -n ext -k extra_search_dir -v nowhere")
    talk("hai-cli haienv config append -n exd -k extra_search_dir -v .")
    talk("hai-cli haienv config show -n ext")
    talk("hai-cli haienv config show -n ext --json")
    hai.write("show.sh", "echo $HF_ENV_NAME $THREADS\n")
    talk("hai-cli haienv run ext -- bash show.sh")
    talk("hai-cli haienv run ext")
    talk("hai-cli haienv run ext bash show.sh")
    talk("hai-cli bash show.sh -- --options py_venv=exd")
    talk("hai-cli bash show.sh -- --options py_venv=ext -f -q")
    talk("hai-cli haienv config clear -n ext -k extra_environment -v THREADS=5")
    talk("hai-cli haienv config clear -n ext -k extra_environment")
    talk("hai-cli haienv freeze ext")
    talk("hai-cli haienv export nowhere")
    talk("hai-cli haienv deactivate")
    talk("hai-cli haienv remove ext")
    talk("hai-cli haienv remove ext -y")
    talk("hai-cli haienv remove ext -y")


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_sourced(shell: Callable[..., tuple[int, str]], name: str, base: Path) -> None:
    """PATH, pip, prompt and variables; one inside another; everything as before at the end; in a shell with ``set -eu``."""
    script = """
    set -eu
    PS1='old> '; before=$PATH
    haienv create one -y -q
    haienv create 'two.b+c' -y -q --extra-environment "ODD=x y'z\\"\\$HOME"
    source haienv one
    pip install -q hand==2 2>&1 | grep -v outside || true
    echo "1 $PS1$HF_ENV_NAME $(python -c 'import hand, kept; print(hand.version, kept.version)')"
    echo "2 $(pip list 2>/dev/null | grep -c hand) $(pip list 2>/dev/null | grep hand | tr -s ' ')"
    source haienv two.b+c
    echo "3 $PS1$ODD $(python -c 'import hand; print(hand.version)')"
    haienv list -q
    haienv deactivate
    echo "4 $PS1${ODD-unset} $(python -c 'import hand; print(hand.version)')"
    pip uninstall -q -y hand
    echo "5 $(python -c 'import hand; print(hand.version)')"
    pip uninstall -y hand 2>&1 | grep -c 'outside environment'
    source haienv deactivate
    [ "$PATH" = "$before" ] && echo "6 $PS1$VIRTUAL_ENV ${HF_ENV_NAME-none} ${_HAIENV_SAVED-none}"
    haienv deactivate || echo "7 $?"
    source haienv onf || echo "8 $?"
    set -- a b; source haienv 2>/dev/null || echo "9 $? $*"
    source haienv onf
    echo never
    """
    status, said = shell(name, script)
    lines = [line for line in said.splitlines() if line[:1].isdigit() or line in ("one", "two.b+c", "never")]
    assert lines == [
        "1 (one) old> one 2 1",
        "2 1 hand 2",
        "3 (two.b+c) old> x y'z\"$HOME 1",
        "one",
        "two.b+c",
        "4 (one) old> unset 2",
        "5 1",
        "1",
        f"6 old> {base} none none",
        "7 1",
        "8 3",
        "9 2 a b",
    ], said
    assert status == 3
    assert "did you mean one?" in said
    assert (
        subprocess.run(
            [base / "bin" / "python", "-c", "import hand; assert hand.version == '1'"], check=False
        ).returncode
        == 0
    )


def test_sourced_by_fish(shell: Callable[..., tuple[int, str]], base: Path) -> None:
    """The same file; fish looks for what it sources in no PATH."""
    script = """
    set before "$PATH"
    function fish_prompt; echo -n 'old> '; end
    haienv create one -y -q
    haienv create two -y -q --extra-environment "ODD=x y'z\\\\\\$HOME"
    source (command -s haienv) one
    echo "1 "(fish_prompt)"$HF_ENV_NAME "(python -c 'import hand; print(hand.version)')
    source (command -s haienv) two
    echo "2 "(fish_prompt)"$ODD"
    haienv deactivate
    echo "3 "(fish_prompt)"[$ODD]"
    haienv deactivate
    test "$before" = "$PATH"; and echo "4 "(fish_prompt)"$VIRTUAL_ENV [$HF_ENV_NAME]"
    haienv deactivate; or echo "5 $status"
    source (command -s haienv) onf; or echo "6 $status"
    """
    status, said = shell("fish", script)
    assert [line for line in said.splitlines() if line[:1].isdigit()] == [
        "1 (one) old> one 1",
        "2 (two) old> x y'z\\$HOME",
        "3 (one) old> []",
        f"4 old> {base} []",
        "5 1",
        "6 1",
    ], said
    assert status == 0


def test_a_task_in_an_extended_environment(hai: Cli, programs: Path, base: Path) -> None:
    """A package of the base, and its own newer version of another; by option, by HF_ENV_NAME, and not with --no_inherit."""
    env = surroundings(hai.env, programs, base)
    hai.write("wants.txt", "hand==2\n")
    assert hai("haienv", "create", "ext", "-y", "-q", "--from", "wants.txt", env=env).status == 0
    assert hai("haienv", "freeze", "ext") == (0, "hand==2\n", "")
    hai.write("show.py", "import hand, kept, os; print('saw', hand.version, kept.version, os.environ['HF_ENV_NAME'])\n")
    done = hai("python", "show.py", "--", "-q", "-f", "--options", "py_venv=ext", "--name", "by_option")
    assert "saw 2 1 ext" in done.out, done
    done = hai("python", "show.py", "--", "-f", "--name", "by_variable", env={"HF_ENV_NAME": "ext"})
    assert "saw 2 1 ext" in done.out, done
    assert "the task uses the active environment ext: --no_inherit turns that off" in done.err
    done = hai("python", "show.py", "--", "--name", "misnamed", env={"HF_ENV_NAME": "ex"})
    assert done.status == 6
    assert "options.py_venv: no environment ex: did you mean ext?" in done.err
    done = hai("python", "show.py", "--", "-f", "-q", "--no_inherit", "--name", "bare", env={"HF_ENV_NAME": "ext"})
    assert done.status == 1 and "ModuleNotFoundError" in done.out


def test_one_in_use_is_not_removed(hai: Cli) -> None:
    """Nor is one that it extends."""
    assert hai("haienv", "create", "under", "-y", "-q", "--engine", "venv").status == 0
    paths = {one["venv_name"]: one["path"] for one in json.loads(hai("haienv", "list", "-j").out)}
    inside = {"VIRTUAL_ENV": paths["under"], "HF_ENV_NAME": "under"}
    assert hai("haienv", "create", "used", "-y", "-q", "--engine", "venv", env=inside).status == 0
    hai.write("long.sh", "echo up; exec sleep 60\n")
    assert hai("bash", "long.sh", "--", "--name", "holder", "--options", "py_venv=used").status == 0
    assert hai("wait", "holder", "--for", "running").status == 0
    deadline = time.monotonic() + DEADLINE_S
    while "up" not in hai("logs", "holder").out:
        assert time.monotonic() < deadline
    done = hai("haienv", "remove", "used", "-y")
    assert (done.status, "in use by running tasks (holder)" in done.err) == (6, True)
    done = hai("haienv", "remove", "under", "-y")
    assert (done.status, "under is in use by running tasks (holder)" in done.err) == (6, True)
    assert "these extend it, and will lack what is installed in it: used" in done.err
    assert hai("stop", "holder").status == 0
    hai("wait", "holder")
    assert hai("haienv", "remove", "used", "-y", "-q") == (0, "", "")


def test_an_interrupted_creation_leaves_nothing(cli: Cli, own_home: Path) -> None:
    """After Ctrl-C at once, after kill -9 at the next command; the name is free again."""
    fake = cli.write("slow/uv", '#!/bin/sh\nfor d; do :; done\nmkdir -p "$d/lib"; exec sleep 60\n')
    fake.chmod(0o755)
    env = {"PATH": f"{fake.parent}:{os.environ['PATH']}"}
    envs = own_home / "envs"
    for sent in (signal.SIGINT, signal.SIGKILL):
        making = cli.start("haienv", "create", "half", "-y", env=env)
        deadline = time.monotonic() + DEADLINE_S
        while not list(envs.glob("*/half_0/lib")):
            assert time.monotonic() < deadline
        assert "is being made right now" in cli("haienv", "create", "half", "-y").err
        child = int(Path(f"/proc/{making.pid}/task/{making.pid}/children").read_text().split()[0])
        making.send_signal(sent)
        os.kill(child, signal.SIGKILL)
        making.communicate(timeout=DEADLINE_S)
        assert cli("haienv", "list", "-q") == (0, "", "")
        assert bool(list(envs.glob("*/half_0"))) == (sent == signal.SIGKILL)
    assert cli("haienv", "create", "half", "-y", "-q", "--engine", "venv").status == 0
    assert not list(envs.glob("*/.*"))


def test_an_environment_that_was_taken_away_by_hand(cli: Cli, own_home: Path) -> None:
    """It is not listed any more, and its name is free."""
    assert cli("haienv", "create", "mine", "-y", "-q", "--engine", "venv").status == 0
    (path,) = own_home.glob("envs/*/mine_0")
    shutil.rmtree(path)
    assert cli("haienv", "list", "-q") == (0, "", "")
    assert cli("haienv", "create", "mine", "-y", "-q", "--engine", "venv").status == 0
    assert cli("haienv", "run", "mine", "--", "true").status == 0


def test_two_at_once(cli: Cli) -> None:
    """Eight creations of four names: one of each is made, whole; the others are told."""
    running = [cli.start("haienv", "create", f"env{number % 4}", "-y", "--engine", "venv") for number in range(8)]
    statuses = sorted(one.wait(DEADLINE_S) for one in running if one.communicate(timeout=DEADLINE_S))
    assert statuses == [0] * 4 + [6] * 4
    listed = json.loads(cli("haienv", "list", "--json").out)
    assert [one["venv_name"] for one in listed] == ["env0", "env1", "env2", "env3"]
    assert all(Path(one["path"], "bin", "python").exists() for one in listed)


def test_others_environments(cli: Cli, own_home: Path, tmp_path: Path) -> None:
    """They are seen with -a and -u, and used; a name in brackets means them too."""
    shared = {"HFAI_ENVS_DIR": str(tmp_path / "shared")}
    assert cli("haienv", "create", "mine", "-y", "-q", "--engine", "venv", env=shared).status == 0
    (own,) = (tmp_path / "shared").iterdir()
    alices = own.rename(own.with_name("alice"))
    with contextlib.closing(sqlite3.connect(alices / "envs.db")) as db, db:
        db.execute("update environments set path = ?", (str(alices / "mine_0"),))
    assert cli("haienv", "list", "-q", env=shared).out == ""
    assert cli("haienv", "list", "-a", "-q", env=shared).out == "mine\n"
    assert json.loads(cli("haienv", "list", "-u", "alice", "-o", "json", env=shared).out)[0]["owner"] == "alice"
    for words in (("remove", "mine[alice]", "-y"), ("config", "clear", "-n", "mine[alice]", "-k", "extra_environment")):
        refused = cli("haienv", *words, env=shared)
        assert refused.status == 6 and "environment mine is alice's" in refused.err, refused
    assert cli("haienv", "list", "-u", "../x", env=shared).status == 2


def test_tab(cli: Cli) -> None:
    """The names of environments as soon as they are made, behind both programs; none after the last was removed."""
    assert cli("haienv", "create", "extenv", "-y", "--engine", "venv").status == 0
    named = cli("haienv", "extenv")
    assert (named.status, named.err) == (2, "hai-cli: no command extenv; enter the environment of that name with: source haienv extenv\n")
    for line in ("hai-cli haienv run ex", "haienv remove ex"):
        assert tab(cli, line) == ["extenv"], line
    assert cli("haienv", "remove", "extenv", "-y").status == 0
    assert tab(cli, "haienv remove ex") == []
