"""The table of environment variables is complete, and free to import inside a task."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import hfai
from hfai.model.env import INHERITED, VARIABLES

PACKAGE = Path(hfai.__file__).parent
OURS = re.compile(r"(HFAI|HAI|MARSV2|SIMULATE)_[A-Z0-9_]+")


def names_in(tree: ast.AST) -> Iterator[str]:
    """Every text that names a variable of ours, and every text that environ is asked for or told."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OURS.fullmatch(node.value):
            yield node.value
        if isinstance(node, ast.Subscript) and is_environ(node.value):
            yield from texts(node.slice)
        if isinstance(node, ast.Compare) and any(is_environ(side) for side in node.comparators):
            yield from texts(node.left)
        is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
        if is_method and (is_environ(node.func.value) or node.func.attr == "getenv"):
            yield from texts(node.args[0])


def is_environ(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "environ") or (
        isinstance(node, ast.Name) and node.id == "environ"
    )


def texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_every_variable_of_the_code_is_in_the_table() -> None:
    """A variable that is read or set anywhere in the package is documented."""
    known = {name for name, _, _ in VARIABLES} | set(INHERITED)
    found = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in PACKAGE.rglob("*.py")
        for name in names_in(ast.parse(path.read_text(encoding="utf-8")))
        if name not in known
    }
    assert not found


def test_the_table_is_in_order() -> None:
    """No name twice, a setter that is explained, a meaning for each."""
    names = [name for name, _, _ in VARIABLES]
    assert len(names) == len(set(names))
    assert {by for _, by, _ in VARIABLES} == {"you", "shell", "task", "guest", "simulation"}
    assert all(meaning for *_, meaning in VARIABLES)
    assert len(INHERITED) == len(set(INHERITED))


def test_importing_it_imports_nothing_else() -> None:
    """It is imported inside training scripts."""
    code = "import sys; old = {*sys.modules}; import hfai.model.env, hfai.model.control; print(*{*sys.modules} - old)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"hfai", "hfai.model", "hfai.model.env", "hfai.model.control"}
