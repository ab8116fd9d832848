"""``hai-cli workspace``: transcripts in both languages, and a submission from inside of one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Callable

from hfai.testing import EngineSandbox
from tests.cli.conftest import Cli
from tests.cli.transcripts import Transcript

Begin = Callable[[str], Transcript]


def test_workspace_transcript(transcript: Begin) -> None:
    talk = transcript("workspace")
    hai = talk.hai
    talk("hai-cli workspace push")
    talk("hai-cli workspace init 'bad name'")
    talk("hai-cli workspace init my_code")
    hai.write("train.sh", "echo trained > result.txt\n")
    hai.write("src/lib.py", "x = 1\n")
    hai.write("src/__pycache__/lib.pyc", "x")
    hai.write("secret/data.bin", "x" * 5000)
    hai.write(".hfignore", "/secret\n")
    (hai.cwd / "away").symlink_to("/etc")
    talk("hai-cli workspace push --dry-run")
    talk("hai-cli workspace push")
    talk("hai-cli workspace push --json")
    talk("hai-cli workspace list --columns name,version,files,size")
    hai.write("src/lib.py", "x = 2\n")
    (hai.cwd / "away").unlink()
    talk("hai-cli workspace diff")
    talk("hai-cli bash train.sh -- --name in_workspace --follow -q")
    talk("hai-cli workspace diff --json")
    talk("hai-cli workspace pull")
    talk("hai-cli workspace diff")
    talk("hai-cli workspace download nowhere")
    talk("hai-cli workspace remove my_code")
    talk("hai-cli workspace remove my_code --yes")
    talk("hai-cli workspace push")


def test_a_conflict_is_told(transcript: Begin) -> None:
    talk = transcript("workspace_conflict")
    hai = talk.hai
    hai("workspace", "init", "shared")
    hai.write("a.txt", "one")
    assert hai("workspace", "push").status == 0
    copy = hai.cwd.parent / f"{hai.cwd.name}-copy"
    shutil.copytree(hai.cwd, copy)
    elsewhere = Cli(hai.env, copy)
    elsewhere.write("a.txt", "two")
    assert elsewhere("workspace", "push").status == 0
    hai.write("a.txt", "three")
    talk("hai-cli workspace push")
    talk("hai-cli workspace pull")
    talk("hai-cli workspace push --force")


def test_a_task_runs_in_what_was_pushed(hai: Cli, engine: EngineSandbox) -> None:
    assert hai("workspace", "init", "tasks", "-q") == (0, "", "")
    hai.write("sub/show.sh", "pwd; cat ../data.txt\n")
    hai.write("data.txt", "first\n")
    done = Cli(hai.env, hai.cwd / "sub")("bash", "show.sh", "--", "--name", "pushed", "-f", "-q")
    assert done.status == 0
    assert str(engine.state_dir) in done.out
    assert "first" in done.out
    done = hai("bash", "sub/show.sh", "--", "--name", "told", "-n", "2")
    assert "workspace tasks: nothing to push, none of its files (2) has changed" in done.err
    done = hai("bash", "sub/show.sh", "--", "--name", "here", "-f", "-q", "--no_push")
    assert str(hai.cwd) in done.out


def test_odd_names_are_shown_on_one_line(hai: Cli) -> None:
    hai("workspace", "init", "odd", "-q")
    (hai.cwd / "line\nbreak").write_text("x")
    (Path(os.fsdecode(os.fsencode(hai.cwd) + b"/not-\xff-utf8"))).write_text("x")
    done = hai("workspace", "push", "--dry-run")
    assert done.status == 0
    assert sorted(done.out.splitlines()) == ["+ 'line\\nbreak'", "+ 'not-\\udcff-utf8'"]
    assert sorted(json.loads(hai("workspace", "push", "--json").out)["changed"]) == ["line\nbreak", "not-\\xff-utf8"]
