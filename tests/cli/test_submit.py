"""``run`` and ``python|bash|exec FILE -- OPTIONS``: what the task gets, and what is said."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Optional

import pytest

from tests.cli.conftest import HAI_CLI, Cli
from tests.cli.waiting import task, until_status

SHOW = "import json, os, sys\nprint(json.dumps([sys.argv[1:], os.environ.get('GREETING'), os.getcwd()]))\nsys.exit(5)\n"
ODD = ["a b", "$HOME", "it's", '"', "中文", "", "*", "-n", "--", "x; echo y"]


def said(out: str) -> list[object]:
    """What SHOW has printed, from the log."""
    line = next(line for line in out.splitlines() if line.startswith("[2"))
    found: list[object] = json.loads(line[29:])
    return found


def test_arguments_and_environment_arrive_as_given(hai: Cli) -> None:
    """Quotes, blanks, dollars, dividers, non-ASCII; the exit code is the task's own."""
    hai.write("show.py", SHOW)
    done = hai("python", "show.py", *ODD, "--", "--name", "odd", "-e", "GREETING=good 'day' $USER=1", "-f")
    assert done.status == 5, done.err
    assert said(done.out) == [ODD, "good 'day' $USER=1", str(hai.cwd)]
    assert "odd failed: rank 0 ended first, with exit code 5" in done.err


def test_the_id_is_on_stdout_and_what_to_type_next_on_stderr(hai: Cli) -> None:
    """A script can take the id; the name is that of the file."""
    hai.write("quick.sh", "true\n")
    done = hai("bash", "quick.sh", "--")
    assert done.status == 0
    assert done.out.strip().isdigit()
    assert f"submitted task {done.out.strip()} (quick.sh)" in done.err
    assert "hai-cli logs -f quick.sh" in done.err and "hai-cli stop quick.sh" in done.err
    assert until_status(hai, done.out.strip(), "finished")["nb_name"] == "quick.sh"


@pytest.mark.parametrize(("name", "word"), [("a b", "'a b'"), ("it's", "'it'\"'\"'s'"), ("-x", None), ("123", None), ("x.yaml", None)])
def test_what_to_type_is_right_for_any_name(hai: Cli, name: str, word: Optional[str]) -> None:
    """Quoted for the shell; the id where the name would be an option, an id or a file."""
    hai.write("ok.sh", "true\n")
    done = hai("bash", "ok.sh", "--", f"--name={name}")
    assert done.err.endswith(f"  stop it:        hai-cli stop {word or done.out.strip()}\n"), done


def test_json_of_a_submission(hai: Cli) -> None:
    """The task, and nothing else on stdout."""
    hai.write("quick.sh", "true\n")
    body = json.loads(hai("bash", "quick.sh", "--", "--name", "as_json", "--json").out)
    assert (body["nb_name"], body["nodes"]) == ("as_json", 1)


def test_exec_runs_a_program_of_the_workspace_and_of_the_path(hai: Cli) -> None:
    path = hai.write("bin/tool", '#!/bin/sh\necho "tool $*"\n')
    path.chmod(0o755)
    done = hai("exec", "bin/tool", "a b", "--", "-f")
    assert done.status == 0 and done.out.endswith("tool a b\n")
    done = hai("exec", "printf", "%s\\n", "hello", "--", "-f")
    assert done.status == 0 and done.out.endswith("hello\n")


