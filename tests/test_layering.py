"""The direction of imports: cli -> client -> model <- engine; cli, client and engine -> haienv -> model (docs/architecture.md)."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest

import hfai

PACKAGE = Path(hfai.__file__).parent

# What each part may import of hfai; the root package itself is free to all.
MAY_IMPORT = {
    "model": {"model"},
    "node": {"node", "model"},
    "client": {"client", "haienv", "model", "node"},
    "cli": {"cli", "client", "haienv", "model", "engine"},
    "engine": {"engine", "haienv", "model", "node"},
    "haienv": {"haienv", "model"},
    "testing": {"testing", "client", "engine", "model"},
}
ENVIRON = {"PYTHONPATH": str(PACKAGE.parent), "HAI_LANG": "en"}
# Of what a node says of itself. NVML is imported only where it is used, and need not be there.
OPTIONAL_IN_NODE = {"pynvml"}
IN_TASK_MODEL = {"hfai.model", "hfai.model.control", "hfai.model.env", "hfai.model.phrase", "hfai.model.priorities"}


class Import(NamedTuple):
    module: str
    at_module_level: bool
    where: str


def is_standard_library(module: str) -> bool:
    """3.9 has no list of its names."""
    found = importlib.util.find_spec(module.split(".")[0])
    if found is None or found.origin is None or "-packages" in found.origin:
        return False
    return found.origin in ("built-in", "frozen") or found.origin.startswith(sysconfig.get_path("stdlib"))


def module_name(path: Path) -> str:
    parts = ("hfai", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, *, with_typing: bool = True) -> Iterator[Import]:
    """Every import statement; ``from a import b`` counts as ``a.b`` where that is a module of ours, else as ``a``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from _imports(tree, path, at_module_level=True, with_typing=with_typing)


def _imports(node: ast.AST, path: Path, *, at_module_level: bool, with_typing: bool) -> Iterator[Import]:
    where = f"{path.relative_to(PACKAGE.parent)}:{getattr(node, 'lineno', 0)}"
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, at_module_level, where) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            package = module_name(path).split(".")
            package = package if path.name == "__init__.py" else package[:-1]
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
        yield from (Import(_module(base, alias.name), at_module_level, where) for alias in node.names)
    elif isinstance(node, ast.If) and not with_typing and _is_type_checking(node.test):
        for child in node.orelse:
            yield from _imports(child, path, at_module_level=at_module_level, with_typing=with_typing)
    else:
        inside = at_module_level and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            yield from _imports(child, path, at_module_level=inside, with_typing=with_typing)


def _is_type_checking(test: ast.expr) -> bool:
    return getattr(test, "id", getattr(test, "attr", "")) == "TYPE_CHECKING"


def _module(base: str, name: str) -> str:
    path = PACKAGE.parent / Path(*base.split("."), name)
    return f"{base}.{name}" if path.is_dir() or path.with_suffix(".py").is_file() else base


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_arrows(part: str) -> None:
    """No part imports one that it must not know."""
    wrong = [
        f"{found.where} imports {found.module}"
        for path in sorted((PACKAGE / part).rglob("*.py"))
        for found in imports_of(path)
        if found.module.startswith("hfai.") and found.module.split(".")[1] not in MAY_IMPORT[part]
    ]
    assert not wrong


def test_every_part_has_a_rule() -> None:
    """A new part of the package is a decision about arrows."""
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(MAY_IMPORT)


def test_the_command_line_imports_the_engine_only_inside_functions() -> None:
    """Only the ``platform`` commands need it, and only when they run."""
    found = [
        found
        for path in sorted((PACKAGE / "cli").rglob("*.py"))
        for found in imports_of(path)
        if found.module.startswith("hfai.engine")
    ]
    assert not [f"{one.where} imports {one.module}" for one in found if one.at_module_level]
    assert not [f"{one.where} imports {one.module}" for one in found if "platform" not in one.where]


def files_of(module: str) -> list[Path]:
    path = PACKAGE.parent / Path(*module.split("."))
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def test_what_runs_in_a_task_imports_next_to_nothing() -> None:
    """``hfai.client.runtime`` and all it leads to: the standard library and plain constants."""
    todo, seen, wrong = ["hfai.client.runtime"], set(), []
    assert files_of("hfai.client.runtime")
    while todo:
        module = todo.pop()
        seen.add(module)
        for found in (found for path in files_of(module) for found in imports_of(path, with_typing=False)):
            if found.module.startswith(("hfai.client.", "hfai.node.")):
                todo += [found.module] if found.module not in seen else []
            elif not (found.module in IN_TASK_MODEL or is_standard_library(found.module) or is_optional(found)):
                wrong.append(f"{found.where} imports {found.module}")
    assert not wrong


def test_the_call_inside_a_task_loads_nothing_that_was_installed() -> None:
    """Importing the SDK and asking for a suspension, as a training script does at each step."""
    code = "import sys, hfai.client; hfai.client.receive_suspend_command(); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-S", "-c", code], env=ENVIRON, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.splitlines()[-1].split())
    ours = {module for module in loaded if module.startswith("hfai.model")}
    assert ours <= IN_TASK_MODEL
    assert not [module for module in loaded if not module.startswith(("hfai", "__main__")) and not is_known(module)]


def is_known(module: str) -> bool:
    return module.split(".")[0] in sys.builtin_module_names or is_standard_library(module)


def test_the_supervisor_needs_the_standard_library_only() -> None:
    """Its memory counts once per rank, and it must start whatever is installed."""
    wrong = [
        f"{found.where} imports {found.module}"
        for path in sorted((PACKAGE / "engine" / "supervise").rglob("*.py"))
        for found in imports_of(path, with_typing=False)
        if not is_standard_library(found.module)
        and not (found.module in IN_TASK_MODEL or found.module.startswith(("hfai.engine.supervise", "hfai.node.")))
    ]
    assert not wrong


def test_what_a_node_says_of_itself_needs_the_standard_library_only() -> None:
    """Supervisors and tasks use it; the door to NVML opens only where somebody asks about GPUs."""
    wrong = [
        f"{found.where} imports {found.module}"
        for path in sorted((PACKAGE / "node").rglob("*.py"))
        for found in imports_of(path, with_typing=False)
        if not (is_standard_library(found.module) or found.module in IN_TASK_MODEL or is_optional(found))
        and not found.module.startswith("hfai.node.")
    ]
    assert not wrong


def is_optional(found: Import) -> bool:
    return found.module in OPTIONAL_IN_NODE and not found.at_module_level
