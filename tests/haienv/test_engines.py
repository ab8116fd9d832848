"""What makes environments: real uv and venv; conda as a small stand-in that refuses what it does not know."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hfai import haienv
from hfai.haienv import engines
from hfai.haienv.activation import variables_of
from hfai.haienv.creating import making
from hfai.haienv.engines import chosen_engine
from hfai.haienv.registry import Environment, insert, own_registry
from hfai.haienv.requirements import exported, read
from hfai.model.errors import EnvironmentNotFound, HfaiError, NameInUse, UsageError

# A conda that knows `create` and `install`, and makes what they name with this Python.
CONDA = f"""#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case "$1 $2 $3" in
  "create --yes --prefix") exec {sys.executable} -m venv --without-pip "$4" ;;
  "install --yes --prefix") exec test -d "$4" ;;
  *) echo "unknown: $*" >&2; exit 2 ;;
esac
"""
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in front of PATH, where no engine but venv is found otherwise."""
    place = tmp_path / "programs"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:{Path(sys.executable).parent}:/usr/bin:/bin")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    return place


def test_which_engine(programs: Path) -> None:
    """Conda where it is there and nothing is extended, else uv, else venv; what is asked for must be there."""
    names = {name: programs / name for name in ("uv", "mamba", "conda")}
    found = []
    for path in names.values():
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        found.append((chosen_engine(None, extend=True), chosen_engine(None, extend=False)))
    assert found == [("uv", "uv"), ("uv", "mamba"), ("uv", "conda")]
    with pytest.raises(UsageError, match="without changing it"):
        chosen_engine("conda", extend=True)
    names["conda"].unlink()
    with pytest.raises(UsageError, match="no conda in PATH"):
        chosen_engine("conda", extend=False)


def test_conda(programs: Path, tmp_path: Path) -> None:
    """It gets the version of Python and its own packages; what it makes is entered as conda's."""
    (programs / "conda").write_text(CONDA)
    (programs / "conda").chmod(0o755)
    file = tmp_path / "environment.yml"
    file.write_text("name: x\ndependencies:\n- python=3.11\n- numpy=1.26\n- pip\n")
    one = haienv.create(haienv.plan("own", extend=False, requirements=read(str(file))))
    assert (one.engine, one.extend, one.py) == ("conda", False, ".".join(map(str, sys.version_info[:3])))
    calls = (programs / "calls").read_text().splitlines()
    assert calls == [
        f"create --yes --prefix {one.path} python=3.11 pip",
        f"install --yes --prefix {one.path} numpy=1.26",
    ]
    with pytest.raises(UsageError, match="packages of conda"):
        haienv.plan("other", requirements=read(str(file)))


def test_one_that_fails_leaves_nothing(programs: Path, own_home: Path) -> None:
    (programs / "conda").write_text('#!/bin/sh\nmkdir -p "$4"; echo no network >&2; exit 1\n')
    (programs / "conda").chmod(0o755)
    planned = haienv.plan("own", extend=False)
    with pytest.raises(HfaiError, match="conda failed with status 1"):
        haienv.create(planned)
    assert haienv.environments() == []
    assert not list((own_home / "envs").glob("*/own_0"))


def test_interrupted_when_it_was_registered(programs: Path, own_home: Path) -> None:
    """It is there, whole: never a row without its directory."""
    del programs
    planned = haienv.plan("late", engine="venv", extend=False)
    with pytest.raises(KeyboardInterrupt), making(planned.name) as path:
        engines.make(planned.engine, path, planned.python, planned.py, extend=False)
        row = Environment("late", path.parent.name, str(path), False, "", "", planned.py, "venv", planned.config, 0.0)
        with own_registry() as db:
            insert(db, row)
        raise KeyboardInterrupt
    assert haienv.find("late").python.exists()
    with pytest.raises(KeyboardInterrupt), making("early") as path:
        path.mkdir()
        raise KeyboardInterrupt
    assert not path.exists() and [one.name for one in haienv.environments()] == ["late"]


