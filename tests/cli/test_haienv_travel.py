"""``haienv push|pull``: an environment goes from one home to an engine with another, over HTTP, and comes back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import Cli
from tests.cli.test_haienv import wheel
from tests.cli.transcripts import Transcript

Begin = Callable[[str], Transcript]
DEADLINE_S = 60


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheels")
    for name, version in (("hand", "1"), ("kept", "1"), ("hand", "2")):
        wheel(place, name, version)
    return place


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    """An environment to extend, with pip, and `hand` and `kept` at version 1."""
    place = tmp_path_factory.mktemp("base") / "venv"
    subprocess.run([sys.executable, "-m", "venv", place], check=True, timeout=DEADLINE_S)
    pip: list[object] = [place / "bin" / "pip", "install", "-q", "--no-index", "--find-links", wheels]
    subprocess.run([*map(str, pip), "hand==1", "kept"], check=True, timeout=DEADLINE_S)
    return place


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, wheels: Path) -> None:
    """Neither here nor in the engine that a test starts."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")


@pytest.fixture
def engine(no_network: None) -> Iterator[EngineSandbox]:
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1}) as sandbox:
        yield sandbox


@pytest.fixture
def ada(engine: EngineSandbox, base: Path) -> Cli:
    """A user of the engine, in a home of her own in which `base` is active; with an environment `ext` that extends it."""
    cli = away(engine, base, "ada")
    cli.write("requirements.txt", "hand==2\n")
    made = cli("haienv", "create", "ext", "-y", "-q", "--engine", "venv", "--from", "requirements.txt")
    assert made.status == 0, made
    return cli


