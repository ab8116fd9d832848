"""What an account puts into its own directories leads the engine nowhere: into no file that is not its own, and into no long wait."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hfai.engine import unix_accounts
from hfai.engine.deputy import deputies
from hfai.engine.deputy.deputies import Deputies
from hfai.engine.deputy.place import AccountPlace
from hfai.engine.deputy.workspaces import TheirWorkspaces
from hfai.engine.unix_accounts import UnixAccount
from hfai.model.errors import RefusedError
from hfai.testing import EngineSandbox
from tests.engine.deputy.conftest import BOBS, EVES, Someone


def account(name: str) -> UnixAccount:
    found = unix_accounts.find(name)
    assert found is not None
    return found


@pytest.fixture
def secret(place: Path) -> Path:
    """A directory of root with a file that root alone may read, in the form of a workspace's generations."""
    path = place / "secret"
    (path / "1" / "tree").mkdir(parents=True)
    (path / "1" / "tree" / "key").write_text("top secret\n")
    (path / "1" / "tree" / "key").chmod(0o600)
    return path


def test_what_lies_in_the_tree(bob: Someone, sandbox: EngineSandbox, secret: Path) -> None:
    """Links, hard links, pipes, closed directories, setuid bits: nothing that bob may not read comes out, the rest does."""
    path = bob.push(data__x="1\n")
    bob.run(f"cd {path}; ln -s {secret}/1/tree/key out; ln -s {sandbox.state_dir} dir; mkfifo pipe; mkdir shut; echo in > shut/f")
    bob.run(f"cd {path}; chmod 000 shut; cp /bin/true su; chmod 4755 su; echo fine > fine; mkdir -p a; ln -s / a/b")
    os.link(secret / "1/tree/key", path / "hard")  # where the system lets anybody do so
    pulled = bob.hai("workspace", "pull")
    assert pulled.status == 0, pulled
    assert (bob.work / "fine").read_text() == "fine\n" and (bob.work / "su").stat().st_mode & 0o7777 == 0o755
    assert not any((bob.work / name).exists() for name in ("out", "dir", "pipe", "hard", "a/b", "shut/f"))
    for name in ("out", "hard", "shut/f", "../../../index.json"):
        assert b"secret" not in bob.hai("workspace", "download", name).out.encode()
    assert "top secret" not in subprocess.run(["grep", "-r", "top", bob.work], capture_output=True, text=True).stdout
    (bob.work / "shut").mkdir(exist_ok=True)
    (bob.work / "shut/f").write_text("mine\n")
    refused = bob.hai("workspace", "push")
    assert refused.status == 6 and "cannot do this at shut: Permission denied" in refused.err, refused
    assert bob.hai("workspace", "remove", "w", "--yes").status == 0 and not path.exists()
    shutil.rmtree(bob.work / ".hfai")
    assert (bob.push() / "shut/f").read_text() == "mine\n"
    assert (secret / "1/tree/key").read_text() == "top secret\n"


def test_directories_that_are_replaced(bob: Someone, secret: Path) -> None:
    """Each one on the way, by a link to where only root may go: one line, and nothing has happened there."""
    bob.push(data__x="1\n")
    top = bob.place / "workspaces" / "u-bob" / "w"
    before = sorted(str(one) for one in secret.rglob("*"))
    for name in ("generations", "generations/1", "generations/1/tree", "staging", "pushes", "workspace.json", "."):
        old = top / name
        bob.run(f"mv {old.resolve()} {bob.place}/away; ln -s {secret} {old.resolve()}")
        for words in (("push",), ("pull",), ("list",), ("remove", "w", "--yes")):
            (bob.work / "data/x").write_text(f"{name}\n")
            done = bob.hai("workspace", *words)
            assert "Traceback" not in done.err and len(done.err.splitlines()) <= 1 and "secret\n" not in done.out, done
        shutil.rmtree(bob.place / "workspaces", ignore_errors=True)
        bob.run(f"rm -rf {bob.place}/away")
        shutil.rmtree(bob.work / ".hfai")
        assert sorted(str(one) for one in secret.rglob("*")) == before
        bob.push(data__x="1\n")


def test_files_that_change_while_a_push_commits(bob: Someone, secret: Path) -> None:
    """A directory that is a link to root's at every other moment: no file of the push comes to lie there."""
    bob.push(**{f"d__f{number}": "0\n" for number in range(50)})
    tree = bob.place / "workspaces/u-bob/w/current/tree"
    flip = f"cd {tree}; while :; do mv d e 2>/dev/null; ln -s {secret} d 2>/dev/null; rm -f d; mv e d 2>/dev/null; cd {tree}; done"
    flipping = subprocess.Popen(["/bin/sh", "-c", flip], user=bob.account.uid, group=bob.account.gid, cwd="/", stderr=-3)
    try:
        for turn in range(5):
            for number in range(50):
                (bob.work / f"d/f{number}").write_text(f"{turn} {number}\n")
            done = bob.hai("workspace", "push", "--force")
            assert "Traceback" not in done.err and len(done.err.splitlines()) <= 2, done
    finally:
        flipping.kill()
        flipping.wait()
    assert sorted(one.name for one in secret.iterdir()) == ["1"]
    bob.run(f"rm -rf {tree}/d {tree}/e")
    assert bob.hai("workspace", "push", "--force").status == 0


