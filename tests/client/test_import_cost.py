"""What ``import hfai.client`` loads: next to nothing, also with the first question of a training loop."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"typing", "attr", "attrs", "requests", "http.client", "json", "socket", "ruamel.yaml", "enum", "threading"}
# What Python itself has loaded before our first line, which differs by version and by installed .pth files.
LOADED = "import sys; old = {*sys.modules}; {code}; print(*sorted({*sys.modules} - old))"


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.replace("{code}", code)], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_import_alone() -> None:
    """The package, and nothing beside it."""
    assert loaded_by("import hfai.client") - {"__future__"} == {"hfai", "hfai.client"}


def test_with_the_first_question() -> None:
    """Only the modules behind that name, and mmap at most."""
    loaded = loaded_by("from hfai.client import receive_suspend_command; receive_suspend_command()")
    assert {name for name in loaded if not name.startswith("hfai")} <= {"__future__"}
    assert not loaded & HEAVY


def test_an_unknown_name() -> None:
    """As of any module."""
    code = "import hfai.client\ntry: hfai.client.nonsense\nexcept AttributeError as e: print(e)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "module 'hfai.client' has no attribute 'nonsense'\n"


def test_every_public_name_has_a_home() -> None:
    """What __all__ lists, the table finds; dir shows it before it is loaded."""
    import hfai.client

    assert set(hfai.client._HOMES) == set(hfai.client.__all__)
    assert set(hfai.client.__all__) <= set(dir(hfai.client))
    assert set(hfai.client.runtime._HOMES) == set(hfai.client.runtime.__all__)
