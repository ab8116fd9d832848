"""A server for a group: an administrator adds a user, who works from a home of their own over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import Callable, Iterator

import pytest

from hfai.engine.users import unix_name_of
from hfai.testing import EngineSandbox
from tests.cli.conftest import DEADLINE_S, HAI_CLI, Cli
from tests.cli.transcripts import Transcript
from tests.cli.waiting import until, until_status
from tests.engine.test_listen import free_port

ACCOUNT = unix_name_of(os.getuid())


@pytest.fixture
def engine() -> Iterator[EngineSandbox]:
    """As the administrator of a group starts it."""
    with EngineSandbox({"nodes": 4, "stop_grace_s": 1, "listen": f"0.0.0.0:{free_port()}"}) as sandbox:
        yield sandbox


def someone(admin: Cli, engine: EngineSandbox, name: str) -> Cli:
    """A user of that engine whose home knows nothing of it yet."""
    home = engine.directory / "homes" / name
    (home / "work").mkdir(parents=True)
    env = {key: value for key, value in admin.env.items() if key != "HFAI_ENGINE_DIR"}
    return Cli({**env, "HFAI_HOME": str(home), "HOME": str(home)}, home / "work")


def test_a_second_user(hai: Cli, engine: EngineSandbox) -> None:
    """From the first token to the last: submits, lists, follows, stops; sees nothing of others, gets no more than the quota."""
    admin, bob = hai, someone(hai, engine, "bob")
    assert admin("platform", "user", "add", "bob", "--group", "vision", "--unix-name", ACCOUNT, "-q").status == 0
    made = admin("platform", "token", "create", "bob", "-q", "--expire", "30d")
    token = made.out.strip()
    assert made.status == 0 and made.err == "" and made.out == f"{token}\n"
    words = [HAI_CLI, "init", "-", "--url", engine.url]
    done = subprocess.run(words, env=bob.env, input=made.out, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stderr.startswith(f"you are bob on {engine.url} (an hfai engine "), done.stderr

    admin.write("long.sh", "exec sleep 300\n")
    assert admin("bash", "long.sh", "--", "--name", "secret").status == 0
    bob.write("hello.sh", 'echo "hello from $MARSV2_USER"; hai-cli list -q; exit 7\n')
    followed = bob("bash", "hello.sh", "--", "--name", "hello", "-f")
    assert followed.status == 7 and "hello from bob" in followed.out
    # Inside the task hai-cli asks the platform that runs it, as the task's user.
    listed = bob("list", "-q").out.split()
    assert f"] {listed[0]}\n" in followed.out
    secret = json.loads(admin("status", "secret", "--json").out)["id"]
    assert json.loads(bob("list", "--json").out)["total"] == 1
    for words, status in ((("status", "secret"), 3), (("status", secret), 4), (("stop", secret), 4), (("logs", secret), 4)):
        done = bob(*words)
        assert done.status == status and len(done.err.splitlines()) == 1, done
    until_status(admin, "secret", "running")

    bob.write("long.sh", "exec sleep 300\n")
    assert admin("platform", "quota", "set", 2, "--user", "@vision").status == 0
    refused = bob("bash", "long.sh", "--", "--name", "wide", "-n", 3)
    assert refused.status == 6 and "more than your quota of 2" in refused.err
    assert bob("bash", "long.sh", "--", "--name", "fits", "-n", 2, "-p", "NORMAL").status == 0
    assert bob("bash", "long.sh", "--", "--name", "waits", "-p", "NORMAL").status == 0
    until_status(bob, "fits", "running")
    rows = {row["user"]: row for row in json.loads(admin("platform", "quota", "list", "--json").out)}
    assert (rows["@vision"]["running"], rows["@vision"]["waiting"]) == (2, 1)
    assert admin("platform", "user", "remove", "bob").status == 6
    assert bob("stop", "fits", "waits").status == 0
    until_status(bob, "fits", "finished")

    for words in (("user", "list"), ("user", "add", "eve"), ("token", "create", "bob"), ("quota", "set", 9), ("down",)):
        done = bob("platform", *words)
        assert done.status == (0 if words == ("down",) else 4), done  # `down` is of one's own machine
    assert "bob does not administer this platform" in bob("platform", "user", "list").err
    assert {row["user_name"] for row in json.loads(bob("platform", "token", "list", "--json").out)} == {"bob"}
    for row in json.loads(admin("platform", "token", "list", "bob", "--json").out):
        assert token not in json.dumps(row)
        assert admin("platform", "token", "revoke", row["id"]).status == 0
    for words in (("list",), ("bash", "hello.sh", "--"), ("whoami",)):
        done = bob(*words)
        assert done.status == 4 and "was revoked: ask your administrator for a new one" in done.err, done
    assert admin("platform", "user", "remove", "bob").out == "removed bob\n"
    assert token not in engine.log


def test_what_is_open_ends_with_its_token(hai: Cli, engine: EngineSandbox) -> None:
    """Following, waiting, a shell and a profile: each with the refusal that the next command would get; the task goes on."""
    ada = engine.add_user("ada")
    mine = Cli(ada.env, ada.home)
    mine.write("tick.sh", "while :; do echo tick; sleep 0.1; done\n")
    assert mine("bash", "tick.sh", "--", "--name", "ticks").status == 0
    until_status(mine, "ticks", "running")
    other = hai("platform", "token", "create", "ada", "-q").out.strip()
    untouched = mine.start("logs", "-f", "ticks", env={"MARSV2_USER_TOKEN": other})
    opened = [
        mine.start("logs", "-f", "ticks"),
        mine.start("ssh", "ticks", "--", "echo in; exec sleep 300"),
        mine.start("prof", "ticks", "--time", "300", "--recorder", "basic"),
        mine.start("wait", "ticks"),
    ]
    try:
        for client in (untouched, *opened[:2]):
            assert client.stdout is not None and client.stdout.readline()
        until(lambda: "profiler.main" in " ".join(found.command for found in engine.left_over()))
        token = json.loads(mine("platform", "token", "list", "--json").out)[0]["id"]
        assert hai("platform", "token", "revoke", token).status == 0
        began = time.monotonic()
        for client in opened:
            _, err = client.communicate(timeout=DEADLINE_S)
            last = err.decode().splitlines()[-1]
            assert (client.returncode, last.endswith("was revoked: ask your administrator for a new one")) == (4, True), err
        assert time.monotonic() - began < 5
        until(lambda: not [found for found in engine.left_over() if "sleep 300" in found.command])
        assert untouched.stdout is not None and untouched.stdout.readline()
        assert json.loads(mine("status", "ticks", "--json", env={"MARSV2_USER_TOKEN": other}).out)["chain_status"] == "running"
    finally:
        for client in (untouched, *opened):
            client.kill()
            client.communicate()


def test_wrong_words(hai: Cli) -> None:
    """One line each; nothing changes."""
    for words, status, said in (
        (("user", "add", "a b", "--unix-name", ACCOUNT), 2, "a name has letters, digits"),
        (("user", "add", "x", "--unix-name", "no-such-account"), 6, "no-such-account"),
        (("user", "add", "x", "--expire", "soon"), 2, "--expire soon: give 30d"),
        (("user", "add", "x", "--expire", "99999999999999d"), 2, "--expire"),
        (("user", "remove", "x"), 3, "no user x"),
        (("token", "create", "x"), 3, "no user x"),
        (("token", "create", ACCOUNT, "--expire", "2020-01-01"), 2, "has passed"),
        (("token", "list", "x"), 3, "no user x"),
        (("token", "revoke", "77"), 3, "no token 77"),
        (("token", "revoke", "hfai-nobodys"), 3, "no such token"),
        (("token", "revoke", "-"), 2, "standard input holds no token"),
        (("quota", "set", "x"), 2, "x is no number of nodes"),
        (("quota", "set", "-1"), 2, "-1 is no number of nodes"),
        (("quota", "set", "1", "--user", ""), 2, "--user: it is empty"),
        (("quota", "set", "1", "--priority", "auto"), 2, "auto is none of EXTREME_HIGH (50), "),
        (("quota", "set", "1", "--user", "@x"), 3, "no user is in one"),
        (("user", "add", ""), 2, "user '': a name has letters"),
        (("quota", "set", "1", "--user", "x"), 3, "no user x"),
        (("quota", "set", "1", "-g", "x"), 2, "no group of nodes x"),
        (("quota", "set", "1", "--priority", "x"), 2, "x is none of EXTREME_HIGH (50), "),
        (("quota", "remove"), 3, "no such quota"),
    ):
        done = hai("platform", *words)
        assert (done.status, done.out) == (status, ""), (words, done)
        assert said in done.err and len(done.err.splitlines()) == 1, (words, done)
    assert len(json.loads(hai("platform", "user", "list", "--json").out)) == 1


def test_a_token_that_was_found_somewhere(hai: Cli, engine: EngineSandbox) -> None:
    """Is revoked by itself, which no history and no log has afterwards."""
    token = engine.add_user("ada").token
    words = [HAI_CLI, "platform", "token", "revoke", "-"]
    done = subprocess.run(words, env=hai.env, input=token, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stdout == "token 1 of ada revoked\n", done.stderr
    assert token not in engine.log


def test_admin_transcript(transcript: Callable[[str], Transcript]) -> None:
    """Columns that show who runs the tests are left out."""
    talk = transcript("platform_admin")
    talk("hai-cli platform user")
    assert talk(f"hai-cli platform user add bob --group vision --unix-name {ACCOUNT}").status == 0
    talk("hai-cli platform user add bob")
    talk("hai-cli platform user add 'b ob'")
    talk("hai-cli platform user list --columns role,groups,tokens,created_at")
    talk("hai-cli platform user remove bbo")
    talk("hai-cli platform token")
    talk("hai-cli platform token create bob --expire 30d")
    talk("hai-cli platform token list bob --columns id,user_name,state,expire_at,created_at")
    talk("hai-cli platform token revoke 2")
    talk("hai-cli platform token list bob --columns id,state -o wide")
    talk("hai-cli platform quota")
    talk("hai-cli platform quota list")
    talk("hai-cli platform quota set 2")
    talk("hai-cli platform quota set 1 --user bob --priority high")
    talk("hai-cli platform quota set 3 --user @vision -q")
    talk("hai-cli platform quota list")
    talk("hai-cli platform quota list --json")
    talk("hai-cli platform quota remove --user bob --priority HIGH")
    talk("hai-cli platform quota remove --user bob --priority HIGH")
    talk("hai-cli platform user remove bob")
