"""The rules of the single values of a task, and every key that its schema knows (wire document, section 3)."""

from __future__ import annotations

from typing import Any, Mapping

from hfai.model.checks import EXEC_STRING_BYTES, Section, as_text, has_control, wrong
from hfai.model.priorities import Priority

# Every key that the schema knows, per section ("" is the task itself): those of an existing server and ours.
KNOWN_KEYS: Mapping[str, tuple[str, ...]] = {
    "": ("version", "name", "priority", "spec", "resource", "options", "task_type", "services"),
    "spec": (
        "workspace",
        "entrypoint",
        "parameters",
        "environments",
        "entrypoint_executable",
        "git_remote_repo",
        "git_target_revision",
    ),
    "resource": ("image", "group", "node_count", "is_spot", "gpu", "cpu", "memory"),
    "options": (
        "whole_life_state",
        "py_venv",
        "watchdog_time",
        "suspend_grace",
        "timeout",
        "restart",
        "tags",
        "mount_code",
        "shared_in_group",
        "override_node_resource",
        "profile",
        "sidecar",
        "assigned_nodes",
        "record_git_revision",
    ),
}

_LONGEST_TEXT = 255


def read_name(top: Section) -> str:
    """The name: it is part of file names, tables and `nb_name` selectors."""
    allowed = f"text of 1 to {_LONGEST_TEXT} characters without ( ) / and control characters"
    name = top.text("name", allowed=allowed)
    if len(name) > _LONGEST_TEXT or has_control(name) or any(sign in name for sign in "()/"):
        raise wrong("name", name, allowed)
    return name


def read_priority(value: object) -> int:
    """One of the nine numbers; AUTO where none is given."""
    if value is None:
        return int(Priority.AUTO)
    if isinstance(value, int) and not isinstance(value, bool) and value in set(Priority):
        return int(value)
    raise wrong("priority", value, "one of " + ", ".join(f"{int(level)} ({level.name})" for level in Priority))


def read_entrypoint(spec: Section) -> str:
    """The file or program to run, as it was given."""
    entrypoint = spec.text("entrypoint", allowed="the file to run, for example train.py")
    if has_control(entrypoint):
        raise wrong("spec.entrypoint", entrypoint, "the file to run, without control characters")
    return entrypoint


def read_workspace(spec: Section) -> str:
    """The directory, empty where none is given; an existing server refuses blanks and more than 255 characters."""
    allowed = f"a directory of at most {_LONGEST_TEXT} characters without blanks"
    workspace = spec.text("workspace", "", allowed)
    if len(workspace) > _LONGEST_TEXT or " " in workspace or has_control(workspace):
        raise wrong("spec.workspace", workspace, allowed)
    return workspace


def read_environments(value: object) -> dict[str, str]:
    """The variables, each something that a program can be started with."""
    environments: dict[str, str] = {}
    section = Section(value, "spec.environments")
    for name, item in section.rest().items():
        key = section.at(name)
        if not name or "=" in name or "\0" in name:
            raise wrong(key, name, "a variable name without = and NUL")
        text = as_text(item, key, "text; put it in quotes")
        if len(name.encode()) + len(text.encode()) + 2 > EXEC_STRING_BYTES:
            raise wrong(key, text, f"shorter: no program is started with a variable over {EXEC_STRING_BYTES} bytes")
        environments[name] = text
    return environments


def read_tags(value: object) -> tuple[str, ...]:
    """The tags, each once; a leading ``_`` is kept for the platform's own."""
    allowed = "a list of tags, or tags with commas between them"
    if value is None:
        return ()
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise wrong("options.tags", value, allowed)
    tags = [as_text(item, f"options.tags[{number}]", "text") for number, item in enumerate(value)]
    for number, tag in enumerate(tags):
        if not tag.strip() or tag.startswith("_") or has_control(tag) or len(tag) > _LONGEST_TEXT:
            raise wrong(f"options.tags[{number}]", tag, f"text of 1 to {_LONGEST_TEXT} characters, not starting with _")
    return tuple(dict.fromkeys(tags))


def read_extra(top: Section, spec: Section, resource: Section, options: Section) -> dict[str, Any]:
    """What is left after everything known was taken, in its places."""
    extra = top.rest()
    for section in (spec, resource, options):
        if rest := section.rest():
            extra[section.path] = rest
    return extra
