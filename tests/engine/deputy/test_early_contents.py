"""First pushes of users with an account of their own: what comes early is the account's; whatever ends the deputy, the next is whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Optional

from hfai import PROTOCOL
from hfai.model.workspace.pack import Content, packed
from tests.cli.waiting import until
from tests.engine.deputy.conftest import Someone


def content(path: str, data: bytes) -> Content:
    return Content(hashlib.sha256(data).hexdigest(), 0o644, 10**18, data, path)


def asked(someone: Someone, route: str, body: bytes) -> dict[str, Any]:
    """What the engine answers to a body of bytes."""
    headers = {"Authorization": f"Bearer {someone.user.token}", "hfai-protocol": str(PROTOCOL)}
    url = f"{someone.hai.env['MARSV2_SERVER']}/operating/workspace/push/{route}"
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            found = json.load(error)
    return found


def plan(path: str, data: Optional[bytes] = None) -> bytes:
    digest = hashlib.sha256(data or b"").hexdigest()
    return json.dumps({"changes": [[path, "f", 0o644, len(data or b""), digest, 5, None]], "force": False, "commit": True}).encode()


def test_before_and_after(bob: Someone, eve: Someone) -> None:
    """There is no workspace yet, or none any more; another's is not even named."""
    early = packed([content("a", b"bob's\n")])
    assert asked(bob, "pack?name=w&early=1", early)["code"] == "workspace_not_found"
    assert asked(bob, "begin?name=w", plan("a"))["code"] == "workspace_not_found"
    assert bob.hai("workspace", "init", "w").status == 0
    assert asked(bob, "pack?name=w&early=1", early) == {"success": 1, "count": 1}
    place = bob.place / "workspaces/u-bob/w/staging/early/a"
    assert place.stat().st_uid == bob.account.uid and "Permission denied" in eve.run(f"cat {place}")
    assert asked(eve, "pack?name=w&early=1", early)["code"] == "workspace_not_found"
    assert eve.hai("workspace", "init", "w").status == 0
    assert asked(eve, "begin?name=w", plan("a", b"bob's\n"))["result"]["missing"]
    # Renamed since: the content stays, and nothing of the old name does.
    done = asked(bob, "begin?name=w", plan("b", b"bob's\n"))["result"]["done"]
    assert [one.name for one in Path(done["path"]).iterdir()] == ["b"] and (Path(done["path"]) / "b").read_text() == "bob's\n"
    assert asked(bob, "commit?name=w&push=" + "0" * 32, b"")["code"] == "refused"
    assert bob.hai("workspace", "remove", "w", "--yes").status == 0
    assert asked(bob, "pack?name=w&early=1", early)["code"] == "workspace_not_found"
    assert list(bob.place.glob("workspaces/u-bob/*")) == []


def test_what_lies_where_they_come(bob: Someone, place: Path) -> None:
    """A link, a file, a pipe in the place of the directory, or of a content: told in one line, and the next push is whole."""
    (place / "secret").mkdir()
    assert bob.hai("workspace", "init", "w").status == 0
    top = bob.place / "workspaces/u-bob/w"
    early, digest = packed([content("d/a", b"1\n")]), content("", b"1\n").digest
    link = f"ln -s {place}/secret early"
    for there in (link, "touch early", "mkfifo early", f"mkdir early; {link}/d", "mkdir -m 0 early"):
        bob.run(f"cd {top}/staging; {there}")
        assert asked(bob, "pack?name=w&early=1", early).keys() >= {"success"}
        bob.run(f"cd {top}/staging; chmod 700 early; rm -rf early")
    for there in (f"mkfifo {digest}", f"mkfifo {digest}.part", "mkfifo x.part", "ln -s / y.part", "touch $(printf '\\377').part"):
        bob.run(f"cd {top}/staging; {there}")
    assert asked(bob, f"part?name=w&sha256={digest}&at=0&size=2", b"1\n")["code"] == "refused"
    assert asked(bob, f"part?name=w&sha256={digest}&at=0&size=2&zip=1", b"no zlib")["code"] == "refused"
    assert asked(bob, "begin?name=w", plan("a", b"1\n"))["result"]["missing"] == [digest]
    bob.run(f"mkfifo {top}/journal.json")
    refused = bob.hai("workspace", "diff")
    assert refused.status == 6 and "journal.json: Invalid argument" in refused.err and len(refused.err.splitlines()) == 1, refused
    assert bob.hai("workspace", "list", "-q").out == "w\n"
    bob.run(f"rm {top}/journal.json; mkdir {top}/current/tree/$(printf '\\377'); chmod 0 {top}/current/tree/*")
    odd = asked(bob, "begin?name=w", plan("\udcff/a", b"1\n"))
    assert odd["code"] == "refused" and "\\udcff" in odd["msg"], odd
    bob.run(f"rmdir {top}/current/tree/*; rm -rf {top}/staging/*")
    assert (bob.push(d__a="1\n") / "d/a").read_text() == "1\n"
    assert list((place / "secret").iterdir()) == []


def test_a_deputy_that_is_killed_again_and_again(bob: Someone) -> None:
    """While a first push sends and commits: it says so or goes on, and the next one is whole."""
    for number in range(200):
        (bob.work / f"f{number}").write_bytes(os.urandom(60_000))
    for turn in range(4):
        assert bob.hai("workspace", "init", "w").status == 0
        push = subprocess.Popen(["hai-cli", "workspace", "push"], env=bob.hai.env, cwd=bob.work, stdout=-3, stderr=subprocess.PIPE)
        with contextlib.suppress(subprocess.TimeoutExpired):
            push.wait(0.35 + 0.1 * turn)  # any moment will do
        for _ in range(3):
            bob.run("kill -9 " + " ".join(map(str, bob.deputies())))
        told = push.communicate(timeout=60)[1].decode()
        assert "Traceback" not in told and len(told.strip().splitlines()) <= 1, told
        (bob.work / f"f{turn}").rename(bob.work / f"g{turn}")
        tree = bob.push()
        assert {one.name: one.read_bytes() for one in tree.iterdir()} == {
            one.name: one.read_bytes() for one in bob.work.iterdir() if one.is_file()
        }
        assert bob.hai("workspace", "remove", "w", "--yes").status == 0


def test_two_first_pushes_at_once(bob: Someone) -> None:
    """Of two directories: each ends by itself, in one line if not well, and once both have been pushed again all of both is there."""
    other = bob.user.home / "other"
    other.mkdir()
    for number in range(60):
        (bob.work / f"a{number}").write_bytes(os.urandom(100_000))
        (other / f"b{number}").write_bytes(os.urandom(100_000))
    for where in (bob.work, other):
        done = subprocess.run(["hai-cli", "workspace", "init", "w"], env=bob.hai.env, cwd=where, check=True, capture_output=True)
        assert done.returncode == 0
    both = [
        subprocess.Popen(["hai-cli", "workspace", "push"], env=bob.hai.env, cwd=where, stdout=-3, stderr=-1)
        for where in (bob.work, other)
    ]
    for push in both:
        told = push.communicate(timeout=60)[1].decode()
        assert push.returncode == 0, told
    tree = Path(bob.user.post("query/workspace", name="w")["result"]["path"])
    assert sorted(one.name for one in tree.iterdir()) == sorted(f"{sign}{number}" for sign in "ab" for number in range(60))
    until(lambda: not list((tree.parents[2] / "staging").iterdir()))
