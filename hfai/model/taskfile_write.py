"""Writing a task file."""

from __future__ import annotations

from hfai.model.spec import TaskSpec
from hfai.model.spec_reading import KNOWN_KEYS
from hfai.model.yaml_write import items


def dump_task_file(task: TaskSpec) -> str:
    """The task as a task file that :func:`~hfai.model.taskfile.load_task_file` reads as the same task.

    The same up to its workspace where that is empty or relative: reading takes it from the current directory.
    Unknown keys are written in quotes, which keeps them from being taken for typos.

    Returns:
        YAML in UTF-8 text, with a line break at the end.

    Example:
        >>> print(dump_task_file(TaskSpec(name="x", entrypoint="a.py", workspace="/w")).splitlines()[1])
        name: x
    """
    body = task.to_wire()
    if task.task_type == "training":
        del body["task_type"]
    lines: list[str] = []
    for key, value in body.items():
        if key in ("spec", "resource", "options"):
            lines += [f"{key}:", *items(value, 1, KNOWN_KEYS[key])] if value else []
        else:
            lines += items({key: value}, 0, KNOWN_KEYS[""])
    return "\n".join(lines) + "\n"