def away(sandbox: EngineSandbox, base: Path, name: str) -> Cli:
    """The command line of a user whose home is not the engine's."""
    home = sandbox.directory / "homes" / name
    (home / "work").mkdir(parents=True)
    env = {**sandbox.add_user(name).env, "HFAI_HOME": str(home), "HOME": str(home), "VIRTUAL_ENV": str(base)}
    env.pop("HFAI_ENGINE_DIR", None)
    return Cli({**env, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": os.environ["PIP_FIND_LINKS"]}, home / "work")


def envs_of(sandbox: EngineSandbox, owner: str) -> Path:
    return Path(sandbox.env["HFAI_HOME"], "envs", owner)


def test_there_and_back(ada: Cli, engine: EngineSandbox, base: Path) -> None:
    """A task of hers uses what was sent, its base too, which is not looked at there; another's does not."""
    program = ada("haienv", "run", "ext", "--", "sh", "-c", 'echo "#!$VIRTUAL_ENV/bin/python" > "$VIRTUAL_ENV/bin/tell"')
    assert program.status == 0
    ada("haienv", "run", "ext", "--", "sh", "-c", 'cd "$VIRTUAL_ENV/bin"; echo "import hand; print(hand)" >> tell; chmod +x tell')
    dry = ada("haienv", "push", "ext", "--dry-run")
    assert (dry.status, dry.out) == (0, "environment ext: would send its files\n"), dry
    assert not envs_of(engine, "ada").exists()
    pushed = ada("haienv", "push", "ext")
    assert pushed.status == 0 and pushed.out.startswith("pushed environment ext: "), pushed
    assert ada("workspace", "list", "-q").out == ""
    hidden = base.with_name("away")
    base.rename(hidden)
    try:
        ada.write("show.sh", "tell; python -c 'import hand, kept; print(hand.version, kept.version, hand.__file__)'\n")
        shown = ada("bash", "show.sh", "--", "--options", "py_venv=ext", "-f")
        assert shown.status == 0, shown
        assert f"2 1 {envs_of(engine, 'ada')}" in shown.out
        assert f"module 'hand' from '{envs_of(engine, 'ada')}" in shown.out
    finally:
        hidden.rename(base)
    bob = away(engine, base, "bob")
    bob.write("show.sh", "true\n")
    assert bob("bash", "show.sh", "--", "--options", "py_venv=ext").status == 6
    assert bob("haienv", "pull", "ext").status == 3

    again = ada("haienv", "push", "ext")
    assert again.status == 6 and "replace it with --force" in again.err, again
    assert ada("haienv", "push", "ext", "--force", "-q") == (0, "", "")
    assert [one.name for one in envs_of(engine, "ada").iterdir() if one.is_dir()] == ["ext_1"]

    assert "there is an environment ext here already" in ada("haienv", "pull", "ext").err
    assert ada("haienv", "remove", "ext", "-y", "-q").status == 0
    pulled = ada("haienv", "pull", "ext")
    assert pulled.status == 0 and pulled.out.startswith("pulled environment ext: "), pulled
    told = ada("haienv", "run", "ext", "--", "python", "-c", "import hand, kept; print(hand.version, kept.version, kept.__file__)")
    assert told.out.startswith("2 1 ") and str(base) not in told.out, told
    row = json.loads(ada("haienv", "list", "--json").out)[0]
    assert row["extend"] and not list(Path(row["path"]).glob(".incoming"))


def test_made_again(ada: Cli, engine: EngineSandbox) -> None:
    """From its lock: what its base has is in it. One that cannot be made leaves what was there."""
    pushed = ada("haienv", "push", "ext", "--rebuild")
    assert (pushed.status, pushed.out) == (0, "pushed environment ext: 2 packages installed there\n"), pushed
    ada.write("show.sh", "python -c 'import hand, kept; print(hand.version, kept.version, hand.__file__)'\n")
    shown = ada("bash", "show.sh", "--", "--options", "py_venv=ext", "-f")
    assert f"2 1 {envs_of(engine, 'ada')}" in shown.out, shown
    info = Path(json.loads(ada("haienv", "list", "--json").out)[0]["path"])
    (gone,) = info.glob("lib/python*/site-packages/hand-2.dist-info")
    shutil.move(gone, gone.with_name("hand-3.dist-info"))
    metadata = gone.with_name("hand-3.dist-info") / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 2", "Version: 3"))
    failed = ada("haienv", "push", "ext", "--rebuild", "--force")
    assert failed.status != 0 and "hand==3" in failed.err and len(failed.err.splitlines()) == 1, failed
    assert [one.name for one in envs_of(engine, "ada").iterdir() if one.is_dir()] == ["ext_0"]
    assert "2 1 " in ada("bash", "show.sh", "--", "--options", "py_venv=ext", "-f").out


def test_another_platform() -> None:
    """Is what the description says; the engine decides."""
    from hfai.haienv import parcel

    one = parcel.Parcel("x", "/x", "3.11.2", "venv", "", {}, parcel.this_platform(), [], [], [])
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert parcel.why_rebuilt(one._replace(py=f"{here}.0")) is None
    for other in (one._replace(platform="linux-riscv64-glibc"), one._replace(py="2.7.1"), one._replace(engine="conda")):
        assert parcel.why_rebuilt(other) is not None


def test_killed_in_the_middle(ada: Cli, engine: EngineSandbox) -> None:
    """The daemon is killed while it puts an environment together: none is there then, and the next push makes it whole."""
    started = ada.start("haienv", "push", "ext", "--rebuild")
    deadline = time.monotonic() + DEADLINE_S
    while not list(envs_of(engine, "ada").glob("ext_0/bin")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert engine.process is not None
    engine.process.kill()
    engine.process.wait(DEADLINE_S)
    started.communicate(timeout=DEADLINE_S)
    assert started.returncode != 0
    engine.start()
    assert "no environment ext" in ada("haienv", "pull", "ext").err
    # What the daemon had begun may still be writing into the directory: until it ends, the name is taken.
    while (done := ada("haienv", "push", "ext", "-q")).status == 6:
        assert "is being made right now" in done.err and time.monotonic() < deadline, done
    assert done == (0, "", "")
    assert len([one for one in envs_of(engine, "ada").iterdir() if one.is_dir()]) == 1


def test_wrong_words(ada: Cli) -> None:
    for words, status, said in (
        (("push", "ex"), 3, "did you mean ext"),
        (("push", "a b"), 3, "no environment a b"),
        (("pull", "nowhere"), 3, "you have no environment nowhere on the platform"),
        (("pull", "a b"), 2, "cannot be the name of an environment"),
        (("push",), 2, "ENVIRONMENT"),
    ):
        done = ada("haienv", *words)
        assert (done.status, done.out) == (status, ""), done
        assert said in done.err, done


def test_haienv_travel_transcript(ada_transcript: Begin, base: Path) -> None:
    talk = ada_transcript("haienv_travel")
    talk.hai = away(talk.sandbox, base, "eve")
    hai = talk.hai
    hai("haienv", "create", "ext", "-y", "-q", "--engine", "venv")
    talk("hai-cli haienv push ex")
    talk("hai-cli haienv push ext --dry-run")
    talk("hai-cli haienv push ext --rebuild")
    talk("hai-cli haienv push ext")
    talk("hai-cli haienv pull ext")
    talk("hai-cli haienv pull ext --force --dry-run")
    talk("hai-cli haienv pull nowhere")
    talk("hai-cli haienv list --remote -q")
    talk("hai-cli haienv list --remote --all")
    talk("hai-cli haienv remove ex --remote")
    talk("hai-cli haienv remove ext --remote")
    talk("hai-cli haienv remove ext --remote --yes")
    talk("hai-cli haienv list --remote")


def test_haienv_here_transcript(transcript: Begin) -> None:
    talk = transcript("haienv_here")
    talk.hai("haienv", "create", "ext", "-y", "-q", "--engine", "venv")
    talk("hai-cli haienv push ext")
    talk("hai-cli haienv pull ext")
