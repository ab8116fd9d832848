"""The keys of a task file: which there are and their defaults come from the schema (hfai.model.spec), what each means is said here."""

from __future__ import annotations

import json
from typing import Any, Sequence

from hfai.cli.language import mark, tr
from hfai.cli.topics import Block, Code, Terms
from hfai.model.spec_reading import KNOWN_KEYS

# By key path. Those of the schema that are missing here are kept and do nothing on the engine.
MEANINGS = {
    "version": mark("2: the version of the schema"),
    "name": mark("name of the task, at most 255 characters, no parentheses or slashes; unfinished tasks of one user have different names"),
    "priority": mark("number of a priority: 50, 40, 30, 20, 10, 8, 5, 0, or -1 for AUTO, the highest with room"),
    "task_type": mark("kind of the task"),
    "spec.workspace": mark("directory that the task runs in; default: the current directory, from which a relative one is taken as well"),
    "spec.entrypoint": mark("file in the workspace: .py is run by python3 -u, anything else by bash"),
    "spec.parameters": mark("its arguments, as text for the shell"),
    "spec.environments": mark("variables of the task, as a mapping of names to texts"),
    "spec.entrypoint_executable": mark("true: run the entrypoint itself"),
    "resource.image": mark("name of the environment image"),
    "resource.group": mark("group of nodes"),
    "resource.node_count": mark("number of nodes, which is the number of ranks"),
    "options.whole_life_state": mark("integer that the task carries along its chain of runs"),
    "options.py_venv": mark("Python environment of haienv, NAME or NAME[OWNER]"),
    "options.watchdog_time": mark("seconds without output after which a rank counts as hung"),
    "options.suspend_grace": mark("seconds to save in when it is told to suspend; the administrator may cap it"),
    "options.timeout": mark("seconds of running after which it is stopped; default: never"),
    "options.restart": mark("how often it is started again by itself after its own code has failed or hung"),
    "options.tags": mark("list of tags that it starts with, for `hai-cli list --tag`"),
}
_EXAMPLE = """version: 2
name: my_exp
priority: 30
spec:
  workspace: /path/to/code
  entrypoint: train.py
  parameters: --epochs 3
  environments: {OMP_NUM_THREADS: "8"}
resource: {group: default, node_count: 2}
options: {suspend_grace: 20, tags: [bert]}"""


def blocks() -> Sequence[Block]:
    kept = [path for path in key_paths() if path not in MEANINGS]
    return (
        tr(
            "What `hai-cli run FILE` reads: YAML, version 2 of HAI's schema. `hai-cli describe` prints the one of a task that there"
            " is, `hai-cli run FILE --dry-run` checks one. Only version, name and spec.entrypoint must be there. An error names"
            " line and column; a key that nearly spells a known one is refused, any other is kept."
        ),
        Code(_EXAMPLE),
        Terms([(path, _meaning(path)) for path in key_paths() if path in MEANINGS]),
        tr("Kept and handed on, and of use on a HAI Platform only: {keys}.", keys=", ".join(kept)),
    )


def key_paths() -> list[str]:
    """Every key of the schema, in its order; sections are only in front of their keys."""
    paths = []
    for section, keys in KNOWN_KEYS.items():
        paths += [f"{section}.{key}" if section else key for key in keys if section or key not in KNOWN_KEYS]
    return paths


def _meaning(path: str) -> str:
    default = _defaults().get(path.rpartition(".")[2])
    said = tr(MEANINGS[path])
    return said if default is None else tr("{what}; default: {value}", what=said, value=default)


def _defaults() -> dict[str, str]:
    """The default of each key that has one worth a word, from the record that tasks are read into."""
    import attrs

    from hfai.model.spec import TaskSpec

    plain: dict[str, Any] = {field.name: field.default for field in attrs.fields(TaskSpec)}
    return {name: json.dumps(value) for name, value in plain.items() if isinstance(value, (bool, int, float))} | {
        name: value for name, value in plain.items() if isinstance(value, str) and value
    }