def test_records_that_are_not_ours(bob: Someone) -> None:
    """What the account writes into its own workspace's records is answered in one line."""
    bob.push(data__x="1\n")
    top = bob.place / "workspaces" / "u-bob" / "w"
    for name in ("workspace.json", "journal.json", "generations/1/index.json"):
        for text in ("", "[]", '{"push": "../../../../x", "from": 1, "to": "/etc"}', '{"a": [1]}'):
            kept = (top / name).read_bytes() if (top / name).exists() else None
            (top / name).write_text(text)
            (bob.work / "data/x").write_text(f"{name} {text}\n")
            done = bob.hai("workspace", "push")
            assert "Traceback" not in done.err and len(done.err.splitlines()) <= 1, done
            (top / name).unlink(missing_ok=True) if kept is None else (top / name).write_bytes(kept)
    assert bob.hai("workspace", "push", "--force").status == 0


def test_what_root_itself_does(place: Path, secret: Path) -> None:
    """Moves a tree within a directory of the account, and nothing else."""
    own = AccountPlace(place / "tasks" / "engine" / "accounts", account(BOBS))
    own.make()
    own.make()
    assert own.path.stat().st_uid == own.account.uid and own.path.stat().st_mode & 0o777 == 0o700
    top = own.path / "workspaces/u-bob/w"
    (top / "generations/1/tree").mkdir(parents=True)
    for one in (own.path, *own.path.rglob("*")):
        os.chown(one, own.account.uid, own.account.gid)
    place_of = "workspaces/u-bob/w/generations"
    for wrong in ("..", f"{place_of}/../../x", f"{place_of}/1/tree", "envs/x", "/etc", f"{place_of}/1/../1", ""):
        with pytest.raises(ValueError):
            own.move_unless_used(wrong, "2.building", ())
    for name in ("2", "../2.building", "/etc/2.building", "x.building", ""):
        with pytest.raises(ValueError):
            own.move_unless_used(f"{place_of}/1", name, ())
    for used in (top / "generations/1/tree", top / "generations/1/tree/deep"):
        assert not own.move_unless_used(f"{place_of}/1", "2.building", [str(used)])
    assert own.is_used("workspaces/u-bob/w", [str(top / "generations/1/tree")])
    assert own.move_unless_used(f"{place_of}/1", "2.building", ["/elsewhere", str(top.with_name("v") / "generations/1/tree")])
    assert [one.name for one in (top / "generations").iterdir()] == ["2.building"]

    (top / "generations/2.building").rename(top / "generations/2")
    (top / "current").symlink_to("generations/2")
    (top / "generations/1").symlink_to("../current")
    link = place / "link"
    link.symlink_to(place / "tasks")
    linked = AccountPlace(link / "engine" / "accounts", account(BOBS))
    for used in ("generations/1/tree", "generations/2/tree/deep", "current/tree", "generations/../current", "./current//tree"):
        assert not own.move_unless_used(f"{place_of}/2", "3.building", [f"{top}/{used}"])
        for told in (top, linked.path / "workspaces/u-bob/w"):
            assert not linked.move_unless_used(f"{place_of}/2", "3.building", [f"{told}/{used}"])
    (top / "current").unlink()
    (top / "current").symlink_to("/")
    assert own.move_unless_used(f"{place_of}/2", "2.leaving", [str(top / "generations/1/tree")])

    (top / "generations").rename(top / "away")
    (top / "generations").symlink_to(secret)
    with pytest.raises(OSError):
        own.move_unless_used(f"{place_of}/1", "2.building", ())
    (top / "generations").unlink()
    shutil.copytree(secret, top / "generations")  # as if a directory of root had come to lie there
    with pytest.raises(PermissionError):
        own.move_unless_used(f"{place_of}/1", "2.building", ())
    assert [one.name for one in secret.iterdir()] == ["1"]

    eves = AccountPlace(place / "tasks" / "engine" / "accounts", account(EVES))
    own.path.rename(eves.path)
    with pytest.raises(RefusedError, match=f"does not belong to {EVES} any more"):
        eves.make()


def test_a_deputy_that_says_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its account has stopped it: it is given up, killed, and the next call starts another."""
    monkeypatch.setattr(deputies, "SILENT_S", 1.5)

    async def work() -> None:
        found = Deputies(place / "tasks" / "engine", lambda: ())
        deputy = found.of(BOBS)
        workspaces = TheirWorkspaces(deputy)
        record, is_new = await workspaces.create("bob", "w")
        assert is_new and record.name == "w"
        process = deputy._process
        assert process is not None
        process.send_signal(19)
        with pytest.raises(RefusedError, match="says nothing any more: try again"):
            await workspaces.of_user("bob")
        assert process.poll() is not None
        monkeypatch.undo()
        assert await workspaces.of_user("bob") == [record]
        found.close()
        with pytest.raises(RefusedError, match="there is no account no-such"):
            found.of("no-such")

    asyncio.run(work())
