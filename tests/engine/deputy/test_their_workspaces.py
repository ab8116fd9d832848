"""Workspaces of users whose tasks have an account of their own: pushed, worked in, pulled, and nobody else's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

from hfai.testing import EngineSandbox
from tests.cli.waiting import until
from tests.engine.deputy.conftest import Someone

SHOW = "id -un; cat data/x; echo out > result; mkdir -p deep/er; echo more > deep/er/file\n"


def test_there_and_back(bob: Someone, eve: Someone) -> None:
    """What was pushed is the account's, its outputs come back, and another account gets to neither."""
    path = bob.push(run_sh=SHOW, data__x="secret\n")
    ran = bob.hai("bash", "run.sh", "--", "-f")
    assert ran.status == 0 and f"] {bob.account.name}\n" in ran.out and "] secret\n" in ran.out, ran
    pulled = bob.hai("workspace", "pull")
    assert pulled.status == 0 and "4 changed" in pulled.out, pulled
    assert (bob.work / "result").read_text() == "out\n" and (bob.work / "deep/er/file").read_text() == "more\n"
    assert {one.stat().st_uid for one in (path, *path.rglob("*"))} == {bob.account.uid}
    assert "nothing to push, none of its files (4)" in bob.hai("workspace", "push").out
    assert bob.hai("workspace", "list", "-q").out == "w\n"

    assert "secret" in bob.run(f"cat {path}/data/x")
    for script in (f"cat {path}/data/x", f"ls {path}", f"ls {bob.place}", f"echo x > {path}/data/x"):
        assert "Permission denied" in eve.run(script)
    assert eve.hai("workspace", "list", "-q").out == ""
    eve.push(run_sh="cat data/x\n", data__x="mine\n")
    body = {
        "version": 2,
        "name": "x",
        "priority": 30,
        "spec": {"workspace": str(path), "entrypoint": "run.sh"},
        "resource": {"image": "default", "group": "default", "node_count": 1},
    }
    answer = eve.user.post("operating/task/create", body)
    assert answer["code"] == "invalid_task" and "cannot enter" in answer["msg"], answer
    assert eve.user.post("query/workspace/tree", name="w")["result"]["files"] == 2
    assert bob.hai("workspace", "remove", "w", "--yes").status == 0
    assert not path.exists() and bob.hai("workspace", "list", "-q").out == ""


def test_a_task_keeps_its_tree(bob: Someone) -> None:
    """What is pushed meanwhile is for those that come later; what the first one writes is pulled then and afterwards."""
    wait = "cat data/x > seen; until [ -e go ]; do sleep 0.05; done; cat data/x >> seen\n"
    path = bob.push(run_sh=wait, data__x="old\n")
    assert bob.hai("bash", "run.sh", "--", "--name", "first").status == 0
    until((path / "seen").exists)
    refused = bob.hai("workspace", "remove", "w", "--yes")
    assert refused.status == 6 and "stop them first" in refused.err
    second = bob.push(data__x="new\n")
    assert second != path and (path / "data/x").read_text() == "old\n" and (second / "data/x").read_text() == "new\n"
    assert bob.hai("workspace", "pull").status == 0 and (bob.work / "seen").read_text() == "old\n"
    bob.run(f"touch {path}/go")
    assert bob.hai("wait", "first").status == 0
    assert bob.hai("workspace", "pull").status == 0 and (bob.work / "seen").read_text() == "old\nold\n"
    third = bob.push(data__x="newer\n")
    assert (third / "seen").read_text() == "old\nold\n" and path.resolve() == third.resolve()


def test_two_pushes_at_once(bob: Someone) -> None:
    """One after the other: the tree is one of both."""
    bob.push(data__x="0\n")
    for number in range(50):
        (bob.work / f"f{number}").write_text(f"{number}\n" * 100)
    words = ["hai-cli", "workspace", "push"]
    both = [subprocess.Popen(words, env=bob.hai.env, cwd=bob.work, stdout=-3, stderr=-3) for _ in range(2)]
    assert 0 in [one.wait(60) for one in both]
    assert "nothing to push" in bob.hai("workspace", "push").out
    assert len(bob.deputies()) == 1


def test_kill_of_the_engine(bob: Someone, sandbox: EngineSandbox) -> None:
    """In the middle of a push: its deputy goes too, and the next push finds the tree before or after."""
    path = bob.push(data__x="0\n")
    for round_number, delay_s in enumerate((0.05, 0.15, 0.3)):
        for number in range(300):
            (bob.work / f"f{number}").write_text(f"{round_number} {number}\n" * 50)
        push = subprocess.Popen(["hai-cli", "workspace", "push"], env=bob.hai.env, cwd=bob.work, stdout=-3, stderr=-3)
        with contextlib.suppress(subprocess.TimeoutExpired):
            push.wait(0.2 + delay_s)  # any moment will do
        sandbox.kill()
        push.kill()
        push.wait()
        until(lambda: not bob.deputies())
        sandbox.start()
        bob.hai.env["MARSV2_SERVER"] = sandbox.url
        path = bob.push(data__x=f"{round_number}\n")
        assert {one.name: one.read_text() for one in path.glob("f*")} == {
            one.name: one.read_text() for one in bob.work.glob("f*")
        }


def test_kill_of_the_engine_while_the_deputy_is_stopped(bob: Someone, sandbox: EngineSandbox) -> None:
    """It holds the lock, and does not see that nobody needs it any more."""
    bob.push(data__x="0\n")
    (deputy,) = bob.deputies()
    bob.run(f"kill -STOP {deputy}")
    sandbox.kill()
    until(lambda: not bob.deputies())
    sandbox.start()
    bob.hai.env["MARSV2_SERVER"] = sandbox.url
    bob.push(data__x="1\n")


def test_kill_of_the_deputy(bob: Someone, eve: Someone) -> None:
    """By its account, which can do no more to it: the next call starts another."""
    bob.push(data__x="0\n")
    (deputy,) = bob.deputies()
    for script in (f"cat /proc/{deputy}/environ", f"ls /proc/{deputy}/fd", f"cat /proc/{deputy}/mem"):
        assert "Permission denied" in bob.run(script)
    assert "not permitted" in eve.run(f"kill -9 {deputy}") and bob.deputies() == [deputy]
    assert bob.run(f"kill -9 {deputy}") == ""
    until(lambda: not bob.deputies())
    bob.push(data__x="1\n")
    os.kill(bob.deputies()[0], signal.SIGSTOP)
    eve.push(data__x="1\n")  # others are served
    os.kill(bob.deputies()[0], signal.SIGCONT)