def test_the_workspace_of_a_script_elsewhere_is_its_own_directory(hai: Cli, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The current directory if the script is below it."""
    other = tmp_path_factory.mktemp("other")
    (other / "show.py").write_text(SHOW)
    assert said(hai("python", str(other / "show.py"), "--", "--name", "elsewhere", "-f").out)[2] == str(other)
    hai.write("below/show.py", SHOW)
    assert said(hai("python", "below/show.py", "--", "--name", "below", "-f").out)[2] == str(hai.cwd)


def test_run_overrides_the_file(hai: Cli) -> None:
    """Name, nodes, priority."""
    hai.write("quick.sh", "true\n")
    hai.write("task.yaml", "version: 2\nname: from_file\npriority: 10\nspec: {entrypoint: quick.sh}\n")
    run_id = hai("run", "task.yaml", "-n", "2", "-p", "high", "--name", "overridden").out.strip()
    body = task(hai, run_id)
    assert (body["nb_name"], body["nodes"], body["priority"]) == ("overridden", 2, 30)


def test_dry_run_prints_the_request_and_submits_nothing(hai: Cli) -> None:
    """As a task file, or as JSON."""
    hai.write("quick.sh", "true\n")
    words = ("bash", "quick.sh", "a b", "--", "--name", "dry", "--options", "profile.time=60", "--dry-run")
    done = hai(*words)
    assert done.status == 0, done.err
    assert "name: dry\n" in done.out and "profile:\n    time: 60\n" in done.out
    assert json.loads(hai(*words, "--json").out)["spec"]["parameters"] == "'a b'"
    assert hai("status", "dry").status == 3


def test_a_name_in_use_is_refused(hai: Cli) -> None:
    """The message names the task that has it, and both ways out."""
    hai.write("long.sh", "exec sleep 300\n")
    run_id = hai("bash", "long.sh", "--").out.strip()
    done = hai("bash", "long.sh", "--")
    assert (done.status, done.out) == (6, "")
    assert f"task {run_id}" in done.err and "--name" in done.err and f"hai-cli stop {run_id}" in done.err
    assert hai("stop", "long.sh").status == 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("run", "missing.yaml"), 6, "missing.yaml: there is no such file"),
        (("run", "."), 6, "this is a directory, not a task file"),
        (("run", "good.sh"), 2, "good.sh is a script, not a task file: `hai-cli bash good.sh -- -n 1` runs it as a task"),
        (("run", "empty.yaml"), 6, "empty.yaml is empty"),
        (("run", "syntax.yaml"), 6, "syntax.yaml:3:1: this is no valid YAML: "),
        (("run", "typo.yaml"), 6, "did you mean resource.node_count?"),
        (("run", "type.yaml"), 6, "type.yaml:5:"),
        (("run", "huge.yaml"), 6, "resource.node_count"),
        (("run", "zero.yaml"), 6, "resource.node_count is the number 0"),
        (("run", "negative.yaml"), 6, "resource.node_count is the number -1"),
        (("run", "nothing.yaml"), 6, "spec.entrypoint is missing"),
        (("run", "good.yaml", "-g", "nope"), 6, "there is no such group"),
        (("run", "good.yaml", "-n", "5"), 6, "has only 4"),
        (("run", "good.yaml", "-n", "1000000000"), 6, "1000000000"),
        (("run", "good.yaml", "--name", "x" * 600), 6, "1 to 255 characters"),
        (("run", "outside.yaml"), 6, "there is no nowhere.py"),
        (("python", "missing.py", "--"), 6, "missing.py: there is no such file"),
        (("python", ".", "--"), 6, "this is a directory"),
        (("exec", "good.sh", "--"), 6, "write ./good.sh"),
        (("exec", "no-such-program", "--"), 6, "no such program"),
        (("python", "with blank/a.py", "--", "--name", "b"), 0, ""),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
def test_bad_input(hai: Cli, words: tuple[str, ...], status: int, said: str) -> None:
    """One line that says what is wrong, with which value."""
    hai.write("good.sh", "true\n")
    hai.write("with blank/a.py", "")
    hai.write("empty.yaml", "")
    hai.write("syntax.yaml", "version: 2\nname: [x\n")
    good = "version: 2\nname: good\nspec: {entrypoint: good.sh}\n"
    hai.write("good.yaml", good)
    hai.write("typo.yaml", good + "resource: {node_cuont: 2}\n")
    hai.write("type.yaml", good + "resource:\n  node_count: two\n")
    hai.write("zero.yaml", good + "resource: {node_count: 0}\n")
    hai.write("negative.yaml", good + "resource: {node_count: -1}\n")
    hai.write("nothing.yaml", "version: 2\nname: good\nspec: {}\n")
    hai.write("huge.yaml", good + "resource: {node_count: 1000000000}\n")
    hai.write("outside.yaml", good.replace("good.sh", "nowhere.py"))
    done = hai(*words)
    assert done.status == status, done.err
    assert said in done.err
    assert status == 0 or done.err.count("\n") == 1


def test_a_directory_that_the_platform_does_not_see(hai: Cli, tmp_path: Path) -> None:
    """As on another machine: how it gets there. It is a mount of this test's own."""
    assert hai("list").status == 0
    script = f"mount -t tmpfs none {tmp_path}; mkdir {tmp_path}/own; cd {tmp_path}/own; echo true > x.sh; exec {HAI_CLI} bash x.sh -- -n 1"
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    done = subprocess.run([*unshare, "bash", "-c", script], env=hai.env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 6 and done.stderr == (
        f"hai-cli: spec.workspace: {tmp_path}/own does not exist on the platform;"
        " `hai-cli workspace init NAME` in it takes it there with each submission\n"
    )


def test_a_workspace_with_a_blank(hai: Cli) -> None:
    """No platform takes it; the message says what to do, and what is pushed runs there."""
    hai.write("with blank/a.py", "")
    inside = Cli(hai.env, hai.cwd / "with blank")
    done = inside("python", "a.py", "--")
    assert done.status == 6 and "has a blank in its path" in done.err and "start from a directory" in done.err
    assert inside("workspace", "init", "blank", "-q").status == 0
    done = inside("python", "a.py", "--", "-f", "--name", "pushed")
    assert done.status == 0 and "pushed workspace blank: " in done.err, done