def test_a_directory_that_cannot_be_written(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said in one line, also where it could be written when the registry was made."""
    haienv.plan("one")

    def refused(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "write_text", refused)
    with pytest.raises(HfaiError, match=r"cannot be written \(Permission denied\): set HFAI_ENVS_DIR"):
        haienv.plan("one")


@pytest.mark.skipif(UV is None, reason="uv is in the extra `test`")
def test_uv(programs: Path) -> None:
    """A real one, of the same Python, that sees what it extends."""
    assert UV is not None
    (programs / "uv").symlink_to(UV)
    one = haienv.create(haienv.plan("fast"))
    assert (one.engine, one.extend) == ("uv", True)
    code = "import pytest, sys; print(sys.prefix)"
    said = subprocess.run([one.python, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == one.path
    listed = subprocess.run(
        [one.bin_dir / "pip", "list", "--disable-pip-version-check"], capture_output=True, text=True, check=True
    )
    assert "\npytest " in listed.stdout


def test_a_python_that_is_not_here(programs: Path) -> None:
    """Which ones there are is said."""
    here = ".".join(map(str, sys.version_info[:3]))
    with pytest.raises(UsageError, match=f"no Python 3.4, it has .*{here}"):
        haienv.plan("old", extend=False, py="3.4")
    with pytest.raises(UsageError, match="is no Python that runs"):
        haienv.plan("old", py="/bin/true")
    assert haienv.plan("new", py=here).py == here


def test_names(programs: Path) -> None:
    for name in ("", ".", "..", "a/b", "-x", "a b", "a\n", "x" * 101, "deactivate", "$(id)"):
        with pytest.raises(UsageError, match="cannot be the name"):
            haienv.plan(name)
    assert haienv.create(haienv.plan("环境_1.b+c-d", engine="venv")).name == "环境_1.b+c-d"
    with pytest.raises(NameInUse):
        haienv.plan("环境_1.b+c-d")
    with pytest.raises(EnvironmentNotFound):
        haienv.find("环境")


def test_export_and_back(programs: Path, tmp_path: Path) -> None:
    """What was written down is read again; lines that name files are meant from beside the list."""
    one = haienv.create(haienv.plan("one", engine="venv"))
    info = one.site_packages / "hand-2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hand\nVersion: 2\n")
    file = tmp_path / "environment.yml"
    file.write_text(exported(one))
    again = read(str(file))
    assert (again.py, again.pip, again.conda) == (one.py, ("hand==2",), ())
    listed = tmp_path / "wants.txt"
    listed.write_text("# tools\n-r more.txt\n./here.whl\nhand>=1\n")
    assert read(str(listed)).pip == ("# tools", f"-r {tmp_path}/more.txt", f"{tmp_path}/here.whl", "hand>=1")
    spaced = tmp_path / "a place"
    spaced.mkdir()
    (spaced / "wants.txt").write_text("--requirement=more.txt\n-cless.txt # why\n-e 'x y'\n-r /at.txt\n--no-index\n")
    assert read(str(spaced / "wants.txt")).pip == (
        f"--requirement '{spaced}/more.txt'",
        f"-c '{spaced}/less.txt'",
        f"-e '{spaced}/x y'",
        "-r /at.txt",
        "--no-index",
    )
    for text, says in (("a: [", "no YAML"), ("name: x", "no list"), ("dependencies: [1]", "no package")):
        file.write_text(text)
        with pytest.raises(UsageError, match=says):
            read(str(file))


def test_a_list_for_another_python(programs: Path, tmp_path: Path) -> None:
    """It does not become one of the Python that is extended without a word."""
    file = tmp_path / "environment.yml"
    file.write_text("dependencies:\n- python=3.4.1\n")
    with pytest.raises(UsageError, match=r"environment.yml is for Python 3.4.1: .*say --no_extend"):
        haienv.plan("other", requirements=read(str(file)))
    file.write_text(f"dependencies:\n- python=3.{sys.version_info[1]}.99\n")
    assert haienv.plan("other", requirements=read(str(file))).extend


def test_variables_that_are_its_own(programs: Path) -> None:
    with pytest.raises(UsageError, match="PATH is set by the environment itself; extra_search_bin_dir"):
        haienv.plan("other", extra_environment=["PATH=/somewhere"])


def test_programs_of_what_it_extends(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are found behind its own, also those of what that extends, from a shell that has none of them in PATH."""
    first = haienv.create(haienv.plan("first", engine="venv"))
    monkeypatch.setenv("VIRTUAL_ENV", first.path)
    second = haienv.create(haienv.plan("second", engine="venv"))
    assert second.base == first.path
    bins = [str(second.bin_dir), str(first.bin_dir), f"{first.base}/bin"]
    assert variables_of(second, {"PATH": "/x"})["PATH"] == ":".join([*bins, "/x"])
    inside = {"PATH": f"{bins[1]}:{bins[2]}:/x", "HF_ENV_NAME": "first", "VIRTUAL_ENV": first.path}
    assert variables_of(second, inside)["PATH"] == ":".join([*bins, "/x"])
    alone = haienv.create(haienv.plan("alone", engine="venv", extend=False))
    assert variables_of(alone, inside)["PATH"] == f"{alone.bin_dir}:{bins[2]}:/x"


def test_what_in_the_directory_is_named_as_a_module(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("logging", "signal", "venv", "pip", "ensurepip"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not me')\n")
    (tmp_path / "wants.txt").write_text("")
    assert haienv.create(haienv.plan("one", engine="venv", extend=False, requirements=read("wants.txt"))).python.exists()


def test_set_env(programs: Path) -> None:
    """A Python that runs goes over: its packages first, its variables set."""
    one = haienv.create(haienv.plan("inside", engine="venv", extra_environment=["SOME=1"]))
    (one.site_packages / "only_there.py").write_text("x = 3\n")
    code = "from hfai import haienv; haienv.set_env('inside'); import only_there, os, pytest; print(only_there.x, os.environ['SOME'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "3 1\n"
